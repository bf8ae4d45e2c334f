"""The three functions of hello.json and hello.yaml, in the plainest style: each takes one `ctx`.

`ctx["fetch"]` is what the task `fetch` returned. What a function prints is its task's log, and
what it returns is its task's result.
"""

import ast
import codecs
import importlib.util
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OUT = Path(__file__).parent / "out" / "hello"
"""Folder of the written file; made when needed."""


def fetch(ctx: Mapping[str, Any]) -> str:  # noqa: ARG001
    """Return the Zen of Python, decoded from the source of the module `this`.

    The module is read, not imported: importing it prints the text, and only once per process.
    """
    spec = importlib.util.find_spec("this")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("this Python comes without the source of the module 'this'")
    print(f"reading {spec.origin}")
    first = ast.parse(Path(spec.origin).read_bytes()).body[0]
    if not isinstance(first, ast.Assign):
        raise TypeError("the module 'this' no longer begins with its text")
    zen = codecs.decode(ast.literal_eval(first.value), "rot13")
    print(zen)
    return zen


def process(ctx: Mapping[str, Any]) -> dict[str, Any]:
    """Return counts of the fetched text: lines, words, the longest and the most frequent words."""
    text: str = ctx["fetch"]
    words = re.findall(r"[a-z]+(?:['-][a-z]+)*", text.lower())
    counts = {
        "lines": sum(1 for line in text.splitlines() if line.strip()),
        "words": len(words),
        "different": len(set(words)),
        "longest": max(words, key=len, default=""),
        "frequent": Counter(words).most_common(5),
    }
    for name, value in counts.items():
        print(f"{name:>9}  {value}")
    return counts


def save(ctx: Mapping[str, Any]) -> str:
    """Write the counts as a Markdown table; return the file's path."""
    counts: dict[str, Any] = ctx["process"]
    frequent = ", ".join(f"{word} ({times})" for word, times in counts["frequent"])
    rows = {**counts, "frequent": frequent}
    lines = ["# The Zen of Python, counted", "", "| what | value |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in rows.items()]
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / "zen.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {path} ({path.stat().st_size} bytes)")
    return str(path)
