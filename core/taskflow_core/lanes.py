"""Lanes: which executors share slots."""

THREADS = "threads"
"""Threads of the run's own process."""
PROCESSES = "processes"
"""Processes of their own."""
INLINE = "inline"
"""The thread that waits for the run; it has one slot."""
LANES = (THREADS, PROCESSES, INLINE)

LANE_OF = {
    "thread": THREADS,
    "async": THREADS,
    "process": PROCESSES,
    "shell": PROCESSES,
    "inline": INLINE,
}
"""The lane of every executor that is built in."""
