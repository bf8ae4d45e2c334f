"""What people ask of a run: each request is recorded with who asked, or refused with the reason."""

from taskflow_core.scheduling.rerunning import Rerunning
from taskflow_core.scheduling.serving import Serving
from taskflow_core.scheduling.steering import Steering


class Requests(Steering, Rerunning, Serving):
    """The half of the scheduler that people talk to, and probes."""
