"""Flow files: YAML, JSON and Python, each into a plan."""

from taskflow_core.loader.load import Loaded, load_plan

__all__ = ["Loaded", "load_plan"]
