"""Paths of a document, with names in braces, and which of them a path is.

A tree of segments: what is written out goes before a name in braces (OpenAPI 4.8.8). Each node is
looked at once at most, so that a look takes no longer than the document is large.
"""

import re
from typing import TYPE_CHECKING, Generic, TypeVar

from porch.route.paths import to_wire

if TYPE_CHECKING:
    import re2  # type: ignore[import-untyped]

__all__ = ["Paths"]

What = TypeVar("What")
_NAME = re.compile(r"\{([^{}/]+)\}")
_WRITTEN = re.compile(r"[^{}?#\s]*\Z")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class _Node(Generic[What]):
    """what: stands here. written: the next segments. named: those with names in braces."""

    __slots__ = ("named", "names", "template", "what", "written")

    def __init__(self) -> None:
        self.written: dict[bytes, _Node[What]] = {}
        self.named: list[tuple[_Segment, _Node[What]]] = []
        self.what: What | None = None
        self.names: tuple[str, ...] = ()
        self.template = ""


class _Segment:
    """A segment with names in braces. form: without the names."""

    __slots__ = ("_pattern", "form", "names")

    def __init__(self, text: str) -> None:
        self.names = _NAME.findall(text)
        self.form = _NAME.sub("{}", text)
        self._pattern = _compiled(self.form) if self.form != "{}" else None

    def match(self, segment: bytes) -> tuple[bytes, ...] | None:
        """The values of its names."""
        if self._pattern is None:
            return (segment,) if segment else None
        found = self._pattern.fullmatch(segment)
        return None if found is None else tuple(found.groups())


def _compiled(form: str) -> "re2._Regexp[bytes]":
    """In linear time, also where several names are in one segment."""
    import re2

    parts = (re2.escape(_plain(to_wire(each).encode())) for each in form.split("{}"))
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(b"(.+)".join(parts), options)


class Paths(Generic[What]):
    """What there is for each path."""

    __slots__ = ("_root", "templates")

    def __init__(self) -> None:
        self._root: _Node[What] = _Node()
        self.templates: list[str] = []

    def add(self, template: str, what: What) -> None:
        """Raises ValueError with a sentence where that is no path, or another is the same."""
        if not template.startswith("/"):
            raise ValueError("a path begins with /")
        if not _WRITTEN.match(_NAME.sub("", template)):
            raise ValueError("a path has a brace without its other, a ?, a # or white space")
        node, names = self._root, list[str]()
        for text in template.split("/")[1:]:
            node = self._next(node, text, names)
        if node.what is not None:
            raise ValueError(f"'{node.template}' is the same path")
        if len(set(names)) != len(names):
            raise ValueError("a name stands twice in the path")
        node.what, node.names, node.template = what, tuple(names), template
        self.templates.append(template)

    @staticmethod
    def _next(node: _Node[What], text: str, names: list[str]) -> _Node[What]:
        if "{" not in text:
            return node.written.setdefault(_plain(to_wire(text).encode()), _Node())
        segment = _Segment(text)
        names += segment.names
        same = next((behind for other, behind in node.named if other.form == segment.form), None)
        if same is not None:
            return same
        behind: _Node[What] = _Node()
        node.named.append((segment, behind))
        # What is written out in part goes before a name alone.
        node.named.sort(key=lambda each: (each[0].form == "{}", -len(each[0].form)))
        return behind

    def find(self, path: bytes) -> tuple[What, str, dict[str, bytes]] | None:
        """What there is for a path, as which template, and the values of its names as sent."""
        segments = path.split(b"/")[1:]
        waiting: list[tuple[_Node[What], int, tuple[bytes, ...]]] = [(self._root, 0, ())]
        while waiting:
            node, number, values = waiting.pop()
            if number == len(segments):
                if node.what is not None:
                    return node.what, node.template, dict(zip(node.names, values, strict=True))
                continue
            segment = segments[number]
            for named, behind in reversed(node.named):
                found = named.match(segment)
                if found is not None:
                    waiting.append((behind, number + 1, values + found))
            written = node.written.get(_plain(segment)) if node.written else None
            if written is not None:
                waiting.append((written, number + 1, values))
        return None


def _plain(segment: bytes) -> bytes:
    """Without escapes of what needs none, those that stay in capitals (RFC 3986 6.2.2)."""
    return _ESCAPE.sub(_decode, segment) if b"%" in segment else segment


def _decode(escape: re.Match[bytes]) -> bytes:
    code = int(escape[1], 16)
    return bytes((code,)) if code in _UNRESERVED else escape[0].upper()
