"""The log pane of the run screen: which attempt of which task it shows."""

from taskflow_tui.attempts import all_tried, output_of
from taskflow_tui.log_subject import log_subject
from taskflow_tui.screens.run_commands import RunCommands
from taskflow_tui.widgets.log_view import LogView


class LogPane(RunCommands):
    """Keeps `log_view` on the task under the cursor."""

    log_view: LogView
    chosen: int | None
    """The place of the attempt that is shown among those of its task; None for the newest."""

    def allows(self, action: str) -> bool:
        if action == "follow":
            return self.log_view.subject.path is not None
        return super().allows(action)

    def show_log(self) -> None:
        """Show the output of the task under the cursor, or why there is none."""
        number, state = self.rows.task_number, self.feed.state
        if number is None:
            return
        path = None
        tried = all_tried(state.tasks[number])
        if tried and self.feed.reader is not None:
            shown = tried[-1 if self.chosen is None else self.chosen]
            path = output_of(self.feed.reader, state.plan.tasks[number].name, shown)
        tally = self.rows.tallies.of(number)
        status = self.feed.status
        self.log_view.subject = log_subject(state, number, self.chosen, status, path, tally)

    def action_follow(self) -> None:
        """Follow the end of the output, or stop that."""
        self.log_view.action_toggle_follow()

    def action_attempt(self, step: int) -> None:
        """Show an earlier or later attempt; the newest is followed."""
        number = self.rows.task_number
        if number is None or not (tried := all_tried(self.feed.state.tasks[number])):
            return
        newest = len(tried) - 1
        place = newest if self.chosen is None else self.chosen
        place = max(0, min(place + step, newest))
        self.chosen = None if place == newest else place
        self.show_log()
