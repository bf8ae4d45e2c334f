"""The Python steps of broken_build.yaml. They run in the flow file's folder, as commands do."""

import ast
import hashlib
import json
import os
import subprocess
import sys
import time
import zipapp
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = Path("out/broken_build")
SOURCES = OUT / "src"
DIST = OUT / "dist"

PAUSE = 0.3
"""Seconds between lines of the unit checks, so that a person can watch them."""

GREEN, YELLOW, RESET = "\x1b[32m", "\x1b[33m", "\x1b[0m"

ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen"]
TEENS += ["fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]


def generate() -> str:
    """Write the module with the words for 0 to 30; return its path."""
    numbers = [*ONES, *TEENS, "twenty", *(f"twenty-{one}" for one in ONES[1:]), "thirty"]
    lines = ['"""Number words, generated."""', "", "NUMBERS = ("]
    lines += [f'    "{word}",' for word in numbers]
    path = SOURCES / "wordclock" / "words.py"
    path.write_text("\n".join([*lines, ")"]) + "\n", encoding="utf-8")
    print(f"generated {path} with {len(numbers)} words")
    return str(path)


def lint() -> int:
    """Print what could be better in the sources; return the number of warnings."""
    warnings = 0
    for path in sorted(SOURCES.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        ast.parse(text)
        for number, line in enumerate(text.splitlines(), 1):
            if "TODO" in line or len(line) > 100:
                warnings += 1
                print(f"{YELLOW}warning{RESET} {path}:{number}: {line.strip()}", file=sys.stderr)
        print(f"{GREEN}linted{RESET}  {path}")
    return warnings


def unit_checks() -> str:
    """Run the unit checks on the generated sources; return the line with their number."""
    command = [sys.executable, "-B", "-m", "unittest", "-v", "check_clock"]
    folders = os.pathsep.join([str(HERE / "checks"), str(SOURCES.resolve())])
    env = {**os.environ, "PYTHONPATH": folders}
    last = ""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as checks:
        for line in checks.stderr or []:
            print(line, end="", file=sys.stderr, flush=True)
            last = line if line.startswith("Ran ") else last
            time.sleep(PAUSE)
    if checks.returncode:
        raise RuntimeError(f"the unit checks failed with exit code {checks.returncode}")
    return last.strip()


def bundle() -> str:
    """Pack the sources into one executable file; return its path."""
    project = json.loads((HERE / "project.json").read_text(encoding="utf-8"))
    print(f"bundling {project['name']}: {project['summary']}")
    target = DIST / f"{project['name']}-{project['verison']}.pyz"
    zipapp.create_archive(SOURCES, target, main="wordclock.__main__:main")
    print(f"{GREEN}bundled{RESET} {target} ({target.stat().st_size:,} bytes)")
    return str(target)


def manifest(bundle: str, checksum: str) -> dict[str, str | int]:
    """Write what is in the release to manifest.json; return the same."""
    data = Path(bundle).read_bytes()
    entry: dict[str, str | int] = {
        "file": Path(bundle).name,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "cksum": checksum.split()[0],
    }
    text = json.dumps(entry, indent=2)
    (DIST / "manifest.json").write_text(text + "\n", encoding="utf-8")
    print(text)
    return entry


def smoke_test(bundle: str) -> str:
    """Ask the bundle what time it is at 15:20; return its answer."""
    command = [sys.executable, bundle, "15:20"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    if answer != "twenty past three":
        raise RuntimeError(f"the bundle says {answer!r} at 15:20")
    print(f"{GREEN}15:20 is{RESET} {answer}")
    return answer
