"""What is kept of a task's success for later runs, and when it may stand in for running it.

Nothing here knows of runs, threads or events: an `Lookup` says what is asked of one attempt, the
process that holds the task's function finds out what its result depends on, and `Cache` looks it
up and keeps it.
"""
