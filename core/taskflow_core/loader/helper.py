"""The helper process: runs the code of a trusted flow, so that nothing else has to.

The request comes on standard input, the answer goes as one line to the file descriptor that the
first argument names. What the flow's code prints goes elsewhere.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from taskflow_core.loader.answering import answer
from taskflow_core.loader.wire import FindFunctions, Request


def run(arguments: Sequence[str]) -> None:
    """Answer one request and leave at once: no exit handler of the flow's code runs."""
    answers = int(arguments[0])
    os.set_inheritable(answers, False)
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    is_search = isinstance(request, FindFunctions)
    os.chdir(request.folder if is_search else Path(request.path).parent)
    with open(answers, "wb", buffering=0) as stream:
        stream.write(msgspec.json.encode(answer(request)) + b"\n")
    os._exit(0)
