"""Rows of containers: in which order, below whom, and beside which lanes, folded or not."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from taskflow_core.export.lane_drawing import draw_row, whole_gutter
from taskflow_core.export.lanes import lay_out_rows
from taskflow_core.plan import ForEach, Plan, SubFlow, TaskSpec
from taskflow_core.state import Expansion, RunState
from taskflow_core.state.counting import counted
from taskflow_core.statuses import TaskStatus
from taskflow_tui.tallies import Tallies
from taskflow_tui.task_tree import TaskTree
from tests.core.reading_pictures import lane_edges

Edges = set[tuple[int, int]]
KINDS = ("task", "mapped", "flow")


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans of mapped tasks, which have grown, and of sub-flows in each other."""
    tasks: list[TaskSpec] = []
    _scope(draw, tasks, None, 2)
    plan = Plan.of(name="f", tasks=tasks).own()
    for number in [n for n, spec in enumerate(tasks) if spec.foreach is not None]:
        plan.grow(number, draw(st.integers(0, 3)))
    return plan


def _scope(draw: st.DrawFn, tasks: list[TaskSpec], parent: str | None, levels: int) -> None:
    begin = "" if parent is None else f"{parent}/"
    names: list[str] = []
    for place in range(draw(st.integers(1, 4))):
        name, kind = f"{begin}t{place}", draw(st.sampled_from(KINDS if levels else KINDS[:2]))
        needs = draw(st.lists(st.sampled_from(names), unique=True)) if names else []
        is_flow = kind == "flow"
        tasks.append(
            TaskSpec(
                name=name,
                parent=parent,
                depends_on=tuple(needs),
                kind="flow" if is_flow else "function",
                subflow=SubFlow(name=name) if is_flow else None,
                foreach=ForEach("x") if kind == "mapped" else None,
            )
        )
        names.append(name)
        if is_flow:
            _scope(draw, tasks, name, levels - 1)


def folded(tree: TaskTree, plan: Plan, data: st.DataObject) -> TaskTree:
    for number in plan.nesting.children:
        tree.fold(number, data.draw(st.booleans()))
    return tree


def written_edges(plan: Plan) -> Edges:
    """Return every dependency as the flow says it; copies of a mapped task have none."""
    copies = {n for n in range(len(plan.tasks)) if plan.nesting.is_copy(n)}
    return {
        (plan.index[other], number)
        for number, spec in enumerate(plan.tasks)
        for other in spec.depends_on
        if number not in copies
    }


@given(plans(), st.data())
def test_the_lanes_show_exactly_the_dependencies_of_what_is_visible(
    plan: Plan, data: st.DataObject
) -> None:
    tree = folded(TaskTree(plan), plan, data)
    rows = tree.rows()

    layout = lay_out_rows(rows, tree.after(rows), reduced=False)
    gutter = whole_gutter(layout)
    drawing = "".join(draw_row(layout, row, gutter).text + "\n" for row in range(len(rows)))

    seen = {(rows[u], rows[v]) for u, v in lane_edges(drawing)}
    assert seen == {edge for edge in written_edges(plan) if {*edge} <= {*rows}}


@given(plans(), st.data())
def test_no_dependency_of_what_is_visible_is_lost_by_folding(
    plan: Plan, data: st.DataObject
) -> None:
    rows = {*folded(TaskTree(plan), plan, data).rows()}

    for upstream, number in written_edges(plan):
        assert (upstream in rows) == (number in rows)


@given(plans(), st.data())
def test_children_stand_right_below_their_container_and_after_what_they_need(
    plan: Plan, data: st.DataObject
) -> None:
    tree = folded(TaskTree(plan), plan, data)
    rows = tree.rows()
    place = {number: row for row, number in enumerate(rows)}

    assert all(place[u] < place[v] for u, v in written_edges(plan) if u in place and v in place)
    for container in plan.nesting.children:
        inside = [row for row, n in enumerate(rows) if container in tree.around(n)]
        if container in place and not tree.is_folded(container):
            assert inside == [*range(place[container] + 1, place[container] + 1 + len(inside))]
        else:
            assert not inside
    assert sorted(tree.everything()) == [*range(len(plan.tasks))]


@given(plans())
def test_rows_that_were_there_keep_their_order_when_the_plan_grows(plan: Plan) -> None:
    tree = TaskTree(plan)
    before = tree.rows()

    for number in [n for n, spec in enumerate(plan.tasks) if spec.foreach is not None]:
        plan.grow(number, 5)

    assert [number for number in tree.rows() if number in {*before}] == before


def test_a_dependency_on_what_is_folded_leads_to_its_container() -> None:
    tasks = [
        TaskSpec(name="a", kind="flow", subflow=SubFlow(name="a")),
        TaskSpec(name="a/x", parent="a"),
        TaskSpec(name="b", depends_on=("a",)),
    ]
    plan = Plan.of(name="f", tasks=tasks)
    tree = TaskTree(plan)

    tree.fold(0, True)

    assert tree.rows() == [0, 2]
    assert tree.after([0, 2]) == [(2,), ()]


@given(plans(), st.data())
def test_a_tally_kept_up_to_date_is_the_one_that_is_made_afresh(
    plan: Plan, data: st.DataObject
) -> None:
    state = RunState(plan)
    kept = Tallies(state)

    for _ in range(data.draw(st.integers(0, 12))):
        number = data.draw(st.integers(0, len(state.tasks) - 1))
        _change(state, number, data)
        kept.touch([number])

    afresh = Tallies(state)
    assert kept.counts == afresh.counts == counted(state)
    assert [*map(kept.status, range(len(state.tasks)))] == [
        *map(afresh.status, range(len(state.tasks)))
    ]
    for number in state.plan.nesting.children:
        mine, theirs = kept.of(number), afresh.of(number)
        assert mine is not None
        assert theirs is not None
        assert +mine.states == +theirs.states


def _change(state: RunState, number: int, data: st.DataObject) -> None:
    """Bring a task into any state; a mapped task may open, and get children by that."""
    is_container = state.plan.tasks[number].has_children
    if is_container and data.draw(st.booleans()):
        if state.plan.tasks[number].foreach is not None:
            state.grow(number, data.draw(st.integers(0, 4)))
        state.move(state.tasks[number], TaskStatus.WAITING, "children")
        state.tasks[number].expansion = Expansion(0)
        return
    state.move(state.tasks[number], data.draw(st.sampled_from([*TaskStatus])))


def test_the_worst_inside_of_an_open_container_is_what_it_shows() -> None:
    plan = Plan.of(name="f", tasks=[TaskSpec(name="load", foreach=ForEach("x"))])
    state = RunState(plan)
    state.grow(0, 3)
    state.move(state.tasks[0], TaskStatus.WAITING, "children")
    state.tasks[0].expansion = Expansion(3)
    tallies = Tallies(state)
    shown = Counter[TaskStatus]()

    for number, status in (
        (1, TaskStatus.RUNNING),
        (2, TaskStatus.FAILED),
        (1, TaskStatus.SKIPPED),
    ):
        state.move(state.tasks[number], status)
        tallies.touch([number])
        shown[tallies.status(0)] += 1

    assert shown == {TaskStatus.RUNNING: 1, TaskStatus.FAILED: 2}
    tally = tallies.of(0)
    assert tally is not None
    assert (tally.done, tally.total, tally.failed) == (2, 3, 1)


def test_what_is_worst_deep_inside_is_seen_from_the_outermost_container() -> None:
    tasks = [
        TaskSpec(name="a", kind="flow", subflow=SubFlow(name="a")),
        TaskSpec(name="a/b", kind="flow", subflow=SubFlow(name="b"), parent="a"),
        TaskSpec(name="a/b/c", parent="a/b"),
    ]
    state = RunState(Plan.of(name="f", tasks=tasks))
    for number in (0, 1):
        state.move(state.tasks[number], TaskStatus.WAITING, "children")
        state.tasks[number].expansion = Expansion(1)
    tallies = Tallies(state)

    state.move(state.tasks[2], TaskStatus.FAILED)
    tallies.touch([2])

    assert tallies.status(0) is TaskStatus.FAILED
