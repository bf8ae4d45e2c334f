"""`params`: what a flow can be told."""

import warnings
from typing import Any, Literal, get_args

from taskflow_core.errors import DefinitionError
from taskflow_core.loader.data_reader import DataReader
from taskflow_core.loader.grammar import check_field_keys, check_param_keys
from taskflow_core.loader.source import Span
from taskflow_core.loader.tree import Broken, Field, ListNode, MapNode, Node, Scalar
from taskflow_core.loader.values import Values, has_expression
from taskflow_core.params import DeclarationProblem, ItemType, Param, ParamType, check_param

TYPES: tuple[ParamType, ...] = get_args(ParamType)
ITEM_TYPES: tuple[ItemType, ...] = get_args(ItemType)


class ParamsReader:
    """Reads the declarations of parameters, or of the fields of an answer.

    Args:
        values: Reads and reports.
        noun: What is declared, for messages.
    """

    def __init__(self, values: Values, noun: Literal["parameter", "field"] = "parameter") -> None:
        self._values = values
        self._report = values.report
        self._data = DataReader(values, self._refuse)
        self._noun = noun
        self._slug = "bad-param" if noun == "parameter" else "bad-field"
        self._check_keys = check_param_keys if noun == "parameter" else check_field_keys

    def read(self, node: Node, what: str) -> dict[str, Param] | None:
        """Return the parameters that are right, by name."""
        short = "default" if self._noun == "parameter" else "type"
        mapping = self._values.mapping(node, what, f"Write `name: {short}`.")
        if mapping is None:
            return None
        read = {name: self._declared(name, field) for name, field in mapping.fields.items()}
        return {name: param for name, param in read.items() if param is not None}

    def _declared(self, name: str, field: Field) -> Param | None:
        before = self._report.errors
        if isinstance(field.value, MapNode):
            self._check_keys(field.value, self._report)
            param = self._full(name, field.value)
        elif self._noun == "parameter":
            param = self._inferred(name, field.value)
        else:
            kind = self._values.one_of(TYPES)(field.value, f"the type of field {name!r}")
            param = None if kind is None else Param(type=kind)
        if param is None or self._report.errors != before:
            return None
        with warnings.catch_warnings():  # of patterns that a later Python may read differently
            warnings.simplefilter("ignore", FutureWarning)
            problems = check_param(name, param)
        for problem in problems:
            place = self._place(problem, field)
            self._report.error(self._slug, self._message(name, problem), place, problem.hint)
        return None if problems else param

    def _place(self, problem: DeclarationProblem, field: Field) -> Span:
        fields = field.value.fields if isinstance(field.value, MapNode) else {}
        if problem.key in fields:
            return fields[problem.key].value.span
        return field.key if problem.key is None or fields else field.value.span

    def _inferred(self, name: str, node: Node) -> Param | None:
        """Return the parameter whose default is the value, and has its type."""
        if isinstance(node, Broken):
            return None
        value = self._data.read(node)
        try:
            return Param.infer(value)
        except DefinitionError as error:
            message = f"{self._noun} {name!r}: {error}"
            self._report.error(self._slug, message, node.span, error.hint)
            return None

    def _full(self, name: str, node: MapNode) -> Param | None:
        v = self._values
        found: dict[str, Any] = self._default(name, node)
        readers: dict[str, Any] = {
            "type": v.one_of(TYPES),
            "items": v.one_of(ITEM_TYPES),
            "help": v.line,
            "min": self._bound,
            "max": self._bound,
            "pattern": v.text,
            "choices": self._choices,
        }
        for key, reader in readers.items():
            if key in node.fields:
                found[key] = reader(node.fields[key].value, f"`{key}`")
        if "choices" in found and "type" not in node.fields:
            found.update(type="choice")
            found.pop("items", None)
        is_whole = all(value is not None or key == "default" for key, value in found.items())
        return Param(**found) if is_whole else None

    def _default(self, name: str, node: MapNode) -> dict[str, Any]:
        """Return the default, and the type that it has if none is declared."""
        field = node.fields.get("default")
        if field is None:
            return {}
        if isinstance(field.value, MapNode):
            self._values.wrong(field.value, "`default`", "a plain value or a list")
            return {}
        if "type" in node.fields or "items" in node.fields:
            return {"default": self._data.read(field.value)}
        param = self._inferred(name, field.value)
        if param is None:
            return {}
        return {"type": param.type, "items": param.items, "default": param.default}

    def _bound(self, node: Node, what: str) -> int | float | str | None:
        if isinstance(node, Scalar) and isinstance(node.value, int | float | str):
            if has_expression(node):
                self._values.misplaced(node, what)
                return None
            return node.value
        self._values.wrong(node, what, "a number or a date")
        return None

    def _choices(self, node: Node, what: str) -> tuple[str, ...] | None:
        if isinstance(node, ListNode):
            return self._values.words(node, what)
        self._values.wrong(node, what, "a list", "Write `[fast, full]`.")
        return None

    def _refuse(self, node: Node, text: str) -> None:
        if has_expression(Scalar(node.start, node.end, text, text)):
            self._values.misplaced(node, f"the default of a {self._noun}")

    def _message(self, name: str, problem: DeclarationProblem) -> str:
        if problem.key is None:
            return f"no {self._noun} can be called {name!r}"
        return f"{self._noun} {name!r}: {problem.message}"
