"""What the command line says of a flow's parameters."""

from collections.abc import Sequence
from typing import Any

import click

from taskflow_core.params import parse_assignment

param_option = click.option(
    "-p", "--param", "assignments", metavar="NAME=VALUE", multiple=True, help="Set a parameter."
)
params_file_option = click.option(
    "--params-file",
    type=click.Path(dir_okay=False),
    help="A YAML or JSON file of parameters; -p goes before it.",
)


def given_parameters(assignments: Sequence[str], file: str | None) -> dict[str, Any]:
    """Return the values that were given, by name; those in `assignments` are text.

    Args:
        assignments: What was given as `name=value`.
        file: A params file.

    Raises:
        ParamsError: an assignment is none.
        FlowFileError: the file has problems.
    """
    return _in_file(file) | dict(parse_assignment(text) for text in assignments)


def _in_file(file: str | None) -> dict[str, Any]:
    if file is None:
        return {}
    from taskflow_core.loader.params_file import read_params_file

    return read_params_file(file)
