"""A flow file that a flow made in Python has as a sub-flow, read in this process.

Whoever makes flows in Python runs their code already, so nobody has to vouch for them again, and
no other process is needed.
"""

from taskflow_core.errors import FlowFileError
from taskflow_core.inlining import AROUND, Body, check_may_enter
from taskflow_core.loader.answering import answer
from taskflow_core.loader.flow_files import FlowFiles
from taskflow_core.loader.source import flow_file
from taskflow_core.plan import SubFlow


def read_inside(file: str) -> tuple[SubFlow, Body[None]]:
    """Return what a YAML or JSON file is as a sub-flow, and its tasks.

    Args:
        file: Absolute.

    Raises:
        FlowFileError: it, or the file of a sub-flow, has problems.
        NestingError: it is inside of itself, or of too many others.
    """
    real = flow_file(file)
    check_may_enter(str(real), AROUND.get())
    files = FlowFiles(trusted=True, ask=answer)
    flow = files.read(file)
    problems = files.problems()
    if any(problem.severity == "error" for problem in problems):
        raise FlowFileError(problems)
    return flow.subflow({}), flow.body()
