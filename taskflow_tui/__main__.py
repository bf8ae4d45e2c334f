"""`taskflow-tui`, and `python -m taskflow_tui`."""

from taskflow_tui.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
