"""Prints the time in words: `python wordclock.pyz [HH:MM]`."""

import sys
import time

from wordclock.clock import phrase


def main() -> None:
    """Print the time given as HH:MM, or that of the clock."""
    given = sys.argv[1] if len(sys.argv) > 1 else time.strftime("%H:%M")
    hour, minute = given.split(":")
    print(phrase(int(hour), int(minute)))


if __name__ == "__main__":
    main()
