"""Unit checks of wordclock, run by the task `unit-checks` on the generated sources."""

import unittest

from wordclock.clock import phrase


class ClockChecks(unittest.TestCase):
    """What `phrase` promises."""

    def test_a_full_hour_is_on_the_clock(self) -> None:
        self.assertEqual(phrase(9, 0), "nine o'clock")

    def test_afternoons_use_the_same_words_as_mornings(self) -> None:
        self.assertEqual(phrase(15, 20), phrase(3, 20))

    def test_after_half_past_the_next_hour_counts(self) -> None:
        self.assertEqual(phrase(12, 45), "quarter to one")

    def test_half_past_belongs_to_the_hour_that_runs(self) -> None:
        self.assertEqual(phrase(6, 30), "half past six")

    def test_midnight_is_twelve(self) -> None:
        self.assertEqual(phrase(0, 5), "five past twelve")

    def test_no_two_minutes_of_half_a_day_share_their_words(self) -> None:
        spoken = {phrase(hour, minute) for hour in range(12) for minute in range(60)}
        self.assertEqual(len(spoken), 12 * 60)
