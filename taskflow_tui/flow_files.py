"""The flow files below a folder, found by looking at their text; nothing is imported or run."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

SKIPPED = frozenset(
    {
        "__pycache__",
        "build",
        "dist",
        "env",
        "node_modules",
        "site-packages",
        "venv",
    }
)
"""Folders that hold no flows of the user; those with a leading dot are skipped too."""
MOST_FILES = 20_000
"""Files looked at in one search, so that a search from `/` ends."""
_GLANCE = 1 << 18
"""Bytes of a file that are searched for a sign of a flow."""
_SIGNS = {
    ".yaml": re.compile(rb"^\s*[\"']?tasks[\"']?\s*:|[{,]\s*[\"']?tasks[\"']?\s*:", re.MULTILINE),
    ".json": re.compile(rb'"tasks"\s*:'),
    ".py": re.compile(rb"\bFlow\(|^@flow\b", re.MULTILINE),
}
_SIGNS[".yml"] = _SIGNS[".yaml"]


def find_flow_files(folder: Path) -> Iterator[Path]:
    """Yield the files below `folder` that look like flows, each folder's in order of name."""
    left = MOST_FILES
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if _is_searched(name))
        for name in sorted(files):
            left -= 1
            if left < 0:
                return
            path = Path(root, name)
            if looks_like_flow(path):
                yield path


def looks_like_flow(path: Path) -> bool:
    """Say whether the text of `path` has the mark of a flow: `tasks:`, `"tasks":` or `Flow(`."""
    sign = _SIGNS.get(path.suffix)
    if sign is None:
        return False
    try:
        with path.open("rb") as file:
            return sign.search(file.read(_GLANCE)) is not None
    except OSError:
        return False


def _is_searched(name: str) -> bool:
    return not name.startswith(".") and name not in SKIPPED and not name.endswith(".egg-info")
