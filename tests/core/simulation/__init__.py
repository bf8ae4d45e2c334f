"""Random runs of the real scheduler, decided by a seed alone, and what must hold in all of them.

`plans` draws a plan, `world` lets things happen to its run, `witness` checks every event against
`oracle`, which knows the rules from SEMANTICS.md and nothing of the scheduler. `bugs` puts known
mistakes into the scheduler, to see that the witness notices. `python -m tests.core.simulation` runs
any number of them.
"""
