"""What all tests of the app share."""

import os
from pathlib import Path

import pytest

os.environ["TEXTUAL_ANIMATIONS"] = "none"


@pytest.fixture
def pipelines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is called `~/pipelines` on every machine."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "pipelines"
    folder.mkdir()
    return folder
