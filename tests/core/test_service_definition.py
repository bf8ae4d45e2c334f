"""Services and conditions as people write them in Python."""

from typing import Any

import pytest

from taskflow_core import Flow, Task, flow, task
from taskflow_core.errors import DefinitionError
from taskflow_core.memory_code import MemoryCode
from taskflow_core.readiness import Probe, Service, http_address, tcp_address


def serve() -> None: ...


def test_a_service_says_how_to_tell_that_it_is_ready() -> None:
    db = Task(name="db", command="postgres", service={"ready": {"tcp": 5432, "within": "2m"}})
    plan = Flow("f", [db]).plan()
    assert plan.tasks[0].service == Service(ready=Probe(tcp="5432", within=120.0))


def test_true_is_a_service_without_a_probe() -> None:
    assert (
        Flow("f", [Task(name="a", command="x", service=True)]).plan().tasks[0].service == Service()
    )


def test_a_condition_is_said_of_a_task_or_of_its_name() -> None:
    db, job = Task(name="db", command="x", service=True), Task(name="job", command="x")
    last = Task(name="last", command="x", depends_on=[job, {"task": db, "when": "completed"}])
    other = Task(name="other", command="x", depends_on={"task": "db", "when": "started"})
    plan = Flow("f", [db, job, last, other]).plan()
    assert plan.tasks[2].depends_on == ("job", "db")
    assert plan.tasks[2].conditions == (None, "completed")
    assert plan.tasks[3].conditions == ("started",)


def test_edges_by_operator_wait_for_what_is_usual_and_keep_what_was_said() -> None:
    db, job = Task(name="db", command="x", service=True), Task(name="job", command="x")
    last = Task(name="last", command="x", depends_on={"task": "db", "when": "completed"})
    _ = job >> last
    assert (last.depends_on, last.conditions) == (("db", "job"), ("completed", None))
    assert last.named("copy").conditions == ("completed", None)
    del db


def test_a_flow_function_keeps_the_conditions_of_its_tasks() -> None:
    server = task(name="server", executor="process", service=True)(serve)
    after = Task(name="after", command="x", depends_on={"task": "server", "when": "completed"})

    @flow
    def made() -> None:
        server()
        after()

    plan = made.plan()
    assert plan.tasks[1].conditions == ("completed",)
    assert plan.tasks[0].service == Service()


def test_a_function_that_is_a_service_runs_in_a_process_whatever_the_others_do() -> None:
    plan = Flow("f", [Task(serve, service=True), Task(serve, name="b")]).plan()
    assert [spec.options.executor for spec in plan.tasks] == ["process", "thread"]


def test_a_service_gives_no_result_to_those_behind_it() -> None:
    def use(rows: list[int]) -> int:
        return len(rows)

    rows = Task(name="fetch", command="x")
    db = Task(name="db", command="x", service=True)
    flow = Flow("f", [rows, db, Task(use, depends_on=[rows, db])])
    _, binding = MemoryCode(flow.plan(), flow.functions()).function(2)
    assert binding.fed == (("rows", 0),)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"service": 5}, "service of task 't' must be True or a mapping, not 5"),
        ({"service": {"redy": {}}}, "service of task 't' has no 'redy'"),
        ({"service": {"ready": {}}}, "needs exactly one of command, tcp, http, log"),
        ({"service": {"ready": {"tcp": 1, "log": "x"}}}, "needs exactly one of command"),
        ({"service": {"ready": {"tcp": "x"}}}, "tcp is not an address: 'x'"),
        ({"service": {"ready": {"http": "https://x"}}}, "http is not for TLS: 'https://x'"),
        ({"service": {"ready": {"log": "("}}}, "log is no regular expression"),
        ({"service": {"ready": {"tcp": 1, "timeout": 0}}}, "timeout must be more than 0"),
        ({"service": {"stop": "KILL"}}, "stop cannot be 'KILL'"),
        ({"service": True, "foreach": [1]}, "is a service and has foreach"),
        ({"service": True, "output": "json"}, "is a service and has output"),
        ({"service": True, "cache": True}, "is a service and has cache"),
        ({"depends_on": {"when": "healthy"}}, "a dependency of task 't' names no task"),
        ({"depends_on": {"task": "a", "when": "fine"}}, "when cannot be 'fine'"),
        ({"depends_on": {"task": "a", "on": "x"}}, "a dependency of task 't' has no 'on'"),
    ],
)
def test_what_a_service_cannot_say(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        Task(name="t", command="x", **keys)


def test_two_conditions_on_one_task_contradict_each_other() -> None:
    edges = [{"task": "a", "when": "started"}, {"task": "a", "when": "completed"}]
    with pytest.raises(DefinitionError, match="waits for 'a' in two ways"):
        Task(name="t", command="x", depends_on=edges)


def test_a_thread_cannot_be_a_service() -> None:
    with pytest.raises(DefinitionError, match="is a service and has executor 'thread'"):
        Task(serve, service=True, executor="thread")


@pytest.mark.parametrize(
    ("when", "service", "message"),
    [
        ("started", None, "`started` is for services, and 'a' is none"),
        ("healthy", True, "'a' has no probe"),
        ("log_ready", {"ready": {"tcp": 1}}, "no probe that reads its log"),
    ],
)
def test_conditions_that_can_never_be_met(when: str, service: Any, message: str) -> None:
    tasks = [
        Task(name="a", command="x", service=service),
        Task(name="b", command="x", depends_on={"task": "a", "when": when}),
    ]
    with pytest.raises(DefinitionError, match=message):
        Flow("f", tasks).plan()


def test_a_task_that_needs_a_service_cannot_wait_for_what_waits_for_its_end() -> None:
    tasks = [
        Task(name="db", command="x", service=True),
        Task(name="job", command="x", depends_on=["db", "after"]),
        Task(name="after", command="x", depends_on={"task": "db", "when": "completed"}),
    ]
    with pytest.raises(DefinitionError, match="job → the end of db → after → job"):
        Flow("f", tasks).plan()


def test_a_pool_has_to_have_room_for_a_task_beside_the_services_that_it_needs() -> None:
    tasks = [
        Task(name="db", command="x", service=True, pool="gpu"),
        Task(name="job", command="x", pool="gpu", depends_on="db"),
    ]
    with pytest.raises(DefinitionError, match="take 2 slots of the pool 'gpu', which has 1"):
        Flow("f", tasks, pools={"gpu": 1}).plan()
    Flow("f", tasks, pools={"gpu": 2}).plan()


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("80", "127.0.0.1", 80), ("db:5432", "db", 5432), ("[::1]:1", "::1", 1)],
)
def test_addresses(text: str, host: str, port: int) -> None:
    assert tcp_address(text)[:2] == (host, port)


@pytest.mark.parametrize("text", ["", "x", ":80", "0", "65536", "a:b", "::1:80", "[::1]", "٣"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        tcp_address(text)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://x", ("x", 80, "/")),
        ("http://x:8080/a/b?c=d#e", ("x", 8080, "/a/b?c=d")),
        ("http://[::1]:1/", ("::1", 1, "/")),
    ],
)
def test_urls(url: str, address: tuple[str, int, str]) -> None:
    assert tuple(http_address(url)) == address


@pytest.mark.parametrize(
    "url", ["x", "ftp://x", "http://", "http://x:y/", "http://x/ y", "http://x/\r\ny", "http://x/ä"]
)
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(ValueError, match="not a URL"):
        http_address(url)
