"""Where a run screen gets its flow or run from."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A flow file, or a run."""

    flow: str | None = None
    """A flow file; `flow.py:name` is one of several flows in it."""
    run: str | None = None
    """The id of a run, a prefix of one, or `@last`."""
    launch: bool = False
    """Start the flow as soon as it is read."""

    @property
    def path(self) -> Path:
        """The flow's file."""
        name = self.flow or ""
        return Path(name.partition(".py:")[0] + ".py" if ".py:" in name else name)

    @property
    def name(self) -> str:
        """What to call it until it is read."""
        return self.run or self.path.name
