"""How a process that a signal ended is reported."""

import signal

from taskflow_core.outcomes import Crashed


def killed(code: int, what: str = "") -> Crashed:
    """Return the outcome of a process that was ended by a signal, but not by us.

    Args:
        code: Its exit code as `subprocess` has it: the signal's number, negative.
        what: What was ended, before the words "killed by".
    """
    name = _name_of(-code)
    hint = " (out of memory?)" if name == "SIGKILL" else ""
    return Crashed(error=f"{what}killed by {name}{hint}", signal=name, exit_code=code)


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # most real-time signals have none
        return f"signal {number}"
