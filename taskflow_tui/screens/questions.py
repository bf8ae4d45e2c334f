"""Everything the app asks before it does something with consequences."""

from pathlib import Path

from textual.content import Content

from taskflow_core.forecast import Forecast
from taskflow_core.plan import Plan
from taskflow_core.state import RunState
from taskflow_core.statuses import SETTLED_TASKS, RunStatus, TaskStatus
from taskflow_tui.formatting import count, named, place
from taskflow_tui.planned import plan_facts
from taskflow_tui.screens.ask import Answer, Question, facts
from taskflow_tui.task_definition import work
from taskflow_tui.terminal_text import safe_text

SAFE, YES, DETACH, CANCEL = "safe", "yes", "detach", "cancel"
TASK, SKIP, SUCCEED, REJECT = "task", "skip", "succeed", "reject"
NAMED = 6
"""Tasks that a plan names at most in one place."""
_LISTED = 200
"""Tasks that the trust question names at most."""


def trust_plan(plan: Plan, folder: Path) -> Question:
    """Ask whether the tasks of `plan` may run."""
    tasks = [(safe_text(spec.name), work(spec)) for spec in plan.tasks[:_LISTED]]
    if len(plan.tasks) > _LISTED:
        tasks.append(("…", f"and {count(len(plan.tasks) - _LISTED, 'more task')}"))
    folders = dict.fromkeys(
        safe_text(place(Path(spec.options.cwd or folder))) for spec in plan.tasks
    )
    body = Content.assemble(
        "It runs code of a folder that you have not trusted yet.\n\n",
        facts([("trust", safe_text(place(folder))), ("runs in", ", ".join(list(folders)[:3]))]),
        "\n\n",
        facts(tasks),
    )
    answers = (Answer(SAFE, "n", "not now"), Answer(YES, "y", "trust this folder and launch"))
    return Question(f"Run {safe_text(plan.name)}?", body, answers)


def trust_python(path: Path) -> Question:
    """Ask whether a Python flow file may be imported, which runs it."""
    body = Content.assemble(
        "To show a Python flow its file has to be imported, which runs the code in it:\n\n",
        (safe_text(place(path)), "bold"),
        "\n\nA helper process does that, not this app. You are asked once per folder.",
    )
    answers = (Answer(SAFE, "n", "not now"), Answer(YES, "y", "trust this folder and load it"))
    return Question(f"Load {safe_text(path.name)}?", body, answers)


def planned(title: str, forecast: Forecast, yes: str) -> Question:
    """Ask whether that may happen which `forecast` foresees; `yes` is how doing it is called."""
    answers = (Answer(SAFE, "n", "leave it"), Answer(YES, "y", yes))
    return Question(title, facts(plan_facts(forecast, NAMED)), answers)


def approval(title: str, prompt: Content) -> Question:
    """Ask what a task asks that wants to hear yes or no, and nothing else."""
    answers = (
        Answer(SAFE, "n", "not now"),
        Answer(YES, "y", "approve"),
        Answer(REJECT, "r", "reject…"),
    )
    return Question(title, prompt, answers)


def end_by_hand(task: str, skipped: Forecast) -> Question:
    """Ask whether a task is to be skipped, which leads to `skipped`, or to count as succeeded."""
    body = Content.assemble("Skipped:\n", facts(plan_facts(skipped, NAMED)))
    answers = (
        Answer(SAFE, "n", "leave it"),
        Answer(SKIP, "s", "skip it"),
        Answer(SUCCEED, "v", "give its result…"),
    )
    return Question(f"End {task} without running it?", body, answers)


def cancel_run(state: RunState, task: str, alone: Forecast | None) -> Question:
    """Ask whether the run may be cancelled.

    Args:
        state: Of the run.
        task: The task under the cursor.
        alone: What cancelling only that task would lead to; None if that is no choice.
    """
    running = state.counts[TaskStatus.RUNNING] + state.counts[TaskStatus.QUEUED]
    waiting = sum(n for status, n in state.counts.items() if status not in SETTLED_TASKS) - running
    body = Content(
        f"{count(running, 'task')} will be stopped: first asked to, then killed when the grace"
        f" is over.\n{count(waiting, 'task')} will not be started."
    )
    answers = [Answer(SAFE, "n", "keep it running"), Answer(YES, "y", "cancel the run")]
    if alone is not None:
        shown = safe_text(task)
        behind = [safe_text(name) for name in alone.skipped if name != task]
        without = f", and so without {named(behind, NAMED)}" if behind else ""
        ends = f" and ends {alone.ends}" if alone.ends else ""
        body = Content.assemble(
            body, f"\n\nOr only {shown}: the run goes on without it{without}{ends}."
        )
        answers.append(Answer(TASK, "t", "only this task"))
    return Question(f"Cancel the run of {safe_text(state.flow)}?", body, tuple(answers))


def cancel_rollback(state: RunState) -> Question:
    """Ask whether a rollback may stop where it is."""
    undoing = state.counts[TaskStatus.ROLLING_BACK]
    body = Content(
        f"{count(undoing, 'task')} being undone: that finishes, or is killed if you ask again.\n"
        "Nothing else is undone. You can go on with the rollback later."
    )
    answers = (Answer(SAFE, "n", "keep undoing"), Answer(YES, "y", "stop the rollback"))
    return Question(f"Stop the rollback of {safe_text(state.flow)}?", body, answers)


def roll_back(state: RunState, task: str, whole: Forecast, down: Forecast | None) -> Question:
    """Ask how much of what the run did is to be undone.

    Args:
        state: Of the run.
        task: The task under the cursor.
        whole: What undoing all leads to, or going on with an unfinished rollback.
        down: What undoing everything down to that task leads to; None if that is no choice.
    """
    body, shown = facts(plan_facts(whole, NAMED)), safe_text(task)
    is_open = state.state is RunStatus.ROLLBACK_FAILED
    answers = [Answer(SAFE, "n", "leave it"), Answer(YES, "y", "go on" if is_open else "undo all")]
    if down is not None:
        body = Content.assemble(
            body, f"\n\nOr only down to {shown}:\n", facts(plan_facts(down, NAMED))
        )
        answers.append(Answer(TASK, "t", "only down to it"))
    if task and state.task(task).state is TaskStatus.ROLLBACK_FAILED:
        body = Content.assemble(
            body, f"\n\nOr count {shown} as undone, and go on with what is upstream of it."
        )
        answers.append(Answer(SKIP, "s", "count it as undone"))
    title = "Go on with the rollback of" if is_open else "Roll back the run of"
    return Question(f"{title} {safe_text(state.flow)}?", body, tuple(answers))


def kill_run(state: RunState) -> Question:
    """Ask whether what does not stop may be killed before its grace is over."""
    running = state.counts[TaskStatus.RUNNING] + state.counts[TaskStatus.QUEUED]
    body = Content(f"{count(running, 'task')} was asked to stop and still runs.")
    if running != 1:
        body = Content(f"{count(running, 'task')} were asked to stop and still run.")
    answers = (Answer(SAFE, "n", "wait for them"), Answer(YES, "y", "kill now"))
    return Question(f"Kill what still runs of {safe_text(state.flow)}?", body, answers)


def leave(states: list[RunState]) -> Question:
    """Ask what becomes of the live runs when the app is left."""
    lines = [
        f"{safe_text(state.flow)}  {safe_text(state.run)}  "
        f"{count(state.counts[TaskStatus.RUNNING], 'task')} running"
        for state in states
    ]
    body = Content("\n".join([*lines, "", "Detached, a run goes on without the app."]))
    answers = (
        Answer(SAFE, "s", "stay"),
        Answer(DETACH, "d", "detach and quit"),
        Answer(CANCEL, "c", "cancel and quit"),
    )
    return Question("A run is live. Quit?", body, answers)
