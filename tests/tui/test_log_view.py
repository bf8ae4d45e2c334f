"""The log view reads what is in view from a growing file, and follows its end on request."""

from pathlib import Path

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from taskflow_tui.log_subject import LogSubject, text_line
from taskflow_tui.widgets.log_view import LogView


class Host(App[None]):
    """An app with nothing but the widget under test."""

    def compose(self) -> ComposeResult:
        yield LogView()

    @property
    def log_view(self) -> LogView:
        return self.query_one(LogView)


def numbered(lines: int, first: int = 0) -> str:
    return "".join(f"line {number}\n" for number in range(first, first + lines))


def shown(app: Host) -> list[str]:
    view = app.log_view
    return [view.render_line(y).text.strip() for y in range(view.size.height)]


async def show(app: Host, pilot: Pilot[None], path: Path, **fields: object) -> None:
    app.log_view.subject = LogSubject("load", path=path, is_live=True, **fields)  # type: ignore[arg-type]
    app.log_view.focus()
    await pilot.pause()


async def test_the_end_is_shown_first(tmp_path: Path) -> None:
    app, path = Host(), tmp_path / "out"
    path.write_text(numbered(200))
    async with app.run_test(size=(40, 12)) as pilot:
        await show(app, pilot, path, after=(text_line("the end"),))

        assert shown(app)[-2:] == ["line 199", "the end"]


async def test_the_view_follows_a_growing_file(tmp_path: Path) -> None:
    app, path = Host(), tmp_path / "out"
    path.write_text(numbered(20))
    async with app.run_test(size=(40, 12)) as pilot:
        await show(app, pilot, path)
        with path.open("a") as file:
            file.write(numbered(30, first=20))
        app.log_view.poll()
        await pilot.pause()

        assert shown(app)[-1] == "line 49"


async def test_scrolling_up_stops_following_until_the_end_key(tmp_path: Path) -> None:
    app, path = Host(), tmp_path / "out"
    path.write_text(numbered(50))
    async with app.run_test(size=(40, 12)) as pilot:
        await show(app, pilot, path)
        await pilot.press("k")
        with path.open("a") as file:
            file.write(numbered(50, first=50))
        app.log_view.poll()
        await pilot.pause()
        assert not app.log_view.follow
        assert shown(app)[-1] == "line 48"

        await pilot.press("G")
        await pilot.pause()
        assert app.log_view.follow
        assert shown(app)[-1] == "line 99"


async def test_another_subject_is_followed_from_its_end(tmp_path: Path) -> None:
    app, first, second = Host(), tmp_path / "first", tmp_path / "second"
    first.write_text(numbered(50))
    second.write_text(numbered(60))
    async with app.run_test(size=(40, 12)) as pilot:
        await show(app, pilot, first)
        await show(app, pilot, second)

        assert app.log_view.follow
        assert shown(app)[-1] == "line 59"


async def test_the_wheel_stops_following_too(tmp_path: Path) -> None:
    app, path = Host(), tmp_path / "out"
    path.write_text(numbered(50))
    async with app.run_test(size=(40, 12)) as pilot:
        await show(app, pilot, path)
        app.log_view.scroll_up(animate=False)
        await pilot.pause()

        assert not app.log_view.follow


async def test_f_toggles_following(tmp_path: Path) -> None:
    app, path = Host(), tmp_path / "out"
    path.write_text(numbered(50))
    async with app.run_test(size=(40, 12)) as pilot:
        await show(app, pilot, path)

        await pilot.press("f")
        assert not app.log_view.follow
        await pilot.press("f")
        assert app.log_view.follow


async def test_a_file_that_appears_later_is_found(tmp_path: Path) -> None:
    app, path = Host(), tmp_path / "out"
    async with app.run_test(size=(40, 12)) as pilot:
        await show(app, pilot, path, instead=(text_line("No output yet."),))
        assert shown(app)[0] == "No output yet."

        path.write_text("here\n")
        app.log_view.poll()
        await pilot.pause()
        assert shown(app)[0] == "here"


async def test_an_unfinished_last_line_is_shown_and_grows(tmp_path: Path) -> None:
    app, path = Host(), tmp_path / "out"
    path.write_text("done\n10 %")
    async with app.run_test(size=(40, 12)) as pilot:
        await show(app, pilot, path)
        assert shown(app)[:2] == ["done", "10 %"]

        with path.open("a") as file:
            file.write("\r20 %")
        app.log_view.poll()
        await pilot.pause()
        assert shown(app)[:2] == ["done", "20 %"]


async def test_long_lines_are_read_by_half_screens(tmp_path: Path) -> None:
    app, path = Host(), tmp_path / "out"
    path.write_text("".join(chr(97 + number // 10) for number in range(100)) + "\n")
    async with app.run_test(size=(40, 12)) as pilot:
        await show(app, pilot, path)
        width = app.log_view.size.width
        await pilot.press("right")
        await pilot.pause()

        assert shown(app)[0].startswith(chr(97 + width // 2 // 10))


async def test_output_cannot_use_markup_or_escapes(tmp_path: Path) -> None:
    app, path = Host(), tmp_path / "out"
    path.write_bytes(b"a [bold]b[/bold] [/x] \x1b]52;c;cHduZWQ=\x07c\x1b[2Jd\x00\n")
    async with app.run_test(size=(60, 12)) as pilot:
        await show(app, pilot, path)

        assert shown(app)[0] == "a [bold]b[/bold] [/x] cd␀"


async def test_selected_text_can_be_copied(tmp_path: Path) -> None:
    app, path = Host(), tmp_path / "out"
    path.write_text(numbered(5))
    async with app.run_test(size=(40, 12)) as pilot:
        await show(app, pilot, path)
        app.screen.text_select_all()
        await pilot.pause()

        assert (app.screen.get_selected_text() or "").strip() == numbered(5).strip()


async def test_a_shrunk_file_is_read_anew(tmp_path: Path) -> None:
    app, path = Host(), tmp_path / "out"
    path.write_text(numbered(5))
    async with app.run_test(size=(40, 12)) as pilot:
        await show(app, pilot, path)
        path.write_text("new\n")
        app.log_view.poll()
        await pilot.pause()

        assert shown(app)[0] == "new"
