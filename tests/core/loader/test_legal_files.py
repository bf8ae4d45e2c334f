"""What a YAML or JSON flow file may say, and the plan it makes."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from taskflow_core import Flow, Task
from taskflow_core.errors import FlowFileError
from taskflow_core.loader import load_plan
from taskflow_core.params import Param
from taskflow_core.plan import BreakpointSpec, CacheSpec, Plan, RollbackSpec, TaskOptions, TaskSpec
from taskflow_core.policies import NO_RETRY, RetryPolicy
from tests.plugins.installing import install_relay

SEED = """
{ "tasks": [
  { "name": "fetch",   "function": "my_module.fetch",   "depends_on": [] },
  { "name": "process", "function": "my_module.process", "depends_on": ["fetch"] },
  { "name": "save",    "function": "my_module.save",    "depends_on": ["process"] } ] }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def plan_of(text: str | bytes, folder: Path, name: str = "nightly.yaml") -> Plan:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    loaded = load_plan(file)
    assert loaded.warnings == ()
    return loaded.plan


def task_of(keys: str, folder: Path) -> TaskSpec:
    """Return the task that these keys, written in a flow mapping, make."""
    return plan_of(f"tasks:\n  - {{name: a, {keys}}}\n", folder).tasks[0]


def test_the_smallest_file_has_no_tasks(folder: Path) -> None:
    plan = plan_of("tasks: []\n", folder)

    assert plan == Plan(name="nightly", tasks=[], source=str(folder / "nightly.yaml"))


def test_the_seeds_json_is_legal_as_it_is(folder: Path) -> None:
    plan = plan_of(SEED, folder, "flow.json")

    assert [(task.name, task.function, task.depends_on) for task in plan.tasks] == [
        ("fetch", "my_module.fetch", ()),
        ("process", "my_module.process", ("fetch",)),
        ("save", "my_module.save", ("process",)),
    ]


def test_json_and_yaml_say_the_same(folder: Path) -> None:
    yaml = plan_of(SEED.replace("\t", " "), folder, "flow.yml")
    again = plan_of(SEED, folder, "flow.json")

    assert yaml.tasks == again.tasks


def test_json_may_be_indented_with_tabs(folder: Path) -> None:
    text = json.dumps(json.loads(SEED), indent="\t")

    assert len(plan_of(text, folder, "flow.json").tasks) == 3


def test_the_keys_at_the_top(folder: Path) -> None:
    plan = plan_of(
        """
        name: Every night
        description: |
          Load the orders.
          All of them.
        max_parallel: 8
        order: fifo
        tasks: []
        """,
        folder,
    )

    assert (plan.name, plan.description, plan.max_parallel, plan.ready_order) == (
        "Every night",
        "Load the orders.\nAll of them.\n",
        8,
        "fifo",
    )


def test_the_name_defaults_to_the_files_stem(folder: Path) -> None:
    assert plan_of("tasks: []", folder, "load orders.v2.yaml").name == "load orders.v2"


def test_the_source_is_the_real_file_and_tasks_run_in_its_folder(folder: Path) -> None:
    (folder / "flows").mkdir()
    (folder / "flows" / "etl.yaml").write_text("tasks: [{name: a, command: ls}]")
    (folder / "link.yaml").symlink_to(folder / "flows" / "etl.yaml")

    plan = load_plan(folder / "link.yaml").plan

    assert plan.source == str(folder / "flows" / "etl.yaml")
    assert plan.tasks[0].options.cwd == str(folder / "flows")


def test_a_relative_path_is_made_absolute(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    Path("etl.yaml").write_text("tasks: []")

    assert load_plan("etl.yaml").plan.source == str(folder / "etl.yaml")


def test_a_function_runs_in_a_worker_process_and_a_command_in_a_shell(folder: Path) -> None:
    assert task_of("function: etl.fetch", folder).options.executor == "process"
    assert task_of("function: etl.fetch, executor: thread", folder).options.executor == "thread"
    assert task_of("command: make", folder).options.executor == "shell"


@pytest.mark.parametrize(
    "name", ["m.f", "pkg.mod.Class.method", "m:f", "pkg.mod:Class.method", "modül.größe"]
)
def test_ways_to_name_a_function(name: str, folder: Path) -> None:
    task = task_of(f"function: '{name}'", folder)

    assert (task.kind, task.function, task.command) == ("function", name, None)


def test_a_command_is_a_line_for_the_shell_or_a_list_of_words(folder: Path) -> None:
    assert task_of("command: 'ls | wc -l'", folder).command == "ls | wc -l"
    assert task_of('command: [printf, "%s", ""]', folder).command == ("printf", "%s", "")


def test_shell_syntax_in_a_command_is_kept_as_it_is(folder: Path) -> None:
    text = (
        "tasks:\n  - name: a\n    command: |\n      echo ${#a[@]} $((1+1)) {{ x }} \\\n        y\n"
    )

    assert plan_of(text, folder).tasks[0].command == "echo ${#a[@]} $((1+1)) {{ x }} \\\n  y\n"


def test_one_dependency_needs_no_list(folder: Path) -> None:
    text = "tasks: [{name: a, command: x}, {name: b, command: x, depends_on: a}]"

    assert plan_of(text, folder).tasks[1].depends_on == ("a",)


def test_tasks_may_depend_on_later_ones(folder: Path) -> None:
    text = "tasks: [{name: a, command: x, depends_on: [b]}, {name: b, command: x}]"

    assert plan_of(text, folder).upstream == [(1,), ()]


def test_arguments_are_any_data(folder: Path) -> None:
    task = task_of("function: m.f, args: [1, [2.5, {x: null}]], kwargs: {a: true, b: ''}", folder)

    assert task.args == (1, [2.5, {"x": None}])
    assert task.kwargs == {"a": True, "b": ""}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("12:30:45", "12:30:45"),
        ("2026-01-31", "2026-01-31"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("=", "="),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("Null", None),
        ("~", None),
        ("nil", "nil"),
        ("12", 12),
        ("-12", -12),
        ("+12", 12),
        ("0o17", 15),
        ("0xFf", 255),
        ("0xfg", "0xfg"),
        ("18446744073709551615", 2**64 - 1),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1e3", -1000.0),
        ("1e3", 1000.0),
        ("1e", "1e"),
        (".", "."),
        ("-x", "-x"),
        ("1.2.3", "1.2.3"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("!!str", ""),
        ("!!int 12", 12),
        ("!!float 12", 12.0),
        ("!!bool 'true'", True),
        ("!!null ''", None),
    ],
)
def test_scalars_are_those_of_yaml_1_2(written: str, value: object, folder: Path) -> None:
    text = f"tasks:\n  - name: a\n    function: m.f\n    kwargs:\n      x: {written}\n"
    found = plan_of(text, folder).tasks[0].kwargs["x"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("written", ["010", "007", "-010"])
def test_a_number_with_leading_zeros_is_decimal_and_worth_a_warning(
    written: str, folder: Path
) -> None:
    (folder / "flow.yaml").write_text(f"tasks: [{{name: a, function: m.f, args: [{written}]}}]")

    loaded = load_plan(folder / "flow.yaml")

    assert loaded.plan.tasks[0].args == (int(written),)
    assert [warning.slug for warning in loaded.warnings] == ["ambiguous-number"]


def test_retries_alone(folder: Path) -> None:
    assert task_of("command: x, retry: 3", folder).options.retry == RetryPolicy(retries=3)
    assert task_of("command: x, retry: 0", folder).options.retry == NO_RETRY


def test_every_key_of_a_retry_policy(folder: Path) -> None:
    retry = """
        {retries: 3, delay: 1s, backoff: exponential, factor: 1.5, max_delay: 1m, jitter: full,
         max_elapsed: 1h30m, retry_on: [ConnectionError], no_retry_on: [KeyError, my.Error],
         retry_exit_codes: [1, 75], crash_retries: 2}
    """

    assert task_of(f"command: x, retry: {retry}", folder).options.retry == RetryPolicy(
        retries=3,
        delay=1.0,
        backoff="exponential",
        factor=1.5,
        max_delay=60.0,
        jitter="full",
        max_elapsed=5400.0,
        retry_on=("ConnectionError",),
        no_retry_on=("KeyError", "my.Error"),
        retry_exit_codes=(1, 75),
        crash_retries=2,
    )


def test_delays_one_by_one(folder: Path) -> None:
    task = task_of("command: x, retry: {retries: 3, delay: [0, 1s, 250ms]}", folder)

    assert task.options.retry.delay == (0.0, 1.0, 0.25)


def test_durations_are_numbers_or_text(folder: Path) -> None:
    assert task_of("command: x, timeout: 90, grace: 0.5", folder).options.timeout == 90.0
    options = task_of("command: x, timeout: '90', grace: 1h30m", folder).options
    assert (options.timeout, options.grace) == (90.0, 5400.0)
    assert task_of("command: x", folder).options.timeout is None


def test_a_task_adds_to_the_flows_environment(folder: Path) -> None:
    plan = plan_of(
        """
        env: {A: "1", B: ""}
        tasks:
          - {name: a, command: x}
          - {name: b, command: x, env: {B: two, C: "3"}}
        """,
        folder,
    )

    assert plan.tasks[0].options.env == {"A": "1", "B": ""}
    assert plan.tasks[1].options.env == {"A": "1", "B": "two", "C": "3"}


def test_tasks_that_are_run_alike_share_their_options(folder: Path) -> None:
    plan = plan_of(
        """
        tasks:
          - {name: a, command: x, retry: 1, env: {A: x}}
          - {name: b, command: y, retry: 1, env: {A: x}}
          - {name: c, command: y, retry: 2, env: {A: x}}
        """,
        folder,
    )

    assert plan.tasks[0].options is plan.tasks[1].options
    assert plan.tasks[0].options != plan.tasks[2].options


def test_a_run_is_told_how_to_go_on(folder: Path) -> None:
    plan = plan_of(
        """
        timeout: 1h
        on_failure: stop
        pools: {db: 2, "a b": 1}
        tasks:
          - {name: a, command: x, pool: db}
          - {name: b, command: x, pool: a b}
        """,
        folder,
    )

    assert (plan.timeout, plan.on_failure, plan.pools) == (3600.0, "stop", {"db": 2, "a b": 1})


def test_parameters(folder: Path) -> None:
    plan = plan_of(
        """
        params:
          day: {type: date, default: today, help: Which day, min: 2020-01-01}
          limit: 1000
          ratio: 0.5
          full: true
          mode: {choices: [fast, full], default: fast}
          files: [a.csv, b.csv]
          size: {default: 5, max: 9}
          token: {pattern: "[a-z]+"}
          hosts: {type: list, items: str, default: []}
          note:
        tasks:
          - {name: a, function: m.f}
        """,
        folder,
    )

    assert plan.params == {
        "day": Param(type="date", default="today", help="Which day", min="2020-01-01"),
        "limit": Param(type="int", default=1000),
        "ratio": Param(type="float", default=0.5),
        "full": Param(type="bool", default=True),
        "mode": Param(type="choice", choices=("fast", "full"), default="fast"),
        "files": Param(type="list", default=["a.csv", "b.csv"]),
        "size": Param(type="int", default=5, max=9),
        "token": Param(type="str", pattern="[a-z]+"),
        "hosts": Param(type="list", default=[]),
        "note": Param(type="str", default=None),
    }


def test_a_pattern_that_python_may_read_differently_one_day_is_read_as_now(folder: Path) -> None:
    plan = plan_of('params: {a: {pattern: "[[a]+"}}\ntasks: [{name: b, function: m.f}]', folder)

    assert plan.params["a"].pattern == "[[a]+"


def test_every_option_of_a_task(folder: Path) -> None:
    task = plan_of(
        """
        pools: {db: 1}
        tasks:
          - name: a
            command: x
            trigger_rule: all_done
            when: " env.A == '1' "
            allow_failure: true
            pool: db
            priority: -3
            group: loading
            tags: [slow, big]
            success_exit_codes: [0, 3]
            output: lines
            merge: last
            cwd: inner/most
            breakpoint: after
            cache: {key: [orders.csv, params.day, env.REGION], ttl: 1d}
            inputs: "*.csv"
            outputs: ["${{ params.day }}.csv", report.pdf]
        params: {day: monday}
        """,
        folder,
    ).tasks[0]

    assert (task.when, task.group, task.tags) == ("env.A == '1'", "loading", ("slow", "big"))
    assert task.breakpoints == (BreakpointSpec("after"),)
    assert task.cache == CacheSpec(key=("orders.csv", "params.day", "env.REGION"), ttl=86_400)
    assert task.inputs == ("*.csv",)
    assert task.outputs == ("${{ params.day }}.csv", "report.pdf")
    assert task.options == TaskOptions(
        executor="shell",
        trigger_rule="all_done",
        allow_failure=True,
        pool="db",
        priority=-3,
        success_exit_codes=(0, 3),
        output="lines",
        merge="last",
        cwd=str(folder / "inner" / "most"),
    )


def test_python_and_yaml_make_the_same_plan(folder: Path) -> None:
    options: dict[str, Any] = {
        "trigger_rule": "one_done",
        "when": "params.x",
        "allow_failure": True,
        "pool": "db",
        "priority": 2,
        "group": "g",
        "tags": ["a", "b"],
        "success_exit_codes": [0, 3],
        "output": "json",
        "merge": "list",
        "cwd": "inner",
        "env": {"A": "${{ params.x }}"},
        "shell": "bash",
        "timeout": "1m",
        "grace": 1,
        "retry": {"retries": 2, "delay": ["1s", 2], "retry_on": "OSError", "retry_exit_codes": 4},
        "breakpoint": [True, "after", {"at": "on_retry", "when": "ctx.y", "hit": 2}],
        "cache": {"key": ["a.csv", "params.x"], "ttl": "90m"},
        "inputs": ["a.csv", "${{ params.x }}"],
        "outputs": "b.csv",
    }
    head: dict[str, Any] = {
        "description": "One line",
        "env": {"A": "x", "B": "y"},
        "max_parallel": 3,
        "pools": {"db": 2, "net": 1},
        "timeout": "1h",
        "on_failure": "cancel",
        "order": "file",
        "defaults": {"retry": 5, "pool": "net", "env": {"C": "z"}, "shell": "python"},
    }
    params: dict[str, Any] = {"x": 1, "y": ["a"]}
    flow = Flow("nightly", params=params, **head)
    flow.add_task(Task(name="s", script="x", **options))
    flow.add_task(Task(name="t", script="y"))
    flow.add_task(Task(name="c", command=["x", "${{ params.y }}"], depends_on=["s", "t"]))
    flow.add_task(
        Task("m.f", name="f", args=[1], kwargs={"a": "${{ tasks.s.result }}"}, depends_on="c")
    )
    written = {
        **head,
        "params": params,
        "tasks": [
            {"name": "s", "script": "x", **options},
            {"name": "t", "script": "y"},
            {"name": "c", "command": ["x", "${{ params.y }}"], "depends_on": ["s", "t"]},
            {"name": "f", "function": "m.f", "args": [1], "depends_on": "c",
             "kwargs": {"a": "${{ tasks.s.result }}"}},
        ],
    }  # fmt: skip

    plan = plan_of(json.dumps(written), folder, "nightly.json")

    expected = flow.plan(executor="process", cwd=str(folder))
    assert plan.tasks == expected.tasks
    plan.source = None
    assert plan == expected


@pytest.mark.parametrize(
    ("shell", "argv"),
    [
        ("sh", ()),
        ("bash", ("bash", "-euo", "pipefail", "{file}")),
        ("python", (sys.executable, "{file}")),
        ("node --check", ("node", "--check", "{file}")),
        ('[uv, run, "{file}", x]', ("uv", "run", "{file}", "x")),
    ],
)
def test_what_runs_a_script(shell: str, argv: tuple[str, ...], folder: Path) -> None:
    task = task_of(f"script: x, shell: {shell}", folder)

    assert (task.kind, task.script, task.shell) == ("script", "x", argv)


@pytest.mark.parametrize(
    ("written", "specs"),
    [
        ("true", (BreakpointSpec(),)),
        ("false", ()),
        ("on_failure", (BreakpointSpec("on_failure"),)),
        ("{hit: 3}", (BreakpointSpec(hit=3),)),
        (
            "[before, {at: after, when: ctx.rows > 5}]",
            (BreakpointSpec("before"), BreakpointSpec("after", "ctx.rows > 5")),
        ),
        (
            "{stop: after, condition: tasks.a.result}",
            (BreakpointSpec("after", "tasks.a.result"),),
        ),
        ("{when: true}", (BreakpointSpec(condition="true"),)),
    ],
)
def test_breakpoints(written: str, specs: tuple[BreakpointSpec, ...], folder: Path) -> None:
    assert task_of(f"command: x, breakpoint: {written}", folder).breakpoints == specs


def test_true_and_false_are_conditions(folder: Path) -> None:
    assert task_of("command: x, when: true", folder).when == "true"
    assert task_of("command: x, when: false", folder).when == "false"


@pytest.mark.parametrize(
    ("written", "cache"),
    [
        ("cache: true", CacheSpec()),
        ("cache: false", None),
        ("cache: {}", CacheSpec()),
        ("cache: {ttl: 90}", CacheSpec(ttl=90)),
        ("cache: {key: settings.ini}", CacheSpec(key=("settings.ini",))),
        ("description: x", CacheSpec(ttl=60)),
    ],
)
def test_how_a_task_is_cached(written: str, cache: CacheSpec | None, folder: Path) -> None:
    text = f"defaults: {{cache: {{ttl: 1m}}}}\ntasks: [{{name: a, command: x, {written}}}]"

    assert plan_of(text, folder).tasks[0].cache == cache


def test_what_tasks_say_goes_before_the_defaults(folder: Path) -> None:
    plan = plan_of(
        """
        defaults:
          retry: {retries: 2, delay: 1s}
          timeout: 5m
          env: {A: "1", B: "1"}
          executor: thread
          shell: bash
          tags: all
          when: env.A
          cwd: inner
        env: {A: "0", C: "0"}
        tasks:
          - {name: a, function: m.f}
          - {name: b, command: x, retry: 1, env: {B: "2"}, tags: [], when: true, cwd: /}
          - {name: c, script: x, shell: sh, retry: 0}
        """,
        folder,
    )
    a, b, c = plan.tasks

    assert [task.options.executor for task in plan.tasks] == ["thread", "shell", "shell"]
    assert (a.options.retry.retries, a.options.retry.delay, a.options.timeout) == (2, 1.0, 300.0)
    assert a.options.env == {"A": "1", "C": "0", "B": "1"}
    assert b.options.env == {"A": "1", "C": "0", "B": "2"}
    assert b.options.retry == RetryPolicy(retries=1)
    assert c.options.retry == NO_RETRY
    assert (a.tags, b.tags) == (("all",), ())
    assert (a.when, b.when) == ("env.A", "true")
    assert (a.options.cwd, b.options.cwd) == (str(folder / "inner"), "/")
    assert (a.shell, b.shell, c.shell) == ((), (), ())


def test_executors_of_functions(folder: Path) -> None:
    for name in ("thread", "process", "async", "inline"):
        assert task_of(f"function: m.f, executor: {name}", folder).options.executor == name


def test_an_executor_may_be_that_of_an_installed_package(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in install_relay(folder):
        monkeypatch.syspath_prepend(place)  # pyright: ignore[reportUnknownMemberType]

    assert task_of("function: m.f, executor: relay", folder).options.executor == "relay"
    with pytest.raises(FlowFileError) as caught:
        task_of("function: m.f, executor: relai", folder)
    assert caught.value.problems[0].hint == "Did you mean 'relay'?"


EXPRESSIONS = """
params: {day: today, max-rows: 5}
env: {DAY: "${{ params.day }} ${{ env.HOME }}"}
tasks:
  - {name: list files, command: "ls ${{ params['max-rows'] }} ${#a[@]} {{ x }}", output: lines}
  - name: near
    command: [echo, "${{ tasks.list_files.result | join(' ') }}"]
    depends_on: list files
  - name: far
    function: m.f
    args: ["${{ tasks['list files'].state }}", {"${{ params.max_rows }}": 1}]
    kwargs: {a: [["${{ tasks.near.attempt + 1 }}"]]}
    when: tasks.near.result and ctx.key is not none
    breakpoint: {at: after, when: tasks.far.result > 5}
    depends_on: near
  - name: script
    script: |
      echo ${{ params.day }} "$(date -d ${{ params.day }})" '${{ params.day | raw }}'
      awk '{{ print }}' <<END
      ${{ params.day | raw }}
      END
"""


def test_expressions_stay_as_they_are_until_the_run(folder: Path) -> None:
    plan = plan_of(EXPRESSIONS, folder)

    assert plan.tasks[0].command == "ls ${{ params['max-rows'] }} ${#a[@]} {{ x }}"
    assert plan.tasks[1].command == ("echo", "${{ tasks.list_files.result | join(' ') }}")
    assert plan.tasks[2].args[1] == {"${{ params.max_rows }}": 1}
    assert plan.tasks[2].kwargs == {"a": [["${{ tasks.near.attempt + 1 }}"]]}
    assert plan.tasks[2].when == "tasks.near.result and ctx.key is not none"


def test_descriptions(folder: Path) -> None:
    assert task_of("command: x, description: 'Was, größer?'", folder).description == "Was, größer?"


def test_anchors_repeat_a_value(folder: Path) -> None:
    plan = plan_of(
        """
        tasks:
          - {name: a, command: x, retry: &twice {retries: 2, delay: 1s}}
          - {name: b, command: y, retry: *twice}
        """,
        folder,
    )

    assert plan.tasks[0].options is plan.tasks[1].options


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbftasks: []\n",
        b"tasks:\r\n  []\r\n",
        b"%YAML 1.2\n---\ntasks: []\n",
        b"# about\n--- # here\ntasks: []\n...\n# the end\n",
        b'{"tasks": []}',
        b"? tasks\n: []\n",
    ],
    ids=["byte order mark", "CRLF", "directive", "document marks", "flow style", "explicit key"],
)
def test_ways_to_write_the_same_file(text: bytes, folder: Path) -> None:
    assert plan_of(text, folder).tasks == []


def test_a_json_file_may_begin_with_a_byte_order_mark(folder: Path) -> None:
    assert plan_of(b'\xef\xbb\xbf{"tasks": []}\r\n', folder, "flow.json").tasks == []


def test_json_escapes(folder: Path) -> None:
    text = r'{"tasks": [{"name": "a", "command": "\u0041\ud83d\ude00\n\"\\\/"}]}'

    assert plan_of(text, folder, "flow.json").tasks[0].command == 'A😀\n"\\/'


def test_ten_thousand_tasks_with_an_expression_each(folder: Path) -> None:
    lines = [
        f'  - {{name: t{n}, command: "x ${{{{ tasks.t{max(n // 2, 1)}.result }}}}", '
        f"depends_on: [t{n - 1}]}}"
        for n in range(2, 10_000)
    ]
    text = "\n".join(["tasks:", "  - {name: t1, command: x}", *lines])
    started = time.process_time()

    assert len(plan_of(text, folder).tasks) == 9_999
    assert time.process_time() - started < 10


def test_ten_thousand_tasks(folder: Path) -> None:
    lines = [
        f"  - {{name: t{n}, command: x, depends_on: [t{max(n - 1, 1)}]}}" for n in range(2, 10_000)
    ]
    text = "\n".join(["tasks:", "  - {name: t1, command: x}", *lines])

    assert len(plan_of(text, folder).tasks) == 9_999


def test_every_key_of_a_rollback(folder: Path) -> None:
    rollback = """
        {function: etl.undo, timeout: 1m, retry: {retries: 2, delay: 1s}, grace: 3,
         env: {FOR: "${{ tasks.a.result }}"}}
    """

    task = task_of(f"function: etl.do, rollback: {rollback}, rollback_on: started", folder)

    assert task.options.rollback_on == "started"
    assert task.rollback == RollbackSpec(
        executor="process",
        function="etl.undo",
        timeout=60.0,
        retry=RetryPolicy(retries=2, delay=1.0),
        grace=3.0,
        env={"FOR": "${{ tasks.a.result }}"},
    )


@pytest.mark.parametrize(
    ("task", "executor"),
    [
        ("function: m.f, rollback: m.undo", "process"),
        ("function: m.f, executor: thread, rollback: m.undo", "thread"),
        ("function: m.f, executor: async, rollback: m.undo", "thread"),
        ("command: x, rollback: m.undo", "process"),
        ("command: x, rollback: {command: y}", "shell"),
        ("function: m.f, rollback: {command: [y, z]}", "shell"),
    ],
)
def test_what_runs_a_rollback(folder: Path, task: str, executor: str) -> None:
    rollback = task_of(task, folder).rollback

    assert rollback is not None
    assert rollback.executor == executor


def test_every_key_of_handlers(folder: Path) -> None:
    plan = plan_of(
        """
        env: {A: x, B: x}
        handlers:
          always: {command: [say, "${{ run.state }}"]}
          failure: {function: m.f, timeout: 5, grace: 1, env: {B: "${{ tasks.t.result }}"}}
          success: m.g
        tasks: [{name: t, command: x}]
        """,
        folder,
    )

    env = {"A": "x", "B": "x"}
    options = TaskOptions(executor="process", timeout=60.0, env=env, cwd=str(folder))
    assert plan.handlers == [
        TaskSpec(name="handler:success", function="m.g", depends_on=("run",), options=options),
        TaskSpec(
            name="handler:failure",
            function="m.f",
            depends_on=("run",),
            options=msgspec.structs.replace(
                options, timeout=5.0, grace=1.0, env=env | {"B": "${{ tasks.t.result }}"}
            ),
        ),
        TaskSpec(
            name="handler:always",
            kind="command",
            command=("say", "${{ run.state }}"),
            depends_on=("run",),
            options=msgspec.structs.replace(options, executor="shell"),
        ),
    ]


def test_python_says_the_same_of_handlers(folder: Path) -> None:
    handlers: dict[str, Any] = {
        "failure": {"function": "m.f", "timeout": "5s", "env": {"A": "y"}},
        "cancel": {"command": "x ${{ run.failed }}", "grace": 1},
        "always": "m.g",
    }
    head: dict[str, Any] = {"env": {"A": "x", "B": "x"}, "handlers": handlers}
    flow = Flow("nightly", [Task(name="t", command="x")], **head)
    written = {**head, "tasks": [{"name": "t", "command": "x"}]}

    plan = plan_of(json.dumps(written), folder, "flow.json")

    assert plan.handlers == flow.plan(executor="process", cwd=str(folder)).handlers
