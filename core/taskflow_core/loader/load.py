"""A flow file, whatever its notation → a plan."""

import os
from pathlib import Path

import msgspec

from taskflow_core.errors import FlowFileError, NotTrustedError, Problem
from taskflow_core.flow_module import split_path
from taskflow_core.loader.source import flow_file
from taskflow_core.plan import Plan


class Loaded(msgspec.Struct, frozen=True):
    """A plan, and what its file and those of its sub-flows should be told."""

    plan: Plan
    warnings: tuple[Problem, ...] = ()


def load_plan(path: str | Path, *, trusted: bool = False) -> Loaded:
    """Return the plan a flow file describes, with the tasks of its sub-flows.

    YAML and JSON are read and nothing of them is executed, unless they are trusted: then a
    helper process looks up their functions and checks their arguments. Python is executed, by
    a helper process, and only if it is trusted.

    Args:
        path: `flow.yaml`, `flow.yml`, `flow.json`, `flow.py` or `flow.py:name`.
        trusted: Code of the flow's folder may be run, and of the files of its sub-flows.

    Raises:
        FlowFileError: the file, or one of a sub-flow, has problems; the error holds all of them.
        NotTrustedError: it is a Python file, or has one as a sub-flow, and is not trusted.
    """
    file, flow_name = split_path(os.fspath(path))
    real = flow_file(file)
    if file.lower().endswith(".py"):
        return _load_python(file, real, flow_name, trusted=trusted)
    return _load_data(file, trusted=trusted)


def _load_data(file: str, *, trusted: bool) -> Loaded:
    from taskflow_core.loader.flow_files import FlowFiles
    from taskflow_core.loader.python_file import NOT_TRUSTED

    files = FlowFiles(trusted=trusted)
    flow = files.read(file)
    problems = files.problems()
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors and all(problem.slug == NOT_TRUSTED for problem in errors):
        error = NotTrustedError(errors[0].message, hint=errors[0].hint)
        error.problems = tuple(problems)
        raise error
    if errors:
        raise FlowFileError(problems)
    return Loaded(flow.plan(), tuple(problems))


def _load_python(file: str, real: Path, flow_name: str | None, *, trusted: bool) -> Loaded:
    from taskflow_core.loader.python_file import not_trusted, read_python

    if not trusted:
        raise not_trusted(file)
    flow = read_python(file, real, flow_name)
    if flow.plan is None:
        raise FlowFileError([*flow.problems])
    return Loaded(flow.plan)
