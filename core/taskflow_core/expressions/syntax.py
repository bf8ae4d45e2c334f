"""Source → what an expression is made of, and the function that evaluates it.

The only module, with `sandbox` and `tokens`, that imports Jinja2; import it inside functions.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from jinja2 import nodes
from jinja2.exceptions import TemplateError, TemplateSyntaxError
from jinja2.parser import Parser

from taskflow_core.errors import suggestion
from taskflow_core.expressions.error import ExpressionError, shown
from taskflow_core.expressions.limits import LimitError
from taskflow_core.expressions.references import Reference
from taskflow_core.expressions.sandbox import Missing, MissingError, Sandbox

MAX_LENGTH = 10_000
"""Characters of one expression."""
MAX_DEPTH = 40
"""Levels of one expression; Python compiles 200 brackets, and a level takes up to four."""

_SANDBOX = Sandbox()
_ALL_FILTERS = f"The filters are {', '.join(sorted(_SANDBOX.filters))}."
_END = "end of template"
_MAKING = (nodes.List, nodes.Tuple, nodes.Dict, nodes.Filter, nodes.Call, nodes.CondExpr)
_LEAF = (nodes.Name, nodes.Const)


class Parsed(NamedTuple):
    """An expression that is well-formed."""

    references: tuple[Reference, ...]
    raw: bool
    """It ends in `| raw`."""
    depth: int
    """How deep in its value something that does not exist may hide; 0 if only at the top."""


def parse(source: str) -> Parsed:
    """Return what `source` is made of.

    Raises:
        ExpressionError: it is not well-formed, or uses a filter or test that does not exist.
    """
    if len(source) > MAX_LENGTH:
        raise ExpressionError(f"an expression has at most {MAX_LENGTH:,} characters")
    tree = _tree(source)
    raw = isinstance(tree, nodes.Filter) and tree.name == "raw"
    found: list[Reference] = []
    deepest, making = 0, False
    for node, depth in _walk(tree, found):
        deepest = max(deepest, depth)
        making = making or isinstance(node, _MAKING)
        _check_node(node, top=node is tree)
    found.sort(key=lambda reference: reference.offset)
    return Parsed(tuple(found), raw, deepest if making else 0)


def compiled(source: str) -> Callable[[dict[str, Any]], Any]:
    """Return the function that evaluates an expression that has been parsed."""
    return _SANDBOX.compile_expression(source, undefined_to_none=False)


def refuse_missing(value: object) -> None:
    """Raise an error if a value stands for something that does not exist."""
    if isinstance(value, Missing):
        value.raise_it()


def explain(error: Exception) -> tuple[str, str | None]:
    """Return what went wrong while evaluating, as message and hint."""
    if isinstance(error, MissingError | ExpressionError):
        return str(error), error.hint
    if isinstance(error, TemplateError | LimitError):
        return str(error), None
    if isinstance(error, RecursionError | MemoryError):
        return "it is too large", None
    if isinstance(error, TypeError | ArithmeticError) and str(error):
        return str(error), None
    return _named(error), None


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _tree(source: str) -> nodes.Expr:
    try:
        parser = Parser(_SANDBOX, source, state="variable")
        tree = parser.parse_expression()
        stream = parser.stream
        if stream.eos:
            return tree
    except TemplateSyntaxError as error:
        raise _syntax_error(error, source) from error
    except RecursionError as error:
        raise ExpressionError("the expression is nested too deeply") from error
    except ValueError as error:  # a number of more digits than Python reads
        raise ExpressionError(f"the expression holds {error}") from error
    at = stream.current.lineno - 1
    raise ExpressionError(f"`{shown(source[at:])}` is left over behind the expression", offset=at)


def _syntax_error(error: TemplateSyntaxError, source: str) -> ExpressionError:
    message = error.message or "it is not well-formed"
    if _END in message:
        end = len(source.rstrip())
        return ExpressionError("the expression ends too early", offset=end)
    return ExpressionError(f"not an expression: {message}", offset=max(error.lineno - 1, 0))


def _walk(tree: nodes.Node, found: list[Reference]) -> Iterator[tuple[nodes.Node, int]]:
    """Yield each node and its depth, and note the names that are used."""
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        _check_depth(depth)
        yield node, depth
        if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
            waiting += _reference(node, depth, found)
        else:
            waiting += [(part, depth + 1) for part in node.iter_child_nodes()]


def _reference(
    node: nodes.Node, depth: int, found: list[Reference]
) -> list[tuple[nodes.Node, int]]:
    """Note the name that `a.b['c'][d]` begins with, and return the nodes inside of it."""
    path: list[str | int] = []
    inside: list[tuple[nodes.Node, int]] = []
    whole = True
    while not isinstance(node, nodes.Name):
        depth += 1
        match node:
            case nodes.Getattr():
                path.append(node.attr)
            case nodes.Getitem(arg=nodes.Const(value=str() | int() as key)):
                path.append(key)
            case nodes.Getitem():
                path.clear()
                whole = False
                inside.append((node.arg, depth))
            case _:
                return [*inside, (node, depth)]
        node = node.node
    _check_depth(depth)
    at = node.lineno - 1
    if node.name == "self":  # Jinja2's own name for the template
        raise ExpressionError("there is no name 'self'", offset=at)
    if node.name not in _SANDBOX.globals:
        found.append(Reference(node.name, tuple(reversed(path)), at, whole))
    return inside


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ExpressionError("the expression is nested too deeply", hint="Split it.")


def _check_node(node: nodes.Node, *, top: bool) -> None:
    match node:
        case nodes.Filter():
            _check_filter(node, top=top)
        case nodes.Test() if node.name not in _SANDBOX.tests:
            near = suggestion(node.name, _SANDBOX.tests)
            message = f"there is no test {node.name!r}"
            raise ExpressionError(message, hint=near, offset=node.lineno - 1)
        case nodes.CondExpr(expr2=None):
            hint = "Add `else …`."
            raise ExpressionError("`if` without `else` may have no value", hint=hint)
        case nodes.Getitem(node=nodes.Const(value=constant), arg=nodes.Slice()) if not isinstance(
            constant, str
        ):
            # Python warns about it while it compiles.
            raise ExpressionError(f"{constant!r} has no parts", offset=node.lineno - 1)
        case _:
            pass


def _check_filter(node: nodes.Filter, *, top: bool) -> None:
    at = node.lineno - 1
    if node.name == "raw" and (not top or node.args or node.kwargs):
        message = "`raw` stands alone at the end of an expression"
        raise ExpressionError(message, hint="Write `${{ … | raw }}`.", offset=at)
    if node.name not in _SANDBOX.filters:
        hint = suggestion(node.name, _SANDBOX.filters) or _ALL_FILTERS
        raise ExpressionError(f"there is no filter {node.name!r}", hint=hint, offset=at)
