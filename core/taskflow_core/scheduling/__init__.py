"""The decisions of a run, pure: no clock, no I/O, no threads, no chance.

`record` notes events and folds them; `ready` keeps the queue and the slots; `dependencies` moves
tasks along the edges; `attempts` starts, ends, times out and retries; `scheduler` is the whole.
"""
