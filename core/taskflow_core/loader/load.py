"""A flow file, whatever its notation → a plan."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from taskflow_core.errors import FlowFileError, NotTrustedError, Problem
from taskflow_core.loader.source import SUFFIXES, read_source, refuse, regular_file
from taskflow_core.plan import Plan

if TYPE_CHECKING:
    from taskflow_core.loader.report import Report
    from taskflow_core.loader.tree import Node
    from taskflow_core.loader.wire import Finding

_WITH_FLOW = re.compile(r"(.+\.py):([^:/]+)", re.DOTALL)


class Loaded(msgspec.Struct, frozen=True):
    """A plan, and what its file should be told."""

    plan: Plan
    warnings: tuple[Problem, ...] = ()


def load_plan(path: str | Path, *, trusted: bool = False) -> Loaded:
    """Return the plan a flow file describes.

    YAML and JSON are read and nothing of them is executed, unless they are trusted: then a
    helper process looks up their functions and checks their arguments. Python is executed, by
    a helper process, and only if it is trusted.

    Args:
        path: `flow.yaml`, `flow.yml`, `flow.json`, `flow.py` or `flow.py:name`.
        trusted: Code of the flow's folder may be run.

    Raises:
        FlowFileError: the file has problems; the error holds all of them.
        NotTrustedError: it is a Python file, and not trusted.
    """
    file, flow_name = split_path(os.fspath(path))
    real = regular_file(file)
    suffix = Path(file).suffix.lower()
    if suffix == ".py":
        return _load_python(file, real, flow_name, trusted=trusted)
    if suffix not in SUFFIXES:
        hint = f"A flow file ends in {', '.join(SUFFIXES)}."
        refuse(file, "unknown-extension", f"{file!r} is no flow file", hint)
    return _load_data(file, trusted=trusted)


def split_path(path: str) -> tuple[str, str | None]:
    """Return the file and, of `flow.py:name`, the name."""
    match = _WITH_FLOW.fullmatch(path)
    return (match[1], match[2]) if match and not os.path.lexists(path) else (path, None)


def _load_data(file: str, *, trusted: bool) -> Loaded:
    from taskflow_core.loader.cross_checks import check_across, warn_of_unused
    from taskflow_core.loader.flow_reader import read_flow
    from taskflow_core.loader.report import Report, check_characters

    report = Report(read_source(file))
    check_characters(report)
    flow = read_flow(_tree(file, report), report)
    check_across(flow, report)
    if trusted:
        from taskflow_core.loader.lookup import check_functions

        check_functions(flow.tasks, [*flow.params], report)
    warn_of_unused(flow, report)
    warnings = report.finish()
    return Loaded(flow.plan(str(report.source.path)), warnings)


def _tree(file: str, report: "Report") -> "Node":
    """Return what is in the file; each notation is imported only if it is used."""
    if file.lower().endswith(".json"):
        from taskflow_core.loader.json_reader import read_json

        return read_json(report)
    from taskflow_core.loader.yaml_reader import read_yaml

    return read_yaml(report)


def _load_python(file: str, real: Path, flow_name: str | None, *, trusted: bool) -> Loaded:
    if not trusted:
        message = f"{file!r} is Python: it has to be executed to be read"
        raise NotTrustedError(message, hint="Pass --trust if you trust its folder.")
    from taskflow_core.loader.ask import HelperError, ask
    from taskflow_core.loader.wire import LoadFlow

    try:
        answer = ask(LoadFlow(str(real), flow_name))
    except HelperError as error:
        refuse(file, error.slug, str(error), error.hint)
    if answer.plan is None:
        raise FlowFileError([_problem(file, finding) for finding in answer.findings])
    return Loaded(answer.plan)


def _problem(file: str, finding: "Finding") -> Problem:
    return Problem(
        file=file,
        slug=finding.slug,
        message=finding.message,
        line=finding.line,
        column=finding.column,
        hint=finding.hint,
    )
