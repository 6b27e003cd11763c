"""What no single word of a route can tell: its key, its targets, what goes together."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from porch.config.loaded import Loaded, RouteEntry
from porch.config.locate import KeyPath
from porch.config.review_balance import review_servers
from porch.config.review_change import review_change
from porch.config.review_serving import review_folder
from porch.config.schema import ConfigModel, RouteModel, RouteWords, ServerModel
from porch.config.suggest import nearest
from porch.config.target import Target, parse_target
from porch.route.condition import NONE, Conditions
from porch.route.entry import Entry
from porch.route.pattern import Kind, Pattern, parse_key
from porch.route.plan import Plan
from porch.route.rewrite import rewriter
from porch.route.route import Route
from porch.route.ties import ties, unreachable
from porch.route.when import parse_when

__all__ = ["parse_targets", "review_routes"]

_TOP = ConfigModel.model_fields.keys() - RouteWords.model_fields.keys()
_SLOT = re.compile(r"\{(\w+)\}")
_AUTHORITY = re.compile(r"(?:https?:)?//([^/?#\\]*)", re.IGNORECASE)
_OF_POOL = ("balance", "eject", "health", "overload", "panic", "slow_start", "sticky", "tls")
"""Words that are about a pool."""
_OF_ORIGIN = (*_OF_POOL, "cache", "canary", "mirror", "retry")
"""Words that are about an origin."""
_FORWARDING = (*_OF_ORIGIN, "rewrite", "strip")
"""Words that are about what is looked for, too."""
_NO_PLAN = Plan()


def review_routes(loaded: Loaded, data: dict[str, Any]) -> None:
    """Read keys and targets, and find what does not go together. `data`: as validated."""
    pools = data.get("pool")
    names = set(pools) if isinstance(pools, dict) else set()
    entries: list[Entry] = []
    paths: dict[int, KeyPath] = {}
    for entry in loaded.routes:
        if entry.key in _TOP:
            loaded.add(entry.path, _misplaced(entry.key))
            continue
        conditions = _review_when(loaded, entry)
        _review_key(loaded, entry)
        _review_to(loaded, entry, names)
        review_change(loaded, entry, names)
        if entry.pattern is None or conditions is None or not entry.is_whole:
            continue
        made = _entry(loaded, entry, entry.pattern, conditions)
        if made is not None:
            entries.append(made)
            paths[id(made)] = entry.path
    for clash in (*ties(entries), *unreachable(entries)):
        loaded.add(paths[id(clash.second)], clash.sentence)


def parse_targets(
    loaded: Loaded, to: Sequence[str | ServerModel], path: KeyPath
) -> list[tuple[KeyPath, Target]]:
    """The targets of a list with their paths. Notes those that are none."""
    found: list[tuple[KeyPath, Target]] = []
    for number, each in enumerate(to):
        at = (*path, number)
        try:
            found.append((at, _target(each)))
        except ValueError as error:
            loaded.add(at, str(error))
    return found


def _target(said: str | ServerModel) -> Target:
    if isinstance(said, str):
        return parse_target(said)
    target = parse_target(said.to, said.weight, said.every or 0.0, said.resolver or "")
    announces = said.proxy_protocol or ""
    if announces and target.kind not in ("http", "https", "h2", "h2c", "unix"):
        raise ValueError(f"'proxy_protocol' is of an address; not of '{said.to}'")
    return replace(target, priority=said.priority, announces=announces)


def _misplaced(key: str) -> str:
    return (
        f"'{key}' stands at the top of the file, above [routes]; "
        f'for a host of this name write "{key}/*"'
    )


def _review_key(loaded: Loaded, entry: RouteEntry) -> None:
    try:
        entry.pattern = parse_key(entry.key)
    except ValueError as error:
        loaded.add(entry.path, str(error))
        return
    model = entry.model
    word = "rewrite" if model.rewrite is not None else "strip"
    try:
        rewriter(entry.pattern, strip=model.strip is True, template=model.rewrite)
    except ValueError as error:
        loaded.add((*entry.path, word), str(error))


def _review_when(loaded: Loaded, entry: RouteEntry) -> Conditions | None:
    """The conditions; None with a problem noted. Each word is parsed alone to place it."""
    when = entry.model.when
    if when is None:
        return NONE
    said = when.model_dump(exclude_defaults=True)
    try:
        return parse_when(said)
    except ValueError as error:
        whole = str(error)
    for word, value in said.items():
        parts = [{name: each} for name, each in value.items()] if isinstance(value, dict) else ()
        for part in parts or (value,):
            try:
                parse_when({word: part})
            except ValueError as error:
                at = (*entry.path, "when", word, *(part if isinstance(part, dict) else ()))
                loaded.add(at, str(error))
                whole = ""
    if whole:
        loaded.add((*entry.path, "when"), whole)
    return None


def _review_to(loaded: Loaded, entry: RouteEntry, pools: set[str]) -> None:
    path = (*entry.path, "to")
    found = parse_targets(loaded, entry.model.to, path)
    entry.targets = tuple(target for _, target in found)
    if not entry.model.to:
        loaded.add(path, "'to' is empty; name a target")
    for at, target in found:
        if target.kind == "pool" and target.name not in pools:
            loaded.add(at, _no_pool(target.name, pools))
        elif target.is_alone and len(entry.model.to) > 1:
            loaded.add(at, f"'{target.text}' stands alone, not in a list with others")
        elif target.kind == "redirect":
            _review_redirect(loaded, at, target, entry.pattern)
            _review_elsewhere(loaded, at, target.url)
            _review_loop(loaded, at, target, entry)
        elif target.kind == "file":
            review_folder(loaded, target, at)
    review_servers(loaded, found, path)
    if len(found) == len(entry.model.to) > 0:
        _review_words(loaded, entry, found[0][1])


def _no_pool(name: str, pools: set[str]) -> str:
    near = nearest(name, pools)
    meant = f"; did you mean '{near}'?" if near else f'; an address has a port: "{name}:8000"'
    return f"there is no [pool.{name}]{meant}"


def _review_redirect(
    loaded: Loaded, path: KeyPath, target: Target, pattern: Pattern | None
) -> None:
    regex = pattern.regex if pattern is not None else None
    known = ["path", "host"]
    if regex is not None:
        known += [*map(str, range(1, regex.groups + 1)), *regex.groupindex]
    for slot in _SLOT.findall(target.url):
        if slot not in known:
            names = ", ".join(f"{{{name}}}" for name in known)
            loaded.add(path, f"the redirect has {{{slot}}}, but there is only {names}")


def _review_elsewhere(loaded: Loaded, path: KeyPath, url: str) -> None:
    """A part of the request that chooses the host sends visitors wherever a link says. {host} is
    the one that was asked, and {path} begins with a slash: neither chooses."""
    named = _AUTHORITY.match(url)
    slots = _SLOT.findall(named[1]) if named is not None else []
    chosen = [slot for slot in slots if slot not in ("host", "path", "port")]
    for slot in dict.fromkeys(chosen):
        text = (
            f"{{{slot}}} of the request chooses the host, so that a link to here leads anywhere; "
            f'write the host itself: "redirect:https://example.com/{{{slot}}}"'
        )
        loaded.add(path, text, warning=True)


def _review_loop(loaded: Loaded, path: KeyPath, target: Target, entry: RouteEntry) -> None:
    """A redirect within the host to the one path that it is taken for. Another scheme or host may
    be another server's, and another method another route's."""
    pattern = entry.pattern
    if pattern is None or pattern.kind is not Kind.EXACT or pattern.method or entry.model.when:
        return
    if target.url.partition("?")[0].encode() == pattern.path:
        loaded.add(path, f"the redirect leads to itself: '{entry.key}' is the path {target.url}")


def _review_words(loaded: Loaded, entry: RouteEntry, target: Target) -> None:
    """Words beside a target that they say nothing about."""
    model: RouteModel = entry.model
    if model.status is not None and target.kind != "redirect":
        text = "'status' is of a redirect alone; another is a target: to = \"respond:404\""
        loaded.add((*entry.path, "status"), text)
    if model.files is not None and target.kind != "file":
        text = f"'files' does nothing beside '{target.text}'; it is of to = \"file:/srv/www\""
        loaded.add((*entry.path, "files"), text, warning=True)
    if target.kind in ("redirect", "respond", "file"):
        for word in _OF_ORIGIN if target.kind == "file" else _FORWARDING:
            if getattr(model, word) is not None:
                text = f"'{word}' does nothing beside '{target.kind}:', which reaches no origin"
                loaded.add((*entry.path, word), text, warning=True)
    if target.kind == "pool":
        for word in _OF_POOL:
            if getattr(model, word) is not None:
                text = f"'{word}' does nothing beside a pool; write it in [pool.{target.name}]"
                loaded.add((*entry.path, word), text, warning=True)


def _entry(
    loaded: Loaded, entry: RouteEntry, pattern: Pattern, conditions: Conditions
) -> Entry | None:
    """What a router would compare, without what it would do."""
    route = Route(key=entry.key, plan=_NO_PLAN, where=entry.where)
    try:
        return Entry(
            pattern=pattern, route=route, conditions=conditions, priority=entry.model.priority
        )
    except ValueError as error:
        loaded.add((*entry.path, "when"), str(error))
        return None
