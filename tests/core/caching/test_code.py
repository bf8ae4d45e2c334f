"""What counts as the code of a function: all of the user's that it reaches, and nothing else."""

import functools
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taskflow_core import Task
from taskflow_core.caching.code import code_of
from taskflow_core.caching.functions import CodeBook
from taskflow_core.caching.origin import Origin
from taskflow_core.resolve import resolve_function
from tests.core.caching.looking import module

MODULES = ("etl", "helpers", "deep", "installed", "pkg", "pkg.inner")


@pytest.fixture(autouse=True)
def fresh_modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Load every version of a module from its file."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    forget()


def forget() -> None:
    for name in MODULES:
        sys.modules.pop(name, None)


def code(folder: Path, dotted: str = "etl.load") -> dict[str, str]:
    """Return the code of a function as its file is now."""
    forget()
    return code_of(resolve_function(dotted, str(folder)), Origin(str(folder)))


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    names = before.keys() | after.keys()
    return sorted(name for name in names if before.get(name) != after.get(name))


def edited(folder: Path, name: str, old: str, new: str) -> list[str]:
    """Return what of the code of `etl.load` changes by an edit."""
    before = code(folder)
    file = folder / f"{name}.py"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return changed(before, code(folder))


ETL = """
    import json
    import logging
    import threading
    from helpers import clean, Row
    import helpers

    LIMIT = 3
    WORDS = {"a", "b"}
    LOG = logging.getLogger("etl")
    LOCK = threading.Lock()

    def load(rows=2):
        '''Load them.'''
        with LOCK:
            LOG.info("loading")
        return [inner(row) for row in range(rows)][:LIMIT], "a" in WORDS, Row(1).total()

    def inner(row):
        def twice(number):
            return number * 2
        return clean(twice(row)) + helpers.offset()

    def other():
        return 1
"""
HELPERS = """
    from dataclasses import dataclass
    import deep

    @dataclass
    class Row:
        number: int
        factor: int = 2

        def total(self):
            return self.number * self.factor

        @property
        def half(self):
            return self.number / 2

    def clean(row):
        return deep.scrub(row)

    def offset():
        return 7

    def unused():
        return 8
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    module(tmp_path, "etl", ETL)
    module(tmp_path, "helpers", HELPERS)
    module(tmp_path, "deep", "def scrub(row):\n    return row\n")
    return tmp_path


# --- what counts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("etl", "rows=2", "rows=4", ["the code of `etl.load`"]),
        ("etl", '"a" in WORDS', '"c" in WORDS', ["the code of `etl.load`"]),
        ("etl", "number * 2", "number * 3", ["the code of `etl.inner`"]),
        ("etl", "LIMIT = 3", "LIMIT = 4", ["`etl.LIMIT`"]),
        ("etl", '{"a", "b"}', '{"a", "z"}', ["`etl.WORDS`"]),
        ("helpers", "return 7", "return 9", ["the code of `helpers.offset`"]),
        (
            "helpers",
            "self.number * self.factor",
            "self.number",
            ["the code of `helpers.Row.total`"],
        ),
        ("helpers", "self.number / 2", "self.number / 3", ["the code of `helpers.Row.half`"]),
        ("deep", "return row", "return row + 1", ["the code of `deep.scrub`"]),
    ],
)
def test_a_change_anywhere_in_what_it_reaches_counts(
    folder: Path, name: str, old: str, new: str, said: list[str]
) -> None:
    assert edited(folder, name, old, new) == said


def test_a_default_of_a_class_counts(folder: Path) -> None:
    assert "the code of `helpers.Row`" in edited(
        folder, "helpers", "factor: int = 2", "factor: int = 3"
    )


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("etl", "LIMIT = 3", "# how many\nLIMIT = 3"),
        (
            "etl",
            "return number * 2",
            "return (\n                number\n                * 2\n            )",
        ),
        ("etl", "return 1", "return 2"),
        ("helpers", "return 8", "return 9"),
        ("helpers", "import deep", "import os\nimport deep"),
    ],
    ids=["comment", "layout", "another task", "unused", "import"],
)
def test_what_changes_nothing_of_it_does_not_count(
    folder: Path, name: str, old: str, new: str
) -> None:
    text = (folder / f"{name}.py").read_text()
    assert edited(folder, name, old, new) == [], text


def test_a_lock_and_a_logger_do_not_stand_in_the_way(folder: Path) -> None:
    assert code(folder) == code(folder)


def test_a_module_that_is_imported_late_counts_as_a_whole_unimported(tmp_path: Path) -> None:
    module(tmp_path, "etl", "def load():\n    import helpers\n    return helpers.number()\n")
    module(tmp_path, "helpers", "from deep import scrub\ndef number():\n    return 1\n")
    module(tmp_path, "deep", "raise ImportError\n")

    assert edited(tmp_path, "helpers", "return 1", "return 2") == ["the module `helpers`"]
    assert edited(tmp_path, "deep", "ImportError", "OSError") == ["the module `deep`"]
    assert "helpers" not in sys.modules


def test_a_module_that_is_handed_around_counts_as_a_whole(tmp_path: Path) -> None:
    module(
        tmp_path, "etl", "import helpers\ndef load(name):\n    return getattr(helpers, name)()\n"
    )
    module(tmp_path, "helpers", "def number():\n    return 1\n")

    assert edited(tmp_path, "helpers", "return 1", "return 2") == ["the module `helpers`"]


def test_modules_of_a_package_count(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").touch()
    module(tmp_path / "pkg", "inner", "def number():\n    return 1\n")
    module(
        tmp_path,
        "etl",
        "import pkg.inner\ndef load():\n    from pkg import inner\n    return pkg.inner.number()\n",
    )
    before = code(tmp_path)
    module(tmp_path / "pkg", "inner", "def number():\n    return 2\n")

    assert changed(before, code(tmp_path)) == [
        "the code of `pkg.inner.number`",
        "the module `pkg.inner`",
    ]


# --- whose code it is ------------------------------------------------------------------------


def test_of_an_installed_package_counts_the_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))  # pyright: ignore[reportUnknownMemberType]
    module(site, "installed", "__version__ = '1'\ndef number():\n    return 1\n")
    home = tmp_path / "flows"
    home.mkdir()
    module(home, "etl", "import installed\ndef load():\n    return installed.number()\n")
    before = code(home)

    module(site, "installed", "__version__ = '1'\ndef number():\n    return 2\n")
    assert changed(before, code(home)) == []
    module(site, "installed", "__version__ = '2'\ndef number():\n    return 2\n")
    assert changed(before, code(home)) == ["the version of `installed`"]


def test_the_standard_library_and_ours_count_for_nothing() -> None:
    origin = Origin(None)

    assert not origin.is_own("json", types.ModuleType.__doc__)
    assert not origin.is_own("json.decoder", functools.__file__)
    assert not origin.is_own("taskflow_core.plan", "/anywhere/plan.py")
    assert not origin.is_own("pandas", "/usr/lib/python3/dist-packages/pandas/__init__.py")
    assert origin.is_own("etl", "/home/ann/etl.py")
    assert origin.is_own("__main__", "<stdin>")


def test_a_flow_that_lies_in_an_installed_package_is_the_user_s(tmp_path: Path) -> None:
    home = tmp_path / "site-packages" / "flows"

    assert Origin(str(home)).is_own("etl", str(home / "etl.py"))
    assert not Origin(None).is_own("etl", str(home / "etl.py"))


# --- functions that are not in a file --------------------------------------------------------


def of(func: Callable[..., Any]) -> dict[str, str]:
    return code_of(func, Origin(None))


def maker(number: int) -> Callable[[], int]:
    def made() -> int:
        return number

    return made


def maker_of_one(number: int) -> Callable[[object], int]:
    def made(owner: object) -> int:
        return number

    return made


def test_what_a_closure_holds_counts() -> None:
    assert of(maker(1)) == of(maker(1))
    assert of(maker(1)) != of(maker(2))


def test_what_a_partial_brings_along_counts() -> None:
    assert of(functools.partial(max, 1)) == of(functools.partial(max, 1))
    assert of(functools.partial(max, 1)) != of(functools.partial(max, 2))
    assert of(functools.partial(maker(1))) != of(functools.partial(maker(2)))


def test_the_object_of_a_method_counts() -> None:
    class Adder:
        def __init__(self, number: int) -> None:
            self.number = number

        def add(self, other: int) -> int:
            return self.number + other

        def __call__(self, other: int) -> int:
            return self.add(other)

    assert of(Adder(1).add) == of(Adder(1).add)
    assert of(Adder(1).add) != of(Adder(2).add)
    assert of(Adder(1)) == of(Adder(1))
    assert of(Adder(1)) != of(Adder(2))


def test_a_method_that_was_tied_to_something_by_hand_counts() -> None:
    def tied(number: int, owner: object) -> Any:
        return types.MethodType(maker_of_one(number), owner)

    assert of(tied(1, 7)) == of(tied(1, 7))
    assert of(tied(1, 7)) != of(tied(2, 7))
    assert of(tied(1, 7)) != of(tied(1, 8))


def test_a_decorated_function_is_what_it_wraps() -> None:
    def wrapped(number: int) -> Callable[..., Any]:
        @functools.lru_cache
        def inner() -> int:
            return number

        return inner

    assert of(wrapped(1)) == of(wrapped(1))
    assert of(wrapped(1)) != of(wrapped(2))


def test_a_task_that_a_function_calls_is_what_its_function_is() -> None:
    def calling(task: Task) -> Callable[[], Any]:
        return lambda: task()

    one, two = Task(maker(1), name="t"), Task(maker(2), name="t")
    slow = Task(maker(1), name="t", retries=3)

    assert of(calling(one)) == of(calling(slow))
    assert of(calling(one)) != of(calling(two))


def test_functions_without_source_have_code_too() -> None:
    def typed(text: str) -> Callable[..., Any]:
        known: dict[str, Any] = {"__name__": "__main__"}
        exec(text, known)
        found: Callable[..., Any] = known["f"]
        return found

    assert of(typed("def f(): return 1")) == of(typed("\n\ndef f():\n    return 1"))
    assert of(typed("def f(): return 1")) != of(typed("def f(): return 2"))
    assert of(typed("X = 1\ndef f(): return X")) != of(typed("X = 2\ndef f(): return X"))


def test_functions_that_call_each_other_are_followed_once() -> None:
    def even(number: int) -> bool:
        return number == 0 or odd(number - 1)

    def odd(number: int) -> bool:
        return number != 0 and even(number - 1)

    names = [name.rpartition(".")[2] for name in of(even)]
    assert names == ["even`", "odd`"]


def test_a_book_follows_a_function_once() -> None:
    book = CodeBook(None)
    first = book.of(test_a_book_follows_a_function_once)

    assert book.of(test_a_book_follows_a_function_once) is first
    assert book.of(maker(1)) != book.of(maker(2))
