"""The counting of the census, on a made-up library small enough to be counted by hand."""

from pathlib import Path

import pytest

from sample_flows import stdlib_census as census
from tests.samples.flow_files import SAMPLES, read

SOURCE = """\
import os
import os.path
from . import sibling
from collections import Counter

def tested(x):
    if x and os.sep or not x:
        return [y for y in x if y]
    return Counter()

class Thing:
    def method(self):
        def inner():
            while True:
                print()
        return inner
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    for name in ("pkg", "site-packages", "pkg/dist-packages"):
        (tmp_path / name).mkdir()
    (tmp_path / "pkg" / "mod.py").write_text(SOURCE)
    (tmp_path / "pkg" / "odd_coding.py").write_text("# coding: of-nobody\n")
    (tmp_path / "small.py").write_text("import os\n")
    (tmp_path / "site-packages" / "installed.py").write_text("import os\n")
    (tmp_path / "pkg" / "dist-packages" / "installed.py").write_text("import os\n")
    (tmp_path / "dangling.py").symlink_to("nowhere.py")
    return tmp_path


def test_files_are_listed_with_their_sizes_without_installed_packages(library: Path) -> None:
    assert census.list_files(library) == [
        ("pkg/mod.py", len(SOURCE)),
        ("pkg/odd_coding.py", 20),
        ("small.py", 10),
    ]


def test_splitting_keeps_every_file_once_and_balances_bytes() -> None:
    parts = census.split([("a", 50), ("b", 30), ("c", 30), ("d", 20), ("e", 10)], shards=2)
    assert parts == [["a", "d"], ["b", "c", "e"]]


def test_a_file_is_counted() -> None:
    tally = census.measure("pkg/mod.py", SOURCE.encode())
    assert tally["lines"] == 16
    assert (tally["functions"], tally["classes"], tally["calls"]) == (3, 1, 2)
    assert tally["imports"] == {"os": 1, "collections": 1}


def test_complexity_is_one_and_one_more_for_every_decision_of_the_function_itself() -> None:
    tally = census.measure("pkg/mod.py", SOURCE.encode())
    assert tally["complex"] == [
        ("pkg.mod.tested", 6),  # if, and, or, for, if in the comprehension
        ("pkg.mod.Thing.method.inner", 2),
        ("pkg.mod.Thing.method", 1),
    ]


@pytest.mark.parametrize(
    "source",
    [b"def :", b"# coding: of-nobody\n", b"x = '\xff'\n", b"x = 1\0", b"(" * 300 + b")" * 300],
    ids=["syntax", "unknown encoding", "not utf-8", "null byte", "too deep"],
)
def test_a_file_that_cannot_be_parsed_is_counted_as_that(source: bytes) -> None:
    tally = census.measure("bad.py", source)
    assert (tally["files"], tally["unparsed"], tally["lines"]) == (1, ["bad.py"], 0)


def test_sources_with_outdated_escapes_warn_nobody() -> None:
    assert census.measure("old.py", rb"x = '\d'")["lines"] == 1


def test_a_shard_adds_up_its_files(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tally = census.parse_shard([[], ["pkg/mod.py", "pkg/odd_coding.py", "small.py"]], 2, library)
    assert (tally["files"], tally["lines"]) == (3, 17)
    assert tally["unparsed"] == ["pkg/odd_coding.py"]
    assert tally["imports"] == {"os": 2, "collections": 1}
    assert tally["biggest"] == [("pkg/mod.py", 16), ("small.py", 1)]
    assert "not parsable" in capsys.readouterr().out


def test_merged_shards_are_ranked() -> None:
    shards = [census.measure("b.py", b"import os\nimport sys\n"), census.measure("a.py", b"\n\n")]
    total = census.merge(*shards, census.measure("c.py", b"import sys\n"))
    assert census.rank_imports(total) == [("sys", 2), ("os", 1)]
    assert census.rank_modules(total, top=2) == [("a.py", 2), ("b.py", 2)]
    assert census.rank_functions(total) == []


def test_the_flow_has_one_task_for_every_shard() -> None:
    flow = read(SAMPLES / "stdlib_census.yaml")
    parsing = [task for task in flow.tasks if task.function == "stdlib_census.parse_shard"]
    assert [task.kwargs["shard"] for task in parsing] == list(range(1, 9))
    assert flow.task("merge").depends_on == [task.name for task in parsing]
