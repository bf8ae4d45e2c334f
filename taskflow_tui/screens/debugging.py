"""What the debugger's keys ask of a run: breakpoints, holds, and steps."""

from taskflow_core.actions import Break, Hold, Release, Step, Unbreak
from taskflow_tui.screens.asking import Asking
from taskflow_tui.stops import places_of
from taskflow_tui.terminal_text import safe_text


class Debugging(Asking):
    """Steps and stops, for a screen with a feed and rows of tasks."""

    def action_step(self) -> None:
        self.act(Step())

    def action_wave(self) -> None:
        self.act(Step(mode="frontier"))

    def action_run_to(self) -> None:
        name = self.spot.name
        self.act(Step(mode="to", task=name), said=f"running what {safe_text(name)} waits for")

    def action_set_breakpoint(self) -> None:
        name = self.spot.name
        if self.feed.run is None:
            self.feed.stop_before(name)
            self.stops_changed()
        else:
            self.act(Break(task=name))

    def action_clear_breakpoint(self) -> None:
        name = self.spot.name
        if self.feed.run is None:
            self.feed.stop_no_more(name)
            self.stops_changed()
        else:
            stops = places_of(self.feed.state, name)
            self.act(*(Unbreak(task=name, stop=stop) for stop in stops))

    def action_hold(self) -> None:
        name = self.spot.name
        self.act(Hold(tasks=(name,)), said=f"holding {safe_text(name)} until you release it")

    def action_release(self) -> None:
        self.act(Release(tasks=(self.spot.name,)))
