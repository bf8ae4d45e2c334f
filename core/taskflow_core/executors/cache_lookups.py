"""What the engine says of an attempt's look into the cache."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from taskflow_core.caching.digests import Digests
from taskflow_core.caching.entry import Component, Components
from taskflow_core.caching.files import content
from taskflow_core.caching.functions import component, result_name, shown
from taskflow_core.caching.lookup import Lookup
from taskflow_core.caching.shelf import shelf_name
from taskflow_core.events import Preview
from taskflow_core.executors.base import CachePlace, Workplace
from taskflow_core.executors.command_line import rendered_command
from taskflow_core.expressions import Names, Template, has_expressions
from taskflow_core.expressions.values import mapped
from taskflow_core.outcomes import Job
from taskflow_core.plan import Plan
from taskflow_core.preview import is_exact
from taskflow_core.specs import NAMED_PARAM, NAMED_VARIABLE
from taskflow_core.statuses import AttemptStatus

_UNSET = Component("unset")


def needs_check(place: Workplace, job: Job) -> bool:
    """Say whether it is looked up if an attempt has to be made."""
    return place.cache is not None and not job.undoes and place.spec(job).is_checked


def lookup_of(place: Workplace, job: Job, cache: CachePlace) -> Lookup:
    """Return what is asked of the cache for an attempt.

    Raises:
        TaskflowError: an expression in what the task names cannot be evaluated, or a value that
            it depends on cannot be compared.
    """
    spec, nesting = place.spec(job), place.plan.nesting
    names = place.sight.names(job.number) if _is_computed(place, job) else None
    own = () if spec.cache is None else spec.cache.key
    params = {mapped(n): value for n, value in place.sight.params(job.number).items()}
    keys = {name: _param(name, params) for name in own}
    variables = [name.removeprefix("env.") for name in own if NAMED_VARIABLE.fullmatch(name)]
    files = [n for n in own if keys[n] is None and not NAMED_VARIABLE.fullmatch(n)]
    is_copy = nesting.is_copy(job.number)
    return Lookup(
        shelf=str(cache.folder / shelf_name(flow_of(place.plan), nesting.code(job.number).name)),
        task=job.task,
        run=place.run,
        refusal=cache.refusal or _refusal(place, job),
        ttl=None if spec.cache is None else spec.cache.ttl,
        by_content=spec.cache is not None,
        folder=spec.options.cwd or os.getcwd(),  # noqa: PTH109  text
        files=_rendered(files, names),
        inputs=_rendered(spec.inputs, names),
        outputs=_rendered(spec.outputs, names),
        components={
            **_definition(place, job),
            **{
                f"parameter `{key.removeprefix('params.')}`": value
                for key, value in keys.items()
                if value is not None
            },
            **_environment(place, job, variables, names),
        },
        counts_upstream=not is_copy,
        home=place.plan.home(job.number).folder,
        siblings=_siblings(place, job) if is_copy else 1,
    )


def flow_of(plan: Plan) -> str:
    """Return what tells a flow from all others: its file, or where it is made."""
    if plan.source is not None:
        return f"{plan.source}:{plan.flow_name}" if plan.flow_name else plan.source
    made_in = getattr(sys.modules.get("__main__"), "__file__", None) or os.getcwd()  # noqa: PTH109
    return f"{os.path.abspath(made_in)}:{plan.name}"  # noqa: PTH100  text


def command_components(place: Workplace, job: Job) -> Components:
    """Return what the result of a command depends on: what it runs, and results upstream.

    Raises:
        TaskflowError: an expression in it cannot be evaluated.
    """
    spec = place.spec(job)
    written, words = rendered_command(place, job), Digests()
    options = [spec.shell, spec.options.output, sorted(spec.options.success_exit_codes)]
    return {
        f"the {spec.kind}": Component(words.of(written)),
        "how it is run": Component(words.of(options)),
        **(_upstream(place, job) if not place.plan.nesting.is_copy(job.number) else {}),
    }


def _siblings(place: Workplace, job: Job) -> int:
    nesting = place.plan.nesting
    parent = nesting.parents[job.number]
    return 1 if parent is None else len(nesting.children[parent])


def _refusal(place: Workplace, job: Job) -> str | None:
    """Return why an attempt is made whatever the cache holds."""
    if job.epoch:
        return "it is run again by request"
    before = place.sight.state.tasks[job.number].attempts[: job.attempt - 1]
    is_again = any(attempt.state is not AttemptStatus.LOST for attempt in before)
    return "it is tried again" if is_again else None


def _is_computed(place: Workplace, job: Job) -> bool:
    spec = place.spec(job)
    key = () if spec.cache is None else spec.cache.key
    texts = [*key, *spec.inputs, *spec.outputs]
    return has_expressions([texts, place.declared_environment(job)])


def _rendered(texts: Iterable[str], names: Names | None) -> tuple[str, ...]:
    return tuple([_text(text, names) for text in texts])


def _text(text: str, names: Names | None) -> str:
    if names is None or not has_expressions(text):
        return text
    return Template.parse(text).render_text(names)


def _param(name: str, params: dict[str, Any]) -> Component | None:
    """Return what stands for the parameter that an item of `key` names; None if it names none."""
    bare = mapped(name.removeprefix("params.") if NAMED_PARAM.fullmatch(name) else name)
    if bare not in params:
        return None
    return component(f"parameter `{name}`", params[bare], Digests())


def _definition(place: Workplace, job: Job) -> Components:
    spec = place.spec(job)
    folder = spec.options.cwd or os.getcwd()  # noqa: PTH109  text
    needs = [place.plan.nesting.local_name(n) for n in place.plan.needs[job.number]]
    return {
        "the folder it runs in": Component(folder, folder),
        "what it depends on": Component(Digests().of(needs), shown(needs)),
    }


def _environment(
    place: Workplace, job: Job, variables: Iterable[str], names: Names | None
) -> Components:
    """Return the variables that the flow declares or the task names; their values are not shown."""
    declared = {n: _text(v, names) for n, v in place.declared_environment(job).items()}
    known = {**{name: os.environ.get(name) for name in variables}, **declared}
    return {
        f"variable `{name}`": _UNSET if value is None else Component(Digests().of(value))
        for name, value in known.items()
    }


def _upstream(place: Workplace, job: Job) -> Components:
    """Return the results that a task depends on; stored ones by their bytes, not unpickled here."""
    found: Components = {}
    for number in place.plan.needs[job.number]:
        name, shown = place.sight.local_name(number), place.results.previews[number]
        if is_exact(shown):
            found[result_name(name)] = component(result_name(name), shown["value"], Digests())
        else:
            found[result_name(name)] = Component(_stored(place, number, shown))
    return found


def _stored(place: Workplace, number: int, shown: Preview) -> str:
    """Return the digest of a result that its preview does not hold."""
    if "ref" in shown:
        return content(Path(place.results.folder, shown["ref"]))
    if "parts" in shown:  # those of the children of a mapped task, or of a sub-flow
        parts: dict[str, Preview] | list[Preview] = shown["parts"]
        named = [*parts.items()] if isinstance(parts, dict) else [*enumerate(parts)]
        return Digests().of([(key, _part(place, number, part)) for key, part in named])
    return Digests().of(place.results.get(number))


def _part(place: Workplace, number: int, shown: Preview) -> str:
    return Digests().of(shown["value"]) if is_exact(shown) else _stored(place, number, shown)
