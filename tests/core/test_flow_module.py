"""Python flow files as modules."""

import pickle
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from taskflow_core import Flow
from taskflow_core.flow_module import FlowModuleError, flow_in, load_flow_module, module_name


@pytest.fixture(autouse=True)
def _clean_imports() -> Iterator[None]:
    path, modules = list(sys.path), dict(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - set(modules):
        del sys.modules[name]
    sys.modules.update(modules)


def load(folder: Path, code: str, name: str = "etl.py") -> ModuleType:
    file = folder / name
    file.write_text(textwrap.dedent(code))
    return load_flow_module(str(file))


def failure(folder: Path, code: str) -> FlowModuleError:
    with pytest.raises(FlowModuleError) as caught:
        load(folder, code)
    return caught.value


def test_the_module_is_called_like_the_file_and_is_not_main(tmp_path: Path) -> None:
    module = load(tmp_path, "name = __name__\nfile = __file__")

    assert (module.name, module.file) == ("etl", str(tmp_path / "etl.py"))
    assert sys.modules["etl"] is module


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("etl.py", "etl"),
        ("load-orders.py", "flow_load_orders"),
        ("2026.py", "flow_2026"),
        ("class.py", "flow_class"),
        ("json.py", "flow_json"),
        ("a.b.py", "flow_a_b"),
        ("taskflow_core.py", "flow_taskflow_core"),
    ],
)
def test_a_name_that_no_module_can_have_gets_a_prefix(file: str, name: str, tmp_path: Path) -> None:
    assert module_name(file) == name
    assert load(tmp_path, "", file).__name__ == name


def test_its_folder_is_where_modules_are_looked_for_first(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("NAME = 'steps'")

    assert load(tmp_path, "import steps; NAME = steps.NAME").NAME == "steps"
    assert sys.path[0] == str(tmp_path)


def test_objects_of_its_classes_can_be_pickled(tmp_path: Path) -> None:
    module = load(tmp_path, "class Page: ...")

    data = pickle.dumps(module.Page())
    again = load(tmp_path, "class Page: ...")

    assert type(pickle.loads(data)) is again.Page


def test_dataclasses_work(tmp_path: Path) -> None:
    code = """
        from __future__ import annotations
        from dataclasses import dataclass
        @dataclass
        class Page:
            number: int
    """
    assert load(tmp_path, code).Page(3).number == 3


def test_an_edit_within_the_same_second_is_seen(tmp_path: Path) -> None:
    assert load(tmp_path, "X = 1").X == 1
    assert load(tmp_path, "X = 2").X == 2


def test_an_exception_has_the_innermost_line_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("def f(n): return 1 / n")
    found = failure(tmp_path, "import steps\ndef g():\n    é = steps.f(0)\ng()\n")

    assert (found.slug, str(found)) == ("python-error", "ZeroDivisionError: division by zero")
    assert (found.line, found.column) == (3, 9)
    assert 'steps.py", line 1, in f' in (found.hint or "")
    assert "importlib" not in (found.hint or "")
    assert "etl" not in sys.modules


def test_a_syntax_error_has_its_own_place(tmp_path: Path) -> None:
    found = failure(tmp_path, "\nx = é é\n")

    assert str(found) == "SyntaxError: invalid syntax"
    assert (found.line, found.column) == (2, 7)


def test_a_syntax_error_in_an_imported_file_is_at_the_import(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("x =\n")

    found = failure(tmp_path, "\n\nimport steps")

    assert (found.line, found.column) == (3, 1)


def test_a_file_that_exits(tmp_path: Path) -> None:
    assert str(failure(tmp_path, "import sys\nsys.exit('enough')")) == "SystemExit: enough"


def test_a_file_that_is_not_in_utf_8(tmp_path: Path) -> None:
    (tmp_path / "etl.py").write_bytes(b"x = '\xe9'")

    with pytest.raises(FlowModuleError, match="encoding"):
        load_flow_module(str(tmp_path / "etl.py"))


def test_a_file_that_names_its_encoding(tmp_path: Path) -> None:
    (tmp_path / "etl.py").write_bytes(b"# coding: latin-1\nx = '\xe9'")

    assert load_flow_module(str(tmp_path / "etl.py")).x == "é"


def test_a_file_with_nul(tmp_path: Path) -> None:
    assert failure(tmp_path, "x = 1\0").slug == "python-error"


FLOW = "from taskflow_core import Flow\n"


def flow_of(folder: Path, code: str, name: str | None = None) -> Flow:
    flow = flow_in(load(folder, FLOW + code), name)
    assert isinstance(flow, Flow)
    return flow


def test_the_only_flow_needs_no_name(tmp_path: Path) -> None:
    assert flow_of(tmp_path, "etl = Flow('x')").name == "x"


def test_one_flow_under_two_names_is_one(tmp_path: Path) -> None:
    assert flow_of(tmp_path, "a = b = Flow('x')").name == "x"


def test_of_several_the_one_called_flow_is_meant(tmp_path: Path) -> None:
    assert flow_of(tmp_path, "other = Flow('x')\nflow = Flow('y')").name == "y"


def test_a_flow_by_name(tmp_path: Path) -> None:
    assert flow_of(tmp_path, "a = Flow('x')\nb = Flow('y')", "a").name == "x"


@pytest.mark.parametrize(
    ("code", "name", "message", "hint"),
    [
        ("", None, "the file makes no Flow", "Write `flow = Flow(…)` at its top level."),
        ("", "etl", "the file makes no Flow", "Write `flow = Flow(…)` at its top level."),
        (
            "b = Flow('x')\na = Flow('y')",
            None,
            "the file has several flows: a, b",
            "Write FILE.py:NAME with one of a, b.",
        ),
        ("etl = Flow('x')", "elt", "no flow is called 'elt'", "Did you mean 'etl'?"),
        ("etl = Flow('x')", "z", "no flow is called 'z'", "Write FILE.py:NAME with one of etl."),
        ("etl = 3\nb = Flow('x')", "etl", "no flow is called 'etl'", None),
    ],
)
def test_flows_that_are_not_there(
    code: str, name: str | None, message: str, hint: str | None, tmp_path: Path
) -> None:
    with pytest.raises(FlowModuleError) as caught:
        flow_of(tmp_path, code, name)

    assert (caught.value.slug, str(caught.value)) == ("unknown-flow", message)
    assert hint is None or caught.value.hint == hint
