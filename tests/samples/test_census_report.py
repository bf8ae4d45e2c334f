"""The presentation of the census: chart, report, and the share that answers the third time."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sample_flows import census_report as report
from sample_flows.stdlib_census import Ranking, measure
from tests.samples.flow_files import SAMPLES, read

SVG = "{http://www.w3.org/2000/svg}"
FUNCTIONS: Ranking = [("a.<locals>.f", 40), ("b.g", 10)]
IMPORTS: Ranking = [("os", 3), ("sys", 3), ("re", 1)]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "report.md"
    path.write_text("counted\n")
    return path


def test_the_chart_has_a_bar_as_long_as_its_value_for_every_rank(tmp_path: Path) -> None:
    path = report.draw_chart(FUNCTIONS, IMPORTS, folder=tmp_path / "new")
    bars = ET.parse(path).getroot().findall(f"{SVG}rect")
    assert [int(bar.attrib["width"]) for bar in bars] == [440, 110, 440, 440, 147]


def test_a_long_label_keeps_its_end(tmp_path: Path) -> None:
    path = report.draw_chart([("x" * 60 + ".end", 1)], [], folder=tmp_path)
    labels = [text.text or "" for text in ET.parse(path).iter(f"{SVG}text")]
    assert "…" + "x" * 43 + ".end" in labels


def test_the_report_holds_the_counts_the_rankings_and_the_unparsed_files(tmp_path: Path) -> None:
    total = measure("bad.py", b"def :")
    path = report.write_report(total, FUNCTIONS, [("a.py", 1234)], IMPORTS, folder=tmp_path)
    text = Path(path).read_text(encoding="utf-8")
    for line in ("| `files` | 1 |", "| `b.g` | 10 |", "| `a.py` | 1,234 |", "- `bad.py`"):
        assert line in text.splitlines()


@pytest.mark.parametrize("attempt", ["1", "2"])
def test_the_share_refuses_the_first_two_attempts(
    written: Path, attempt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFLOW_ATTEMPT", attempt)
    with pytest.raises(ConnectionError, match="before attempt 3, on purpose"):
        report.publish(str(written), folder=written.parent)
    assert not (written.parent / "share").exists()


def test_the_third_attempt_publishes(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFLOW_ATTEMPT", "3")
    copy = report.publish(str(written), folder=written.parent)
    assert Path(copy).read_text() == "counted\n"


def test_the_flow_grants_publishing_exactly_the_two_retries_it_needs() -> None:
    retry = {"retries": 2, "delay": "1s", "backoff": "exponential"}
    assert read(SAMPLES / "stdlib_census.yaml").task("publish").retry == retry


def test_the_summary_tells_the_totals_and_the_places() -> None:
    found = report.summary(measure("a.py", b"pass\n"), "chart.svg", "share/report.md")
    assert (found["files"], found["lines"]) == (1, 1)
    assert (found["chart"], found["report"]) == ("chart.svg", "share/report.md")
