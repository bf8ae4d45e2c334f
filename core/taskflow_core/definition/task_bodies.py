"""What a task does, as it is written in Python: a callable, a dotted name, a command, and so on."""

import taskflow_core.definition.checking as checking
from taskflow_core.definition.inner_flows import name_of_inner
from taskflow_core.definition.keys import Command, Function
from taskflow_core.definition.steps import Step
from taskflow_core.errors import DefinitionError


def check_one(name: str | None, *what: object) -> None:
    """Refuse a task that does nothing, or more than one thing.

    Raises:
        DefinitionError: not exactly one of `what` is given.
    """
    given = [one for one in what if one is not None]
    if len(given) != 1:
        raise DefinitionError(
            f"task {name!r} needs exactly one of func, function, command, script, flow, approve "
            "and wait",
            hint="Say what it should do, once.",
        )


def is_function(value: object) -> bool:
    """Say whether it can be what a task calls; another task, or its result, cannot."""
    return callable(value) and not isinstance(value, Step)


def command_of(key: str, command: Command) -> str | tuple[str, ...]:
    """Return a command as a plan has it: text, or its words.

    Args:
        key: What it is called, for messages.
        command: As it was written.

    Raises:
        DefinitionError: it names no program, or is not text.
    """
    if isinstance(command, str):
        return checking.text(key, command)
    if not isinstance(command, list | tuple):
        raise checking.wrong(key, "text or a list of texts", command)
    words = tuple([_word(key, word) for word in command])
    if not words or not words[0]:
        raise DefinitionError(f"{key} names no program", hint="Write ['program', 'argument', …].")
    return words


def _word(key: str, word: object) -> str:
    is_empty = isinstance(word, str) and not word
    return "" if is_empty else checking.path(f"an item of the {key}", word)


def name_of(func: Function | None, function: str | None, flow: object = None) -> str:
    """Return what a task is called that does not say.

    Raises:
        DefinitionError: it has no function, or flow, to be called after.
    """
    if function is not None:
        return function.replace(":", ".").rpartition(".")[2]
    if (named := name_of_inner(flow)) is not None:
        return named
    if func is None:
        message = "a task that calls no function needs a name"
        raise DefinitionError(message, hint="Pass name=….")
    inner = getattr(func, "func", func)  # a functools.partial has no name of its own
    name = getattr(inner, "__name__", None) or type(inner).__name__
    return str(name)


def first_line(func: Function | None) -> str | None:
    """Return the first line of a function's docstring."""
    if func is None or isinstance(func, type) or not hasattr(func, "__name__"):
        return None
    text = (func.__doc__ or "").strip()
    return text.splitlines()[0] if text else None
