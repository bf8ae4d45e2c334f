"""How each kind of callable gets its arguments: SEMANTICS, "Arguments, results, context"."""

import functools
import operator
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from taskflow_core.arguments import as_identifier, bind
from taskflow_core.errors import ArgumentsError


class Context:
    """Stands in for the real one: parameters find it by the class's name."""


CTX = Context()


def call(
    func: Callable[..., Any],
    upstream: Mapping[str, Any] | None = None,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """Return what `func` returns, called with these upstream results and arguments."""
    results = upstream or {}
    binding = bind(func, task="t", upstream=list(results), args=args, kwargs=kwargs)
    placed, named = binding.fill(list(results.values()), CTX)
    return func(*placed, **named)


def refusal(
    func: Callable[..., Any],
    upstream: Sequence[str] = (),
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
) -> ArgumentsError:
    """Return why `func` cannot be called."""
    with pytest.raises(ArgumentsError) as caught:
        bind(func, task="t", upstream=upstream, args=args, kwargs=kwargs)
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

        def quoted(c: object) -> object:
            return c

        quoted.__annotations__["c"] = "taskflow_core.Context"

        assert call(func, {"c": 1}) is CTX
        assert call(quoted, {"c": 1}) is CTX

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
            "There is no upstream task. Name the parameter like one, or pass it in args or kwargs."
        )

    def test_a_parameter_between_two_upstream_tasks(self) -> None:
        def func(pages: int) -> None: ...

        found = refusal(func, ["fetch", "load"])

        assert (found.hint or "").startswith("There is fetch, load.")

    def test_two_parameters_and_one_upstream_task(self) -> None:
        def func(a: int, b: int) -> None: ...

        assert "nothing fills 'a', 'b'" in str(refusal(func, ["fetch"]))

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

        assert str(refusal(func, args=[1, 2])).endswith("takes no argument 2")

    @pytest.mark.parametrize("spread", [False, True])
    def test_an_argument_given_twice(self, spread: bool) -> None:
        def func(a: int) -> None: ...

        def spreading(a: int, **more: int) -> None: ...

        found = refusal(spreading if spread else func, args=[1], kwargs={"a": 2})

        assert str(found).endswith("is given 'a' twice")
        assert found.hint == "It is among both args and kwargs."

    def test_a_positional_only_parameter_cannot_be_named(self) -> None:
        def func(a: int, /) -> None: ...

        assert "nothing fills 'a'" in str(refusal(func, kwargs={"a": 1}))

    def test_two_upstream_tasks_that_a_parameter_could_mean(self) -> None:
        def func(a_b: int) -> None: ...

        found = refusal(func, ["a-b", "a.b"])

        assert str(found).endswith("could be any of ['a-b', 'a.b']")


class TestDisplay:
    """Which result fills which parameter."""

    def test_by_position_and_by_name(self) -> None:
        def func(a: int, *rest: int, z: int, ctx: Any) -> None: ...

        binding = bind(func, task="t", upstream=["z", "a", "x"])

        assert set(binding.fed) == {("a", 1), ("rest[0]", 2), ("z", 0)}

    def test_of_a_builtin_without_a_signature(self) -> None:
        assert bind(max, task="t", upstream=["a", "b"]).fed == (("0", 0), ("1", 1))
