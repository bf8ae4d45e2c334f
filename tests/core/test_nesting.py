"""Tasks inside of tasks: their names, their edges, and how a plan grows."""

from taskflow_core.plan import ForEach, Plan, SubFlow, TaskSpec

SUB = SubFlow(name="sub")
AROUND = Plan.of(
    name="nested",
    tasks=[
        TaskSpec(name="before"),
        TaskSpec(name="sub", kind="flow", subflow=SUB, depends_on=("before",)),
        TaskSpec(name="sub/first", parent="sub"),
        TaskSpec(name="sub/second", parent="sub", depends_on=("sub/first",)),
        TaskSpec(name="map", foreach=ForEach("params.files"), depends_on=("sub",)),
        TaskSpec(name="after", depends_on=("map",)),
    ],
)
MAPPED_FLOW = Plan.of(
    name="regions",
    tasks=[
        TaskSpec(name="list"),
        TaskSpec(
            name="region",
            kind="flow",
            subflow=SUB,
            foreach=ForEach("tasks.list.result"),
            depends_on=("list",),
        ),
    ],
    templates=[
        TaskSpec(name="region[]/fetch", parent="region[]"),
        TaskSpec(
            name="region[]/load",
            parent="region[]",
            depends_on=("region[]/fetch",),
            foreach=ForEach("tasks.fetch.result"),
        ),
    ],
)


def edges(plan: Plan) -> set[tuple[str, str]]:
    names = [spec.name for spec in plan.tasks]
    found = {(names[u], names[n]) for n, upstream in enumerate(plan.upstream) for u in upstream}
    assert found == {
        (names[n], names[d]) for n, downstream in enumerate(plan.downstream) for d in downstream
    }
    return found


def test_a_container_comes_after_its_children_and_they_after_what_it_waits_for() -> None:
    assert edges(AROUND) == {
        ("before", "sub/first"),
        ("sub/first", "sub/second"),
        ("sub/second", "sub"),
        ("sub", "map"),
        ("map", "after"),
    }


def test_a_mapped_task_gets_its_children_in_a_copy_of_the_plan() -> None:
    plan = AROUND.own()
    new = plan.grow(plan.number_of("map"), 2)

    assert [plan.tasks[number].name for number in new] == ["map[0]", "map[1]"]
    assert edges(plan) - edges(AROUND) == {
        ("sub", "map[0]"),
        ("sub", "map[1]"),
        ("map[0]", "map"),
        ("map[1]", "map"),
    }
    assert len(AROUND.tasks) == 6
    assert plan.grow(plan.number_of("map"), 2) == []
    assert sorted(plan.order) == list(range(8))


def test_the_copies_of_a_mapped_sub_flow_grow_themselves() -> None:
    plan = MAPPED_FLOW.own()
    plan.grow(plan.number_of("region"), 2)
    plan.grow(plan.number_of("region[1]/load"), 1)

    assert [spec.name for spec in plan.tasks[2:]] == [
        "region[0]", "region[0]/fetch", "region[0]/load",
        "region[1]", "region[1]/fetch", "region[1]/load", "region[1]/load[0]",
    ]  # fmt: skip
    assert {
        ("list", "region[1]/fetch"),
        ("region[1]/fetch", "region[1]/load[0]"),
        ("region[1]/load[0]", "region[1]/load"),
        ("region[1]/load", "region[1]"),
        ("region[1]", "region"),
    } <= edges(plan)
    child = plan.number_of("region[1]/load[0]")
    assert plan.nesting.local_name(child) == "load[0]"
    assert plan.nesting.code(child).name == "region[]/load"
    assert plan.nesting.scope(child) == plan.number_of("region[1]")
    assert plan.nesting.scope(plan.number_of("region[1]")) is None
