"""Expressions: `${{ … }}` in texts, and the bare ones of `when`, `foreach` and breakpoints.

`syntax` parses and finds the names used; `references` checks them without evaluating; `sandbox`
and `limits` say what evaluating may do; `values` gives the names their values; `template` is text
with expressions in it; `shell` knows where in a command a value is safe. Jinja2 is imported when
the first expression is parsed.
"""

from taskflow_core.expressions.error import ExpressionError
from taskflow_core.expressions.expression import Expression
from taskflow_core.expressions.references import Finding, Reference, Scope, check
from taskflow_core.expressions.template import Template, has_expressions, render_value
from taskflow_core.expressions.values import Names, TaskValue

__all__ = [
    "Expression",
    "ExpressionError",
    "Finding",
    "Names",
    "Reference",
    "Scope",
    "TaskValue",
    "Template",
    "check",
    "has_expressions",
    "render_value",
]
