"""Whatever a function takes and a task has: it is called as SEMANTICS says, or refused at load."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

from hypothesis import event, given, settings
from hypothesis import strategies as st

from taskflow_core.arguments import UpstreamRef, bind
from taskflow_core.errors import ArgumentsError

NAMES = ("a", "b_c", "d_e", "ctx", "item", "index")
TASKS = ("a", "b-c", "b.c", "d e", "ctx", "item", "x/y")
PARAMS = ("a", "b-c", "d e", "d_e", "ctx", "index")

POSITIONAL_ONLY = inspect.Parameter.POSITIONAL_ONLY
BY_BOTH = inspect.Parameter.POSITIONAL_OR_KEYWORD
KEYWORD_ONLY = inspect.Parameter.KEYWORD_ONLY
ARGS = inspect.Parameter.VAR_POSITIONAL
KWARGS = inspect.Parameter.VAR_KEYWORD

LISTS: tuple[type[Any], ...] = (list, tuple)


class Case(NamedTuple):
    """A function, and what its task has to call it with."""

    signature: inspect.Signature
    upstream: Sequence[str]
    params: Sequence[str]
    args: list[Any]
    kwargs: dict[str, Any]
    mapped: bool
    """It is called for each item of a list."""

    def has(self) -> dict[str, Any]:
        """Return all but the function, as `bind` takes it."""
        return {key: value for key, value in self._asdict().items() if key != "signature"}


class Refused(Exception):  # noqa: N818
    """The oracle finds no way to call the function."""


@st.composite
def signatures(draw: st.DrawFn) -> inspect.Signature:
    """Any signature that Python allows, of up to four parameters and the two spreading ones."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(0, 4))]
    kinds = sorted(draw(st.sampled_from([POSITIONAL_ONLY, BY_BOTH, KEYWORD_ONLY])) for _ in names)
    found: list[inspect.Parameter] = []
    has_default = False
    for name, kind in zip(names, kinds, strict=True):
        has_default = draw(st.booleans()) or (has_default and kind is not KEYWORD_ONLY)
        default = f"default {name}" if has_default else inspect.Parameter.empty
        found.append(inspect.Parameter(name, kind, default=default))
    if draw(st.booleans()):
        found.append(inspect.Parameter("args", ARGS))
    if draw(st.booleans()):
        found.append(inspect.Parameter("kwargs", KWARGS))
    return inspect.Signature(sorted(found, key=lambda parameter: parameter.kind))


def values(upstream: Sequence[str]) -> st.SearchStrategy[Any]:
    """A task's own argument: plain, or with references to results, upstream or (rarely) not."""
    known = [UpstreamRef(name) for name in upstream]
    single = st.sampled_from([*known, *known, *known, UpstreamRef("d e")])
    nested = st.one_of(
        st.lists(single, max_size=2), st.tuples(single), st.dictionaries(st.just("k"), single)
    )
    return st.one_of(st.integers(0, 9), st.integers(0, 9), single, nested)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    upstream = draw(st.lists(st.sampled_from(TASKS), unique=True, max_size=3))
    params = draw(st.lists(st.sampled_from(PARAMS), unique=True, max_size=3))
    own = values(upstream)
    args = draw(st.lists(own, max_size=draw(st.sampled_from([0, 0, 1, 3]))))
    names = st.sampled_from([*NAMES, "args", "more"])
    kwargs = draw(st.dictionaries(names, own, max_size=draw(st.sampled_from([0, 0, 1, 3]))))
    return Case(draw(signatures()), upstream, params, args, kwargs, draw(st.booleans()))


def recorder(signature: inspect.Signature) -> Callable[..., Any]:
    """Return a real function with this signature that returns what its parameters got."""
    scope: dict[str, Any] = {}
    got = ", ".join(f"{name!r}: {name}" for name in signature.parameters)
    exec(f"def func{signature}: return {{{got}}}", scope)
    func: Callable[..., Any] = scope["func"]
    return func


def oracle(case: Case) -> dict[str, Any]:
    """Return what each parameter gets, worked out one rule of SEMANTICS after the other."""
    plain = [p for p in case.signature.parameters.values() if p.kind not in (ARGS, KWARGS)]
    args, kwargs = list(case.args), dict(case.kwargs)
    used = {name for value in [*args, *kwargs.values()] for name in mentioned(value)}
    if not used <= set(case.upstream):
        raise Refused

    got = explicit(plain, args, kwargs)
    got |= {p.name: "the context" for p in plain if p.name == "ctx" and p.name not in got}
    if case.mapped:
        own = {"item": "the item", "index": 7}
        got |= {p.name: own[p.name] for p in plain if p.name in own and p.name not in got}
    tasks = by_name(plain, got, case.upstream)
    used |= set(tasks.values())
    got |= {name: result(task) for name, task in tasks.items()}
    got |= {name: f"param {param}" for name, param in by_name(plain, got, case.params).items()}
    left = [p.name for p in plain if p.name not in got and p.default is p.empty]
    has_item = "the item" in got.values()
    if case.mapped and not has_item and len(left) == 1:
        got[left.pop()] = "the item"
    elif (has_item or not case.mapped) and len(left) == len(case.upstream) == 1 and not used:
        got[left.pop()] = result(case.upstream[0])
        used.add(case.upstream[0])
    if left:
        raise Refused
    is_left = case.mapped and "the item" not in got.values()
    got |= spread(case, args, kwargs, used, ["the item"] if is_left else None)
    return {p.name: p.default for p in plain if p.default is not p.empty} | got


def explicit(
    plain: list[inspect.Parameter], args: list[Any], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Take from a task's own arguments what has a parameter."""
    got: dict[str, Any] = {}
    for parameter in plain:
        if args and parameter.kind is not KEYWORD_ONLY:
            got[parameter.name] = with_results(args.pop(0))
    for parameter in plain:
        if parameter.kind is not POSITIONAL_ONLY and parameter.name in kwargs:
            if parameter.name in got:
                raise Refused
            got[parameter.name] = with_results(kwargs.pop(parameter.name))
    return got


def by_name(
    plain: list[inspect.Parameter], got: dict[str, Any], known: Sequence[str]
) -> dict[str, str]:
    """Return which parameters that got nothing so far are called like something."""
    open_ones = [parameter.name for parameter in plain if parameter.name not in got]
    return {name: meant for name in open_ones if (meant := only_one(name, known))}


def spread(
    case: Case, args: list[Any], kwargs: dict[str, Any], used: set[str], item: list[str] | None
) -> dict[str, Any]:
    """Return what `*args` and `**kwargs` get of what is left; `item` if nothing else has it."""
    kinds = {parameter.kind for parameter in case.signature.parameters.values()}
    if (args and ARGS not in kinds) or (kwargs and KWARGS not in kinds):
        raise Refused
    got: dict[str, Any] = {}
    free = [name for name in case.upstream if name not in used]
    if ARGS in kinds:
        got["args"] = tuple(map(with_results, args) if args else item or map(result, free))
    if KWARGS in kinds:
        got["kwargs"] = {name: with_results(value) for name, value in kwargs.items()}
        for name in free if ARGS not in kinds else ():
            key = spelled(name)
            if key not in case.kwargs and not is_named(case.signature, key):
                only_one(key, free)
                got["kwargs"][key] = result(name)
    return got


def is_named(signature: inspect.Signature, name: str) -> bool:
    found = signature.parameters.get(name)
    return found is not None and found.kind in (BY_BOTH, KEYWORD_ONLY)


def only_one(name: str, known: Sequence[str]) -> str | None:
    """Return the one of `known` that a parameter called `name` means, if there is any."""
    meant = [each for each in known if spelled(each) == name]
    if len(meant) > 1:
        raise Refused
    return meant[0] if meant else None


def spelled(name: str) -> str:
    return "".join("_" if letter in "-. " else letter for letter in name)


def result(task: str) -> str:
    return f"result of {task}"


def mentioned(value: Any) -> list[str]:
    if isinstance(value, UpstreamRef):
        return [value.task]
    if isinstance(value, dict):
        return [name for each in cast("dict[str, Any]", value).values() for name in mentioned(each)]
    if isinstance(value, LISTS):
        return [name for each in value for name in mentioned(each)]
    return []


def with_results(value: Any) -> Any:
    if isinstance(value, UpstreamRef):
        return result(value.task)
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {key: with_results(each) for key, each in items}
    if isinstance(value, LISTS):
        filled = map(with_results, value)
        return tuple(filled) if type(value) is tuple else list(filled)
    return value


def outcome(case: Case) -> dict[str, Any] | None:
    """Return what the parameters really get, or None if the task is refused."""
    func = recorder(case.signature)
    try:
        binding = bind(func, task="t", **case.has())
    except ArgumentsError:
        return None
    results = [result(name) for name in case.upstream]
    params = {name: f"param {name}" for name in case.params}
    item = ("the item", 7) if case.mapped else None
    args, kwargs = binding.fill(results, "the context", params, item)
    if binding.is_plain:
        assert (args, kwargs) == (results, {})
    assert binding.takes_context or "the context" not in [*args, *kwargs.values()]
    got: dict[str, Any] = func(*args, **kwargs)
    return got


@settings(max_examples=600, deadline=None)
@given(cases())
def test_every_parameter_gets_what_the_order_says_or_the_task_is_refused(case: Case) -> None:
    try:
        expected = oracle(case)
    except Refused:
        event("refused")
        assert outcome(case) is None
        return

    event("called")
    assert outcome(case) == expected


@settings(max_examples=100, deadline=None)
@given(cases())
def test_binding_changes_nothing_and_can_be_used_again(case: Case) -> None:
    before = repr(case)

    first, second = outcome(case), outcome(case)

    assert first == second
    assert repr(case) == before
