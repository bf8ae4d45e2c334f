"""What a task can be in place of doing something: another flow, itself or its file."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import taskflow_core.definition.checking as checking
from taskflow_core.definition.mapping_keys import expression_for
from taskflow_core.definition.steps import Step
from taskflow_core.names import is_name


class AsTask:
    """A flow, to a task that is one."""

    name: str


Inner = AsTask | str
"""A flow, or the path of a flow file."""


def inner_of(key: str, value: object) -> Inner:
    """Return a flow, or a path as text.

    Raises:
        DefinitionError: it is neither.
    """
    if isinstance(value, AsTask):
        return value
    if isinstance(value, str | os.PathLike):
        return checking.path(key, cast("object", value))
    hint = "Make it a flow: put @flow above it." if callable(value) else None
    raise checking.wrong(key, "a flow, or the path of a flow file", value, hint=hint)


def name_of_inner(inner: object) -> str | None:
    """Return what a task that is a flow is called if it does not say; None if it has to."""
    if isinstance(inner, AsTask):
        name = inner.name
    elif isinstance(inner, str | os.PathLike):
        name = Path(cast("str", os.fspath(cast("Any", inner))).partition(".py:")[0]).stem
    else:
        return None
    return name if is_name(name) else None


def given_of(key: str, params: Mapping[str, Any]) -> tuple[dict[str, Any], list[Step]]:
    """Return the values that a sub-flow is given, and the tasks whose results are among them.

    A task, or what stands for its result in a `@flow`, is written as the expression that names it.

    Raises:
        DefinitionError: it is no mapping.
    """
    found: dict[str, Any] = {}
    steps: list[Step] = []
    for name, value in checking.mapping(key, params).items():
        named = expression_for(value)
        found[name] = _plain(value) if named is None else f"${{{{ {named} }}}}"
        if isinstance(value, Step):
            steps.append(value)
    return found, steps


def _plain(value: object) -> object:
    return os.fspath(cast("os.PathLike[str]", value)) if isinstance(value, os.PathLike) else value
