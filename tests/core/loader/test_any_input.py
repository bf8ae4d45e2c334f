"""Whatever a file holds, loading it ends soon, in a plan or in problems with places."""

import codecs
import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from taskflow_core.errors import FlowFileError
from taskflow_core.loader import load_plan
from taskflow_core.plan import Plan
from tests.core.loader.bad_flows import cases

CPU_SECONDS = 2.0

ALIAS_LEVELS = "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGE_LEVELS = "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 10)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

BOMBS: dict[str, tuple[bytes, str | None]] = {
    "a hundred thousand brackets": (b"[" * 100_000, "too-deep"),
    "a hundred thousand braces": (b"{" * 100_000, "too-deep"),
    "braces with keys": (b"{a: " * 100_000, "too-deep"),
    "block lists in block lists": (b"- " * 100_000, "too-deep"),
    "explicit keys in explicit keys": (b"? " * 100_000, "too-deep"),
    "65 levels": (b"tasks: " + b"[" * 64 + b"]" * 64, "too-deep"),
    "aliases that add to the depth": (
        b"a: &a " + b"[" * 60 + b"]" * 60 + b"\nb: &b [[[[*a]]]]\n",
        "too-deep",
    ),
    "eight levels of ten aliases": (f"a: &a [x]\n{ALIAS_LEVELS}".encode(), "too-many-values"),
    "eight levels of ten merge keys": (f"a: &a {{x: y}}\n{MERGE_LEVELS}".encode(), "merge-key"),
    "aliases of one long text": (
        b"a: &a " + b"x" * 1_000_000 + b"\nb: [" + b"*a," * 100 + b"]\n",
        "too-many-values",
    ),
    "a number of 5,000 digits": (b"name: " + b"9" * 5_000 + b"\n", "number-too-large"),
    "a fraction of a million digits": (b"name: 0." + b"1" * 1_000_000 + b"\n", "wrong-type"),
    "a key of a million characters": (b'"' + b"k" * 1_000_000 + b'": 1\n', "long-key"),
    "a plain text of four megabytes": (b"tasks: " + b"word " * 800_000, "wrong-type"),
    "four megabytes of comments": (b"# comment\n" * 400_000, "only-comments"),
    "four megabytes of blank lines": (b"\n" * 4_000_000, "empty-file"),
    "four megabytes of quotes": (b"'" * 4_000_000, None),
    "four megabytes of ampersands": (b"&" * 4_000_000, "bad-anchor"),
    "four megabytes of exclamation marks": (b"!" * 4_000_000, None),
    "four megabytes of colons": (b":" * 4_000_000, None),
    "a list of names that all miss": (
        b"tasks:\n"
        + b"".join(
            b"- {name: t%d, command: x, depends_on: [u%d]}\n" % (n, n) for n in range(5_000)
        ),
        "unknown-task",
    ),
    "tasks that all depend on each other": (
        b"tasks:\n"
        + b"".join(
            b"- {name: t%d, command: x, depends_on: [%s]}\n"
            % (n, b",".join(b"t%d" % other for other in range(100)))
            for n in range(100)
        ),
        "self-dependency",
    ),
    "a chain that closes behind ten thousand tasks": (
        b"tasks:\n"
        + b"".join(
            b"- {name: t%d, command: x, depends_on: t%d}\n" % (n, (n + 1) % 10_000)
            for n in range(10_000)
        ),
        "cycle",
    ),
    "twenty thousand expressions": (
        b"tasks:\n"
        + b"".join(b"- {name: t%d, command: '${{ x%d }}'}\n" % (n, n) for n in range(20_000)),
        "too-many-expressions",
    ),
    "a hundred thousand expressions in one text": (
        b"tasks:\n- {name: a, command: '" + b"${{ x }}" * 100_000 + b"'}\n",
        "too-many-expressions",
    ),
    "expressions without an end": (
        b"tasks:\n- {name: a, command: '" + b"${{ '" * 30_000 + b"'}\n",
        None,
    ),
    "an expression of a hundred thousand brackets": (
        b"tasks:\n- {name: a, command: x, when: '" + b"(" * 100_000 + b"'}\n",
        "bad-expression",
    ),
    "names that all miss": (
        b"params: {%s}\ntasks:\n" % b",".join(b"p%d: 1" % n for n in range(1_000))
        + b"".join(
            b"- {name: t%d, command: x, when: params.q%d + tasks.u%d.result}\n" % (n, n, n)
            for n in range(1_000)
        ),
        "unknown-name",
    ),
    "names far behind each other": (
        b"tasks:\n- {name: t0, command: x}\n- {name: s, command: x}\n"
        + b"".join(
            b"- {name: t%d, command: x, depends_on: t%d, when: tasks.t%d.state + tasks.s.state}\n"
            % (n, n - 1, n // 2)
            for n in range(1, 4_000)
        ),
        "unknown-name",
    ),
    "pools that all miss": (
        b"pools: {%s}\ntasks:\n" % b",".join(b"p%d: 1" % n for n in range(2_000))
        + b"".join(b"- {name: t%d, command: x, pool: q%d}\n" % (n, n) for n in range(2_000)),
        "unknown-pool",
    ),
}

JSON_BOMBS: dict[str, tuple[bytes, str]] = {
    "a hundred thousand brackets": (b"[" * 100_000, "too-deep"),
    "a hundred thousand mappings": (b'{"a":' * 100_000, "too-deep"),
    "a text of four megabytes without an end": (b'"' + b"x" * 4_000_000, "unclosed-quote"),
    "four megabytes of backslashes": (b'"' + b"\\" * 4_000_000, "unclosed-quote"),
    "a number of a million digits": (b'{"x":' + b"9" * 1_000_000 + b"}", "number-too-large"),
    "four megabytes of blanks": (b" " * 4_000_000, "empty-file"),
}


def outcome(data: bytes, folder: Path, suffix: str = ".yaml") -> Plan | FlowFileError:
    """Load a file with this content; anything but a plan or problems is raised."""
    file = folder / f"flow{suffix}"
    file.write_bytes(data)
    started = time.process_time()
    try:
        return load_plan(file).plan
    except FlowFileError as error:
        check(error, data)
        return error
    finally:
        assert time.process_time() - started < CPU_SECONDS


def check(error: FlowFileError, data: bytes) -> None:
    """Every problem has a place inside the file, and they come in its order."""
    places = [(problem.line or 0, problem.column or 0) for problem in error.problems]
    lines = data.removeprefix(codecs.BOM_UTF8).decode(errors="replace").split("\n")
    assert places
    assert places == sorted(places)
    assert any(problem.severity == "error" for problem in error.problems)
    for problem in error.problems:
        assert problem.slug
        assert problem.message
        assert "\n" not in problem.message
        assert (problem.line is None) == (problem.column is None)
        if problem.line is not None:
            assert 1 <= problem.line <= len(lines)
            assert 1 <= (problem.column or 0) <= len(lines[problem.line - 1]) + 1
        if problem.end_line is not None:
            assert (problem.line or 0) <= problem.end_line <= len(lines)
            assert 1 <= (problem.end_column or 0) <= len(lines[problem.end_line - 1]) + 1


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.title)
def test_bad_flows_end_soon(case: Any, tmp_path: Path) -> None:
    for suffix in (".yaml", ".json"):
        outcome(case.text.encode(), tmp_path, suffix)


@pytest.mark.parametrize("name", BOMBS)
def test_yaml_that_is_made_to_hang_or_crash(name: str, tmp_path: Path) -> None:
    data, slug = BOMBS[name]

    result = outcome(data, tmp_path)

    assert isinstance(result, FlowFileError)
    assert slug is None or slug in {problem.slug for problem in result.problems}


@pytest.mark.parametrize("name", JSON_BOMBS)
def test_json_that_is_made_to_hang_or_crash(name: str, tmp_path: Path) -> None:
    data, slug = JSON_BOMBS[name]

    result = outcome(data, tmp_path, ".json")

    assert isinstance(result, FlowFileError)
    assert slug in {problem.slug for problem in result.problems}


def test_messages_do_not_repeat_megabytes(tmp_path: Path) -> None:
    result = outcome(b"@" + b"x" * 1_000_000, tmp_path)

    assert isinstance(result, FlowFileError)
    assert all(len(p.message) + len(p.hint or "") < 20_000 for p in result.problems)


any_file = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200
)


@any_file
@given(st.binary(max_size=300), st.sampled_from([".yaml", ".json"]))
@example(b"\xef\xbb\xbf", ".yaml")
@example(b"\xed\xa0\x80", ".yaml")
def test_any_bytes(tmp_path: Path, data: bytes, suffix: str) -> None:
    outcome(data, tmp_path, suffix)


PIECES = [
    *"[]{}:,-?&*!|>'\"%@`#~=\\ \t\n",
    *[
        "\n  ",
        "\n    ",
        ": ",
        "- ",
        "&a ",
        "*a",
        "<<",
        "!!str ",
        "!x ",
        "---\n",
        "...\n",
        "${{ x }}",
    ],
    *["tasks", "tasks:\n- ", "name", "name: a", "command: x", "depends_on", "env", "retry", "null"],
    *[
        "010",
        "1e400",
        ".inf",
        '"\\ud800"',
        "'it''s'",
        "|\n  text\n",
        ">-\n  text\n",
        "\u00e9",
        "\ufeff",
    ],
]
"""What YAML gives a meaning, and what flow files do."""


@any_file
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_order_of_what_yaml_gives_a_meaning(tmp_path: Path, text: str) -> None:
    outcome(text.encode(), tmp_path)
    outcome(text.encode(), tmp_path, ".json")


WORDS = """
name description env max_parallel tasks function command depends_on args kwargs retry retries delay
timeout grace executor backoff retry_on foreach params nonsense script shell when pool pools tags
defaults on_failure breakpoint at hit trigger_rule output merge cwd success_exit_codes type default
choices min max items pattern priority group allow_failure
"""
KEYS = st.sampled_from(WORDS.split())
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        [
            "a",
            "b",
            "m.f",
            "5s",
            "thread",
            "exponential",
            "${{ x }}",
            "${{ params.a }}",
            "int",
            "list",
        ]
    )
    | st.text(max_size=8)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)
TASKS = st.lists(st.dictionaries(KEYS, ANYTHING, max_size=6), max_size=4)


@any_file
@given(ANYTHING | TASKS.map(lambda tasks: {"tasks": tasks}))
def test_any_structure(tmp_path: Path, value: Any) -> None:
    outcome(json.dumps(value).encode(), tmp_path, ".json")
    try:
        text = yaml.safe_dump(value, allow_unicode=True)
    except yaml.YAMLError:
        return
    outcome(text.encode(errors="surrogatepass"), tmp_path)


FULL = (Path(__file__).parent / "every_key.yaml").read_text()
PLACES = st.integers(0, len(FULL))
ODD = [*PIECES, "${{", "}}", "params.", "tasks.", "'", '"', "| raw", "item", "\\", "true", "[", "{"]
MUTATIONS = st.lists(
    st.tuples(PLACES, st.integers(0, 30), st.sampled_from(ODD) | st.text(max_size=3)),
    min_size=1,
    max_size=4,
)


@any_file
@given(MUTATIONS)
def test_a_flow_with_every_key_that_was_damaged(
    tmp_path: Path, mutations: list[tuple[int, int, str]]
) -> None:
    text = FULL
    for place, length, new in mutations:
        text = text[:place] + new + text[place + length :]

    outcome(text.encode(errors="surrogatepass"), tmp_path)


@any_file
@given(st.text(st.sampled_from("${}' \"ab.|[]()\\\n#-1"), max_size=40), st.booleans())
def test_any_text_with_something_like_an_expression(
    tmp_path: Path, text: str, as_command: bool
) -> None:
    key = "command" if as_command else "when"
    flow = {"params": {"a": 1}, "tasks": [{"name": "b", "command": "x", key: f"${{{{{text}"}]}

    outcome(json.dumps(flow).encode(), tmp_path, ".json")
    for style in (None, "'", '"', "|", ">"):
        outcome(yaml.safe_dump(flow, default_style=style, width=20).encode(), tmp_path)


DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cn", "Cf"])).filter(
        lambda text: "${{" not in text
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=10,
)


@any_file
@given(DATA)
def test_arguments_arrive_as_they_were_written(tmp_path: Path, value: Any) -> None:
    task = {"name": "a", "function": "m.f", "args": [value]}
    flow = {"tasks": [task]}

    for suffix, ascii_only in ((".json", True), (".json", False), (".yaml", False)):
        text = json.dumps(flow, ensure_ascii=ascii_only)
        plan = outcome(text.encode(), tmp_path, suffix)
        assert isinstance(plan, Plan), plan
        assert plan.tasks[0].args == (value,)
