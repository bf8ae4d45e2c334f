"""Runs in this process: starting one, its handle, its results."""
