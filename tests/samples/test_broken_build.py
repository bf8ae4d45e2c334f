"""The broken build: it fails where it says, only what depends on that waits, one line mends it."""

import importlib.util
import os
import shutil
import subprocess
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from tests.samples.flow_files import SAMPLES, FlowFile, read


@dataclass(frozen=True)
class Build:
    """A copy of the sample in a folder of its own, which is the current one."""

    folder: Path
    flow: FlowFile

    @property
    def source(self) -> Path:
        return self.folder / "broken_build" / "steps.py"

    def steps(self) -> ModuleType:
        """Return the steps as they are now, freshly loaded."""
        spec = importlib.util.spec_from_file_location("steps_of_the_copy", self.source)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        vars(module)["PAUSE"] = 0
        return module

    def command(self, task: str) -> str:
        """Run a command task; return what it printed."""
        line = self.flow.task(task).command
        assert line
        env = {**os.environ, **self.flow.env}
        ran = subprocess.run(
            ["sh", "-c", line], env=env, check=True, capture_output=True, text=True
        )
        return ran.stdout.rstrip("\n")

    def mend(self) -> None:
        text = self.source.read_text(encoding="utf-8")
        assert sum("verison" in line for line in text.splitlines()) == 1
        self.source.write_text(text.replace("verison", "version"), encoding="utf-8")


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    shutil.copytree(SAMPLES / "broken_build", tmp_path / "broken_build")
    shutil.copy(SAMPLES / "broken_build.yaml", tmp_path)
    made = Build(tmp_path, read(tmp_path / "broken_build.yaml"))
    made.command("prepare")
    made.steps().generate()
    return made


def test_the_bundle_fails_on_a_misspelt_key_in_the_function_that_the_flow_names(
    build: Build,
) -> None:
    with pytest.raises(KeyError, match="verison") as caught:
        build.steps().bundle()
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (Path(frame.filename), frame.name) == (build.source, "bundle")
    assert "project['verison']" in (frame.line or "")
    assert "`bundle` of broken_build/steps.py" in build.flow.description


def test_only_tasks_that_need_the_bundle_wait_for_it(build: Build) -> None:
    blocked = {"checksum", "manifest", "smoke-test", "publish"}
    assert build.flow.downstream("bundle") == blocked


def test_the_other_branches_finish(build: Build, capfd: pytest.CaptureFixture[str]) -> None:
    assert build.steps().lint() == 1
    assert build.steps().unit_checks().startswith("Ran 6 tests")
    errors = capfd.readouterr().err
    assert "clock.py:8: # TODO" in errors
    assert "test_midnight_is_twelve" in errors
    assert "- Number words, generated." in build.command("docs")


def test_correcting_that_one_line_is_all_it_takes(build: Build) -> None:
    build.mend()
    steps = build.steps()
    path = steps.bundle()
    assert path == "out/broken_build/dist/wordclock-1.4.0.pyz"
    entry = steps.manifest(path, build.command("checksum"))
    assert entry["bytes"] == Path(path).stat().st_size
    assert steps.smoke_test(path) == "twenty past three"
    build.command("docs")
    assert "published" in build.command("publish")


def test_the_build_starts_over_when_its_folder_is_left_over(build: Build) -> None:
    stale = Path("out/broken_build/dist/stale.pyz")
    stale.touch()
    build.command("prepare")
    assert not stale.exists()


def test_failing_unit_checks_fail_the_step(build: Build) -> None:
    words = Path("out/broken_build/src/wordclock/words.py")
    words.write_text("NUMBERS = ('nothing',) * 31\n")
    with pytest.raises(RuntimeError, match="unit checks failed"):
        build.steps().unit_checks()
