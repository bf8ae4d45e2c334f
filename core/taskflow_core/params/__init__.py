"""Parameters of a flow: `declaration` says what they may be, `resolving` finds their values."""

from taskflow_core.params.conversion import ItemType, ParamType
from taskflow_core.params.declaration import DeclarationProblem, Param, check_param
from taskflow_core.params.giving import GivenProblem, given_problems
from taskflow_core.params.resolving import (
    ParamProblem,
    ParamsError,
    environment_name,
    params_from_json,
    params_to_json,
    parse_assignment,
    resolve_params,
)

__all__ = [
    "DeclarationProblem",
    "GivenProblem",
    "ItemType",
    "Param",
    "ParamProblem",
    "ParamType",
    "ParamsError",
    "check_param",
    "environment_name",
    "given_problems",
    "params_from_json",
    "params_to_json",
    "parse_assignment",
    "resolve_params",
]
