"""What a person types as the answer to an approval: checked field by field, before it is sent."""

import shlex
from collections.abc import Mapping

from taskflow_core.params import Param
from taskflow_core.params.declaration import refusal_of
from taskflow_core.plan import TaskSpec


def fields_of(spec: TaskSpec) -> Mapping[str, Param]:
    """Return what the answer to a task has to say, by name."""
    return {} if spec.approval is None else spec.approval.fields


def wrong_field(param: Param, text: str) -> str:
    """Return what is wrong with the text of one field; empty if nothing is."""
    if not text:
        return "needs a value" if param.required else ""
    error = refusal_of(param, text)
    if error is None:
        return ""
    return f"{error}" + (f" – {error.hint}" if error.hint else "")


def default_text(param: Param) -> str:
    """Return what a field holds at first."""
    default = None if param.required else param.default
    if default is None:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return str(default) if isinstance(default, str | int | float) else ""


def to_send(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that say something; the others keep their defaults."""
    return {name: text for name, text in texts.items() if text}


def answer_command(run: str, spec: TaskSpec) -> str:
    """Return the command that approves what a task asks, with the fields that need a value."""
    fields = [f"-f {name}=…" for name, param in fields_of(spec).items() if param.required]
    return " ".join(["taskflow-tui approve", run, shlex.quote(spec.name), *fields])
