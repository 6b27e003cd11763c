"""Hosts without quotes: `[example.com]` is a table `com` in a table `example` to TOML.

It is the first thing that many a newcomer types, so it is told in so many words. What was meant
is taken out of the data: it would be found wrong in a second way.
"""

import difflib
import re
from typing import Any

from porch.config.loaded import Loaded
from porch.config.locate import DottedName
from porch.config.schema import AdminModel, ConfigModel, RouteModel, SiteModel

__all__ = ["report_dotted"]

_TOP = ConfigModel.model_fields.keys()
_GROUPS = {
    "routes": RouteModel.model_fields.keys(),
    "site": SiteModel.model_fields.keys(),
}
"""The tables whose keys are hosts, and the words that may stand below a host."""
_ADMIN = AdminModel.model_fields.keys()
"""A table that hosts are called like, "admin.example.com"."""
_NAMED = ("routes", "site", "pool", "headers")
"""Words that another name can follow after a dot; misspelt, they are no host."""
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def report_dotted(loaded: Loaded, data: dict[str, Any]) -> None:
    """Report each host that was written without quotes, and take it out of `data`."""
    for name in loaded.dotted:
        path = (*name.table, *name.parts)
        if path[0] in _GROUPS:
            _report_below(loaded, data, name)
        elif not name.table and _is_host(name.parts):
            host = _joined(name.parts)
            loaded.add(name.parts, f'{_reading(name)}; write it under [routes] as "{host}"')
            data.pop(name.parts[0], None)


def _is_host(parts: tuple[str, ...]) -> bool:
    """Whether a name at the top is a host's, and not that of a known or misspelt table."""
    if parts[0] == "admin" and not _is_key(parts[1]):
        return len(parts) > 2 and parts[1] not in _ADMIN
    if parts[0] in _TOP or _is_key(parts[1]):
        return False
    return not difflib.get_close_matches(parts[0], _NAMED, n=1, cutoff=0.75)


def _is_key(part: str) -> bool:
    """Whether a part was in quotes: a whole host or path, or `*`."""
    return part == "*" or "." in part or "/" in part


def _report_below(loaded: Loaded, data: dict[str, Any], name: DottedName) -> None:
    """[routes.example.com], or example.com = "..." in [routes]."""
    group = str((*name.table, *name.parts)[0])
    known = _GROUPS[group]
    outer = () if name.table else (group,)
    parts = name.parts[len(outer) :]
    if len(name.table) > 1 or len(parts) < 2 or _is_key(parts[0]) or parts[0] == "localhost":
        return
    if parts[1] in known or difflib.get_close_matches(parts[1], known, n=1, cutoff=0.75):
        return
    labels = tuple(each for each in parts if each not in known)
    host = _joined(labels)
    shown = f'[{group}."{host}"]' if name.is_header else f'it in quotes, "{host}"'
    loaded.add((group, *parts), f"{_reading(name)}; write {shown}")
    tables = data.get(group)
    if isinstance(tables, dict):
        tables.pop(parts[0], None)


def _reading(name: DottedName) -> str:
    """How TOML reads it."""
    text = ".".join(each if _BARE.match(each) else f'"{each}"' for each in name.parts)
    shown = f"[{text}]" if name.is_header else text
    return f"{shown} is read by TOML as {' → '.join(name.parts)}"


def _joined(labels: tuple[str, ...]) -> str:
    """The key that was meant: labels with dots between, and a path behind."""
    host = labels[0]
    for each in labels[1:]:
        host += each if each.startswith("/") else f".{each}"
    return host
