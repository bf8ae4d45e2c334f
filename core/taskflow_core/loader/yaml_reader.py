"""YAML → tree, from PyYAML's events.

PyYAML's own loaders are not used: they recurse (deep nesting crashes the interpreter), expand
aliases and merge keys without limit, keep the last of two equal keys and read YAML 1.1 scalars.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import yaml

from taskflow_core.loader.report import Report
from taskflow_core.loader.scalars import ScalarError, plain_value
from taskflow_core.loader.source import Span
from taskflow_core.loader.tree import Anchored, Node, Plain, TreeBuilder
from taskflow_core.loader.yaml_syntax import explain

_EVENTS: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Either parses without recursion; libyaml is 20 times faster."""

_CORE = "tag:yaml.org,2002:"
_CORE_TYPES: dict[str, type] = {
    f"{_CORE}str": str,
    f"{_CORE}int": int,
    f"{_CORE}float": float,
    f"{_CORE}bool": bool,
    f"{_CORE}null": type(None),
}


def read_yaml(report: Report) -> Node:
    """Return the document of a YAML file.

    Raises:
        FlowFileError: it is not YAML, or more of it than anybody could mean.
    """
    return _YamlReader(report).read()


class _YamlReader:
    """Turns events into calls of the tree builder, and refuses what flow files leave out."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.text = report.source.text
        self.tree = TreeBuilder(report)
        self.anchors: dict[str, Anchored | None] = {}
        """None for one whose value has not ended."""
        self.opened: list[str | None] = []
        """The anchors of the lists and mappings that have not ended."""
        self.documents = 0

    def read(self) -> Node:
        handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.SequenceStartEvent: self._begin,
            yaml.MappingStartEvent: self._begin,
            yaml.SequenceEndEvent: self._end,
            yaml.MappingEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        try:
            events: Iterable[Any] = yaml.parse(self.text, Loader=_EVENTS)
            for event in events:
                if handle := handlers.get(type(event)):
                    handle(event)
        except yaml.MarkedYAMLError as error:
            self.report.stop(*explain(error, self.text))
        if self.tree.root is None:
            self._nothing()
        return self.tree.root

    def _end(self, event: Any) -> None:
        self._name(self.opened.pop(), self.tree.end(event.end_mark.index))

    def _scalar(self, event: Any) -> None:
        start, end, text = event.start_mark.index, event.end_mark.index, event.value
        if start == end:
            start = end = self._before_blanks(end)
        self._declare(event)
        try:
            value = self._value(event, text)
        except ScalarError as error:
            self.report.error(error.slug, str(error), Span(start, end), error.hint)
            added = self.tree.add_broken(start, end)
        else:
            added = self.tree.add_scalar(value, text, start, end)
        self._name(event.anchor, added)

    def _before_blanks(self, at: int) -> int:
        # libyaml says that what is missing is behind the blanks there, PyYAML before them.
        while self.text[at - 1 : at] == " ":
            at -= 1
        return at

    def _value(self, event: Any, text: str) -> Plain:
        if event.tag is None:
            return plain_value(text) if event.implicit[0] else text
        wanted = _CORE_TYPES.get(event.tag)
        if wanted is None:
            raise ScalarError(*_unknown_tag(event.tag))
        value = text if wanted is str else plain_value(text)
        if wanted is float and type(value) is int:
            return float(value)
        if type(value) is not wanted:
            message = f"{text!r} is not what its tag says: {_short(event.tag)}"
            raise ScalarError("wrong-tag", message, _TAG_HINT)
        return value

    def _begin(self, event: Any) -> None:
        start = event.start_mark.index
        self._declare(event)
        if event.tag is not None:
            slug, message, hint = _unknown_tag(event.tag)
            self.report.error(slug, message, self._tag(start), hint)
        self.opened.append(event.anchor)
        if isinstance(event, yaml.SequenceStartEvent):
            self.tree.begin_list(start)
        else:
            self.tree.begin_mapping(start)

    def _tag(self, start: int) -> Span:
        """Return where the tag of the value that begins at `start` is."""
        match = re.compile(r"!\S*").search(self.text, start)
        return Span(*match.span()) if match else Span(start, start + 1)

    def _declare(self, event: Any) -> None:
        """Note that an anchor's value begins."""
        if event.anchor is None:
            return
        start = event.start_mark.index
        if event.anchor in self.anchors:
            at = Span(start, start + len(event.anchor) + 1)
            self.report.error("duplicate-anchor", f"anchor {event.anchor!r} is defined twice", at)
        self.anchors[event.anchor] = None

    def _name(self, anchor: str | None, anchored: Anchored) -> None:
        if anchor is not None:
            self.anchors[anchor] = anchored

    def _alias(self, event: Any) -> None:
        at = Span(event.start_mark.index, event.end_mark.index)
        if anchored := self.anchors.get(event.anchor):
            self.tree.add_again(anchored, *at)
            return
        if event.anchor in self.anchors:
            self.report.error("self-anchor", f"anchor {event.anchor!r} contains itself", at)
        else:
            hint = f'Quote it if it is text: "*{event.anchor}".'
            message = f"there is no anchor '&{event.anchor}' before this alias"
            self.report.error("unknown-alias", message, at, hint)
        self.tree.add_broken(*at)

    def _document(self, event: Any) -> None:
        self.documents += 1
        at = Span(event.start_mark.index, event.end_mark.index)
        if self.documents > 1:
            message = "a second document begins here; a flow file is one"
            self.report.stop("two-documents", message, at, "Make it a file of its own.")
        if event.version not in (None, (1, 2)):
            version = ".".join(map(str, event.version))
            message = f"flow files are YAML 1.2, not {version}"
            self.report.error("yaml-version", message, at, "Drop the `%YAML` line.")

    def _nothing(self) -> NoReturn:
        hint = "A flow needs at least `tasks:`."
        if self.text.strip():
            self.report.stop("only-comments", "the file holds only comments", None, hint)
        self.report.stop("empty-file", "the file is empty", None, hint)


_TAG_HINT = "Drop the tag."


def _short(tag: str) -> str:
    return f"!!{tag.removeprefix(_CORE)}" if tag.startswith(_CORE) else tag


def _unknown_tag(tag: str) -> tuple[str, str, str]:
    if tag.startswith(f"{_CORE}python/"):
        return "unsafe-tag", f"tag {_short(tag)} would create a Python object", _TAG_HINT
    return "unknown-tag", f"tag {_short(tag)} has no meaning in a flow file", _TAG_HINT
