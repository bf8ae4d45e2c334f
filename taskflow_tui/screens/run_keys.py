"""The keys of the run screen. Where several share a letter, only one makes sense at a time."""

from textual.binding import Binding, BindingType

BINDINGS: list[BindingType] = [
    Binding("r", "launch", "launch", id="run.launch", tooltip="Launch the flow"),
    Binding("r", "retry_task", "retry task", id="run.retry", tooltip="Retry this task"),
    Binding("r", "retry_failed", "retry failed", id="run.retry", tooltip="Retry all that failed"),
    Binding("r,C", "go_on", "go on", key_display="r", id="run.retry", tooltip="Go on with the run"),
    Binding("r", "say_why_no_retry", "Say why nothing can be retried", show=False, id="run.retry"),
    Binding("p", "pause", "pause", id="run.pause", tooltip="Start no more tasks"),
    Binding("p", "resume", "resume", id="run.pause", tooltip="Start tasks again"),
    Binding("x", "cancel", "cancel", id="run.cancel", tooltip="Cancel the run"),
    Binding("x", "kill", "kill now", id="run.cancel", tooltip="Kill what does not stop"),
    Binding("slash", "filter", "filter", id="run.filter", tooltip="Filter tasks by name"),
    Binding("enter", "open_log", "full log", key_display="enter", id="run.open-log"),
    Binding("f", "follow", "follow", id="log.follow", tooltip="Follow the log's end, or stop"),
    Binding(
        "less_than_sign",
        "attempt(-1)",
        "attempt",
        key_display="< >",
        id="run.earlier",
        tooltip="Earlier attempt",
    ),
    Binding("greater_than_sign", "attempt(1)", "Later attempt", show=False, id="run.later"),
    Binding("tab", "app.focus_next", "pane", id="run.next-pane", tooltip="Next pane"),
    Binding("escape", "leave_filter", "Show all tasks", show=False, id="run.leave-filter"),
    Binding("escape,q", "close_log", "tasks", id="run.close-log", tooltip="Back to the tasks"),
]

FOOTER = (
    "app.help",
    "run.launch",
    "run.retry",
    "run.pause",
    "run.cancel",
    "run.filter",
    "run.open-log",
    "log.follow",
    "run.earlier",
    "run.next-pane",
    "run.close-log",
    "app.back",
)
"""The order of the keys in the footer; the last one stays when there is little room."""
