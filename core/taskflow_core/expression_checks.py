"""What is wrong with the expressions of a flow, found without evaluating any of them.

`examine` looks at one text, and `name_checks` at the names that the expressions of all tasks use.
The readers of YAML and JSON do both, as they know where each text is written;
`expression_problems` does it for a plan.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from taskflow_core.errors import DefinitionError
from taskflow_core.expressions import Expression, ExpressionError, Reference
from taskflow_core.expressions.shell import ShellScanner
from taskflow_core.expressions.split import OPEN, Piece, split
from taskflow_core.name_checks import Fault, Item, Known, Use, check_names
from taskflow_core.plan import Plan, RollbackSpec, TaskSpec
from taskflow_core.readiness import Probe
from taskflow_core.specs import NAMED_PARAM
from taskflow_core.written import Local

Kind = Literal["text", "command", "condition", "foreign"]
"""What a text is: text with `${{ … }}` in it; the same for `sh`; one bare expression; or a script
that `sh` does not run, so that no value can be put into it."""

_PART = r"\.[A-Za-z_][A-Za-z0-9_]*"
_SIMPLE = re.compile(rf"\s*(?:(?:params|tasks|env|ctx)(?:{_PART})+|item(?:{_PART})*|index)\s*")
"""What names one thing and does no more: most expressions. It is read without Jinja2."""
_SIMPLE_IN_TEXT = re.compile(rf"\$\{{\{{{_SIMPLE.pattern}\}}\}}")
_IN_TEXT = re.compile(r"\$\{\{.*?(?:\}\}|\Z)", re.DOTALL)
_DICT: type[dict[Any, Any]] = dict
_HOLDERS: tuple[type[Any], ...] = (list, tuple, dict)


class Examined(NamedTuple):
    """What is in a text."""

    references: tuple[Reference, ...]
    """The names that its expressions use."""
    faults: tuple[Fault, ...]


class _Parsed(NamedTuple):
    """What there is to know of one expression."""

    references: tuple[Reference, ...]
    raw: bool


class Site(NamedTuple):
    """A text of a task in which expressions may stand."""

    what: str
    """As messages call it, such as `` `when` ``."""
    text: str
    kind: Kind
    sees_itself: bool = False
    sees_item: bool = True
    """Of a task with `foreach`: it is evaluated for each item."""


def examine(text: str, kind: Kind) -> Examined:
    """Return the names that a text uses, and what is wrong with its expressions in themselves."""
    if kind == "condition":
        return _condition(text)
    if OPEN not in text:
        return Examined((), ())
    if kind == "foreign":
        return Examined((), (_foreign(text),))
    pieces: list[Piece] = []
    faults: list[Fault] = []
    try:
        pieces.extend(split(text))
    except ExpressionError as error:  # behind those that are there now
        faults.append(_fault(error))
    found, wrong = _parsed([piece for piece in pieces if piece.is_expression])
    faults += wrong
    if kind == "command" and not faults:
        faults = _unsafe(pieces, found)
    references = tuple([each for one in found for each in one.references])
    return Examined(references, tuple(faults))


def cost(text: str, kind: Kind) -> int:
    """Return how long it takes to examine a text, roughly in microseconds."""
    if kind == "condition":
        return 0 if _SIMPLE.fullmatch(text) else 20 + 3 * len(text)
    others = _IN_TEXT.findall(_SIMPLE_IN_TEXT.sub("", text))
    return sum(20 + 3 * len(other) for other in others)


def expression_problems(plan: Plan) -> list[DefinitionError]:
    """Return everything that is wrong with the expressions of a plan, one flow after the other."""
    if plan.nesting.is_nested:
        flows = plan.written.flows(plan.params)
        found = [problem for flow in flows for problem in _problems_in(flow, plan)]
    else:
        names = [spec.name for spec in plan.tasks]
        found = _problems_in(Local(plan.tasks, names, plan.params, plan.needs), plan)
    return [*found, *_problems_in_handlers(plan)]


def _problems_in(flow: Local, plan: Plan) -> list[DefinitionError]:
    specs = flow.specs
    sites = [(n, site) for n in _candidates(specs, plan) for site in sites_of(specs[n])]
    examined = [examine(site.text, site.kind) for _, site in sites]
    uses = [
        Use(found.references, number, site.sees_itself, _item(specs[number], site))
        for (number, site), found in zip(sites, examined, strict=True)
    ]
    services = [n for n, spec in zip(flow.names, specs, strict=True) if spec.service is not None]
    unknown = check_names(uses, Known(flow.params, flow.names, flow.upstream, services))
    return [
        _problem(specs[number].name, site, fault)
        for (number, site), found, more in zip(sites, examined, unknown, strict=True)
        for fault in (*found.faults, *more)
    ]


def _problems_in_handlers(plan: Plan) -> list[DefinitionError]:
    sites = [(spec.name, site) for spec in plan.handlers for site in sites_of(spec)]
    examined = [examine(site.text, site.kind) for _, site in sites]
    uses = [Use(found.references, None, in_handler=True) for found in examined]
    names = [spec.name for spec in plan.tasks if spec.parent is None]
    unknown = check_names(uses, Known(plan.params, names, [()] * len(names)))
    return [
        _problem(name, site, fault)
        for (name, site), found, more in zip(sites, examined, unknown, strict=True)
        for fault in (*found.faults, *more)
    ]


def _item(spec: TaskSpec, site: Site) -> Item:
    if spec.foreach is None:
        return "none"
    return "each" if site.sees_item else "once"


def sites_of(spec: TaskSpec) -> Iterator[Site]:
    """Yield the texts of a task that hold expressions."""
    if spec.when is not None:
        yield Site("`when`", spec.when, "condition", sees_item=False)
    for breakpoint_ in spec.breakpoints:
        if breakpoint_.condition is not None:
            what, later = "the condition of a breakpoint", breakpoint_.stop != "before"
            yield Site(what, breakpoint_.condition, "condition", later, sees_item=False)
    yield from _sites_of_the_rare(spec)
    if isinstance(spec.command, str):
        yield from _with_expressions("`command`", spec.command, "command")
    elif spec.command is not None:
        yield from _with_expressions("`command`", spec.command, "text")
    if spec.script is not None and OPEN in spec.script:
        yield Site("`script`", spec.script, script_kind(spec))
    for name, value in spec.options.env.items():
        yield from _with_expressions(f"variable {name!r}", value, "text")
    yield from _sites_of_files(spec)
    if spec.rollback is not None:
        yield from _sites_of_rollback(spec.rollback)
    if spec.args or spec.kwargs:
        yield from _with_expressions("`args`", spec.args, "text")
        yield from _with_expressions("`kwargs`", spec.kwargs, "text")


def _sites_of_the_rare(spec: TaskSpec) -> Iterator[Site]:
    """Yield those of what few tasks have."""
    if spec.service is not None and spec.service.ready is not None:
        yield from _sites_of_probe(spec.service.ready)
    if spec.foreach is not None and isinstance(spec.foreach.items, str):
        yield Site("`foreach`", spec.foreach.items, "condition", sees_item=False)
    elif spec.foreach is not None:
        for text in _texts_in(spec.foreach.items):
            if OPEN in text:
                yield Site("`foreach`", text, "text", sees_item=False)
    if spec.subflow is not None:
        yield from _with_expressions("`params`", spec.subflow.given, "text")
    if spec.approval is not None:
        yield from _with_expressions("`approve`", spec.approval.prompt, "text")
    if spec.wait is not None:
        texts = (spec.wait.seconds, spec.wait.until, spec.wait.file)
        yield from _with_expressions("`wait`", texts, "text")


def _sites_of_files(spec: TaskSpec) -> Iterator[Site]:
    """Yield those in the names of what it depends on, and what it makes."""
    yield from _with_expressions("`inputs`", spec.inputs, "text")
    yield from _with_expressions("`outputs`", spec.outputs, "text")
    for name in () if spec.cache is None else spec.cache.key:
        if NAMED_PARAM.fullmatch(name):
            yield Site("the `key` of `cache`", name, "condition")
        else:
            yield from _with_expressions("the `key` of `cache`", name, "text")


def _sites_of_rollback(rollback: RollbackSpec) -> Iterator[Site]:
    """Yield those of its rollback, which see the task itself."""
    if rollback.command is not None:
        kind: Kind = "command" if isinstance(rollback.command, str) else "text"
        for text in _texts_in(rollback.command):
            if OPEN in text:
                yield Site("`rollback` command", text, kind, sees_itself=True)
    for name, text in rollback.env.items():
        if OPEN in text:
            yield Site(f"variable {name!r} of `rollback`", text, "text", sees_itself=True)


def _sites_of_probe(probe: Probe) -> Iterator[Site]:
    """Yield those of what finds out whether a service is ready."""
    kind: Kind = "command" if isinstance(probe.command, str) else "text"
    yield from _with_expressions("`command` of `ready`", probe.command, kind)
    yield from _with_expressions("`tcp`", probe.tcp, "text")
    yield from _with_expressions("`http`", probe.http, "text")


def _candidates(specs: Sequence[TaskSpec], plan: Plan) -> list[int]:
    """Return the tasks that may hold expressions; in a large flow those are few."""
    options = {id(spec.options): spec.options for spec in specs}
    computed = {key for key, each in options.items() if any(OPEN in v for v in each.env.values())}
    return [
        number
        for number, spec in enumerate(specs)
        if spec.kind != "function"
        or spec.when is not None
        or spec.breakpoints
        or spec.rollback is not None
        or spec.foreach is not None
        or spec.is_checked
        or spec.service is not None
        or id(spec.options) in computed
        or plan.computes_arguments(spec)
    ]


def script_kind(spec: TaskSpec) -> Kind:
    """Return what a task's script is: values can be put into it where its shell quotes as `sh`."""
    from taskflow_core.executors.command_line import quotes_as_sh  # rarely needed, and not light

    return "command" if quotes_as_sh(spec) else "foreign"


def _with_expressions(what: str, value: object, kind: Kind) -> Iterator[Site]:
    return (Site(what, text, kind) for text in _texts_in(value) if OPEN in text)


def _texts_in(value: object) -> Iterator[str]:
    """Yield the texts in lists, tuples and dicts, even in those that hold themselves."""
    seen: set[int] = set()
    waiting: list[Any] = [value]
    while waiting:
        holder = waiting.pop()
        if isinstance(holder, str):
            yield holder
        elif isinstance(holder, _HOLDERS) and id(holder) not in seen:
            seen.add(id(holder))
            parts: Iterable[Any] = (
                [*holder, *holder.values()] if isinstance(holder, _DICT) else holder
            )
            waiting += reversed([*parts])


def _condition(text: str) -> Examined:
    if _SIMPLE.fullmatch(text):
        return Examined((_simple(text, 0),), ())
    try:
        return Examined(Expression.parse(text).references, ())
    except ExpressionError as error:
        is_mixed = OPEN in text.lstrip().removeprefix(OPEN) and error.hint is None
        hint = "Write one `${{ … }}` around all of it, or none." if is_mixed else error.hint
        return Examined((), (Fault("bad-expression", str(error), hint, error.offset),))


def _simple(text: str, offset: int) -> Reference:
    root, *path = text.strip().split(".")
    return Reference(root, tuple(path), offset + len(text) - len(text.lstrip()))


def _parsed(pieces: Iterable[Piece]) -> tuple[list[_Parsed], list[Fault]]:
    found: list[_Parsed] = []
    faults: list[Fault] = []
    for piece in pieces:
        if _SIMPLE.fullmatch(piece.text):
            found.append(_Parsed((_simple(piece.text, piece.offset),), raw=False))
            continue
        try:
            expression = Expression(piece.text, piece.offset)
            found.append(_Parsed(expression.references, expression.raw))
        except ExpressionError as error:
            faults.append(_fault(error))
    return found, faults


def _unsafe(pieces: Iterable[Piece], expressions: Iterable[_Parsed]) -> list[Fault]:
    """Return the places in a command where a value would not be one word."""
    scanner = ShellScanner()
    coming = iter(expressions)
    faults: list[Fault] = []
    for piece in pieces:
        if not piece.is_expression:
            scanner.feed(piece.text)
            continue
        refusal = None if next(coming).raw else scanner.refusal()
        if refusal is not None:
            at = piece.offset - len(OPEN)
            faults.append(Fault("unsafe-expression", refusal.message, refusal.hint, at))
        scanner.put_value()
    return faults


def _foreign(text: str) -> Fault:
    message = "an expression cannot stand in a script that `sh` does not run: nothing quotes it"
    hint = "Put the value into `env`, and read that variable."
    return Fault("misplaced-expression", message, hint, text.index(OPEN))


def _fault(error: ExpressionError) -> Fault:
    return Fault("bad-expression", str(error), error.hint, error.offset)


def _problem(task: str, site: Site, fault: Fault) -> DefinitionError:
    error = DefinitionError(f"{site.what} of task {task!r}: {fault.message}", hint=fault.hint)
    error.task = task
    return error
