"""The three functions of hello.json: each takes one `ctx`, as in the project's first example."""

import json
from pathlib import Path

import pytest

from sample_flows import my_module
from tests.samples.flow_files import SAMPLES, read


def test_the_json_is_the_first_example_key_for_key() -> None:
    expected: dict[str, list[dict[str, str | list[str]]]] = {
        "tasks": [
            {"name": "fetch", "function": "my_module.fetch", "depends_on": []},
            {"name": "process", "function": "my_module.process", "depends_on": ["fetch"]},
            {"name": "save", "function": "my_module.save", "depends_on": ["process"]},
        ]
    }
    assert json.loads((SAMPLES / "hello.json").read_text(encoding="utf-8")) == expected


def test_the_yaml_has_the_same_tasks() -> None:
    tasks = [read(SAMPLES / name).tasks for name in ("hello.json", "hello.yaml")]
    json_tasks, yaml_tasks = [[(t.name, t.function, t.depends_on) for t in half] for half in tasks]
    assert json_tasks == yaml_tasks


def test_fetch_returns_the_zen_of_python_and_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    zen = my_module.fetch({})
    assert zen.startswith("The Zen of Python, by Tim Peters")
    assert zen in capsys.readouterr().out


def test_process_counts_lines_words_and_their_frequency() -> None:
    text = "Now is better than never.\n\nAlthough never is often better than *right* now.\n"
    assert my_module.process({"fetch": text}) == {
        "lines": 2,
        "words": 13,
        "different": 8,
        "longest": "although",
        "frequent": [("now", 2), ("is", 2), ("better", 2), ("than", 2), ("never", 2)],
    }


def test_process_of_an_empty_text_counts_nothing() -> None:
    counts = my_module.process({"fetch": ""})
    assert (counts["lines"], counts["words"], counts["longest"]) == (0, 0, "")


def test_save_writes_a_table_and_returns_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(my_module, "OUT", tmp_path / "made" / "when needed")
    path = my_module.save({"process": my_module.process({"fetch": "never say never"})})
    assert "| frequent | never (2), say (1) |" in Path(path).read_text(encoding="utf-8")
