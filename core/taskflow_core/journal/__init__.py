"""The record of a run: events, written by one process and read by any."""
