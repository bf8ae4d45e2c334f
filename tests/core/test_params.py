"""Parameters: what they may be, and how a run gets their values."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow_core.errors import DefinitionError, FlowFileError
from taskflow_core.loader.params_file import read_params_file
from taskflow_core.params import (
    Param,
    ParamsError,
    check_param,
    environment_name,
    params_from_json,
    params_to_json,
    parse_assignment,
    resolve_params,
)

TODAY = dt.date(2026, 1, 31)


def resolved(
    declared: dict[str, Param],
    *,
    file: dict[str, Any] | None = None,
    environ: dict[str, str] | None = None,
    **given: Any,
) -> dict[str, Any]:
    return resolve_params(
        declared, given=given, file=file or {}, environ=environ or {}, today=TODAY
    )


def refusal(param: Param, value: Any) -> tuple[str, str | None]:
    """Return message and hint for a value that `param` cannot have."""
    with pytest.raises(ParamsError) as caught:
        resolved({"x": param}, x=value)
    (problem,) = caught.value.problems
    return problem.message, problem.hint


@pytest.mark.parametrize(
    ("param", "given", "value"),
    [
        (Param(), "a = b ", "a = b "),
        (Param(), "", ""),
        (Param(type="int"), " 42 ", 42),
        (Param(type="int"), "-7", -7),
        (Param(type="int"), 42, 42),
        (Param(type="int", min=1, max=1), "1", 1),
        (Param(type="float"), "1.5e3", 1500.0),
        (Param(type="float"), 2, 2.0),
        *[(Param(type="bool"), text, True) for text in ("true", "YES", "On", "1")],
        *[(Param(type="bool"), text, False) for text in ("false", "no", "OFF", "0")],
        (Param(type="bool"), False, False),
        (Param(type="date"), "2024-02-29", dt.date(2024, 2, 29)),
        (Param(type="date"), "today", TODAY),
        (Param(type="date"), "Yesterday", dt.date(2026, 1, 30)),
        (Param(type="date"), "tomorrow", dt.date(2026, 2, 1)),
        (Param(type="date"), TODAY, TODAY),
        (Param(type="path"), "data/x y", "data/x y"),
        (Param(type="path"), Path("/data"), "/data"),
        (Param(type="choice", choices=("fast", "full")), "full", "full"),
        (Param(type="list"), "a, b,c", ["a", "b", "c"]),
        (Param(type="list"), "", []),
        (Param(type="list"), '["a, b", "c"]', ["a, b", "c"]),
        (Param(type="list", items="int"), "1,2", [1, 2]),
        (Param(type="list", items="date"), ["today"], [TODAY]),
        (Param(type="list", items="float"), (1, 2.5), [1.0, 2.5]),
        (Param(pattern="[a-z]+"), "abc", "abc"),
    ],
)
def test_text_becomes_what_the_type_says(param: Param, given: Any, value: Any) -> None:
    found = resolved({"x": param}, x=given)["x"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("param", "given", "message"),
    [
        (Param(), 5, "must be text, not 5"),
        (Param(type="int"), "many", "must be a whole number, not 'many'"),
        (Param(type="int"), "1.5", "must be a whole number, not '1.5'"),
        (Param(type="int"), True, "must be a whole number, not True"),
        (Param(type="int"), "9" * 20, f"does not fit into 64 bits: {'9' * 20}"),
        (Param(type="int", min=1), "0", "must be at least 1, not 0"),
        (Param(type="int", max=9), 10, "must be at most 9, not 10"),
        (Param(type="float"), "1e999", "must be a finite number, not inf"),
        (Param(type="float"), "nan", "must be a number, not 'nan'"),
        (Param(type="bool"), "maybe", "must be true or false, not 'maybe'"),
        (Param(type="bool"), 1, "must be true or false, not 1"),
        (Param(type="date"), "31.01.2026", "must be a date, not '31.01.2026'"),
        (
            Param(type="date"),
            "2026-02-30",
            "is no date: '2026-02-30': day is out of range for month",
        ),
        (
            Param(type="date", max="2026-01-01"),
            "today",
            "must be at most 2026-01-01, not 2026-01-31",
        ),
        (
            Param(type="date"),
            dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            "must be a date, not datetime.datetime(",
        ),
        (Param(type="path"), "", "cannot be a path: ''"),
        (Param(type="choice", choices=("fast", "full")), "fst", "cannot be 'fst'"),
        (Param(type="list"), '["a"', "is no JSON list: "),
        (Param(type="list"), {"a": 1}, "must be a list, not {'a': 1}"),
        (Param(type="list", items="int"), "1,b", "must be a whole number, not 'b'"),
        (Param(pattern="[a-z]+"), "abc1", "does not match `[a-z]+`: 'abc1'"),
        (Param(type="int", default=1), None, "must be a whole number, not None"),
    ],
)
def test_what_is_wrong_with_a_value(param: Param, given: Any, message: str) -> None:
    assert refusal(param, given)[0].startswith(f"parameter 'x' {message}")


def test_a_hint_says_how_to_write_it() -> None:
    assert refusal(Param(type="date"), "soon")[1] == (
        "Write it as 2026-01-31, or today, yesterday or tomorrow."
    )
    assert refusal(Param(type="choice", choices=("fast", "full")), "fst")[1] == (
        "Did you mean 'fast'?"
    )
    assert refusal(Param(), 5)[1] == "Quote it."


def test_what_is_given_goes_before_file_environment_and_default() -> None:
    declared = {name: Param(default="default") for name in ("a-1", "b", "c", "d")}
    environ = {environment_name(name): "environment" for name in ("a-1", "b", "c")}
    given = {"a-1": "given"}

    values = resolve_params(
        declared, given=given, file={"a-1": "file", "b": "file"}, environ=environ, today=TODAY
    )

    assert list(values.items()) == [
        ("a-1", "given"),
        ("b", "file"),
        ("c", "environment"),
        ("d", "default"),
    ]
    assert environment_name("a-1") == "TASKFLOW_PARAM_A_1"


def test_everything_wrong_is_said_at_once_and_where_it_came_from() -> None:
    declared = {
        "day": Param(type="date", help="Which day"),
        "limit": Param(type="int", default=1),
        "rate": Param(type="float", default=1),
    }

    with pytest.raises(ParamsError) as caught:
        resolved(
            declared,
            file={"limit": "x", "mode": 1},
            environ={"TASKFLOW_PARAM_RATE": "y", "TASKFLOW_PARAM_OTHER": "z"},
            dya="today",
        )

    assert str(caught.value).splitlines() == [
        "the flow has no parameter 'dya'",
        "the flow has no parameter 'mode' (in the params file)",
        "parameter 'day' has no value (Which day)",
        "parameter 'limit' (in the params file) must be a whole number, not 'x'",
        "parameter 'rate' (from TASKFLOW_PARAM_RATE) must be a number, not 'y'",
    ]
    hints = [problem.hint for problem in caught.value.problems]
    assert hints[:3] == ["Did you mean 'day'?", "It has day, limit, rate.", "Give it one: -p day=…"]
    assert caught.value.hint


def test_a_parameter_may_be_left_without_a_value() -> None:
    declared = {"x": Param(type="int", default=None)}

    assert resolved(declared) == {"x": None}
    assert resolved(declared, x="3") == {"x": 3}
    assert not declared["x"].required


@pytest.mark.parametrize(
    ("default", "type_"),
    [
        ("https://example.org", "str"),
        (True, "bool"),
        (3, "int"),
        (0.5, "float"),
        (TODAY, "date"),
        (Path("/data"), "path"),
        (None, "str"),
        ([], "list"),
    ],
)
def test_a_python_default_says_the_type(default: Any, type_: str) -> None:
    param = Param.infer(default)

    assert param.type == type_
    assert check_param("x", param) == []
    assert resolved({"x": param}) == {"x": str(default) if type_ == "path" else default}


def test_a_list_says_the_type_of_its_items() -> None:
    assert Param.infer([1, 2]).items == "int"
    assert Param.infer([1, 2.5]).items == "float"
    assert Param.infer([]).items == "str"
    assert Param.infer(Param(type="int")) == Param(type="int")


@pytest.mark.parametrize(
    "value", [{}, object(), [1, "a"], [[1]], dt.datetime(2026, 1, 1, tzinfo=dt.UTC)]
)
def test_what_no_parameter_can_be(value: Any) -> None:
    with pytest.raises(DefinitionError):
        Param.infer(value)


@pytest.mark.parametrize(
    "param",
    [
        Param(),
        Param(type="date", default="today", min="2020-01-01"),
        Param(type="int", default="5", min=1, max=9),
        Param(type="choice", choices=("a", "b"), default="a"),
        Param(type="list", items="int", default=[1]),
        Param(pattern="a+", default="aa"),
    ],
)
def test_declarations_that_are_right(param: Param) -> None:
    assert check_param("x", param) == []


@pytest.mark.parametrize(
    ("param", "key", "message"),
    [
        (Param(type="int", default="many"), "default", "the default must be a whole number"),
        (Param(type="int", default=0, min=1), "default", "the default must be at least 1, not 0"),
        (Param(type="int", min=5, max=4), "min", "`min` (5) is more than `max` (4)"),
        (Param(type="int", min="a"), "min", "`min` must be a whole number, not 'a'"),
        (Param(type="date", max="today"), "max", "`max` cannot be 'today'"),
        (Param(min=1), "min", "`min` is for numbers and dates, not for type str"),
        (Param(pattern="("), "pattern", "'(' is no regular expression: "),
        (Param(type="int", pattern="a"), "pattern", "`pattern` is for text and paths"),
        (Param(choices=("a",)), "choices", "`choices` is for type choice, not for type str"),
        (Param(type="choice"), "type", "type choice needs `choices`"),
        (Param(type="choice", choices=("a", "a")), "choices", "a choice is listed twice"),
        (Param(type="choice", choices=("a",), default="b"), "default", "the default cannot be 'b'"),
        (Param(items="int"), "items", "`items` is for lists, not for type str"),
    ],
)
def test_what_is_wrong_with_a_declaration_by_key(param: Param, key: str, message: str) -> None:
    (problem,) = check_param("x", param)

    assert problem.key == key
    assert problem.message.startswith(message)


def test_a_parameter_is_named_like_a_task() -> None:
    (problem,) = check_param("=", Param())

    assert (problem.key, problem.message) == (None, "no parameter can be called '='")


@given(
    st.fixed_dictionaries(
        {
            "text": st.text(),
            "number": st.integers(-(2**63), 2**63 - 1),
            "ratio": st.floats(allow_nan=False, allow_infinity=False),
            "flag": st.booleans(),
            "day": st.dates(),
            "days": st.lists(st.dates()),
        }
    )
)
def test_values_come_back_from_the_journal(values: dict[str, Any]) -> None:
    declared = {
        "text": Param(),
        "number": Param(type="int"),
        "ratio": Param(type="float"),
        "flag": Param(type="bool"),
        "day": Param(type="date"),
        "days": Param(type="list", items="date"),
    }

    data = params_to_json(values)

    assert params_from_json(declared, data) == values


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("k=v", ("k", "v")),
        ("k=", ("k", "")),
        (" k = a=b ", ("k", " a=b ")),
        ("a-b=\n", ("a-b", "\n")),
    ],
)
def test_an_assignment_has_a_name_and_a_value(text: str, found: tuple[str, str]) -> None:
    assert parse_assignment(text) == found


@pytest.mark.parametrize("text", ["", "k", "=v", " =v"])
def test_what_is_no_assignment(text: str) -> None:
    with pytest.raises(ParamsError) as caught:
        parse_assignment(text)

    assert caught.value.hint == "Write NAME=VALUE."


@given(st.text())
def test_any_text_is_an_assignment_or_refused(text: str) -> None:
    try:
        name, value = parse_assignment(text)
    except ParamsError:
        return
    assert name
    assert text.endswith(value)


def test_a_params_file_is_yaml_or_json(tmp_path: Path) -> None:
    as_yaml, as_json = tmp_path / "p.yaml", tmp_path / "p.json"
    as_yaml.write_text("day: 2026-01-31\nlimit: 5\nnames: [a, NO]\nx: ${{ y }}\n")
    as_json.write_text('{"day": "2026-01-31", "limit": 5, "names": ["a", "NO"], "x": "${{ y }}"}')

    expected = {"day": "2026-01-31", "limit": 5, "names": ["a", "NO"], "x": "${{ y }}"}
    assert read_params_file(as_yaml) == expected
    assert read_params_file(as_json) == expected


@pytest.mark.parametrize(
    ("name", "text", "slug", "place"),
    [
        ("p.yaml", "a: 1\nb: 2\na: 3\n", "duplicate-key", (3, 1)),
        ("p.yaml", "a: !!python/object x\n", "unsafe-tag", (1, 4)),
        ("p.yaml", "- a\n", "wrong-type", (1, 1)),
        ("p.json", '{"a": 1,}', "json-trailing-comma", (1, 8)),
        ("p.toml", "a = 1", "unknown-extension", (None, None)),
    ],
)
def test_a_params_file_with_a_mistake_is_located(
    tmp_path: Path, name: str, text: str, slug: str, place: tuple[int | None, int | None]
) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(FlowFileError) as caught:
        read_params_file(tmp_path / name)

    (problem,) = caught.value.problems
    assert (problem.slug, problem.line, problem.column) == (slug, *place)
