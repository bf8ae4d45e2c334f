"""The presenting half of stdlib_census.yaml: a chart, a report, an unreliable share, a summary.

Plain data come in (see stdlib_census.py), and paths of the written files go out.
"""

import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

OUT = Path(__file__).parent / "out" / "stdlib_census"
"""Folder of the written files; made when needed."""

Ranking = Sequence[tuple[str, int]]
"""Pairs of label and value, greatest value first."""

CYAN, GREEN, RED, BOLD, RESET = (f"\x1b[{n}m" for n in (36, 32, 31, 1, 0))

WIDTH, LABELS, ROW, HEAD = 900, 380, 24, 64
"""Of a chart, in pixels: its width, the labels' column, the height of a bar's row, of a title."""
LETTERS = 48
"""What fits into the labels' column; longer labels lose their beginning."""


# ── the tasks ─────────────────────────────────────────────────────────────────────────────────


def draw_chart(rank_functions: Ranking, rank_imports: Ranking, folder: Path = OUT) -> str:
    """Write both rankings as horizontal bars to chart.svg; return its path."""
    panels = [
        ("Most complex functions (cyclomatic complexity)", rank_functions, "#d97706"),
        ("Most imported modules (importing files)", rank_imports, "#0e7490"),
    ]
    shapes: list[str] = []
    top = 0
    for title, ranking, colour in panels:
        shapes += _panel(title, ranking, colour, top)
        top += HEAD + ROW * len(ranking)
        print(f"{CYAN}{len(ranking)} bars{RESET}  {title}")
    frame = f'width="{WIDTH}" height="{top + ROW}" font-family="sans-serif" font-size="13"'
    text = [f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>', *shapes, "</svg>"]
    return _write(folder / "chart.svg", text)


def write_report(
    merge: Mapping[str, Any],
    rank_functions: Ranking,
    rank_modules: Ranking,
    rank_imports: Ranking,
    folder: Path = OUT,
) -> str:
    """Write the counts and the three rankings as Markdown to report.md; return its path."""
    names = ("files", "lines", "functions", "classes", "calls")
    lines = [f"# The standard library of Python {platform.python_version()}", ""]
    lines += _table(("what", "count"), [(name, merge[name]) for name in names])
    lines += ["## Most complex functions", ""]
    lines += _table(("function", "cyclomatic complexity"), rank_functions)
    lines += ["## Biggest modules", "", *_table(("file", "lines"), rank_modules)]
    lines += ["## Most imported modules", ""]
    lines += _table(("module", "importing files"), rank_imports)
    lines += ["## Not parsed", "", "Not valid Python, as tests of the parser have to be:", ""]
    lines += [f"- `{path}`" for path in merge["unparsed"]] or ["- none"]
    return _write(folder / "report.md", lines)


def publish(write_report: str, accepts: int = 3, folder: Path = OUT) -> str:
    """Copy the report to the share, which is out on purpose until attempt number `accepts`.

    Returns:
        The path of the published copy.

    Raises:
        ConnectionError: Every attempt before that one.
    """
    attempt = int(os.environ.get("TASKFLOW_ATTEMPT", accepts))
    print(f"attempt {attempt}: connecting to the share …", flush=True)
    if attempt < accepts:
        print(f"{RED}no answer{RESET}", flush=True)
        raise ConnectionError(f"the share does not answer before attempt {accepts}, on purpose")
    share = folder / "share"
    share.mkdir(parents=True, exist_ok=True)
    copy = shutil.copy(write_report, share)
    print(f"{GREEN}published{RESET} {copy}")
    return str(copy)


def summary(merge: Mapping[str, Any], draw_chart: str, publish: str) -> dict[str, Any]:
    """Return the totals and where the chart and the report are, and print them."""
    found = {
        "files": merge["files"],
        "lines": merge["lines"],
        "functions": merge["functions"],
        "chart": draw_chart,
        "report": publish,
    }
    print(f"{BOLD}The standard library of Python {platform.python_version()}{RESET}")
    for name, value in found.items():
        print(
            f"{name:>9}  {GREEN}{value:,}{RESET}"
            if isinstance(value, int)
            else f"{name:>9}  {value}"
        )
    return found


# ── writing ───────────────────────────────────────────────────────────────────────────────────


def _panel(title: str, ranking: Ranking, colour: str, top: int) -> list[str]:
    """Return a title and one bar a row as SVG elements, from `top` pixels downwards."""
    shapes = [f'<text x="16" y="{top + 40}" font-size="17" fill="#888">{escape(title)}</text>']
    longest = max((value for _, value in ranking), default=1)
    for row, (label, value) in enumerate(ranking):
        y = top + HEAD + ROW * row
        label = label if len(label) <= LETTERS else "…" + label[1 - LETTERS :]
        length = round((WIDTH - LABELS - 80) * value / longest)
        place = f'x="{LABELS - 8}" y="{y + 15}" text-anchor="end"'
        shapes += [
            f'<text {place} fill="#888">{escape(label)}</text>',
            f'<rect x="{LABELS}" y="{y}" width="{length}" height="{ROW - 5}" fill="{colour}"/>',
            f'<text x="{LABELS + length + 6}" y="{y + 15}" fill="#888">{value:,}</text>',
        ]
    return shapes


def _table(head: tuple[str, str], rows: Ranking) -> list[str]:
    lines = [f"| {head[0]} | {head[1]} |", "|---|---:|"]
    return [*lines, *(f"| `{label}` | {value:,} |" for label, value in rows), ""]


def _write(path: Path, lines: Sequence[str]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {path} ({path.stat().st_size:,} bytes)")
    return str(path)
