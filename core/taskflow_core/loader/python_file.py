"""A Python flow file, read by the helper process."""

from functools import partial
from pathlib import Path

from taskflow_core.errors import NotTrustedError, Problem
from taskflow_core.loader.ask import HelperError, ask
from taskflow_core.loader.flow_file import PythonFlow
from taskflow_core.loader.wire import Ask, Finding, LoadFlow

NOT_TRUSTED = "not-trusted"
"""The slug of a problem that is no more than a lack of trust."""


def not_trusted(file: str) -> NotTrustedError:
    """Return the error for a Python file of a folder that nobody has vouched for."""
    message = f"{file!r} is Python: it has to be executed to be read"
    return NotTrustedError(message, hint="Pass --trust if you trust its folder.")


def read_python(
    file: str, real: Path, flow_name: str | None, around: tuple[str, ...] = (), ask: Ask = ask
) -> PythonFlow:
    """Return a flow of a trusted Python file.

    Args:
        file: As the person named it.
        real: Where it is, absolute.
        flow_name: Which of its flows.
        around: The flow files it is read for.
        ask: Answers what only the flow's code can say.
    """
    try:
        answer = ask(LoadFlow(str(real), flow_name, around))
    except HelperError as error:
        problem = Problem(file=file, slug=error.slug, message=str(error), hint=error.hint)
        return PythonFlow(None, [problem])
    problems = [*map(partial(_problem, file), answer.findings), *answer.problems]
    return PythonFlow(answer.plan, problems)


def _problem(file: str, finding: Finding) -> Problem:
    return Problem(
        file=file,
        slug=finding.slug,
        message=finding.message,
        line=finding.line,
        column=finding.column,
        hint=finding.hint,
    )
