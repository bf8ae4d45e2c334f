"""Which folders' code may run without asking: a file of the user's, one folder a line."""

import os
from pathlib import Path

import platformdirs


def is_trusted(folder: Path) -> bool:
    """Say whether the user has vouched for the folder itself; those below it do not count."""
    try:
        lines = _file().read_text().splitlines()
    except OSError:
        return False
    return os.fspath(folder.resolve()) in lines


def remember(folder: Path) -> None:
    """Trust the folder from now on.

    Raises:
        OSError: it cannot be noted.
    """
    if is_trusted(folder):
        return
    file = _file()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "a") as lines:
        lines.write(f"{folder.resolve()}\n")


def _file() -> Path:
    return platformdirs.user_state_path("taskflow-tui") / "trusted-folders"
