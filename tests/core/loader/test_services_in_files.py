"""What a flow file may say of services and of what waits for them, and the plan it makes."""

from pathlib import Path

import pytest

from taskflow_core.loader import load_plan
from taskflow_core.plan import Plan, TaskSpec
from taskflow_core.readiness import Probe, Service


def plan_of(text: str, folder: Path, **others: str) -> Plan:
    for name, other in others.items():
        (folder / f"{name}.yaml").write_text(other)
    file = folder / "flow.yaml"
    file.write_text(text)
    loaded = load_plan(file)
    assert loaded.warnings == ()
    return loaded.plan


def service_of(said: str, folder: Path) -> Service | None:
    return plan_of(f"tasks: [{{name: a, command: x, service: {said}}}]", folder).tasks[0].service


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("true", Service()),
        ("{}", Service()),
        ("{stop: INT}", Service(stop="INT")),
        ("{ready: {tcp: 5432}}", Service(ready=Probe(tcp="5432"))),
        ("{ready: {tcp: 'db:5432'}}", Service(ready=Probe(tcp="db:5432"))),
        (
            "{ready: {http: 'http://[::1]:80/x?y'}}",
            Service(ready=Probe(http="http://[::1]:80/x?y")),
        ),
        ("{ready: {log: '^ready$'}}", Service(ready=Probe(log="^ready$"))),
        ("{ready: {command: pg_isready}}", Service(ready=Probe(command="pg_isready"))),
        ("{ready: {command: [test, -e, x]}}", Service(ready=Probe(command=("test", "-e", "x")))),
        (
            "{ready: {tcp: 1, every: 100ms, timeout: 2s, within: 5m}}",
            Service(ready=Probe(tcp="1", every=0.1, timeout=2.0, within=300.0)),
        ),
    ],
)
def test_what_a_service_says(folder: Path, said: str, meant: Service) -> None:
    assert service_of(said, folder) == meant


def test_a_probe_tries_twice_a_second_for_five_seconds_each_and_gives_up_after_a_minute() -> None:
    probe = Probe(tcp="1")
    assert (probe.every, probe.timeout, probe.within) == (0.5, 5.0, 60.0)


def _two(depends_on: str, folder: Path) -> TaskSpec:
    text = f"""
tasks:
  - {{name: db, command: x, service: true}}
  - {{name: job, command: x}}
  - {{name: after, command: x, depends_on: {depends_on}}}
"""
    return plan_of(text, folder).tasks[2]


@pytest.mark.parametrize(
    ("said", "names", "conditions"),
    [
        ("[db, job]", ("db", "job"), ()),
        ("{task: db}", ("db",), ()),
        ("{task: db, when: started}", ("db",), ("started",)),
        ("[job, {task: db, when: completed}]", ("job", "db"), (None, "completed")),
        ("[{task: job, when: succeeded}]", ("job",), ("succeeded",)),
    ],
)
def test_what_is_waited_for(
    folder: Path, said: str, names: tuple[str, ...], conditions: tuple[str | None, ...]
) -> None:
    task = _two(said, folder)
    assert (task.depends_on, task.conditions) == (names, conditions)


def test_what_holds_for_every_attempt_is_not_for_services_where_it_would_end_them(
    folder: Path,
) -> None:
    text = """
defaults: { timeout: 5m, retry: 2, executor: thread, cache: true, output: json }
tasks:
  - { name: web, function: m.serve, service: true }
  - { name: own, command: x, service: true, timeout: 1h }
"""
    web, own = plan_of(text, folder).tasks
    assert (web.options.timeout, own.options.timeout) == (None, 3600)
    assert web.options.retry.retries == 2
    assert web.options.executor == "process"
    assert web.cache is None
    assert web.options.output == "text"


def test_a_mapped_sub_flow_brings_a_service_for_each_copy(folder: Path) -> None:
    inner = """
tasks:
  - { name: db, command: x, service: true }
  - { name: load, command: x, depends_on: { task: db, when: started } }
"""
    plan = plan_of("tasks: [{name: region, flow: inner.yaml, foreach: [eu, us]}]", folder,
                   inner=inner).own()  # fmt: skip
    plan.grow(0, 2)
    assert plan.lifetimes is not None
    keepers = {
        plan.tasks[n].name: [plan.tasks[k].name for k in plan.lifetimes.keepers(n)]
        for n in plan.lifetimes.services()
    }
    assert keepers == {"region[0]/db": ["region[0]/load"], "region[1]/db": ["region[1]/load"]}
    load = plan.index["region[1]/load"]
    assert plan.lifetimes.condition(load, plan.index["region[1]/db"]) == "started"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
