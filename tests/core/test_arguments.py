"""How each kind of callable gets its arguments: SEMANTICS, "Arguments, results, context"."""

import dataclasses
import functools
import importlib
import operator
import sys
import types
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Optional, Union, overload

import pytest

import taskflow_core.context
from taskflow_core import Flow, Task
from taskflow_core.arguments import UpstreamRef, as_identifier, bind
from taskflow_core.context import Context
from taskflow_core.errors import ArgumentsError, FlowFileError, Problem
from taskflow_core.loader import load_plan
from taskflow_core.memory_code import MemoryCode

CTX = Context(run_id="r", task="t", attempt=1, results={})


def same(x: Any) -> Any:
    return x


def same_of_two(x: Any, y: Any) -> Any:
    return x, y


def call(
    func: Callable[..., Any],
    upstream: Mapping[str, Any] | None = None,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
) -> Any:
    """Return what `func` returns, called with these results, arguments and flow parameters."""
    results, known = upstream or {}, params or {}
    binding = bind(func, task="t", upstream=list(results), args=args, kwargs=kwargs, params=known)
    placed, named = binding.fill(list(results.values()), CTX, known)
    return func(*placed, **named)


def refusal(
    func: Callable[..., Any],
    upstream: Sequence[str] = (),
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    params: Sequence[str] = (),
    *,
    mapped: bool = False,
) -> ArgumentsError:
    """Return why `func` cannot be called."""
    with pytest.raises(ArgumentsError) as caught:
        bind(
            func,
            task="t",
            upstream=upstream,
            args=args,
            kwargs=kwargs,
            params=params,
            mapped=mapped,
        )
    assert caught.value.task == "t"
    return caught.value


class TestKindsOfCallables:
    """Functions, methods, partials, callable objects, builtins, classes, coroutines, generators."""

    def test_a_function(self) -> None:
        def func(fetch: int) -> int:
            return fetch

        assert call(func, {"fetch": 1}) == 1

    def test_a_function_without_parameters_ignores_what_is_upstream(self) -> None:
        def func() -> str:
            return "done"

        assert call(func, {"fetch": 1, "other": 2}) == "done"

    def test_a_lambda(self) -> None:
        func: Callable[[int], int] = lambda fetch: fetch  # noqa: E731

        assert call(func, {"fetch": 1}) == 1

    def test_a_method(self) -> None:
        class Loader:
            def load(self, fetch: int) -> int:
                return fetch

        assert call(Loader().load, {"fetch": 1}) == 1

    def test_a_class_method_and_a_static_one(self) -> None:
        class Loader:
            @classmethod
            def first(cls, fetch: int) -> tuple[str, int]:
                return cls.__name__, fetch

            @staticmethod
            def second(fetch: int) -> int:
                return fetch

        assert call(Loader.first, {"fetch": 1}) == ("Loader", 1)
        assert call(Loader.second, {"fetch": 1}) == 1

    def test_a_method_without_its_object_cannot_be_called(self) -> None:
        class Loader:
            def load(self, fetch: int) -> int:
                return fetch

        assert str(refusal(Loader.load, ["fetch"])).startswith("nothing fills 'self' of t(self")

    def test_a_partial_with_positions(self) -> None:
        def func(a: int, fetch: int) -> tuple[int, int]:
            return a, fetch

        assert call(functools.partial(func, 5), {"fetch": 1}) == (5, 1)

    def test_a_partial_with_names_can_be_overruled(self) -> None:
        def func(a: int, b: int) -> tuple[int, int]:
            return a, b

        assert call(functools.partial(func, b=5), {"a": 1}) == (1, 5)
        assert call(functools.partial(func, b=5), {"a": 1}, kwargs={"b": 6}) == (1, 6)

    def test_an_object_that_can_be_called(self) -> None:
        class Adder:
            def __call__(self, fetch: int) -> int:
                return fetch + 1

        assert call(Adder(), {"fetch": 1}) == 2

    def test_a_class(self) -> None:
        class Page:
            def __init__(self, fetch: int) -> None:
                self.number = fetch

        assert call(Page, {"fetch": 1}).number == 1

    def test_a_decorated_function_has_the_parameters_of_what_it_wraps(self) -> None:
        def func(fetch: int) -> int:
            return fetch

        @functools.wraps(func)
        def wrapper(*args: Any, **kwargs: Any) -> int:
            return func(*args, **kwargs)

        assert call(wrapper, {"fetch": 1, "other": 2}) == 1

    def test_a_coroutine_function(self) -> None:
        async def func(fetch: int) -> int:
            return fetch

        coroutine = call(func, {"fetch": 1})

        with pytest.raises(StopIteration) as stopped:
            coroutine.send(None)
        assert stopped.value.value == 1

    def test_a_generator_function(self) -> None:
        def func(fetch: int) -> Iterator[int]:
            yield fetch

        assert list(call(func, {"fetch": 1})) == [1]

    def test_an_asynchronous_generator_function(self) -> None:
        async def func(fetch: int) -> AsyncIterator[int]:
            yield fetch

        assert call(func, {"fetch": 1}).__anext__

    def test_a_builtin_with_a_signature(self) -> None:
        assert call(len, {"fetch": "abc"}) == 3
        assert call(sorted, {"fetch": [2, 1]}, kwargs={"reverse": True}) == [2, 1]

    def test_a_builtin_without_a_signature_gets_results_by_position(self) -> None:
        assert call(max, {"b": 2, "a": 7}) == 7
        assert call(dict, {"fetch": [("a", 1)]}, kwargs={"b": 2}) == {"a": 1, "b": 2}

    def test_its_own_arguments_go_before_the_results(self) -> None:
        assert call(getattr, {"name": "real"}, args=[5]) == 5

    def test_a_partial_of_a_partial(self) -> None:
        def func(a: int, b: int, *, c: int) -> tuple[int, int, int]:
            return a, b, c

        twice = functools.partial(functools.partial(func, 1), c=3)

        assert call(twice, {"b": 2}) == (1, 2, 3)

    def test_what_a_partial_brings_along_goes_before_everything_but_the_task_s_own(self) -> None:
        def func(ctx: Any, limit: int, url: str) -> tuple[Any, int, str]:
            return ctx, limit, url

        fixed = functools.partial(func, ctx="mine", limit=5, url="here")

        assert call(fixed, {"limit": 1}, params={"url": "there"}) == ("mine", 5, "here")
        assert call(fixed, {"limit": 1}, kwargs={"limit": 6}) == ("mine", 6, "here")

    def test_what_a_partial_brings_along_for_kwargs_is_kept_too(self) -> None:
        def func(**results: int) -> dict[str, int]:
            return results

        assert call(functools.partial(func, a=5), {"a": 1, "b": 2}) == {"a": 5, "b": 2}

    def test_a_partial_that_does_not_fit_is_refused(self) -> None:
        def func(a: int) -> None: ...

        partial: Any = functools.partial
        found = refusal(partial(func, 1, 2))

        assert str(found) == "t brings arguments along that func(a: int) -> None does not take"

    def test_a_method_without_self_is_refused(self) -> None:
        def load() -> None: ...

        found = refusal(types.MethodType(load, object()))

        assert str(found) == "t brings arguments along that load() -> None does not take"

    def test_a_partial_method(self) -> None:
        class Loader:
            def load(self, kind: str, fetch: int) -> tuple[str, int]:
                return kind, fetch

            load_pages = functools.partialmethod(load, "pages")

        assert call(Loader().load_pages, {"fetch": 1, "other": 2}) == ("pages", 1)

    def test_a_dataclass_and_a_named_tuple(self) -> None:
        @dataclasses.dataclass
        class Page:
            fetch: int
            limit: int = 3

        class Pair(NamedTuple):
            a: int
            b: int = 2

        assert call(Page, {"fetch": 1, "x": 0}) == Page(1, 3)
        assert call(Pair, {"a": 1, "x": 0}) == (1, 2)

    def test_a_class_that_only_has_new(self) -> None:
        class Page:
            number: int

            def __new__(cls, fetch: int) -> "Page":
                page = super().__new__(cls)
                page.number = fetch
                return page

        assert call(Page, {"fetch": 1, "x": 0}).number == 1

    def test_a_class_whose_metaclass_is_called(self) -> None:
        class Meta(type):
            def __call__(cls, fetch: int) -> Any:
                return cls.__name__, fetch

        class Page(metaclass=Meta): ...

        assert call(Page, {"fetch": 1, "x": 0}) == ("Page", 1)

    def test_an_overloaded_function(self) -> None:
        @overload
        def func(fetch: int) -> int: ...
        @overload
        def func(fetch: str) -> str: ...
        def func(fetch: Any) -> Any:
            return fetch

        assert call(func, {"fetch": 1, "x": 0}) == 1

    def test_an_object_that_cannot_be_hashed(self) -> None:
        class Adder(list[int]):
            def __call__(self, fetch: int) -> int:
                return fetch + sum(self)

        assert call(Adder([1, 2]), {"fetch": 1, "x": 0}) == 4

    def test_an_object_with_an_asynchronous_call(self) -> None:
        class Loader:
            async def __call__(self, fetch: int) -> int:
                return fetch

        coroutine = call(Loader(), {"fetch": 1, "x": 0})

        with pytest.raises(StopIteration) as stopped:
            coroutine.send(None)
        assert stopped.value.value == 1

    def test_an_operator(self) -> None:
        assert call(operator.itemgetter(1), {"fetch": "abc"}) == "b"
        assert call(operator.add, args=[1, 2]) == 3


class TestOrder:
    """Which of several sources a parameter is filled from."""

    def test_own_arguments_go_before_everything(self) -> None:
        def func(ctx: Any, fetch: Any) -> tuple[Any, Any]:
            return ctx, fetch

        assert call(func, {"fetch": 1}, kwargs={"ctx": "mine", "fetch": 2}) == ("mine", 2)
        assert call(func, {"fetch": 1}, args=["mine"]) == ("mine", 1)

    @pytest.mark.parametrize("name", ["ctx", "context"])
    def test_a_parameter_called_like_the_context_gets_it(self, name: str) -> None:
        scope: dict[str, Any] = {}
        exec(f"def func({name}): return {name}", scope)

        assert call(scope["func"], {name: "a task's result"}) is CTX

    def test_a_parameter_annotated_as_the_context_gets_it(self) -> None:
        def func(c: Context) -> Context:
            return c

        assert call(func, {"c": 1}) is CTX

    def test_the_context_goes_before_a_default(self) -> None:
        def func(ctx: Any = None) -> Any:
            return ctx

        assert call(func) is CTX

    def test_who_asks_for_the_context_is_known(self) -> None:
        def with_it(ctx: Any) -> Any:
            return ctx

        def by_name(*, ctx: Any) -> Any:
            return ctx

        assert bind(with_it, task="t", upstream=[]).takes_context
        assert bind(by_name, task="t", upstream=[]).takes_context
        assert not bind(len, task="t", upstream=["a"]).takes_context

    def test_a_parameter_called_like_an_upstream_task_gets_its_result(self) -> None:
        def func(b: int, a: int) -> tuple[int, int]:
            return b, a

        assert call(func, {"a": 1, "b": 2}) == (2, 1)

    def test_it_goes_before_a_default(self) -> None:
        def func(a: int = 7) -> int:
            return a

        assert call(func, {"a": 1}) == 1
        assert call(func) == 7

    def test_names_that_are_no_identifiers_match_with_underscores(self) -> None:
        def func(load_all_v2_0: int) -> int:
            return load_all_v2_0

        assert as_identifier("load all-v2.0") == "load_all_v2_0"
        assert call(func, {"load all-v2.0": 1, "other": 2}) == 1

    def test_the_only_empty_parameter_gets_the_only_upstream_result(self) -> None:
        def func(pages: int, limit: int = 3) -> tuple[int, int]:
            return pages, limit

        assert call(func, {"fetch": 1}) == (1, 3)

    def test_also_beside_the_context_and_arguments(self) -> None:
        def func(ctx: Any, pages: int, *, limit: int) -> tuple[Any, int, int]:
            return ctx, pages, limit

        assert call(func, {"fetch": 1}, kwargs={"limit": 2}) == (CTX, 1, 2)

    def test_also_if_it_goes_by_name_only(self) -> None:
        def func(*, pages: int) -> int:
            return pages

        assert call(func, {"fetch": 1}) == 1

    def test_a_result_that_has_gone_by_name_fills_nothing_else(self) -> None:
        def func(fetch: int, pages: int) -> tuple[int, int]:
            return fetch, pages

        assert "nothing fills 'pages'" in str(refusal(func, ["fetch"]))

    def test_positional_only_parameters(self) -> None:
        def func(a: int, b: int, /) -> tuple[int, int]:
            return a, b

        assert call(func, {"b": 1, "a": 2}) == (2, 1)
        assert call(func, args=[1, 2]) == (1, 2)

    def test_keyword_only_parameters(self) -> None:
        def func(*, a: int, b: int = 5) -> tuple[int, int]:
            return a, b

        assert call(func, {"a": 1}) == (1, 5)
        assert call(func, {"b": 1}, kwargs={"a": 2}) == (2, 1)

    def test_a_default_may_be_skipped(self) -> None:
        def func(a: int = 1, b: int = 2, c: int = 3) -> tuple[int, int, int]:
            return a, b, c

        assert call(func, {"c": 9}) == (1, 2, 9)

    def test_a_default_may_be_skipped_in_front_of_one_without_a_name(self) -> None:
        def func(a: int = 1, b: int = 2, /, c: int = 3) -> tuple[int, int, int]:
            return a, b, c

        assert call(func, {"b": 9}) == (1, 9, 3)
        assert call(func, {"c": 9}) == (1, 2, 9)


class TestSpreading:
    """`*args` and `**kwargs`."""

    def test_results_in_the_order_of_depends_on(self) -> None:
        def func(*results: int) -> tuple[int, ...]:
            return results

        assert call(func, {"b": 2, "a": 1}) == (2, 1)
        assert call(func) == ()

    def test_what_has_gone_by_name_is_not_repeated(self) -> None:
        def func(a: int, *results: int, z: int) -> tuple[int, tuple[int, ...], int]:
            return a, results, z

        assert call(func, {"b": 2, "a": 1, "z": 3, "c": 4}) == (1, (2, 4), 3)

    def test_defaults_in_front_of_it_are_kept(self) -> None:
        def func(limit: int = 9, b: int = 8, *results: int) -> tuple[int, int, tuple[int, ...]]:
            return limit, b, results

        assert call(func, {"x": 1, "b": 2}) == (9, 2, (1,))
        assert call(func, {"x": 1}) == (9, 8, (1,))

    def test_own_arguments_replace_the_results(self) -> None:
        def func(*results: int) -> tuple[int, ...]:
            return results

        assert call(func, {"a": 1}, args=[7, 8]) == (7, 8)

    def test_results_by_name(self) -> None:
        def func(**results: int) -> dict[str, int]:
            return results

        assert call(func, {"b-2": 2, "a": 1}) == {"b_2": 2, "a": 1}
        assert call(func, {"a": 1}, kwargs={"a": 5, "x": 6}) == {"a": 5, "x": 6}

    def test_a_result_that_has_gone_to_a_parameter_is_not_repeated_by_name(self) -> None:
        def func(pages: int, **more: int) -> tuple[int, dict[str, int]]:
            return pages, more

        assert call(func, {"fetch": 1}) == (1, {})

    def test_two_results_of_one_name_cannot_both_go_by_name(self) -> None:
        def func(**results: int) -> dict[str, int]:
            return results

        assert str(refusal(func, ["a-b", "a.b"])).endswith("could be any of 'a-b', 'a.b'")
        assert call(func, {"a-b": 1, "a.b": 2}, kwargs={"a_b": 3}) == {"a_b": 3}

    def test_results_by_name_beside_a_parameter(self) -> None:
        def func(a: int, **results: int) -> tuple[int, dict[str, int]]:
            return a, results

        assert call(func, {"b": 2, "a": 1}) == (1, {"b": 2})

    def test_by_position_goes_before_by_name(self) -> None:
        def func(*results: int, **more: int) -> tuple[tuple[int, ...], dict[str, int]]:
            return results, more

        assert call(func, {"a": 1}, kwargs={"x": 2}) == ((1,), {"x": 2})

    def test_a_name_may_be_both_by_position_and_among_the_named(self) -> None:
        def func(a: int, /, **more: int) -> tuple[int, dict[str, int]]:
            return a, more

        assert call(func, args=[1], kwargs={"a": 2}) == (1, {"a": 2})


class TestRefusals:
    """What cannot be called is said at load, with the signature and the names there are."""

    def test_a_parameter_that_nothing_fills(self) -> None:
        def func(pages: int) -> None: ...

        found = refusal(func)

        assert str(found) == "nothing fills 'pages' of t(pages: int) -> None"
        assert found.hint == (
            "Upstream: no task. Pass it in args or kwargs, or depend on a task of that name."
        )

    def test_a_parameter_between_two_upstream_tasks(self) -> None:
        def func(pages: int) -> None: ...

        found = refusal(func, ["fetch", "load"], params=["url"])

        assert found.hint == (
            "Upstream: fetch, load. Flow parameters: url. "
            "Name the parameter like one of these, or pass it in args or kwargs."
        )

    def test_of_many_candidates_the_first_are_named(self) -> None:
        def func(x: int) -> None: ...

        found = refusal(func, [f"part-{n}" for n in range(500)])

        assert "part-19 and 480 more." in (found.hint or "")

    def test_two_parameters_and_one_upstream_task(self) -> None:
        def func(a: int, b: int) -> None: ...

        assert "nothing fills 'a', 'b' of t(a: int, b: int)" in str(refusal(func, ["fetch"]))

    def test_a_parameter_that_is_nearly_the_name_of_a_task(self) -> None:
        def func(fecth: int, other: int) -> None: ...

        found = refusal(func, ["fetch", "other"])

        assert (found.hint or "").startswith("Did you mean 'fetch'?")

    def test_a_named_argument_that_is_none(self) -> None:
        def func(path: str = "x") -> None: ...

        found = refusal(func, kwargs={"pth": "y"})

        assert str(found) == "t(path: str = 'x') -> None takes no argument 'pth'"
        assert found.hint == "Did you mean 'path'?"

    def test_too_many_arguments(self) -> None:
        def func(a: int) -> None: ...

        found = refusal(func, args=[1, 2])

        assert str(found).endswith("takes no argument 2")
        assert found.hint == "By position it takes a."

    @pytest.mark.parametrize("spread", [False, True])
    def test_an_argument_given_twice(self, spread: bool) -> None:
        def func(a: int) -> None: ...

        def spreading(a: int, **more: int) -> None: ...

        found = refusal(spreading if spread else func, args=[1], kwargs={"a": 2})

        assert str(found).endswith("is given 'a' twice")
        assert found.hint == "It is among both args and kwargs."

    def test_a_positional_only_parameter_cannot_be_named(self) -> None:
        def func(a: int, /) -> None: ...

        found = refusal(func, kwargs={"a": 1})

        assert [str(problem) for problem in found.problems] == [
            "nothing fills 'a' of t(a: int, /) -> None",
            "t(a: int, /) -> None takes no argument 'a'",
        ]
        assert found.problems[1].hint == "By name it takes nothing."

    def test_two_upstream_tasks_that_a_parameter_could_mean(self) -> None:
        def func(a_b: int) -> None: ...

        found = refusal(func, ["a-b", "a.b"])

        assert str(found).endswith("could be any of 'a-b', 'a.b'")

    def test_they_do_no_harm_where_no_parameter_means_them(self) -> None:
        def func(*results: int) -> tuple[int, ...]:
            return results

        assert call(func, {"a-b": 1, "a.b": 2}) == (1, 2)

    def test_everything_that_is_wrong_is_said_at_once(self) -> None:
        def func(pages: int, limit: int = 3) -> None: ...

        found = refusal(func, kwargs={"pagse": 1, "limti": 2})

        assert str(found) == (
            "task 't': nothing fills 'pages' of t(pages: int, limit: int = 3) -> None\n"
            "task 't': t(pages: int, limit: int = 3) -> None takes no argument 'pagse', 'limti'"
        )
        assert found.problems[1].hint == (
            "For 'pagse': Did you mean 'pages'? For 'limti': Did you mean 'limit'?"
        )
        assert "task 't': Upstream: no task." in (found.hint or "")


class TestDisplay:
    """Which result fills which parameter."""

    def test_by_position_and_by_name(self) -> None:
        def func(a: int, *rest: int, z: int, ctx: Any) -> None: ...

        binding = bind(func, task="t", upstream=["z", "a", "x"])

        assert set(binding.fed) == {("a", 1), ("rest[0]", 2), ("z", 0)}

    def test_of_a_builtin_without_a_signature(self) -> None:
        assert bind(max, task="t", upstream=["a", "b"]).fed == (("0", 0), ("1", 1))

    def test_of_a_result_inside_an_argument(self) -> None:
        def func(pages: list[Any]) -> None: ...

        given = [0, {"x": (UpstreamRef("b"),)}]

        assert bind(func, task="t", upstream=["a", "b"], args=[given]).fed == (
            ("pages[1]['x'][0]", 1),
        )


class TestFlowParameters:
    """Parameters of the flow fill parameters of that name."""

    def test_a_parameter_called_like_one_of_the_flow_gets_its_value(self) -> None:
        def func(url: str, limit: int = 3) -> tuple[str, int]:
            return url, limit

        assert call(func, params={"url": "here", "limit": 5}) == ("here", 5)

    def test_a_result_and_an_own_argument_go_before_it(self) -> None:
        def func(a: int, b: int) -> tuple[int, int]:
            return a, b

        assert call(func, {"a": 1}, kwargs={"b": 2}, params={"a": 8, "b": 9}) == (1, 2)

    def test_it_goes_before_the_only_upstream_result(self) -> None:
        def func(url: str, pages: int) -> tuple[str, int]:
            return url, pages

        assert call(func, {"fetch": 1}, params={"url": "here"}) == ("here", 1)

    def test_names_that_are_no_identifiers_match_with_underscores(self) -> None:
        def func(base_url: str) -> str:
            return base_url

        def two_words(a_b: str) -> str:
            return a_b

        assert call(func, params={"base-url": "here"}) == "here"
        assert "could be any of 'a-b', 'a b'" in str(refusal(two_words, params=["a-b", "a b"]))

    def test_they_do_not_go_to_spreading_parameters(self) -> None:
        def func(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
            return args, kwargs

        assert call(func, params={"url": "here"}) == ((), {})

    def test_a_call_with_one_is_not_plain(self) -> None:
        def func(a: int, url: str) -> None: ...

        assert not bind(func, task="t", upstream=["a"], params=["url"]).is_plain
        assert bind(same, task="t", upstream=["x"], params=["url"]).is_plain

    def test_they_are_candidates(self) -> None:
        def func(ulr: str, other: str) -> None: ...

        found = refusal(func, ["fetch"], params=["url"])

        assert (found.hint or "").startswith("For 'ulr': Did you mean 'url'? Upstream: fetch.")


class TestItems:
    """The children of a mapped task are each for one item of a list."""

    def test_a_parameter_called_item_or_index_gets_these(self) -> None:
        def func(item: str, index: int) -> tuple[str, int]:
            return item, index

        assert each(func) == ("x", 2)
        assert each(func, {"item": "a result"}) == ("x", 2)
        assert each(func, kwargs={"item": "own"}) == ("own", 2)

    def test_the_context_comes_first(self) -> None:
        def func(item: Context, index: int) -> tuple[Context, int]:
            return item, index

        assert each(func) == (CTX, 2)

    def test_the_only_required_parameter_gets_the_item_not_a_result(self) -> None:
        assert each(same, {"split": ["x", "y"]}) == "x"
        assert each(same, {"x": "named"}) == "named"

    def test_two_required_parameters_are_one_too_many(self) -> None:
        refused = refusal(same_of_two, ["split"], mapped=True)

        assert str(refused) == "nothing fills 'x', 'y' of t(x: Any, y: Any) -> Any"
        assert refused.hint == (
            "Upstream: split. Of the mapped task: item, index. "
            "Name the parameter like one of these, or pass it in args or kwargs."
        )

    def test_with_the_item_placed_the_only_upstream_task_fills_the_last_one(self) -> None:
        def func(table: str, item: str) -> tuple[str, str]:
            return table, item

        assert each(func, {"load": "rows"}) == ("rows", "x")

    def test_a_misspelled_name(self) -> None:
        def func(itm: str, other: str) -> None: ...

        hint = refusal(func, mapped=True).hint or ""

        assert hint.startswith("For 'itm': Did you mean 'item'?")

    def test_what_only_takes_arguments_by_position_gets_the_item_alone(self) -> None:
        def func(*args: str) -> tuple[str, ...]:
            return args

        assert each(func, {"split": ["x", "y"]}) == ("x",)
        assert each(func, args=["own"]) == ("own",)
        assert each(int, {"split": ["5"]}, item="5") == 5
        assert each(int, args=["7"]) == 7

    def test_beside_the_item_args_are_results_as_ever(self) -> None:
        def func(item: str, *args: str) -> tuple[str, ...]:
            return item, *args

        assert each(func, {"one": "1", "two": "2"}) == ("x", "1", "2")

    def test_a_binding_that_is_mapped_is_never_plain(self) -> None:
        assert not bind(same, task="t", upstream=["split"], mapped=True).is_plain
        assert bind(same, task="t", upstream=["split"]).is_plain


def each(
    func: Callable[..., Any],
    upstream: Mapping[str, Any] | None = None,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    item: Any = "x",
) -> Any:
    """Return what `func` returns, called for the third item of what it is mapped over."""
    results = upstream or {}
    known = list(results)
    binding = bind(func, task="t", upstream=known, args=args, kwargs=kwargs, mapped=True)
    placed, named = binding.fill(list(results.values()), CTX, {}, (item, 2))
    return func(*placed, **named)


class TestReferences:
    """Results of upstream tasks among a task's own arguments."""

    def test_a_reference_is_replaced_by_the_result(self) -> None:
        def func(x: int, *, y: int) -> tuple[int, int]:
            return x, y

        upstream = {"a": 1, "b": 2}

        assert call(func, upstream, [UpstreamRef("b")], {"y": UpstreamRef("a")}) == (2, 1)

    def test_also_inside_lists_tuples_and_dicts(self) -> None:
        def func(x: Any) -> Any:
            return x

        class Pair(NamedTuple):
            left: Any
            right: Any

        a, b = UpstreamRef("a"), UpstreamRef("b")
        given = [a, (b, 7), {"k": [b], "other": 8}, Pair(a, 9)]
        result = call(func, {"a": 1, "b": 2}, [given])

        assert result == [1, (2, 7), {"k": [2], "other": 8}, Pair(1, 9)]
        assert type(result[3]) is Pair
        assert given[0] is a

    def test_what_holds_no_reference_is_passed_as_it_is(self) -> None:
        inner = [1, 2]

        result = call(same, {"a": 1}, [[UpstreamRef("a"), inner]])
        whole = call(same, {"a": 1}, [inner])

        assert result[1] is inner
        assert whole is inner

    def test_a_result_that_is_referred_to_goes_nowhere_else(self) -> None:
        def func(x: int, *rest: int) -> tuple[int, tuple[int, ...]]:
            return x, rest

        def named(x: int, **more: int) -> tuple[int, dict[str, int]]:
            return x, more

        given = [UpstreamRef("a")]

        assert call(func, {"a": 1, "b": 2}, given) == (1, (2,))
        assert call(named, {"a": 1, "b": 2}, given) == (1, {"b": 2})
        assert call(max, {"a": 1, "b": 2}, [[UpstreamRef("a")], [UpstreamRef("b")]]) == [2]
        assert "nothing fills 'y'" in str(refusal(same_of_two, ["a"], given))

    def test_a_reference_to_a_task_that_is_not_upstream_is_refused(self) -> None:
        found = refusal(same, ["fetch"], [{"k": UpstreamRef("fecth")}])

        assert str(found) == "t is given the result of 'fecth', which is not upstream"
        assert found.hint == "Did you mean 'fetch'?"
        assert refusal(max, ["b"], [UpstreamRef("xyz")]).hint == "It depends on b."

    @pytest.mark.parametrize(
        "value", [{UpstreamRef("a"): 1}, {UpstreamRef("a")}, [{(UpstreamRef("a"),)}]]
    )
    def test_a_result_is_no_key_and_in_no_set(self, value: Any) -> None:
        assert "as a key, or in a set" in str(refusal(same, ["a"], [value]))

    def test_an_argument_that_holds_itself(self) -> None:
        loop: list[Any] = [1]
        loop.append(loop)

        assert call(same, {"a": 1}, [loop]) is loop
        loop.append(UpstreamRef("a"))
        assert "in what holds itself" in str(refusal(same, ["a"], [loop]))

    def test_a_reference_too_many(self) -> None:
        found = refusal(lambda: None, ["a"], [UpstreamRef("a"), [UpstreamRef("a")]])

        assert "takes no argument the result of 'a', [UpstreamRef(task='a')]" in str(found)


class OtherContext:
    """Stands for a class of somebody else that is called `Context` where it is used."""


OtherContext.__qualname__ = OtherContext.__name__ = "Context"


def written(code: str, **names: Any) -> Callable[..., Any]:
    """Return `func` of a module with this code, whose annotations stay strings."""
    exec(compile(f"from __future__ import annotations\n{code}", "module", "exec"), names)
    func: Callable[..., Any] = names["func"]
    return func


class TestContextAnnotations:
    """Which annotations ask for the context."""

    @pytest.mark.parametrize(
        "annotation",
        [
            Context,
            "Context",
            "taskflow_core.Context",
            "taskflow_core.context.Context | None",
            Context | None,
            Optional[Context],  # noqa: UP045
            Union[int, "Context"],
            Annotated[Context, "more"],
        ],
    )
    def test_the_class_in_any_form(self, annotation: Any) -> None:
        def func(c: Any) -> Any:
            return c

        func.__annotations__["c"] = annotation

        assert call(func, {"c": 1}) is CTX

    @pytest.mark.parametrize("annotation", [int, "int", "list[Context]", list[Context], "a b", 5])
    def test_others_do_not(self, annotation: Any) -> None:
        def func(c: Any) -> Any:
            return c

        func.__annotations__["c"] = annotation

        assert call(func, {"c": 1}) == 1

    def test_a_class_of_somebody_else_that_is_called_context_does_not(self) -> None:
        def func(c: OtherContext) -> Any:
            return c

        quoted = written("def func(c: Context): return c", Context=OtherContext)
        unknown = written("def func(c: click.Context): return c")

        assert [call(each, {"c": 1}) for each in (func, quoted, unknown)] == [1, 1, 1]

    @pytest.mark.parametrize(
        "annotation",
        [
            "Context",
            "Context | Missing",
            "typing.Optional[Context]",
            "Union[int, Context]",
            "Annotated[Context, int]",
            "'Context'",
        ],
    )
    def test_names_that_are_there_for_type_checkers_only(self, annotation: str) -> None:
        func = written(f"def func(c: {annotation}, other: Missing = 1): return c")

        assert call(func, {"c": 1}) is CTX

    def test_names_are_looked_up_where_the_code_is(self) -> None:
        func = written("def func(c: core.Context): return c", core=taskflow_core.context)
        alias = written("def func(c: C | None): return c", C=Context)

        assert call(func, {"c": 1}) is CTX
        assert call(functools.partial(alias), {"c": 1}) is CTX
        assert call(functools.wraps(alias)(lambda *args: alias(*args)), {"c": 1}) is CTX

    def test_also_of_methods_and_classes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "strings_for_annotations.py").write_text(CLASSES)
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
        module = importlib.import_module("strings_for_annotations")

        assert call(module.Data, {"c": 1}).c is CTX
        assert call(module.Pair, {"c": 1}).c is CTX
        assert call(module.Plain, {"c": 1}).c is CTX
        assert call(module.Plain(0).method, {"c": 1}) is CTX
        assert call(module.Plain(0), {"c": 1}) is CTX


CLASSES = """
from __future__ import annotations
import dataclasses, typing
from taskflow_core.context import Context as C
@dataclasses.dataclass
class Data:
    c: C
class Pair(typing.NamedTuple):
    c: C
class Plain:
    def __init__(self, c: C): self.c = c
    def method(self, c: C): return c
    def __call__(self, c: C): return c
"""


class TestSeveralTasks:
    """What is wrong with a whole flow is said at once."""

    def test_all_tasks_of_a_flow_in_memory(self) -> None:
        def f(x: int) -> None: ...

        def g(y: int, z: int) -> None: ...

        flow = Flow("two", [Task(f), Task(int, name="fine"), Task(g), Task("no.such", name="h")])

        with pytest.raises(ArgumentsError) as caught:
            MemoryCode(flow.plan(), flow.functions())

        assert str(caught.value) == (
            "task 'f': nothing fills 'x' of f(x: int) -> None\n"
            "task 'g': nothing fills 'y', 'z' of g(y: int, z: int) -> None\n"
            "task 'h': there is no module 'no'"
        )
        assert [problem.task for problem in caught.value.problems] == ["f", "g", "h"]

    def test_a_single_problem_is_raised_as_it_is(self) -> None:
        flow = Flow("one", [Task(same, name="f")])

        with pytest.raises(ArgumentsError) as caught:
            MemoryCode(flow.plan(), flow.functions())

        assert str(caught.value) == "nothing fills 'x' of f(x: Any) -> Any"
        assert caught.value.problems == (caught.value,)

    def test_a_python_file_reports_each_at_its_line(self, tmp_path: Path) -> None:
        problems = problems_of(
            tmp_path / "etl.py",
            "from taskflow_core import Flow, Task\ndef f(x): ...\ndef g(y): ...\n"
            "flow = Flow('x', [Task(f), Task(g, kwargs={'yy': 1})])",
        )

        assert [(found.line, found.message) for found in problems] == [
            (2, "nothing fills 'x' of f(x)"),
            (3, "nothing fills 'y' of g(y)"),
            (3, "g(y) takes no argument 'yy'"),
        ]

    def test_a_yaml_file_reports_each_at_its_function(self, tmp_path: Path) -> None:
        (tmp_path / "steps.py").write_text("def f(x): ...\ndef g(y): ...\n")
        problems = problems_of(
            tmp_path / "etl.yaml",
            "tasks:\n- {name: a, function: steps.f}\n"
            "- {name: b, function: steps.g, kwargs: {yy: 1}}\n",
        )

        assert [(found.line, found.message) for found in problems] == [
            (2, "nothing fills 'x' of a(x)"),
            (3, "nothing fills 'y' of b(y)"),
            (3, "b(y) takes no argument 'yy'"),
        ]


def problems_of(file: Path, text: str) -> Sequence[Problem]:
    """Return what is wrong with a trusted flow file."""
    file.write_text(text)
    with pytest.raises(FlowFileError) as caught:
        load_plan(file, trusted=True)
    return caught.value.problems
