"""The document of an API (OpenAPI 3.0 or 3.1): read from JSON or YAML, and its references.

A reference stays in the file: no other file is opened, and nobody is asked for one. What is not
understood is an error with its place, never something that is let through.
"""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote

if TYPE_CHECKING:
    import yaml  # type: ignore[import-untyped]

__all__ = ["Document", "DocumentError", "Node", "escaped", "read_document"]

Node = dict[str, Any]
_LONGEST_WAY = 100
"""References that lead to references."""


class DocumentError(ValueError):
    """at: where, as a line ("line 3") or a pointer ("#/paths/~1pets/get")."""

    def __init__(self, why: str, at: str) -> None:
        super().__init__(f"{at}: {why}")
        self.why = why
        self.at = at


class Document:
    """data: all of it. openapi: (3, 0) or (3, 1). warnings: what is no error, with its place."""

    def __init__(self, data: Node) -> None:
        """Raises DocumentError."""
        self.data = data
        self.warnings: list[str] = []
        said = data.get("openapi")
        parts = said.split(".") if isinstance(said, str) else []
        if parts[:2] not in (["3", "0"], ["3", "1"]):
            shown = f"'openapi' is {said!r}" if said is not None else "'openapi' is missing"
            raise DocumentError(f"{shown}; it must be 3.0 or 3.1", "#")
        self.openapi = (3, int(parts[1]))
        if not isinstance(data.get("paths"), dict):
            raise DocumentError("'paths' is missing, or no table; there is nothing to let in", "#")

    def warn(self, what: str, at: str) -> None:
        """What the operator should hear of."""
        self.warnings.append(f"{at}: {what}")

    def table(self, node: object, at: str) -> tuple[Node, str]:
        """A table, or the one that it refers to, and where that stands. Raises DocumentError."""
        for _ in range(_LONGEST_WAY):
            if not isinstance(node, dict):
                raise DocumentError("a table is to stand here", at)
            if "$ref" not in node:
                return node, at
            node, at = self.target(node["$ref"], at)
        raise DocumentError("the references lead in a circle", at)

    def target(self, ref: object, at: str) -> tuple[object, str]:
        """What a reference leads to, and where that stands. at: of the reference."""
        if not isinstance(ref, str):
            raise DocumentError("'$ref' is to be a text", at)
        if ref != "#" and not ref.startswith("#/"):
            raise DocumentError(
                f"'{ref}' leads out of the file, or to an anchor; write what it names into the "
                'file, and "#/components/..." here',
                at,
            )
        node: object = self.data
        for part in ref[2:].split("/") if len(ref) > 1 else ():
            step = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node, dict) and step in node:
                node = node[step]
            elif isinstance(node, list) and step.isascii() and step.isdigit():
                node = node[int(step)] if int(step) < len(node) else _nothing(ref, at)
            else:
                _nothing(ref, at)
        return node, ref

    def parts(self, node: Node, name: str, at: str) -> Iterator[tuple[str, object, str]]:
        """Of a table in a table: name, what it is, and where. None where there is no such table."""
        found = node.get(name)
        if found is None:
            return
        if not isinstance(found, dict):
            raise DocumentError(f"'{name}' is to be a table", at)
        for key, value in found.items():
            yield key, value, f"{at}/{name}/{escaped(key)}"


def escaped(name: str) -> str:
    """A name as a part of a pointer (RFC 6901 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def _nothing(ref: str, at: str) -> NoReturn:
    raise DocumentError(f"'{ref}' leads to nothing", at)


def read_document(content: bytes) -> Document:
    """Raises DocumentError."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DocumentError("it is not UTF-8", f"line {line}") from None
    try:
        data = _json(text) if text.lstrip()[:1] == "{" else _yaml(text)
    except RecursionError:
        raise DocumentError("it is nested too deep", "#") from None
    if not isinstance(data, dict):
        raise DocumentError("it is no table", "#")
    return Document(data)


def _json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        try:
            return _yaml(text)  # whose tables may begin with a brace too
        except DocumentError:
            raise DocumentError(f"it is no JSON: {error.msg}", f"line {error.lineno}") from None


def _once(pairs: list[tuple[str, Any]]) -> Node:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DocumentError(f"'{twice}' stands twice in one table", "#")
    return found


def _yaml(text: str) -> object:
    import yaml

    try:
        return _plain(yaml.compose(text, Loader=_loader()), set())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}" if mark is not None else "#"
        raise DocumentError(f"it is no YAML: {error.problem or error.context}", where) from None
    except yaml.YAMLError as error:
        raise DocumentError(f"it is no YAML: {error}".split("\n")[0], "#") from None


def _loader() -> "type[yaml.SafeLoader]":
    import yaml

    found: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return found


_YES, _NO = frozenset(("true", "True", "TRUE")), frozenset(("false", "False", "FALSE"))
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_INT = re.compile(r"[-+]?[0-9]{1,300}\Z|0o[0-7]{1,300}\Z|0x[0-9a-fA-F]{1,300}\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")


def _plain(node: "yaml.Node | None", around: set[int]) -> object:
    """As YAML 1.2 has it, and JSON: `on` is a text, and so is a date. around: nodes that have this
    one in them, for an alias could lead back."""
    import yaml

    if node is None:
        return None
    where = f"line {node.start_mark.line + 1}"
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if id(node) in around:
        raise DocumentError("the alias leads in a circle", where)
    inside = around | {id(node)}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each, inside) for each in node.value]
    found: Node = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise DocumentError("a name is to be a text", where)
        if key.value in found:
            line = key.start_mark.line + 1
            raise DocumentError(f"'{key.value}' stands twice in one table", f"line {line}")
        found[key.value] = _plain(value, inside)
    return found


def _scalar(node: "yaml.ScalarNode") -> object:
    """The core schema of YAML 1.2 (10.3.2)."""
    text: str = node.value
    if node.style:  # it has quotes, or is a block
        return text
    if text in _NULL:
        return None
    if text in _YES or text in _NO:
        return text in _YES
    if _INT.match(text):
        return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
    return float(text) if _FLOAT.match(text) else text
