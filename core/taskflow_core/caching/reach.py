"""What a piece of compiled code reaches by name: globals, their attributes, and modules it imports.

Read from the bytecode, so that it is what the function that runs does, whatever its file says by
now.
"""

import dis
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import NamedTuple, cast

_GLOBAL = frozenset({"LOAD_GLOBAL", "LOAD_NAME"})
_ATTRIBUTE = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_ONWARD = frozenset({"PUSH_NULL", "CACHE"})
"""Instructions that may stand between a name and its attribute, and change nothing."""


class Use(NamedTuple):
    """A global that code reads, with the attributes that it reads of it at once."""

    name: str
    attributes: tuple[str, ...] = ()


class Import(NamedTuple):
    """A module that code imports as it runs."""

    name: str
    level: int
    """How many dots it is written with."""
    names: tuple[str, ...] = ()
    """What is imported from it."""


def reached(code: CodeType) -> Iterator[Use | Import]:
    """Yield what code reaches, also that of functions inside of it."""
    found: list[dis.Instruction] = list(dis.get_instructions(code))
    for place, instruction in enumerate(found):
        if instruction.opname in _GLOBAL:
            yield Use(str(instruction.argval), _attributes(found, place + 1))
        elif instruction.opname == "IMPORT_NAME":
            yield _import(found, place)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from reached(constant)


def _attributes(found: Sequence[dis.Instruction], place: int) -> tuple[str, ...]:
    names: list[str] = []
    for instruction in found[place:]:
        if instruction.opname in _ATTRIBUTE:
            names.append(str(instruction.argval))
        elif instruction.opname not in _ONWARD:
            break
    return tuple(names)


def _import(found: Sequence[dis.Instruction], place: int) -> Import:
    """Return what an import names; its level and its names are loaded right before."""
    level, names = found[place - 2].argval, found[place - 1].argval
    return Import(
        str(found[place].argval),
        level if isinstance(level, int) else 0,
        tuple(map(str, cast("tuple[object, ...]", names))) if isinstance(names, tuple) else (),
    )
