"""What tasks return: kept in memory, in the event itself if small, or in a file of the run."""

import contextlib
import hashlib
import os
import pickle
import secrets
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import taskflow_core.pickling as pickling
from taskflow_core.errors import TaskflowError
from taskflow_core.events import Preview
from taskflow_core.preview import is_exact, preview


class ResultError(TaskflowError):
    """A result cannot be stored, or cannot be had back."""


def result_name(number: int, epoch: int, attempt: int) -> str:
    """Return the file name of an attempt's stored result."""
    return f"{number}.{epoch}.{attempt}.pkl"


def written_name(number: int, epoch: int, attempt: int, key: str) -> str:
    """Return the file name of a stored value that an attempt wrote to the context."""
    return f"{number}.{epoch}.{attempt}.{key_name(key)}.pkl"


def key_name(key: str) -> str:
    """Return what stands for a context key in the name of a file."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def store(folder: Path, name: str, value: object) -> Preview:
    """Return the preview of `value`, after writing it below `folder` unless the preview is all.

    Raises:
        ResultError: the value cannot be pickled, or the file cannot be written.
    """
    shown = preview(value)
    if is_exact(shown):
        return shown
    try:
        data = _pickled(value)
    except Exception as error:
        raise ResultError(
            f"the result of type {shown['type']} cannot be stored: {error}",
            hint="Return plain data, or write a file and return its path.",
        ) from error
    _write(folder / name, data)
    return shown | {"ref": name, "bytes": len(data)}


def load(folder: Path, shown: Preview) -> Any:
    """Return the value that a preview written by `store` stands for.

    Raises:
        ResultError: it was not stored, or the file is gone or damaged.
    """
    if is_exact(shown):
        return shown["value"]
    if "parts" in shown:
        return _made(folder, shown["parts"])
    if "ref" not in shown:
        raise ResultError(f"a result of type {shown.get('type')} was not stored")
    try:
        return pickle.loads((folder / shown["ref"]).read_bytes())  # noqa: S301  our own file, 0600
    except Exception as error:
        raise ResultError(f"the stored result {shown['ref']} cannot be read: {error}") from error


def _made(folder: Path, parts: list[Preview] | dict[str, Preview]) -> Any:
    if isinstance(parts, dict):
        return {name: load(folder, part) for name, part in parts.items()}
    return [load(folder, part) for part in parts]


def dump(path: Path, value: object) -> None:
    """Write a value to a file from which `load` has it back.

    Raises:
        ResultError: the value cannot be pickled, or the file cannot be written.
    """
    try:
        data = _pickled(value)
    except Exception as error:
        kind = type(value).__qualname__
        raise ResultError(f"a value of type {kind} cannot be stored: {error}") from error
    _write(path, data)


def same_file(source: Path, target: Path) -> None:
    """Make `target` the same stored value as `source`: another name of it, or else a copy.

    Raises:
        ResultError: that cannot be done.
    """
    try:
        target.unlink(missing_ok=True)
        try:
            os.link(source, target)
        except OSError:  # another file system, or one that knows no links
            shutil.copyfile(source, target)
            target.chmod(0o600)
    except OSError as error:
        raise ResultError(f"{source} cannot be taken over: {error}") from error


def taken(folder: Path, name: str, source: Path, shown: Preview) -> Preview:
    """Return the preview of a value that is stored in another folder, after making it ours.

    Args:
        folder: Where it is from now on, unless the preview is all of it.
        name: What it is called there.
        source: The folder it is in.
        shown: Its preview there.

    Raises:
        ResultError: it cannot be taken over.
    """
    if is_exact(shown):
        return shown
    load(source, shown)  # what cannot be had back from there is of no use here
    same_file(source / shown["ref"], folder / name)
    return shown | {"ref": name}


def _pickled(value: object) -> bytes:
    try:
        return pickle.dumps(value, pickling.PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError):
        return pickling.dumps(value)


def _write(path: Path, data: bytes) -> None:
    part = path.with_suffix(".part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise ResultError(f"the result cannot be written to {path}: {error}") from error


Parts = Sequence[int] | dict[str, int]
"""Of what tasks the result of a container is made: in a list, or by name."""
_FEW = 100
"""Of so many parts it is tried whether all of them can be shown."""

NO_RESULT: Preview = {"value": None}
"""What a task that did not succeed gives to those that run all the same."""


class ResultStore:
    """The results of one run, by task number.

    Args:
        folder: Where values are stored for other processes and for later.
        keep: Results also stay in memory, as they are; off in a runner, which then never holds
            what it need not.
    """

    def __init__(self, folder: Path, count: int, *, keep: bool) -> None:
        self.folder = folder
        self._keep = keep
        self._values: list[Any] = [None] * count if keep else []
        self.previews: list[Preview] = [NO_RESULT] * count
        """What each task returned, as the record shows it."""
        self._written: dict[str, Any] = {}
        """Values of the context that are in memory alone, by the name of their file to be."""
        self._items: dict[int, Sequence[Any]] = {}
        """What mapped tasks are mapped over, where it is in memory."""
        self._gathered: dict[int, Parts] = {}
        """The containers whose result is made of others when it is asked for."""
        self._has_adopted = False
        """Some results may be known but not in memory."""

    def reserve(self, count: int) -> None:
        """Make room for so many tasks."""
        more = count - len(self.previews)
        self.previews += [NO_RESULT] * more
        if self._keep:
            self._values += [None] * more

    def put(self, number: int, epoch: int, attempt: int, value: object) -> Preview:
        """Take the result of a task of this process and return its preview."""
        if self._keep:
            self._values[number] = value
            shown = preview(value)
        else:
            shown = store(self.folder, result_name(number, epoch, attempt), value)
        self.previews[number] = shown
        return shown

    def put_items(self, number: int, epoch: int, items: Sequence[Any]) -> Preview:
        """Take what a mapped task is mapped over, and return its preview.

        Raises:
            ResultError: it cannot be stored.
        """
        if self._keep:
            self._items[number] = items
            return preview(items)
        return store(self.folder, f"{number}.{epoch}.items.pkl", items)

    def items(self, number: int, shown: Preview) -> Sequence[Any]:
        """Return what a mapped task is mapped over, by the preview that `put_items` gave.

        Raises:
            ResultError: the file is gone or damaged.
        """
        found: Sequence[Any] = (
            self._items[number] if number in self._items else load(self.folder, shown)
        )
        return found

    def gather(self, number: int, parts: Parts) -> Preview:
        """Let the result of a container be made of those of its children; return its preview."""
        if self._keep:
            value = _assembled(parts, self.get)
            self._values[number] = value
            shown = preview(value)
        else:
            self._gathered[number] = parts
            shown = self._shown(parts)
        self.previews[number] = shown
        return shown

    def take(self, job: "tuple[int, int, int]", source: Path, shown: Preview) -> Preview:
        """Take a result that an earlier run stored elsewhere, and return its preview.

        Args:
            job: The number of the task, its epoch, and the attempt.
            source: The folder it is in.
            shown: Its preview there.

        Raises:
            ResultError: it cannot be had.
        """
        if self._keep:
            return self.put(*job, load(source, shown))
        ours = taken(self.folder, result_name(*job), source, shown)
        self.adopt(job[0], ours)
        return ours

    def take_written(
        self, job: "tuple[int, int, int]", key: str, source: Path, shown: Preview
    ) -> Preview:
        """Take a value of the context likewise."""
        if self._keep:
            return self.put_written(*job, key, load(source, shown))
        return taken(self.folder, written_name(*job, key), source, shown)

    def adopt(self, number: int, shown: Preview) -> None:
        """Take the result that another process stored, or that is recorded."""
        if shown is None:
            self.forget(number)
            return
        self.previews[number] = shown
        if self._keep:
            self._values[number] = _NOTHING
            self._has_adopted = True

    def get(self, number: int) -> Any:
        """Return the result of a task.

        Raises:
            ResultError: it was not stored, or the file is gone or damaged.
        """
        if self._keep and self._values[number] is not _NOTHING:
            return self._values[number]
        if number in self._gathered:
            return _assembled(self._gathered[number], self.get)
        value = load(self.folder, self.previews[number])
        if self._keep:
            self._values[number] = value
        return value

    def get_all(self, numbers: Sequence[int]) -> list[Any]:
        """Return the results of several tasks.

        Raises:
            ResultError: as `get` does.
        """
        if self._keep and not self._has_adopted:
            return list(map(self._values.__getitem__, numbers))
        return [self.get(number) for number in numbers]

    def put_written(
        self, number: int, epoch: int, attempt: int, key: str, value: object
    ) -> Preview:
        """Take a value that a task of this process wrote to the context; return its preview.

        Raises:
            ResultError: it cannot be stored.
        """
        shown = preview(value)
        name = written_name(number, epoch, attempt, key)
        if is_exact(shown):
            return shown
        if not self._keep:
            return store(self.folder, name, value)
        self._written[name] = value
        return shown | {"ref": name}

    def written(self, shown: Preview) -> Any:
        """Return the value of the context that `shown` previews.

        Raises:
            ResultError: the file it is in is gone or damaged.
        """
        name = shown.get("ref")
        return self._written[name] if name in self._written else load(self.folder, shown)

    def shared_written(self, shown: Preview) -> Preview:
        """Return a preview from which any process can `load` a value of the context.

        Raises:
            ResultError: it cannot be stored.
        """
        name = shown.get("ref")
        if name in self._written:
            store(self.folder, name, self._written.pop(name))
        return shown

    def keep(self, value: object) -> Preview:
        """Store a value that a person gave, and return a preview from which it can be loaded.

        Raises:
            ResultError: it cannot be stored.
        """
        return store(self.folder, f"given.{secrets.token_hex(8)}.pkl", value)

    def forget(self, number: int) -> None:
        """Drop the result of a task that runs again."""
        self.previews[number] = NO_RESULT
        self._gathered.pop(number, None)
        if self._keep:
            self._values[number] = None

    def shared(self, number: int) -> Preview:
        """Return a preview from which any process can `load` the result; stores it if need be.

        Raises:
            ResultError: it cannot be stored.
        """
        if number in self._gathered:
            return {"parts": _assembled(self._gathered[number], self.shared)}
        shown = self.previews[number]
        if not is_exact(shown) and "ref" not in shown:
            shown = store(self.folder, f"{number}.shared.pkl", self._values[number])
            self.previews[number] = shown
        return shown

    def _shown(self, parts: Parts) -> Preview:
        """Return the preview of what is made of parts: all of it where that is small."""
        numbers = list(parts.values()) if isinstance(parts, dict) else parts
        shown = [self.previews[part] for part in numbers]
        if len(shown) <= _FEW and all(map(is_exact, shown)):
            whole = preview(_assembled(parts, lambda part: self.previews[part]["value"]))
            if is_exact(whole):
                return whole
        return {"type": "dict" if isinstance(parts, dict) else "list", "size": len(shown)}


def _assembled(parts: Parts, get: Callable[[int], Any]) -> Any:
    if isinstance(parts, dict):
        return {name: get(part) for name, part in parts.items()}
    return [get(part) for part in parts]


_NOTHING: Any = object()
