"""A file of values for a flow's parameters, YAML or JSON, read as guardedly as a flow file."""

import os
from pathlib import Path
from typing import Any

from taskflow_core.loader.report import Report, check_characters
from taskflow_core.loader.source import read_source, refuse
from taskflow_core.loader.tree import Broken, ListNode, MapNode, Node, Scalar
from taskflow_core.loader.values import Values

_SUFFIXES = (".yaml", ".yml", ".json")


def read_params_file(path: str | Path) -> dict[str, Any]:
    """Return the values in a params file, by parameter.

    They are data: `${{ … }}` in them stays text.

    Raises:
        FlowFileError: the file has problems; the error holds all of them.
    """
    file = os.fspath(path)
    if not file.lower().endswith(_SUFFIXES):
        hint = f"It ends in {', '.join(_SUFFIXES)}."
        refuse(file, "unknown-extension", f"{file!r} is no params file", hint)
    report = Report(read_source(file))
    check_characters(report)
    root = _tree(file, report)
    top = Values(report).mapping(root, "a params file", "Write `name: value`.")
    report.finish()
    return {} if top is None else {key: _plain(field.value) for key, field in top.fields.items()}


def _tree(file: str, report: Report) -> Node:
    """Return what is in the file; each notation is imported only if it is used."""
    if file.lower().endswith(".json"):
        from taskflow_core.loader.json_reader import read_json

        return read_json(report)
    from taskflow_core.loader.yaml_reader import read_yaml

    return read_yaml(report)


def _plain(node: Node) -> Any:
    match node:
        case ListNode(items=items):
            return [_plain(item) for item in items]
        case MapNode(fields=fields):
            return {key: _plain(field.value) for key, field in fields.items()}
        case Scalar(value=value):
            return value
        case Broken():
            raise AssertionError("a broken value has been reported")
        case _:
            raise AssertionError(f"no such node: {node}")
