"""Functions by dotted name."""

import os.path
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskflow_core.resolve import FunctionError, resolve_function


@pytest.fixture(autouse=True)
def _clean_imports() -> Iterator[None]:
    path, modules = list(sys.path), dict(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - set(modules):
        del sys.modules[name]
    sys.modules.update(modules)


def write(folder: Path, name: str, code: str) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(code))


def failure(dotted: str, folder: Path) -> FunctionError:
    with pytest.raises(FunctionError) as caught:
        resolve_function(dotted, str(folder))
    return caught.value


def test_a_function_of_a_module_next_to_the_flow(tmp_path: Path) -> None:
    write(tmp_path, "steps.py", "def fetch(): return 'here'")

    assert resolve_function("steps.fetch", str(tmp_path))() == "here"


@pytest.mark.parametrize(
    "dotted",
    ["pkg.mod.Class.method", "pkg.mod:Class.method", "pkg.mod.function", "pkg.mod.Class"],
)
def test_modules_in_packages_and_attributes_of_attributes(dotted: str, tmp_path: Path) -> None:
    write(tmp_path, "pkg/__init__.py", "")
    code = """
        class Class:
            @classmethod
            def method(cls): ...

        def function(): ...
    """
    write(tmp_path, "pkg/mod.py", code)

    assert callable(resolve_function(dotted, str(tmp_path)))


def test_a_package_without_init(tmp_path: Path) -> None:
    write(tmp_path, "loose/mod.py", "def f(): return 1")

    assert resolve_function("loose.mod.f", str(tmp_path))() == 1


def test_what_a_package_says_goes_before_a_module_of_that_name(tmp_path: Path) -> None:
    write(tmp_path, "pkg/__init__.py", "def load(): return 'function'")
    write(tmp_path, "pkg/load.py", "")

    assert resolve_function("pkg.load", str(tmp_path))() == "function"


def test_the_standard_library(tmp_path: Path) -> None:
    assert resolve_function("os.path.exists", str(tmp_path)) is os.path.exists
    assert callable(resolve_function("xml.etree.ElementTree.parse", str(tmp_path)))
    assert resolve_function("math:sqrt", None)(4) == 2


@pytest.mark.parametrize("name", ["token", "this_is_not_loaded", "statistics"])
def test_a_file_does_not_stand_in_for_the_standard_library(name: str, tmp_path: Path) -> None:
    write(tmp_path, "token.py", "def fetch(): ...")
    write(tmp_path, "statistics.py", "def fetch(): ...")
    sys.modules.pop("statistics", None)

    found = failure(f"{name}.fetch", tmp_path)

    if name in sys.stdlib_module_names:
        assert found.slug == "unknown-function"
        assert found.hint == (f"{name}.py is hidden by the standard library's {name!r}: rename it.")
    else:
        assert found.slug == "unknown-module"


def test_a_file_goes_before_an_installed_module_of_its_name(tmp_path: Path) -> None:
    write(tmp_path, "click.py", "def fetch(): return 'here'")
    __import__("click")

    assert resolve_function("click.fetch", str(tmp_path))() == "here"


def test_a_file_does_not_stand_in_for_ours(tmp_path: Path) -> None:
    write(tmp_path, "taskflow_core.py", "def fetch(): ...")

    assert failure("taskflow_core.fetch", tmp_path).slug == "unknown-function"


def test_modules_of_one_name_in_two_folders(tmp_path: Path) -> None:
    for place in ("one", "two"):
        write(tmp_path, f"{place}/steps.py", "import inner\ndef fetch(): return inner.NAME")
        write(tmp_path, f"{place}/inner.py", f"NAME = '{place}'")

    first = resolve_function("steps.fetch", str(tmp_path / "one"))
    del sys.modules["inner"]
    second = resolve_function("steps.fetch", str(tmp_path / "two"))

    assert (first(), second()) == ("one", "two")


def test_a_module_is_imported_once(tmp_path: Path) -> None:
    write(tmp_path, "steps.py", "def f(): ...\ndef g(): ...")

    first = resolve_function("steps.f", str(tmp_path))

    assert resolve_function("steps.g", str(tmp_path)).__globals__ is first.__globals__


def test_a_module_written_a_moment_ago_is_found(tmp_path: Path) -> None:
    assert failure("late.f", tmp_path).slug == "unknown-module"
    write(tmp_path, "late.py", "def f(): return 1")

    assert resolve_function("late.f", str(tmp_path))() == 1


@pytest.mark.parametrize(
    ("dotted", "slug", "message", "hint"),
    [
        ("stepz.f", "unknown-module", "there is no module 'stepz'", "Did you mean 'steps'?"),
        (
            "zzz.f",
            "unknown-module",
            "there is no module 'zzz'",
            "It is looked for next to the flow file, then among the installed modules.",
        ),
        ("steps.ftch", "unknown-function", "module 'steps' has no 'ftch'", "Did you mean 'fetch'?"),
        ("steps.zzz", "unknown-function", "module 'steps' has no 'zzz'", None),
        (
            "steps.Job.rnu",
            "unknown-function",
            "class 'Job' has no 'rnu'",
            "Did you mean 'run'?",
        ),
        ("steps.JOB.zzz", "unknown-function", "a Job has no 'zzz'", None),
        ("pkg.nope.f", "unknown-function", "module 'pkg' has no 'nope'", None),
        ("pkg.nope:f", "unknown-module", "there is no module 'pkg.nope'", None),
        ("steps.LIMIT", "not-callable", "'steps.LIMIT' is no function but of type 'int'", None),
        ("pkg.mod", "not-callable", "'pkg.mod' is no function but a module", None),
    ],
)
def test_names_that_lead_to_no_function(
    dotted: str, slug: str, message: str, hint: str | None, tmp_path: Path
) -> None:
    code = """
        LIMIT = 3
        def fetch(): ...
        class Job:
            def run(self): ...
        JOB = Job()
    """
    write(tmp_path, "steps.py", code)
    write(tmp_path, "pkg/__init__.py", "")
    write(tmp_path, "pkg/mod.py", "")

    found = failure(dotted, tmp_path)

    assert (found.slug, str(found)) == (slug, message)
    assert hint is None or found.hint == hint


def test_an_import_that_raises_says_where(tmp_path: Path) -> None:
    write(tmp_path, "steps.py", "import inner")
    write(tmp_path, "inner.py", "\n\n1 / 0")

    found = failure("steps.f", tmp_path)

    assert found.slug == "import-failed"
    assert str(found) == (
        "importing 'steps' raised ZeroDivisionError: division by zero (inner.py:3)"
    )
    assert (found.hint or "").startswith("Traceback (most recent call last):\n  File")
    assert "taskflow_core" not in (found.hint or "")


def test_an_error_that_cannot_be_told(tmp_path: Path) -> None:
    code = """
        class Mute(Exception):
            def __str__(self):
                raise RuntimeError
        raise Mute
    """
    write(tmp_path, "steps.py", code)

    assert "Mute: <unprintable>" in str(failure("steps.f", tmp_path))
