"""A task may be another flow file: its tasks are put into the plan, and its problems reported."""

import itertools
from pathlib import Path

import pytest

import taskflow_core.inlining as inlining
from taskflow_core.errors import FlowFileError, NotTrustedError, Problem
from taskflow_core.loader import Loaded, load_plan
from taskflow_core.params import Param
from taskflow_core.plan import ForEach, Plan, SubFlow, TaskSpec

PUBLISH = """
name: Publish it
params: { day: { type: date, default: today }, target: str }
env: { DAY: "${{ params.day }}" }
defaults: { retry: 2, group: web }
pools: { db: 2 }
max_parallel: 3
tasks:
  - { name: build, command: "make ${{ params.target }}" }
  - { name: send, command: "send ${{ tasks.build.result }}", depends_on: build, pool: db }
"""


class Folder:
    """A folder with flow files."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, **files: str) -> None:
        """Write flow files; `a__b` is b.yaml in the folder a."""
        for name, text in files.items():
            file = self.path / f"{name.replace('__', '/')}.yaml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def load(self, tasks: str, *, trusted: bool = False, top: str = "") -> Loaded:
        """Return the flow with these tasks, each written as an item."""
        (self.path / "outer.yaml").write_text(f"{top}tasks:\n{tasks}")
        return load_plan(self.path / "outer.yaml", trusted=trusted)

    def plan(self, tasks: str, *, trusted: bool = False) -> Plan:
        loaded = self.load(tasks, trusted=trusted)
        assert loaded.warnings == ()
        return loaded.plan

    def problems(self, tasks: str, *, trusted: bool = False) -> list[str]:
        """Return what is wrong, each with its place; files as seen from the folder."""
        with pytest.raises(FlowFileError) as caught:
            self.load(tasks, trusted=trusted)
        return [self.shown(problem) for problem in caught.value.problems]

    def shown(self, problem: Problem) -> str:
        return str(problem).replace(f"{self.path}/", "")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def by_name(plan: Plan) -> dict[str, TaskSpec]:
    return {spec.name: spec for spec in (*plan.tasks, *plan.templates)}


# --- what becomes of it ------------------------------------------------------------------------


def test_its_tasks_are_in_the_plan_each_with_what_its_own_file_says(folder: Folder) -> None:
    folder.write(web__publish=PUBLISH)

    plan = folder.plan("- { name: out, flow: web/publish.yaml, params: { target: all } }\n")

    tasks = by_name(plan)
    assert list(tasks) == ["out", "out/build", "out/send"]
    assert tasks["out"].subflow == SubFlow(
        name="Publish it",
        source=str(folder.path / "web" / "publish.yaml"),
        params={"day": Param(type="date", default="today"), "target": Param(default="str")},
        given={"target": "all"},
        max_parallel=3,
    )
    assert (tasks["out"].kind, tasks["out"].max_parallel) == ("flow", 3)
    send = tasks["out/send"]
    assert (send.parent, send.depends_on, send.group) == ("out", ("out/build",), "web")
    assert (send.options.env, send.options.retry.retries) == ({"DAY": "${{ params.day }}"}, 2)
    assert send.options.cwd == str(folder.path / "web")
    assert send.options.pool == "out/db"
    assert plan.pools == {"out/db": 2}


def test_it_starts_after_what_its_container_waits_for_and_others_after_it(folder: Folder) -> None:
    folder.write(publish=PUBLISH)

    plan = folder.plan(
        "- { name: test, command: x }\n"
        "- { name: out, flow: publish.yaml, params: { target: all }, depends_on: test }\n"
        "- { name: tell, command: x, depends_on: out }\n"
    )

    names = [spec.name for spec in plan.tasks]
    upstream = {name: [names[n] for n in plan.upstream[i]] for i, name in enumerate(names)}
    assert upstream["out/build"] == ["test"]
    assert upstream["out"] == ["out/send"]
    assert upstream["tell"] == ["out"]


def test_a_mapped_one_has_templates_in_place_of_tasks(folder: Folder) -> None:
    folder.write(publish=PUBLISH)

    plan = folder.plan(
        "- name: out\n"
        "  flow: publish.yaml\n"
        '  foreach: ${{ ["a", "b"] }}\n'
        "  max_parallel: 5\n"
        '  params: { target: "${{ item }}-${{ index }}" }\n'
    )

    (out,) = plan.tasks
    assert (out.foreach, out.max_parallel) == (ForEach('["a", "b"]'), 5)
    assert [(spec.name, spec.parent) for spec in plan.templates] == [
        ("out[]/build", "out[]"),
        ("out[]/send", "out[]"),
    ]
    assert plan.templates[1].depends_on == ("out[]/build",)
    assert plan.templates[1].options.pool == "out/db"


def test_each_copy_has_the_limit_of_the_file_and_all_together_that_of_the_task(
    folder: Folder,
) -> None:
    folder.write(publish=PUBLISH)
    keys = "flow: publish.yaml, foreach: [1, 2], params: { target: x }"
    plan = folder.plan(f"- {{ name: out, {keys} }}\n").own()

    plan.grow(0, 1)

    assert plan.tasks[0].max_parallel is None
    assert plan.tasks[plan.number_of("out[0]")].max_parallel == 3


def test_the_task_itself_has_the_last_word_on_how_many_run_at_once(folder: Folder) -> None:
    folder.write(publish=PUBLISH)

    keys = "flow: publish.yaml, max_parallel: 1, params: { target: x }"
    plan = folder.plan(f"- {{ name: out, {keys} }}\n")

    assert plan.tasks[0].max_parallel == 1


def test_flows_in_flows_in_flows(folder: Folder) -> None:
    folder.write(
        a__one=(
            "tasks:\n- {name: x, flow: ../b/two.yaml}\n"
            "- {name: y, flow: ../b/two.yaml, foreach: [1]}\n"
        ),
        b__two=(
            "pools: {p: 1}\ntasks:\n- {name: z, flow: three.yaml, foreach: [1]}\n"
            "- {name: w, command: x, pool: p}\n"
        ),
        b__three="tasks: [{name: deep, command: x}]",
    )

    plan = folder.plan("- { name: o, flow: a/one.yaml }\n")

    assert [spec.name for spec in plan.tasks] == ["o", "o/x", "o/x/z", "o/x/w", "o/y"]
    assert {spec.name: spec.parent for spec in plan.templates} == {
        "o/x/z[]/deep": "o/x/z[]",
        "o/y[]/z": "o/y[]",
        "o/y[]/w": "o/y[]",
        "o/y[]/z[]/deep": "o/y[]/z[]",
    }
    assert plan.pools == {"o/x/p": 1, "o/y/p": 1}
    assert by_name(plan)["o/y[]/w"].options.pool == "o/y/p"
    grown = plan.own()
    grown.grow(grown.number_of("o/y"), 1)
    grown.grow(grown.number_of("o/y[0]/z"), 2)
    deep = grown.number_of("o/y[0]/z[1]/deep")
    assert grown.home(deep) == (str(folder.path / "b" / "three.yaml"), None, "deep")
    assert grown.home(grown.number_of("o/y[0]/w")).task == "w"


def test_the_plan_survives_being_written(folder: Folder) -> None:
    folder.write(publish=PUBLISH)
    plan = folder.plan(
        "- { name: a, flow: publish.yaml, params: { target: x } }\n"
        "- { name: b, flow: publish.yaml, foreach: [1], params: { target: x, day: 2026-01-31 } }\n"
        "- { name: c, approve: { prompt: ok?, fields: { note: str } } }\n"
        "- { name: d, wait: { until: '18:30' } }\n"
    )

    assert Plan.from_json(plan.to_json()) == plan
    assert Plan.unpack(plan.packed) == plan


def test_a_file_that_is_used_twice_is_read_once(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    whole = Path.open

    def opened(path: Path, *args: object, **more: object) -> object:
        read.append(path.name)
        return whole(path, *args, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", opened)
    folder.write(once="tasks: [{name: a, command: x}]", twice="tasks: [{name: b, flow: once.yaml}]")

    plan = folder.plan(
        "- { name: p, flow: once.yaml }\n- { name: q, flow: once.yaml }\n"
        "- { name: r, flow: twice.yaml }\n"
    )

    assert [spec.name for spec in plan.tasks] == ["p", "p/a", "q", "q/a", "r", "r/b", "r/b/a"]
    assert sorted(read[-3:]) == ["once.yaml", "outer.yaml", "twice.yaml"]


def test_json_and_yaml_may_have_each_other(folder: Folder) -> None:
    (folder.path / "a.json").write_text('{"tasks": [{"name": "a", "flow": "b.yml"}]}')
    (folder.path / "b.yml").write_text("tasks: [{name: b, command: x}]")

    plan = folder.plan("- { name: o, flow: a.json }\n")

    assert [spec.name for spec in plan.tasks] == ["o", "o/a", "o/a/b"]


def test_files_are_found_from_the_real_file_behind_a_link(folder: Folder) -> None:
    folder.write(real__inner="tasks: [{name: a, command: x}]")
    folder.write(real__outer="tasks: [{name: o, flow: inner.yaml}]")
    (folder.path / "link.yaml").symlink_to(folder.path / "real" / "outer.yaml")

    assert len(load_plan(folder.path / "link.yaml").plan.tasks) == 2


# --- what it is given --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            "{ tagret: all, target: x }",
            "outer.yaml:4:13: the sub-flow has no parameter 'tagret'",
        ),
        ("{}", "outer.yaml:3:9: parameter 'target' of the sub-flow has no value"),
        (
            "{ target: x, day: 2026-13-01 }",
            "outer.yaml:4:29: parameter 'day' of the sub-flow is no date: '2026-13-01': "
            "month must be in 1..12",
        ),
        (
            "{ target: [x] }",
            "outer.yaml:4:21: parameter 'target' of the sub-flow must be text, not ['x']",
        ),
        (
            '{ target: "${{ params.gone }}" }',
            "outer.yaml:4:26: there is no parameter 'gone'",
        ),
        (
            '{ target: "${{ item }}" }',
            "outer.yaml:4:26: `item` exists only in a task with `foreach`",
        ),
        (
            '{ target: x, "${{ params.x }}": 1 }',
            "outer.yaml:4:25: the name of a parameter cannot hold an expression: it is settled "
            "before anything runs",
        ),
    ],
)
def test_what_it_is_given_is_checked_where_it_is_given(
    given: str, problem: str, folder: Folder
) -> None:
    folder.write(publish=PUBLISH.replace("target: str", "target: { type: str }"))

    problems = folder.problems(f"- name: out\n  flow: publish.yaml\n  params: {given}\n")

    assert problems[0] == problem


def test_values_that_are_computed_are_not_judged(folder: Folder) -> None:
    folder.write(publish=PUBLISH)

    folder.plan(
        "- { name: a, command: x }\n"
        "- name: out\n"
        "  flow: publish.yaml\n"
        '  params: { target: [], day: "${{ tasks.a.result }}" }\n'
        "  depends_on: a\n".replace("[]", "x")
    )


def test_of_a_parameter_that_is_wrong_itself_nothing_more_is_said(folder: Folder) -> None:
    folder.write(inner="params: { n: { type: int, min: x } }\ntasks: []")

    problems = folder.problems("- { name: a, flow: inner.yaml, params: { n: 3 } }\n")

    assert problems == ["inner.yaml:1:32: parameter 'n': `min` must be a whole number, not 'x'"]


# --- what is wrong -----------------------------------------------------------------------------


def test_everything_wrong_in_all_files_is_reported_at_once_each_in_its_own(
    folder: Folder,
) -> None:
    folder.write(
        a="tasks:\n- { name: x, comand: y }\n- { name: z, flow: sub/b.yaml }\n",
        sub__b="tasks: [{name: w, command: x, depends_on: v}]",
    )

    problems = folder.problems("- { name: one, flow: a.yaml }\n- { name: two }\n")

    assert [text.partition(": ")[0] for text in problems] == [
        "outer.yaml:3:11",
        "a.yaml:2:11",
        "a.yaml:2:14",
        "sub/b.yaml:1:43",
    ]


def test_a_file_that_cannot_be_read_is_reported_at_the_task(folder: Folder) -> None:
    folder.write(publish=PUBLISH)

    (problem,) = folder.problems("- name: one\n  flow: pubish.yaml\n")

    assert problem == "outer.yaml:3:9: there is no file 'pubish.yaml'"


def test_what_is_in_a_file_is_reported_there(folder: Folder) -> None:
    (folder.path / "latin.yaml").write_bytes(b"tasks: []\nname: caf\xe9\n")
    folder.write(broken="tasks: [\n", empty="")

    problems = folder.problems(
        "- { name: a, flow: latin.yaml }\n- { name: b, flow: broken.yaml }\n"
        "- { name: c, flow: empty.yaml }\n- { name: d, flow: empty.yaml }\n"
    )

    assert problems == [
        "latin.yaml:2:10: byte 0xE9 is not UTF-8",
        "broken.yaml:1:8: `[` is never closed",
        "empty.yaml: the file is empty",
    ]


def test_cycles_of_files_are_printed_where_they_close(folder: Folder) -> None:
    folder.write(
        a="tasks: [{name: x, flow: sub/b.yaml}]",
        sub__b="tasks:\n- {name: y, flow: ../a.yaml}\n- {name: z, flow: b.yaml}\n",
    )

    problems = folder.problems("- { name: one, flow: a.yaml }\n")

    assert problems == [
        "sub/b.yaml:2:19: the flows form a cycle: a.yaml → sub/b.yaml → a.yaml",
        "sub/b.yaml:3:19: the flows form a cycle: b.yaml → b.yaml",
    ]


def test_a_cycle_through_the_first_file_is_one_too(folder: Folder) -> None:
    folder.write(a="tasks: [{name: x, flow: outer.yaml}]")

    problems = folder.problems("- { name: one, flow: a.yaml }\n")

    assert problems == ["a.yaml:1:25: the flows form a cycle: outer.yaml → a.yaml → outer.yaml"]


def nested(folder: Folder, depth: int) -> None:
    """Write a chain of so many flow files, the last of which has a command."""
    names = [f"f{n}" for n in range(depth)]
    for name, inner in itertools.pairwise(names):
        folder.write(**{name: f"tasks: [{{name: x, flow: {inner}.yaml}}]"})
    folder.write(**{names[-1]: "tasks: [{name: x, command: y}]"})


def test_as_many_flows_inside_of_each_other_as_anybody_needs(folder: Folder) -> None:
    nested(folder, inlining.DEEPEST - 1)

    assert len(folder.plan("- { name: o, flow: f0.yaml }\n").tasks) == inlining.DEEPEST


def test_but_not_without_end(folder: Folder) -> None:
    nested(folder, inlining.DEEPEST)
    last = f"f{inlining.DEEPEST - 2}.yaml"

    assert folder.problems("- { name: o, flow: f0.yaml }\n") == [
        f"{last}:1:25: flows are inside of each other more than 16 deep"
    ]


def test_a_file_read_before_is_as_deep_as_where_it_is_now(folder: Folder) -> None:
    nested(folder, inlining.DEEPEST - 1)
    folder.write(more="tasks: [{name: x, flow: f0.yaml}]")

    problems = folder.problems("- { name: o, flow: f0.yaml }\n- { name: p, flow: more.yaml }\n")

    assert problems == ["more.yaml:1:25: flows are inside of each other more than 16 deep"]


def test_tasks_do_not_multiply_without_end(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inlining, "MOST_TASKS", 100)
    ten = "".join(f"- {{ name: t{n}, flow: INNER.yaml }}\n" for n in range(10))
    folder.write(
        a="tasks:\n" + ten.replace("INNER", "b"), b="tasks:\n" + "- { name: x, command: y }\n"
    )

    problems = folder.problems("".join(f"- {{ name: a{n}, flow: a.yaml }}\n" for n in range(5)))

    assert problems == [
        "outer.yaml:6:21: with its sub-flows the flow has 105 tasks; at most 100 are run"
    ]


def test_a_pool_of_the_outer_flow_is_not_there_inside(folder: Folder) -> None:
    folder.write(inner="tasks: [{name: x, command: y, pool: db}]")

    with pytest.raises(FlowFileError) as caught:
        folder.load("- { name: o, flow: inner.yaml }\n", top="pools: { db: 1 }\n")

    assert "inner.yaml:1:37: there is no pool 'db'" in [
        folder.shown(problem) for problem in caught.value.problems
    ]


def test_names_of_the_outer_flow_are_not_there_inside(folder: Folder) -> None:
    folder.write(inner='tasks: [{name: x, command: "${{ tasks.a.result }} ${{ params.p }}"}]')

    with pytest.raises(FlowFileError) as caught:
        folder.load(
            "- { name: a, command: x }\n- { name: o, flow: inner.yaml, depends_on: a }\n",
            top="params: { p: 1 }\n",
        )

    assert [problem.message for problem in caught.value.problems[-2:]] == [
        "there is no task 'a'",
        "there is no parameter 'p'",
    ]


def test_tasks_inside_are_no_names_outside(folder: Folder) -> None:
    folder.write(publish=PUBLISH)

    problems = folder.problems(
        "- { name: out, flow: publish.yaml, params: { target: x } }\n"
        "- { name: a, command: x, depends_on: out/send }\n"
        "- { name: b, command: \"${{ tasks['out/send'].result }}\", depends_on: out }\n"
    )

    assert [text.partition(": ")[2] for text in problems] == [
        "there is no task 'out/send'",
        "there is no task 'out/send'",
    ]


def test_what_only_a_run_of_the_flow_itself_goes_by_is_warned_of(folder: Folder) -> None:
    folder.write(inner="timeout: 1h\non_failure: stop\ntasks: []")

    warnings = folder.load("- { name: o, flow: inner.yaml }\n").warnings

    assert [folder.shown(each) for each in warnings] == [
        "inner.yaml:1:1: `timeout` has no effect where this flow is a part of another",
        "inner.yaml:2:1: `on_failure` has no effect where this flow is a part of another",
    ]
    assert load_plan(folder.path / "inner.yaml").warnings == ()


def test_warnings_of_all_files_are_kept(folder: Folder) -> None:
    folder.write(inner="params: { p: 1 }\ntasks: []")

    warnings = folder.load("- { name: o, flow: inner.yaml }\n", top="pools: { db: 1 }\n").warnings

    assert [folder.shown(each) for each in warnings] == [
        "outer.yaml:1:10: no task uses pool 'db'",
        "inner.yaml:1:11: nothing uses parameter 'p'",
    ]


# --- functions, and Python files ---------------------------------------------------------------

STEPS = "def f(x): return x\ndef g(ctx, f): return f\ndef h(item, index, other): ...\n"
FLOW = """
from taskflow_core import Flow, Task, task
@task
def get(day): return day
@task(depends_on=get)
def put(ctx, get): return get
deep = Flow("deep", [get, put], params={"day": "today"})
both = Flow("Both", [Task(flow=deep, name="one"), Task(flow=deep, name="each", foreach=[1])])
"""


def test_functions_are_looked_up_next_to_their_own_file(folder: Folder) -> None:
    folder.write(
        sub__inner=(
            "tasks:\n- {name: f, function: steps.f, args: [1]}\n"
            "- {name: g, function: steps.g, depends_on: f}\n"
        )
    )
    (folder.path / "sub" / "steps.py").write_text(STEPS)

    plan = folder.plan("- { name: o, flow: sub/inner.yaml }\n", trusted=True)

    assert [spec.takes_context for spec in plan.tasks] == [False, False, True]
    assert plan.home(1).folder == str(folder.path / "sub")


def test_arguments_that_nothing_fills_are_reported_in_their_own_file(folder: Folder) -> None:
    folder.write(sub__inner="tasks: [{name: f, function: steps.f}]")
    (folder.path / "sub" / "steps.py").write_text(STEPS)

    problems = folder.problems("- { name: o, flow: sub/inner.yaml }\n", trusted=True)

    assert problems == ["sub/inner.yaml:1:29: nothing fills 'x' of f(x)"]


def test_a_mapped_function_is_filled_with_its_item(folder: Folder) -> None:
    (folder.path / "steps.py").write_text(STEPS)

    folder.plan("- { name: a, function: steps.f, foreach: [1] }\n", trusted=True)
    problems = folder.problems(
        "- { name: a, function: steps.h, foreach: [1], args: [2, 3, 4, 5] }\n", trusted=True
    )

    assert problems == ["outer.yaml:2:24: a(item, index, other) takes no argument 5"]


def test_a_python_file_needs_trust(folder: Folder) -> None:
    (folder.path / "etl.py").write_text("open('executed', 'w')\n" + FLOW)
    task = "- { name: o, flow: 'etl.py:deep' }\n"

    with pytest.raises(NotTrustedError) as caught:
        folder.load(task)

    assert str(caught.value) == (
        f"'{folder.path}/etl.py' is Python: it has to be executed to be read"
    )
    assert [folder.shown(each) for each in caught.value.problems] == [
        "outer.yaml:2:20: 'etl.py' is Python: it has to be executed to be read"
    ]
    assert not (folder.path / "executed").exists()
    assert folder.problems(f"{task}- {{ name: b }}\n") == [
        "outer.yaml:2:20: 'etl.py' is Python: it has to be executed to be read",
        "outer.yaml:3:11: a task needs one of `function`, `command`, `script`, `flow`, `approve` "
        "and `wait`",
    ]


def test_the_flow_of_a_python_file(folder: Folder) -> None:
    (folder.path / "py").mkdir()
    (folder.path / "py" / "etl.py").write_text(FLOW)

    plan = folder.plan("- { name: o, flow: 'py/etl.py:both' }\n", trusted=True)

    etl = str(folder.path / "py" / "etl.py")
    assert [spec.name for spec in (*plan.tasks, *plan.templates)] == [
        "o", "o/one", "o/one/get", "o/one/put", "o/each", "o/each[]/get", "o/each[]/put",
    ]  # fmt: skip
    assert plan.tasks[0].subflow == SubFlow(name="Both", source=etl, flow_name="both")
    assert plan.home(plan.number_of("o/one/put")) == (etl, "both", "one/put")
    assert [spec.takes_context for spec in plan.templates] == [False, True]
    plan = plan.own()
    plan.grow(plan.number_of("o/each"), 1)
    assert plan.home(plan.number_of("o/each[0]/put")) == (etl, "both", "each/put")


def test_what_is_wrong_in_a_python_file_is_reported_there(folder: Folder) -> None:
    (folder.path / "etl.py").write_text(FLOW.replace("def get(day)", "def get(dya)"))

    problems = folder.problems("- { name: o, flow: 'etl.py:both' }\n", trusted=True)

    assert problems == [
        "etl.py:3:1: nothing fills 'dya' of one/get(dya)",
        "etl.py:3:1: nothing fills 'dya' of each[]/get(dya)",
    ]
    assert folder.problems("- { name: o, flow: 'etl.py:bth' }\n", trusted=True) == [
        "etl.py: no flow is called 'bth'"
    ]


def test_cycles_go_through_python_files_too(folder: Folder) -> None:
    (folder.path / "etl.py").write_text(
        "from taskflow_core import Flow, Task\n"
        "flow = Flow('x', [Task(flow='outer.yaml', name='again')])\n"
    )

    problems = folder.problems("- { name: o, flow: etl.py }\n", trusted=True)

    assert problems == ["etl.py: the flows form a cycle: outer.yaml → etl.py → outer.yaml"]


def test_nothing_is_left_behind_in_the_folders(folder: Folder) -> None:
    (folder.path / "etl.py").write_text(FLOW)

    folder.plan("- { name: o, flow: 'etl.py:deep' }\n", trusted=True)

    assert sorted(file.name for file in folder.path.iterdir()) == ["etl.py", "outer.yaml"]
