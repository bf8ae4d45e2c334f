"""The time of day as people say it."""

from wordclock.words import NUMBERS


def phrase(hour: int, minute: int) -> str:
    """Return the time in words; 15, 20 gives `twenty past three`."""
    # TODO: noon and midnight have names of their own
    if minute == 0:
        return f"{_hour(hour)} o'clock"
    if minute <= 30:
        return f"{_span(minute)} past {_hour(hour)}"
    return f"{_span(60 - minute)} to {_hour(hour + 1)}"


def _hour(hour: int) -> str:
    return NUMBERS[(hour - 1) % 12 + 1]


def _span(minutes: int) -> str:
    return {15: "quarter", 30: "half"}.get(minutes, NUMBERS[minutes])
