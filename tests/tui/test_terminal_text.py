"""Nothing but text and colours reaches the terminal from names and output."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow_tui.terminal_text import (
    LONGEST,
    PLAIN,
    Span,
    ansi,
    log_line,
    log_spans,
    safe_text,
    visible,
)

HOSTILE = st.lists(
    st.one_of(
        st.text(max_size=6),
        st.sampled_from(
            [
                "\x1b[31m",
                "\x1b[0m",
                "\x1b[",
                "\x1b]",
                "\x1b]0;t\x07",
                "\x1b]52;c;eA==\x1b\\",
                "\x1bP1$q",
                "\x1b_G",
                "\x1b\\",
                "\x07",
                "\x9b2J",
                "\x9d0;x\x9c",
                "\x90",
                "\x1bc",
                "\x1b[?1049l",
                "\x1b[38;5;300m",
                "\x1b[38;2;1m",
                "\x1b[38:2::1:2:3m",
                "\x1b(0",
                "\r",
                "\t",
                "\b",
                "\x00",
                "\x7f",
                "\u202e",
                "\u200b",
                "\u2028",
                "\ufeff",
                "[/b]",
                "\x1b[999999999999999999999m",
                "\U000e0041",
                "\x1b[1;;4m",
            ]
        ),
    ),
    max_size=12,
).map("".join)
SGR = re.compile(r"\x1b\[[0-9;]+m")


def is_harmless(text: str) -> bool:
    return all(
        unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"} for char in text
    ) and not (
        set(text) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f\ufeff")
    )


@given(HOSTILE)
def test_a_safe_text_has_no_control_characters(text: str) -> None:
    assert is_harmless(safe_text(text))


@given(HOSTILE)
def test_a_log_line_is_text_and_colours_only(line: str) -> None:
    spans = log_spans(line)

    assert all(is_harmless(span.text) for span in spans)
    assert is_harmless(SGR.sub("", ansi(spans)))


@given(st.binary(max_size=80))
def test_any_bytes_make_a_line(raw: bytes) -> None:
    assert is_harmless(visible(log_line(raw)))


@given(HOSTILE)
def test_making_safe_twice_changes_nothing(text: str) -> None:
    assert safe_text(safe_text(text)) == safe_text(text)


@given(HOSTILE)
def test_printing_the_colours_again_gives_the_same_line(line: str) -> None:
    spans = log_spans(line)

    assert visible(log_spans(ansi(spans))) == visible(spans)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a [task] b", "a [task] b"),
        ("größer ✔ 日本", "größer ✔ 日本"),
        ("two\nlines", "two␊lines"),
        ("\x1b[31mred", "␛[31mred"),
        ("abc\u202edef", "abc\ufffddef"),
        ("\x7f\x00", "␡␀"),
    ],
)
def test_names_come_out_as_typed_and_control_characters_visible(text: str, wanted: str) -> None:
    assert safe_text(text) == wanted


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"plain", "plain"),
        (b"\x1b[1;31mred\x1b[0m end", "red end"),
        (b"\x1b]52;c;cHduZWQ=\x07clipboard", "clipboard"),
        (b"\x1b]0;title\x1b\\title", "title"),
        (b"never ended \x1b]0;swallowed to the end", "never ended "),
        (b"\x1b[2J\x1b[H\x1b[?1049lcleared", "cleared"),
        ("\x9b31mC1".encode(), "C1"),
        (b"\x1bP1;2|device\x1b\\done", "done"),
        (b"10 %\r20 %\r30 %", "30 %"),
        (b"100 %\r", "100 %"),
        (b"a\tb", "a       b"),
        (b"bell \x07", "bell ␇"),
        (b"\xff\xfe", "��"),
    ],
)
def test_log_lines(raw: bytes, wanted: str) -> None:
    assert visible(log_line(raw)) == wanted


def test_colours_are_kept() -> None:
    spans = log_spans("a\x1b[1;31mb\x1b[38;5;208mc\x1b[48;2;1;2;3md\x1b[me")

    assert [span.text for span in spans] == ["a", "b", "c", "d", "e"]
    assert spans[0] == Span("a", PLAIN)
    assert spans[4] == Span("e", PLAIN)
    assert (spans[1].sgr.color, spans[1].sgr.bold) == (1, True)
    assert spans[2].sgr.color == 208
    assert spans[3].sgr.background == (1, 2, 3)


def test_bright_colours_and_defaults() -> None:
    spans = log_spans("\x1b[91;104mx\x1b[39;49my")

    assert (spans[0].sgr.color, spans[0].sgr.background) == (9, 12)
    assert spans[1].sgr == PLAIN


def test_an_endless_line_is_cut() -> None:
    assert len(visible(log_spans("x" * (LONGEST * 3)))) == LONGEST + 1
