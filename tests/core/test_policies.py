"""The arithmetic of retry delays: SEMANTICS "Retry"."""

import pytest

from taskflow_core.policies import RetryPolicy


def waits(policy: RetryPolicy, *, chance: float = 0.5) -> list[float]:
    return [policy.delay_before(attempt, lambda: chance) for attempt in (2, 3, 4, 5)]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (RetryPolicy(), [0, 0, 0, 0]),
        (RetryPolicy(delay=3), [3, 3, 3, 3]),
        (RetryPolicy(delay=3, backoff="linear"), [3, 6, 9, 12]),
        (RetryPolicy(delay=1, backoff="exponential"), [1, 2, 4, 8]),
        (RetryPolicy(delay=1, backoff="exponential", factor=3, max_delay=5), [1, 3, 5, 5]),
        (RetryPolicy(delay=(1, 5, 10)), [1, 5, 10, 10]),
        (RetryPolicy(delay=(1, 50), max_delay=20), [1, 20, 20, 20]),
        (RetryPolicy(delay=4, jitter="full"), [2, 2, 2, 2]),
    ],
)
def test_delays(policy: RetryPolicy, expected: list[float]) -> None:
    assert waits(policy) == expected


def test_plus_minus_jitter_stays_within_half_of_the_wait() -> None:
    policy = RetryPolicy(delay=10, jitter="plus_minus")

    assert waits(policy, chance=0.0)[0] == 5
    assert 14.9 < waits(policy, chance=0.999)[0] < 15


def test_a_huge_attempt_number_does_not_overflow() -> None:
    policy = RetryPolicy(delay=1, backoff="exponential", max_delay=60)

    assert policy.delay_before(100_000, lambda: 0.0) == 60


def test_the_first_attempt_never_waits() -> None:
    with pytest.raises(ValueError, match="does not wait"):
        RetryPolicy().delay_before(1, lambda: 0.0)


@pytest.mark.parametrize(
    ("policy", "names", "code", "wanted"),
    [
        (RetryPolicy(), ("ValueError",), None, True),
        (RetryPolicy(retry_on=("OSError",)), ("ConnectionError", "OSError"), None, True),
        (RetryPolicy(retry_on=("OSError",)), ("ValueError",), None, False),
        (RetryPolicy(no_retry_on=("ValueError",)), ("ValueError",), None, False),
        (RetryPolicy(retry_on=("A",), no_retry_on=("A",)), ("A",), None, False),
        (RetryPolicy(retry_exit_codes=(75,)), (), 75, True),
        (RetryPolicy(retry_exit_codes=(75,)), (), 1, False),
    ],
)
def test_which_failures_are_worth_another_attempt(
    policy: RetryPolicy, names: tuple[str, ...], code: int | None, wanted: bool
) -> None:
    assert policy.wants(names, code) is wanted
