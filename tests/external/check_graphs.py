"""Checks that Graphviz and Mermaid themselves read what TaskFlow writes for them.

Not part of the test suite, since both must be installed; see docs/graphs.md. Run it from the
repository: `python tests/external/check_graphs.py FOLDER`, where FOLDER is the one in which
`npm install mermaid jsdom` was run.
"""

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1] / "core"), str(HERE.parents[1])]

from taskflow_core.export.annotations import notes_of, one_line  # noqa: E402
from taskflow_core.export.dot import to_dot  # noqa: E402
from taskflow_core.export.mermaid import to_mermaid  # noqa: E402
from taskflow_core.plan import Plan, TaskOptions, TaskSpec  # noqa: E402
from taskflow_core.state import RunState  # noqa: E402
from taskflow_core.statuses import TaskStatus  # noqa: E402

HOSTILE = [
    'a "quoted" name', "back\\slash\\", "<b>bold</b> & <script>alert(1)</script>", "#35; #quot;",
    "%%{init: {'theme': 'dark'}}%%", "%% comment", "`code`", "end", "a --> b", "];\n}\r\n---",
    "\x00\x1b[31m\u202eevil\u200b", "\\N \\G \\l &lt;", "${{ x['y'] | z }}", "中文 ümlaut 🎉",
    "subgraph", "click t0 href 'x'", "", " ", "---", "style t0 fill:#f00;", "{{{((([[[",
]  # fmt: skip
"""Text that means something to Mermaid, to DOT, to HTML, or to a terminal."""


def main() -> None:
    """Check every plan with both, and say what was found."""
    plans = dict(_plans())
    with tempfile.TemporaryDirectory() as folder:
        _check_dot(plans, Path(folder))
        _check_mermaid(plans, Path(folder), packages=sys.argv[1])


def _plans() -> Iterator[tuple[str, Plan]]:
    yield "empty", Plan.of(name="empty", tasks=[])
    for number, text in enumerate(HOSTILE):
        yield f"hostile {number}", _hostile(text)
    yield "400 tasks at random", _random(400)


def _hostile(text: str) -> Plan:
    rule = TaskOptions(trigger_rule="one_failed", allow_failure=True)
    tasks = [
        TaskSpec(name="end", description=text, group=text),
        TaskSpec(name="a.b-c d", depends_on=("end",), when=text),
        TaskSpec(name="0", depends_on=("end", "a.b-c d"), options=rule, group=text),
    ]
    return Plan.of(name=text, tasks=tasks, description=text)


def _random(count: int) -> Plan:
    dice = random.Random(7)
    tasks = [
        TaskSpec(
            name=f"task {n}",
            depends_on=tuple({f"task {dice.randrange(n)}" for _ in range(min(n, 3))}),
            group=dice.choice([None, "one", "two"]),
        )
        for n in range(count)
    ]
    return Plan.of(name="random", tasks=tasks)


def _coloured(plan: Plan) -> RunState:
    state = RunState(plan)
    for number, task in enumerate(state.tasks):
        task.state = list(TaskStatus)[number % len(TaskStatus)]
    return state


def _check_dot(plans: dict[str, Plan], folder: Path) -> None:
    for title, plan in plans.items():
        file = folder / "flow.dot"
        file.write_text(to_dot(plan, _coloured(plan)))
        done = _run("dot", "-Tdot_json" if len(plan.tasks) > 99 else "-Tjson", str(file))
        assert not done.stderr, f"{title}: {done.stderr}"
        _compare_dot(title, plan, json.loads(done.stdout))
    print(f"{_run('dot', '-V').stderr.strip()}: {len(plans)} flows read")


def _compare_dot(title: str, plan: Plan, read: dict[str, Any]) -> None:
    objects = {o["_gvid"]: o for o in read.get("objects", [])}
    nodes = {key: o["name"] for key, o in objects.items() if "nodes" not in o}
    edges = [(nodes[e["tail"]], nodes[e["head"]]) for e in read.get("edges", [])]
    assert sorted(nodes.values()) == sorted(spec.name for spec in plan.tasks), title
    assert sorted(edges) == sorted((u, s.name) for s in plan.tasks for u in s.depends_on), title
    groups = {one_line(spec.group) for spec in plan.tasks if spec.group is not None}
    clusters = [o for o in objects.values() if o["name"].startswith("cluster_")]
    assert len(clusters) == len(groups), title


def _check_mermaid(plans: dict[str, Plan], folder: Path, *, packages: str) -> None:
    files: list[str] = []
    for number, plan in enumerate(plans.values()):
        file = folder / f"{number}.mmd"
        file.write_text(to_mermaid(plan, _coloured(plan)))
        files.append(str(file))
    done = _run("node", str(HERE / "read_mermaid.mjs"), packages, *files)
    assert done.returncode == 0, done.stderr
    for (title, plan), read in zip(plans.items(), json.loads(done.stdout), strict=True):
        _compare_mermaid(title, plan, read)
    package = Path(packages, "node_modules/mermaid/package.json")
    print(f"mermaid {json.loads(package.read_text())['version']}: {len(plans)} flows read")


def _compare_mermaid(title: str, plan: Plan, read: dict[str, Any]) -> None:
    labels = {
        f"t{n}": "<br>".join((spec.name, *map(one_line, notes_of(spec))))
        for n, spec in enumerate(plan.tasks)
    }
    assert read["nodes"] == labels, (title, read["nodes"], labels)
    wanted = [
        [
            f"t{u}",
            f"t{n}",
            "normal" if plan.tasks[n].options.trigger_rule == "all_success" else "dotted",
        ]
        for n, upstream in enumerate(plan.upstream)
        for u in upstream
    ]
    assert sorted(read["edges"]) == sorted(wanted), title
    groups = {one_line(spec.group) for spec in plan.tasks if spec.group is not None}
    assert {group.strip() for group, _ in read["groups"]} == groups, (title, read["groups"])
    assert not read["config"], (title, read["config"])


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    main()
