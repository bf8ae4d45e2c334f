"""What is run for a command or a script: the program, its arguments and its environment."""

from pathlib import Path

from taskflow_core.executors.base import Workplace
from taskflow_core.executors.inputs import variables_of
from taskflow_core.executors.undo_variables import undo_variables
from taskflow_core.expressions import Names, Template, has_expressions
from taskflow_core.outcomes import Job
from taskflow_core.plan import TaskSpec

SH = ("sh", "-eu", "{file}")
"""What runs a script that does not say."""
SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
"""What quotes as `sh` does, so that values can be put into its scripts."""


def command_line(place: Workplace, job: Job, script: Path) -> list[str]:
    """Return the program of an attempt and its arguments.

    Args:
        place: The run.
        job: The attempt.
        script: Where to write the script, for a task that is one.

    Raises:
        ExpressionError: an expression in it cannot be evaluated.
        ContextConflictError: two tasks upstream wrote one context key differently.
        OSError: the script cannot be written.
    """
    spec, written = place.spec(job), rendered_command(place, job)
    if isinstance(written, list):
        return written
    if spec.script is None or job.undoes:
        return ["sh", "-c", written]
    script.write_text(written, encoding="utf-8")
    program = spec.shell or SH
    argv = [str(script) if word == "{file}" else word for word in program]
    return argv if "{file}" in program else [*argv, str(script)]


def rendered_command(place: Workplace, job: Job) -> str | list[str]:
    """Return the line, the script or the words of an attempt with its expressions evaluated.

    Raises:
        ExpressionError: an expression in it cannot be evaluated.
        ContextConflictError: two tasks upstream wrote one context key differently.
    """
    spec, command = place.spec(job), command_of(place, job)
    written = spec.script if spec.script is not None and not job.undoes else command
    names = None
    if has_expressions([written]):
        names = place.sight.names(job.number, place.declared_environment(job))
    if isinstance(written, str):
        return _shell_text(written, names)
    return [_text(word, names) for word in written]


def words_of(command: str | tuple[str, ...], names: Names | None) -> list[str]:
    """Return the program and the arguments of a command, its expressions evaluated."""
    if isinstance(command, str):
        return ["sh", "-c", _shell_text(command, names)]
    return [_text(word, names) for word in command]


def command_of(place: Workplace, job: Job) -> str | tuple[str, ...]:
    """Return the command of an attempt as the flow has it; empty for a script."""
    spec = place.spec(job)
    if job.undoes:
        return (spec.rollback.command if spec.rollback is not None else None) or ()
    return spec.command or ()


def environment(place: Workplace, job: Job) -> dict[str, str]:
    """Return the variables of an attempt besides those of this process, expressions evaluated.

    Raises:
        ExpressionError: an expression in one cannot be evaluated.
    """
    found = variables_of(place, job)
    return found | undo_variables(place, job) if job.undoes else found


def quotes_as_sh(spec: TaskSpec) -> bool:
    """Say whether values can be put into a task's script: its shell quotes as `sh` does."""
    return not spec.shell or Path(spec.shell[0]).name in SHELLS


def _shell_text(text: str, names: Names | None) -> str:
    return text if names is None else Template.parse_command(text).render_command(names)


def _text(text: str, names: Names | None) -> str:
    if names is None or not has_expressions(text):
        return text
    return Template.parse(text).render_text(names)
