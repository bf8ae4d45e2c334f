"""Lanes: which executors share slots."""

THREADS = "threads"
"""Threads of the run's own process."""
PROCESSES = "processes"
"""Processes of their own."""
INLINE = "inline"
"""The thread that waits for the run; it has one slot."""
LANES = (THREADS, PROCESSES, INLINE)
SERVICES = "services"
"""Services, whatever runs them: they take slots of their pools alone, or else what waits for one
could never start beside it."""
WAITS = "waits"
"""What tasks are in that wait for a person, a moment or their children: it takes no slots, and the
scheduler starts them itself."""

LANE_OF = {
    "thread": THREADS,
    "async": THREADS,
    "process": PROCESSES,
    "shell": PROCESSES,
    "inline": INLINE,
}
"""The lane of every executor that is built in."""
