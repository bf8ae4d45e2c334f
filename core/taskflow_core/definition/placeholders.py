"""What stands for a value that is known only when the flow runs, inside a `@flow` function."""

from collections.abc import Iterable
from typing import Any, ClassVar, NoReturn

from taskflow_core.arguments.binding import ParamRef, UpstreamRef
from taskflow_core.definition.steps import Step
from taskflow_core.errors import DefinitionError


class Placeholder:
    """Stands for a value among the arguments of tasks; whatever needs the value is refused.

    Args:
        reference: What a plan has in its place.
        what: What it is, for messages.
    """

    __slots__ = ("reference", "what")
    __hash__: ClassVar[Any]

    def __init__(self, reference: UpstreamRef | ParamRef, what: str) -> None:
        self.reference = reference
        self.what = what

    def __repr__(self) -> str:
        return f"<{self.what}>"

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):  # Python asks whether it is there
            raise AttributeError(name)
        raise _not_yet(self.what)


class Result(Placeholder, Step):
    """Stands for what a task returns. `>>` and `after` say what runs after what."""

    __slots__ = ("_node",)

    def __init__(self, node: Step) -> None:
        super().__init__(UpstreamRef(node.step_name), f"the result of task {node.step_name!r}")
        self._node = node

    @property
    def step_name(self) -> str:
        return self._node.step_name

    def run_after(self, steps: Iterable[Step]) -> None:
        self._node.run_after(steps)

    def after(self, *steps: Step) -> "Result":
        """Let the task run after others whose results it does not need, and return this."""
        self._node.run_after(steps)
        return self


def _refuse(self: Placeholder, *_: object) -> NoReturn:
    raise _not_yet(self.what)


def _not_yet(what: str) -> DefinitionError:
    return DefinitionError(
        f"{what} is known only when the flow runs",
        hint="Pass it to a task: what needs the value belongs into a task's function.",
    )


_CONVERSIONS = "bool str bytes format int float complex index round trunc floor ceil fspath hash"
_CONTAINERS = "len iter next reversed contains getitem setitem delitem aiter anext"
_CALLS = "call enter exit aenter aexit await"
_COMPARISONS = "eq ne lt le gt ge"
_SIGNS = "neg pos abs invert"
_ARITHMETIC = "add sub mul matmul truediv floordiv mod divmod pow and or xor"


def _special_methods() -> list[str]:
    """Return the names of the methods that need the value."""
    names = " ".join([_CONVERSIONS, _CONTAINERS, _CALLS, _COMPARISONS, _SIGNS]).split()
    names += [f"{side}{name}" for side in ("", "r", "i") for name in _ARITHMETIC.split()]
    return [f"__{name}__" for name in names]


for _name in _special_methods():
    setattr(Placeholder, _name, _refuse)
