"""A command with a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Command


@pytest.fixture
def taskflow(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path)
    yield command
    command.end_runs()
