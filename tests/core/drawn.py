"""Flows to draw: one for golden pictures, others of any shape and with any text."""

from typing import cast

from hypothesis import strategies as st

from taskflow_core.plan import Plan, TaskOptions, TaskSpec
from taskflow_core.policies import TriggerRule
from taskflow_core.state import RunState
from taskflow_core.statuses import TaskStatus

NIGHTLY = Plan.of(
    name='nightly <etl> & "more"',
    description="Fetch, join, report",
    tasks=[
        TaskSpec(name="fetch eu", group="fetch", description="Fetch Europe's orders"),
        TaskSpec(name="fetch us", group="fetch", options=TaskOptions(allow_failure=True)),
        TaskSpec(
            name="join",
            depends_on=("fetch eu", "fetch us"),
            options=TaskOptions(trigger_rule="all_done"),
        ),
        TaskSpec(name="train", depends_on=("join",), when="${{ params.day > 3 }}"),
        TaskSpec(name="report", depends_on=("join", "train")),
    ],
)
"""Groups, a trigger rule, a condition, a failure that counts as none, and an implied edge."""

ENDED = {
    "fetch eu": TaskStatus.SUCCEEDED,
    "fetch us": TaskStatus.FAILED,
    "join": TaskStatus.SUCCEEDED,
    "train": TaskStatus.SKIPPED,
    "report": TaskStatus.RUNNING,
}
"""The states of NIGHTLY in the golden pictures."""

HOSTILE_TEXT = st.text(
    st.one_of(
        st.sampled_from("\"'`<>&;#%{}[]()|\\-=\n\r\t\0\x1b\x7f\u202e\u200b\u2028\ud800"),
        st.characters(),
    ),
    max_size=20,
)
"""Text that means something to the languages that pictures are written in, or to a terminal."""


def in_states(plan: Plan, states: dict[str, TaskStatus]) -> RunState:
    """Return a run of `plan` whose tasks are in these states."""
    state = RunState(plan)
    for name, status in states.items():
        state.move(state.task(name), status)
    return state


def edges_of(plan: Plan) -> list[tuple[str, str]]:
    """Return every dependency once, sorted."""
    return sorted({(other, spec.name) for spec in plan.tasks for other in spec.depends_on})


@st.composite
def plans(draw: st.DrawFn, *, most: int = 14) -> Plan:
    """Plans of up to `most` tasks in any order, often dense, with any descriptions and groups."""
    names = draw(
        st.permutations([f"t{n}" + ".x" * (n % 3) for n in range(draw(st.integers(0, most)))])
    )
    groups = draw(st.lists(HOSTILE_TEXT, min_size=1, max_size=2))
    tasks: list[TaskSpec] = []
    for place, name in enumerate(names):
        earlier = (
            draw(st.lists(st.integers(0, place - 1), unique=True, max_size=5)) if place else []
        )
        tasks.append(
            TaskSpec(
                name=name,
                depends_on=tuple(names[other] for other in earlier),
                description=draw(st.none() | HOSTILE_TEXT),
                when=draw(st.none() | HOSTILE_TEXT),
                group=draw(st.none() | st.sampled_from(groups)),
                options=TaskOptions(
                    trigger_rule=cast(
                        "TriggerRule", draw(st.sampled_from(["all_success", "one_failed"]))
                    ),
                    allow_failure=draw(st.booleans()),
                ),
            )
        )
    return Plan.of(name=draw(HOSTILE_TEXT), tasks=tasks, description=draw(HOSTILE_TEXT))


@st.composite
def runs(draw: st.DrawFn) -> tuple[Plan, RunState | None]:
    """Plans, and for some of them a run in any state."""
    plan = draw(plans())
    if draw(st.booleans()):
        return plan, None
    names = [spec.name for spec in plan.tasks]
    return plan, in_states(plan, {n: draw(st.sampled_from(list(TaskStatus))) for n in names})


def large(layers: int = 100, width: int = 100) -> Plan:
    """Return a flow of `layers` × `width` tasks, each of which needs three of layers before."""
    tasks = [
        TaskSpec(name=f"t{n}", depends_on=_needed(n, width) if n >= width else ())
        for n in range(layers * width)
    ]
    return Plan.of(name="large", tasks=tasks)


def _needed(number: int, width: int) -> tuple[str, ...]:
    layer, place = divmod(number, width)
    back = 2 if number % 7 == 0 and layer > 1 else 1
    before = {(layer - 1, place), (layer - 1, place * 7 % width), (layer - back, place * 3 % width)}
    return tuple(f"t{one * width + other}" for one, other in sorted(before))
