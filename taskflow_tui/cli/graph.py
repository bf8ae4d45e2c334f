"""`graph`: a flow, or a run of it, as a picture or as data for another program."""

import locale
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import click

from taskflow_core import runs
from taskflow_core.errors import NotTrustedError
from taskflow_core.export.boxes import box_lines
from taskflow_core.export.digraph import to_json
from taskflow_core.export.dot import to_dot
from taskflow_core.export.lane_text import lane_lines
from taskflow_core.export.mermaid import to_mermaid
from taskflow_core.export.palette import ThemeName
from taskflow_core.export.svg import to_svg
from taskflow_core.export.text_lines import ASCII, UNICODE, Charset, TextLine, as_text
from taskflow_core.export.tree import tree_lines
from taskflow_core.plan import Plan
from taskflow_core.state import RunState
from taskflow_tui.cli.options import state_option
from taskflow_tui.cli.watching import PIPE
from taskflow_tui.glyphs import choose
from taskflow_tui.graph_ink import colored, fitted

LINES: dict[str, Callable[[Plan, RunState | None, Charset], list[TextLine]]] = {
    "lanes": lane_lines,
    "boxes": box_lines,
    "tree": tree_lines,
}
"""The formats that are text for people."""
FORMATS = (*LINES, "mermaid", "dot", "svg", "json")
SUFFIXES = {
    ".dot": "dot",
    ".gv": "dot",
    ".json": "json",
    ".mermaid": "mermaid",
    ".mmd": "mermaid",
    ".svg": "svg",
    ".txt": "lanes",
}
"""The format that the name of a file stands for."""
_FLOW_SUFFIXES = (".yaml", ".yml", ".json", ".py")


@click.command("graph")
@click.argument("target", metavar="FLOW | RUN")
@click.option("--format", "-f", "format_name", type=click.Choice(FORMATS), help="Default: lanes.")
@click.option("--run", "run", metavar="RUN", help="Show the states of this run in FLOW.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write to this file.")
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", help="Of an SVG.")
@click.option("--ascii", is_flag=True, help="Draw with ASCII characters only.")
@click.option("--trust", is_flag=True, help="Import a .py flow; its code runs.")
@state_option
def graph_command(  # noqa: PLR0913  one argument for each option
    target: str,
    format_name: str | None,
    run: str | None,
    output: Path | None,
    theme: ThemeName,
    ascii: bool,  # noqa: A002  the option's name
    trust: bool,
    state_dir: Path | None,
) -> int:
    """Draw FLOW, or a RUN with the states of its tasks.

    lanes, boxes and tree are text: coloured on a terminal, plain elsewhere. mermaid, dot, svg and
    json are for files; with -o the format follows from the file's name. Lanes leave out
    dependencies that a longer way implies; every other format has all.

    Example: taskflow-tui graph sample_flows/hello.yaml --format boxes
    """
    shape = format_name or _format_of(output)
    plan, state = _look_up(target, run, trust=trust, state_dir=state_dir)
    if shape in LINES:
        is_screen = output is None and sys.stdout.isatty()
        charset = ASCII if ascii or not _shows_unicode(output, is_screen=is_screen) else UNICODE
        lines = LINES[shape](plan, state, charset)
        return _show(lines, charset) if is_screen else _write(as_text(lines), output)
    return _write(_exported(shape, plan, state, theme), output)


def _format_of(output: Path | None) -> str:
    if output is None:
        return "lanes"
    if output.suffix.lower() not in SUFFIXES:
        names = ", ".join(SUFFIXES)
        raise click.UsageError(f"which --format? The name of FILE ends in none of {names}")
    return SUFFIXES[output.suffix.lower()]


def _look_up(
    target: str, run: str | None, *, trust: bool, state_dir: Path | None
) -> tuple[Plan, RunState | None]:
    """Return what is to be drawn, and in which states."""
    if not _is_flow(target):
        if run is not None:
            raise click.UsageError("give a FLOW with --run, or only a RUN")
        state = _state(target, state_dir)
        return state.plan, state
    plan = _load(target, trust=trust)
    return plan, None if run is None else _state(run, state_dir)


def _load(target: str, *, trust: bool) -> Plan:
    try:
        return runs.load(target, trusted=trust or _is_trusted(target)).plan
    except NotTrustedError:  # one of its sub-flows is Python
        if not runs.trust.is_trusted(Path(target).resolve().parent):
            raise
    return runs.load(target, trusted=True).plan


def _state(ref: str, state_dir: Path | None) -> RunState:
    reader = runs.open_run(ref, state_dir)
    reader.close()
    return reader.state


def _is_flow(target: str) -> bool:
    """Say whether it is a flow file, whether or not there is one, and not a run."""
    name = target.rpartition(".py:")[0] + ".py" if ".py:" in target else target
    return name.lower().endswith(_FLOW_SUFFIXES) or Path(target).exists()


def _is_trusted(target: str) -> bool:
    """Say whether a Python flow may be imported; nothing of others runs to draw them."""
    is_python = target.endswith(".py") or ".py:" in target
    return is_python and runs.trust.is_trusted(Path(target).resolve().parent)


def _exported(shape: str, plan: Plan, state: RunState | None, theme: ThemeName) -> str:
    match shape:
        case "mermaid":
            return to_mermaid(plan, state)
        case "dot":
            return to_dot(plan, state)
        case "svg":
            return to_svg(plan, state, theme)
        case _:
            return to_json(plan, state)


def _shows_unicode(output: Path | None, *, is_screen: bool) -> bool:
    """Say whether text for people may hold more than ASCII where it goes."""
    if output is not None:
        return True
    encodings = (locale.getencoding(), sys.stdout.encoding)
    is_utf = all("utf" in encoding.lower() for encoding in encodings)
    return is_utf and not (is_screen and choose(None).is_ascii)


def _show(lines: list[TextLine], charset: Charset) -> int:
    """Print the lines on a terminal: cut to its width, and in colour unless that is unwanted."""
    columns = shutil.get_terminal_size().columns
    widest = max((sum(len(piece.text) for piece in line) for line in lines), default=0)
    if widest > columns:
        lines = [fitted(line, columns, "~" if charset.is_ascii else "…") for line in lines]
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "") in {"", "dumb"}
    text = as_text(lines) if is_plain else "".join(colored(line) + "\n" for line in lines)
    code = _write(text, None)
    if widest > columns:
        hint = "to scroll sideways, append  | less -S"
        print(f"taskflow-tui: it is {widest} columns wide; {hint}", file=sys.stderr)
    return code


def _write(text: str, output: Path | None) -> int:
    if output is not None:
        output.write_text(text, encoding="utf-8")
        return 0
    try:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # a pager that was left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE
    return 0
