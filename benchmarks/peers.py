"""How fast other tools run tasks that do next to nothing, beside ours and a loop by hand.

1,000 tasks in ten layers, three dependencies each; building counts, as with us the first run. Every
result is checked; each tool runs in turn, medians are shown. A tool that is not installed is
skipped with a word:

    pip install dask sf-hamilton taskflow doit luigi
    python -m benchmarks.engine --peers   (or: python -m benchmarks.peers [--rounds N])
"""

import argparse
import contextlib
import importlib
import importlib.metadata
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.by_hand import THREADS, Graph, by_hand, machine, work
from taskflow_core import EventBus, Flow, Task

Results = dict[str, int]


def layered() -> Graph:
    """Return ten layers of 100 tasks; each needs three of the layer before."""
    return {
        f"t{layer}_{place}": [f"t{layer - 1}_{(place + k) % 100}" for k in range(3 if layer else 0)]
        for layer in range(10)
        for place in range(100)
    }


def tool(module: str) -> Any:
    """Return a module of another tool, which may not be installed."""
    return importlib.import_module(module)


def ours(graph: Graph, *, journal: bool, executor: str = "thread") -> Results:
    """Run it as a new flow, with a subscriber."""
    tasks = [Task(work, name=n, depends_on=d, executor=executor) for n, d in graph.items()]
    bus = EventBus()
    heard: list[object] = []
    bus.subscribe(heard.append)
    with tempfile.TemporaryDirectory() as state:
        place = Path(state) if journal else None
        return dict(Flow("bench", tasks).run(bus=bus, journal=place, max_parallel=THREADS))


def dask_threads(graph: Graph) -> Results:
    """Run dask's threaded scheduler on a raw graph."""
    dask = tool("dask.threaded")
    raw = {name: (work, *needed) for name, needed in graph.items()}
    names = list(graph)
    found = dask.get(raw, names, num_workers=THREADS)
    return dict(zip(names, found, strict=True))


def hamilton(graph: Graph) -> Results:
    """Run Hamilton's driver on a module of functions; one thread, no history."""
    ad_hoc_utils, driver = tool("hamilton.ad_hoc_utils"), tool("hamilton.driver")
    functions: list[Any] = []
    for name, needed in graph.items():
        parameters = ", ".join(f"{other}: int" for other in needed)
        scope: dict[str, Any] = {"work": work}
        exec(f"def {name}({parameters}) -> int:\n    return work({', '.join(needed)})", scope)
        functions.append(scope[name])
    module = ad_hoc_utils.create_temporary_module(*functions)
    return dict(driver.Builder().with_modules(module).build().execute(list(graph)))


def openstack_taskflow(graph: Graph) -> Results:
    """Run OpenStack TaskFlow's parallel engine in threads."""
    engines, task = tool("taskflow.engines"), tool("taskflow.task")
    flow = tool("taskflow.patterns.graph_flow").Flow("bench")
    for name, needed in graph.items():
        flow.add(task.FunctorTask(_positional(len(needed)), name=name, provides=name,
                                  rebind=list(needed)))  # fmt: skip
    engine = engines.load(flow, engine="parallel", executor="threaded", max_workers=THREADS)
    engine.run()
    return {name: engine.storage.get(name) for name in graph}


def _positional(count: int) -> Callable[..., int]:
    names = ", ".join(f"a{place}" for place in range(count))
    scope: dict[str, Any] = {"work": work}
    exec(f"def call({names}): return work({names})", scope)
    call: Callable[..., int] = scope["call"]
    return call


def doit(graph: Graph) -> Results:
    """Run doit with threads; results are passed by hand, as it passes none."""
    results: Results = {}

    def act(name: str, needed: list[str]) -> None:
        results[name] = work(*[results[other] for other in needed])

    def task_all() -> Any:
        for name, needed in graph.items():
            yield {"basename": name, "actions": [(act, [name, needed])],
                   "task_dep": list(needed)}  # fmt: skip

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        config = {"dep_file": f"{folder}/doit.db", "verbosity": 0, "reporter": "zero"}
        loader = tool("doit.cmd_base").ModuleTaskLoader(
            {"task_all": task_all, "DOIT_CONFIG": config}
        )
        tool("doit.doit_cmd").DoitMain(loader).run(["run", "-n", str(THREADS), "-P", "thread"])
    return results


def luigi(graph: Graph) -> Results:
    """Run Luigi's local scheduler; results are kept in memory."""
    package = tool("luigi")
    results: Results = {}

    def requires(self: Any) -> Any:
        return [node(name=other) for other in graph[self.name]]

    def complete(self: Any) -> bool:
        return self.name in results

    def run(self: Any) -> None:
        results[self.name] = work(*[results[other] for other in graph[self.name]])

    methods = {"requires": requires, "complete": complete, "run": run}
    node: Any = type("Node", (package.Task,), {"name": package.Parameter(), **methods})
    wanted = [node(name=name) for name in graph]
    package.build(wanted, local_scheduler=True, log_level="CRITICAL", workers=1)
    return results


TOOLS: dict[str, tuple[str | None, Callable[[Graph], Results]]] = {
    "by hand": (None, by_hand),
    "TaskFlow": (None, partial(ours, journal=False)),
    "TaskFlow, journal": (None, partial(ours, journal=True)),
    "TaskFlow, inline": (None, partial(ours, journal=False, executor="inline")),
    "dask threaded": ("dask", dask_threads),
    "Hamilton": ("sf-hamilton", hamilton),
    "OpenStack TaskFlow": ("taskflow", openstack_taskflow),
    "doit": ("doit", doit),
    "Luigi": ("luigi", luigi),
}
"""What takes part, each with the package that has to be installed."""


def version(package: str | None) -> str | None:
    """Return a package's version, `-` for what is here anyway, None if it is not installed."""
    if package is None:
        return "-"
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def measure(graph: Graph, rounds: int) -> None:
    """Print tasks a second of every tool, medians, and how often ours fits into theirs."""
    print(f"{'':20} {'version':>10} {'':>17} time ÷ ours with journal")
    expected = by_hand(graph)
    spent: dict[str, list[float]] = {}
    for turn in range(rounds + 1):
        for name, (package, run) in TOOLS.items():
            if version(package) is None:
                continue
            began = time.perf_counter()
            results = run(graph)
            took = time.perf_counter() - began
            if results != expected:
                raise SystemExit(f"{name} returned something else")
            if turn:  # the first round pays for imports
                spent.setdefault(name, []).append(took)
    ours = statistics.median(spent["TaskFlow, journal"])
    for name, (package, _) in TOOLS.items():
        found = version(package)
        if found is None:
            print(f"{name:20} not installed: pip install {package}")
        else:
            took = statistics.median(spent[name])
            print(f"{name:20} {found:>10} {len(graph) / took:>9,.0f} tasks/s {took / ours:>8.1f}×")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    print(", ".join(f"{key} {value}" for key, value in machine().items()))
    measure(layered(), parser.parse_args().rounds)


if __name__ == "__main__":
    main()
