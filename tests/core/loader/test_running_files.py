"""What a YAML file says is what its run does, from the parameters to the results."""

import datetime as dt
import textwrap
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from taskflow_core import runs
from taskflow_core.loader import load_plan
from taskflow_core.results import load
from taskflow_core.state import RunState
from taskflow_core.statuses import RunStatus


class Ended(NamedTuple):
    """A run of a flow file that has ended."""

    state: RunState
    results: Path

    def statuses(self, *names: str) -> list[str]:
        """Return the states of tasks."""
        return [self.state.task(name).state.value for name in names]

    def result(self, name: str) -> Any:
        """Return what a task returned."""
        return load(self.results, self.state.task(name).result)


def run(folder: Path, text: str, **params: Any) -> Ended:
    """Run a flow file to its end."""
    file = folder / "flow.yaml"
    file.write_text(textwrap.dedent(text))
    plan = load_plan(file, trusted=True).plan
    state = folder / "state"
    reader = runs.open_run(runs.start(plan, state_dir=state, params=params), state)
    try:
        deadline = time.monotonic() + 30
        while not reader.state.state.is_settled:
            assert time.monotonic() < deadline, reader.state.counts
            reader.poll()
            threading.Event().wait(0.005)
        return Ended(reader.state, reader.folder.results)
    finally:
        reader.close()


def test_parameters_and_results_come_where_expressions_name_them(tmp_path: Path) -> None:
    (tmp_path / "etl.py").write_text(
        "def load(url, rows, limit, day=None): return [url, rows, limit, day]\n"
    )
    ended = run(
        tmp_path,
        """
        params:
          day: {type: date, default: 2026-01-31}
          limit: 1000
          who: it's me; exit 1
        env: {GREETING: "hello ${{ params.who }}"}
        tasks:
          - name: list-rows
            command: echo ${{ params.who }} >&2; printf '%s\\n' ${{ [params.limit, 2] }}
            output: lines
          - name: greet
            command: [printenv, GREETING]
          - name: load
            function: etl.load
            kwargs:
              url: https://example.org/${{ params.day }}
              rows: "${{ tasks.list_rows.result | map('int') | list }}"
            depends_on: [list-rows, greet]
        """,
        limit="7",
    )

    assert ended.state.state is RunStatus.SUCCEEDED
    assert ended.result("greet") == "hello it's me; exit 1"
    assert ended.result("load") == [
        "https://example.org/2026-01-31", [7, 2], 7, dt.date(2026, 1, 31)
    ]  # fmt: skip


def test_scripts_run_in_the_shell_they_name_and_say_what_their_results_are(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    ended = run(
        tmp_path,
        """
        params: {word: a b}
        defaults: {output: json}
        tasks:
          - name: in-sh
            script: |
              word=${{ params.word }}
              false || echo "[\\"$word\\"]"
          - name: in-bash
            shell: bash
            cwd: inner
            output: text
            script: |
              words=(one two)
              echo "${#words[@]} $(basename "$PWD")"
          - name: in-python
            shell: python
            env: {WORD: "${{ params.word }}"}
            script: |
              import json, os
              print(json.dumps({"word": os.environ["WORD"]}))
          - name: in-anything
            shell: [sh, -e, "{file}", extra]
            output: none
            script: echo "word=$1" >> $TASKFLOW_OUTPUT
          - name: last
            command: echo ${{ tasks.in_anything.result.word ~ tasks.in_python.result.word }}
            output: text
            depends_on: [in-anything, in-python]
        """,
    )

    assert ended.state.state is RunStatus.SUCCEEDED
    assert ended.result("in-sh") == ["a b"]
    assert ended.result("in-bash") == "2 inner"
    assert ended.result("in-python") == {"word": "a b"}
    assert ended.result("in-anything") == {"word": "extra"}
    assert ended.result("last") == "extraa b"


def test_a_script_ends_at_the_first_command_that_fails(tmp_path: Path) -> None:
    ended = run(
        tmp_path,
        """
        tasks:
          - {name: sh, script: "false\\necho on"}
          - {name: unset, script: "echo $NO_SUCH_VARIABLE"}
          - {name: bash, shell: bash, script: "false | true"}
          - {name: known, script: exit 3, success_exit_codes: [0, 3]}
        """,
    )

    assert ended.statuses("sh", "unset", "bash", "known") == [
        "FAILED", "FAILED", "FAILED", "SUCCEEDED"
    ]  # fmt: skip


def test_conditions_and_rules_decide_what_runs(tmp_path: Path) -> None:
    ended = run(
        tmp_path,
        """
        params: {mode: {choices: [fast, full], default: fast}}
        tasks:
          - {name: full-only, command: echo, when: params.mode == 'full'}
          - {name: never, command: echo, when: false}
          - {name: breaks, command: exit 1, allow_failure: true}
          - {name: broken, command: exit 1}
          - name: after
            command: echo
            when: ${{ tasks.breaks.state == 'FAILED' }}
            depends_on: breaks
          - name: clean-up
            command: echo ${{ tasks.broken.state }}
            trigger_rule: all_done
            depends_on: broken
          - {name: blocked, command: echo, depends_on: broken}
        """,
        mode="fast",
    )

    assert ended.state.state is RunStatus.FAILED
    assert ended.statuses("full-only", "never", "after") == ["SKIPPED", "SKIPPED", "SUCCEEDED"]
    assert ended.statuses("broken", "blocked") == ["FAILED", "UPSTREAM_FAILED"]
    assert ended.result("clean-up") == "FAILED"


def test_a_pool_lets_only_so_many_tasks_run_at_once(tmp_path: Path) -> None:
    ended = run(
        tmp_path,
        """
        pools: {db: 1}
        defaults: {pool: db, output: none}
        tasks:
          - {name: a, command: mkdir lock && rmdir lock}
          - {name: b, command: mkdir lock && rmdir lock}
          - {name: c, command: mkdir lock && rmdir lock}
        """,
    )

    assert ended.state.state is RunStatus.SUCCEEDED
    assert {task.options.pool for task in ended.state.plan.tasks} == {"db"}


def test_a_function_gets_parameters_by_name_and_expressions_in_its_executor(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(
        "async def wait(day, text): return [day, text]\n"
        "def call(ctx, day): return [ctx.params['day'], day]\n"
    )
    ended = run(
        tmp_path,
        """
        params: {day: monday}
        tasks:
          - name: awaited
            function: work.wait
            executor: async
            args: [friday, "${{ params.day }}!"]
          - {name: threaded, function: work.call, executor: thread}
          - {name: apart, function: work.call}
          - name: inline
            function: work.call
            executor: inline
            kwargs: {day: "${{ tasks.apart.attempt }}"}
            depends_on: apart
        """,
        day="tuesday",
    )

    assert ended.state.state is RunStatus.SUCCEEDED
    assert ended.result("awaited") == ["friday", "tuesday!"]
    assert ended.result("threaded") == ended.result("apart") == ["tuesday", "tuesday"]
    assert ended.result("inline") == ["tuesday", 1]


def test_the_variables_of_a_task_name_what_is_known_when_it_starts(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text("import os\ndef seen(): return os.environ['SEEN']\n")
    ended = run(
        tmp_path,
        """
        tasks:
          - {name: first, command: echo 'a b'}
          - name: second
            command: printenv SEEN
            env: &env {SEEN: "<${{ tasks.first.result }}> ${{ env.HOME | length > 0 }}"}
            depends_on: first
          - {name: function, function: work.seen, env: *env, depends_on: first}
        """,
    )

    assert ended.result("second") == ended.result("function") == "<a b> True"


def test_a_variable_that_has_no_value_fails_the_function_that_it_is_for(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text("def seen(): raise AssertionError\n")
    ended = run(
        tmp_path,
        """
        tasks:
          - {name: apart, function: work.seen, env: {ZERO: "${{ 1 / 0 }}"}}
        """,
    )

    assert ended.statuses("apart") == ["FAILED"]
    assert "division by zero" in (ended.state.task("apart").reason or "")


def test_sub_flows_run_with_their_own_names_modules_and_folders(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "steps.py").write_text("def f(get): return ['outer', get]\n")
    (tmp_path / "sub" / "steps.py").write_text(
        "import os\n"
        "def get(day): return day.isoformat()\n"
        "def f(ctx, get): return [ctx['get'], ctx.task, os.path.basename(os.getcwd())]\n"
    )
    (tmp_path / "sub" / "inner.yaml").write_text(
        "params: {day: {type: date, default: today}}\ntasks:\n"
        "- {name: get, function: steps.get}\n"
        "- {name: f, function: steps.f, depends_on: get}\n"
        "- {name: t, function: steps.f, depends_on: get, executor: thread}\n"
    )
    ended = run(
        tmp_path,
        """
        params: {day: {type: date, default: 2026-01-31}}
        tasks:
          - {name: sub, flow: sub/inner.yaml, params: {day: "${{ params.day }}"}}
          - name: get
            command: echo ${{ tasks.sub.result.get | replace("-", ".") }}
            depends_on: sub
          - {name: f, function: steps.f, depends_on: get}
          - name: each
            flow: sub/inner.yaml
            foreach: ["2026-02-0${{ tasks.f.result | length }}", 2026-03-01]
            params: {day: "${{ item }}"}
            depends_on: f
        """,
    )

    assert ended.state.state is RunStatus.SUCCEEDED
    assert ended.result("sub/f") == ["2026-01-31", "sub/f", "sub"]
    assert ended.result("sub/t")[:2] == ["2026-01-31", "sub/t"]
    assert ended.result("f") == ["outer", "2026.01.31"]
    assert ended.result("each[0]/f")[0] == "2026-02-02"
    assert ended.result("each[1]/f")[0] == "2026-03-01"


def test_tasks_of_python_files_are_found_however_deep_they_are(tmp_path: Path) -> None:
    (tmp_path / "etl.py").write_text(
        textwrap.dedent("""
            from pathlib import Path
            from taskflow_core import Flow, Task, task

            @task
            def get(day):
                return f"got {day}"

            def undo(result, get):
                (Path(__file__).parent / f"undone {get}").touch()

            @task(depends_on=get, rollback=undo)
            def put(get, ctx):
                return [get, ctx.task]

            deep = Flow("deep", [get, put], params={"day": "today"})
            mapped = Task(flow=deep, name="each", foreach=["x"], params={"day": "${{ item }}"})
            threads = Task(put.func, name="threads", executor="thread", rollback=undo,
                           foreach=["y"], kwargs={"get": 1})
            flow = Flow("etl", [Task(flow=deep), mapped, threads])
        """)
    )
    ended = run(
        tmp_path,
        """
        on_failure: rollback
        tasks:
          - {name: etl, flow: etl.py}
          - {name: many, flow: "etl.py:flow", foreach: [1]}
          - {name: bad, command: "false", depends_on: [etl, many]}
        """,
    )

    assert ended.state.state is RunStatus.ROLLED_BACK
    assert ended.result("etl/deep/put") == ["got today", "etl/deep/put"]
    assert ended.result("many[0]/each[0]/put") == ["got x", "many[0]/each[0]/put"]
    assert ended.result("etl/threads[0]") == [1, "etl/threads[0]"]
    undone = {file.name for file in tmp_path.iterdir() if file.name.startswith("undone")}
    assert undone == {"undone got today", "undone got x", "undone 1"}


def test_a_child_undoes_itself_by_the_name_of_its_task_and_its_item(tmp_path: Path) -> None:
    ended = run(
        tmp_path,
        """
        on_failure: rollback
        tasks:
          - name: load
            foreach: [a, b]
            command: echo made-${{ item }}
            rollback:
              command: touch ${{ tasks.load.result }}-${{ item }}-${{ index }}-$SEEN
              env: {SEEN: "${{ tasks.load.state }}"}
          - {name: bad, command: "false", depends_on: load}
        """,
    )

    assert ended.state.state is RunStatus.ROLLED_BACK
    made = {file.name for file in tmp_path.iterdir() if file.name.startswith("made")}
    assert made == {"made-a-a-0-ROLLING_BACK", "made-b-b-1-ROLLING_BACK"}


def test_waits_and_mapped_tasks_go_by_what_was_computed(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("def load(text, index): return text * (index + 1)\n")
    ended = run(
        tmp_path,
        """
        params: {pause: 1}
        tasks:
          - {name: pause, wait: {for: "${{ params.pause }}ms"}}
          - {name: long ago, wait: {until: "2026-01-0${{ params.pause }}"}}
          - {name: split, script: "echo a; echo b", output: lines, depends_on: pause}
          - {name: load, function: steps.load, foreach: tasks.split.result, depends_on: split}
          - {name: file, wait: {file: "flow.${{ 'yaml' }}"}, depends_on: load}
          - name: show
            command: echo ${{ tasks.load.result }} ${{ tasks.file.result }}
            depends_on: file
        """,
    )

    assert ended.state.state is RunStatus.SUCCEEDED
    assert ended.result("show") == f"a bb {tmp_path / 'flow.yaml'}"
