"""What a reload would change, in words: for somebody who is about to press the key.

Compared are the meanings: the order of a file, its comments and another spelling of one value
change nothing. Values are shown as they are written, secrets never.
"""

import json
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, TypeVar

from pydantic import BaseModel

from porch.config.address import parse_listen
from porch.config.conditions import CertificateModel, WhenModel
from porch.config.forms import form_of
from porch.config.loaded import Loaded, RouteEntry
from porch.config.locate import KeyPath
from porch.config.schema import HeadersModel, LogModel, ServerModel
from porch.config.target import parse_target
from porch.config.units import spell_duration, spell_share, spell_size
from porch.config.words import DURATION_FORM, SHARE_FORM, SIZE_FORM
from porch.observe.redact import redact_text

__all__ = ["LINES", "NOTHING", "difference"]

LINES = 20
"""Lines about each of pools, sites and routes; of what is more the number is told."""

NOTHING = "nothing changes"

_ITEMS = 5
"""Items of a list that are named."""
_LONGEST = 100
"""Characters of one value that are shown."""
_BEFORE = 20
"""Characters that are shown before what differs, of those that are alike."""
_GROUPS = ("routes", "site", "pool")
_ELSEWHERE = frozenset({"expect", "include", "pool", "routes", "servers", "site", "to"})
"""Words that are compared by themselves, or that change nothing that runs."""
_PLAIN = re.compile(r"[^\s\"',;=]+\Z")
_TELLING = re.compile(r"auth|cookie|token|secret|password|key|signature", re.IGNORECASE)
"""Names of fields whose values may be secrets, though they are not written as one."""

T = TypeVar("T")
Hide = Callable[[str], str]
Change = list[str]
"""The lines about one thing; none if it is as it was."""


def difference(before: Loaded, after: Loaded) -> list[str]:
    """What `after` would change of `before`, a line each; the one line NOTHING if nothing.

    Both must be ok. The order is that of the words in the reference, then pools, sites, routes;
    among these what goes comes first, then what is new.
    """
    secrets = _Secrets(before, after)
    lines = _words("", _Table(before, (), before.config), _Table(after, (), after.config), secrets)
    for what, changes in (
        ("pool", _pools(before, after, secrets)),
        ("site", _sites(before, after, secrets)),
        ("route", _routes(before, after, secrets)),
    ):
        lines += _bounded(changes, what)
    return [_printable(line) for line in lines] or [NOTHING]


def _bounded(changes: Iterable[Change], what: str) -> list[str]:
    """The lines of the first changes, and how many more there are."""
    lines: list[str] = []
    more = 0
    for change in changes:
        if len(lines) < LINES:
            lines += change
        elif change:
            more += 1
    if more:
        lines.append(f"and {more:,} more {what}{'' if more == 1 else 's'}")
    return lines


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of one side. path: where it stands in that side's data."""

    loaded: Loaded
    path: KeyPath
    model: BaseModel


# --- pools, sites, routes ------------------------------------------------------------------------


def _pools(before: Loaded, after: Loaded, secrets: "_Secrets") -> Iterator[Change]:
    for name, old, new in _paired(before.pools, after.pools):
        path: KeyPath = ("pool", name)
        hide = secrets.hider(path)
        if new is None:
            yield [f"[pool.{name}]: gone"]
        elif old is None:
            yield [f"[pool.{name}]: new, {_listed(_targets(new.servers, hide))}"]
        else:
            was, becomes = _targets(old.servers, hide), _targets(new.servers, hide)
            subject = f"[pool.{name}] "
            tables = _Table(before, path, old), _Table(after, path, new)
            yield [
                *_moves(subject, "servers", was, becomes),
                *_words(subject, *tables, secrets),
            ]


def _sites(before: Loaded, after: Loaded, secrets: "_Secrets") -> Iterator[Change]:
    for host, old, new in _paired(before.sites, after.sites):
        if new is None:
            yield [f"[site.{host}]: gone"]
        elif old is None:
            yield [f"[site.{host}]: new{_with(new)}"]
        else:
            was = _Table(before, before.site_paths[host], old)
            becomes = _Table(after, after.site_paths[host], new)
            yield _words(f"[site.{host}] ", was, becomes, secrets)


def _routes(before: Loaded, after: Loaded, secrets: "_Secrets") -> Iterator[Change]:
    pairs = [*_paired(_by_meaning(before, secrets), _by_meaning(after, secrets))]
    for _, old, new in pairs:
        if old is not None and new is None:
            yield [f"{_label(old, secrets)}: gone"]
        elif new is not None and old is None:
            to = _listed(_targets(new.model.to, secrets.hider(new.path)))
            yield [f"{_label(new, secrets)}: new, to {to}{_with(new.model)}"]
    for _, old, new in pairs:
        if old is not None and new is not None:
            yield _route(_Table(before, old.path, old.model), old, after, new, secrets)


def _route(
    table: _Table, old: RouteEntry, after: Loaded, new: RouteEntry, secrets: "_Secrets"
) -> Change:
    if old.model == new.model and new.model.tls is None and not new.model.openapi:
        return []  # by far the most
    subject = f"{_label(new, secrets)}: "
    was = _targets(old.model.to, secrets.hider(old.path))
    becomes = _targets(new.model.to, secrets.hider(new.path))
    if len(was) == len(becomes) == 1 and was.keys() != becomes.keys():
        lines = [_was(subject, "to", _listed(was), _listed(becomes))]
    else:
        lines = _moves(subject, "to", was, becomes)
    return [*lines, *_words(subject, table, _Table(after, new.path, new.model), secrets)]


def _by_meaning(loaded: Loaded, secrets: "_Secrets") -> dict[Hashable, RouteEntry]:
    """The routes by key and conditions, and several that are alike by their priority."""
    known: dict[Hashable, list[RouteEntry]] = {}
    for entry in loaded.routes:
        when = entry.model.when
        meaning = () if when is None else _meaning(when, secrets.hider(entry.path))
        known.setdefault((entry.pattern or entry.key, meaning), []).append(entry)
    found: dict[Hashable, RouteEntry] = {}
    for key, entries in known.items():
        entries.sort(key=lambda each: -each.model.priority)
        found |= {(key, number): each for number, each in enumerate(entries)}
    return found


def _meaning(when: WhenModel, hide: Hide) -> Hashable:
    """Conditions without their order and spelling."""
    values = [
        (source, name.lower() if source == "header" else name, repr(_hidden(wanted, hide)))
        for source in ("header", "query", "cookie")
        for name, wanted in getattr(when, source).items()
    ]
    methods, clients = (
        tuple(sorted({*map(hide, each or ())})) for each in (when.method, when.client)
    )
    if when.client_cert is not None:
        values.append(("client_cert", "", repr(when.client_cert)))
    return methods, clients, tuple(sorted(values))


def _label(entry: RouteEntry, secrets: "_Secrets") -> str:
    """A route as a sentence begins with it."""
    when = entry.model.when
    if when is None:
        return f"route {entry.key}"
    hide = secrets.hider(entry.path)
    words = [f"method is {' or '.join(map(hide, when.method))}"] if when.method else []
    for source in ("header", "query", "cookie"):
        for name, wanted in getattr(when, source).items():
            secret = isinstance(wanted, str) and _TELLING.search(name) and hide(wanted) == wanted
            words.append(f"{source} {name} = {'…' if secret else _shown(_hidden(wanted, hide))}")
    words += [f"client in {' or '.join(map(hide, when.client))}"] if when.client else []
    if when.client_cert is not None:
        words.append(_certificate(when.client_cert, hide))
    return f"route {entry.key}" + (f" when {', '.join(words)}" if words else "")


def _paired(
    before: Mapping[Any, T], after: Mapping[Any, T]
) -> Iterator[tuple[Any, T | None, T | None]]:
    """What is gone, what is new, then what is in both, each in the order of its file."""
    yield from ((key, old, None) for key, old in before.items() if key not in after)
    yield from ((key, None, new) for key, new in after.items() if key not in before)
    yield from ((key, before[key], new) for key, new in after.items() if key in before)


def _certificate(wanted: bool | CertificateModel, hide: Hide) -> str:
    """A condition on a client's certificate, as the label of a route has it."""
    if isinstance(wanted, bool):
        return f"client_cert = {_shown(wanted)}"
    parts = ((word, getattr(wanted, word)) for word in ("subject", "san"))
    said = (
        f"client_cert.{word} = {_shown(_hidden(value, hide))}"
        for word, value in parts
        if value is not None
    )
    return ", ".join(said)


def _with(model: BaseModel) -> str:
    """What else stands in a new table."""
    said = [
        name
        for name in type(model).model_fields
        if name in model.model_fields_set and name not in _ELSEWHERE and name != "when"
    ]
    return f", with {', '.join(said)}" if said else ""


# --- targets -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Item:
    """An item of a list. weights: of a target, one each time that it is named."""

    shown: str
    weights: list[int]

    def __str__(self) -> str:
        plain = all(weight == 1 for weight in self.weights)
        return self.shown if plain else f"{self.shown} (weight {_and(self.weights)})"


Items = Mapping[Hashable, _Item]
"""By what each means."""


def _targets(to: Sequence[str | ServerModel], hide: Hide) -> Items:
    """The targets of a list by what they mean, without order and spelling."""
    found: dict[Hashable, _Item] = {}
    for each in to:
        server = ServerModel(to=each) if isinstance(each, str) else each
        announces = server.proxy_protocol or ""
        target = parse_target(server.to)
        target = replace(target, text="", priority=server.priority, announces=announces)
        shown = hide(server.to) + (f" (priority {server.priority})" if server.priority else "")
        shown += f" (proxy_protocol {announces})" if announces else ""
        found.setdefault(target, _Item(shown, [])).weights.append(server.weight)
    for item in found.values():
        item.weights.sort()
    return found


def _moves(subject: str, name: str, old: Items, new: Items) -> Change:
    """What joins and leaves the list `name`, and what counts more or less than before."""
    lines = []
    for key, item in new.items():
        if key in old and old[key].weights != item.weights:
            was, becomes = _and(old[key].weights), _and(item.weights)
            lines.append(f"{subject}weight of {item.shown} was {was}, becomes {becomes}")
    if len(lines) > _ITEMS:
        lines[_ITEMS:] = [f"{subject}and {len(lines) - _ITEMS:,} more weights"]
    joins = {key: item for key, item in new.items() if key not in old}
    leaves = {key: item for key, item in old.items() if key not in new}
    if not joins and not leaves:
        return lines
    if sorted(map(str, joins.values())) == sorted(map(str, leaves.values())):
        return [*lines, _was(subject, name, "", "")]
    word, start = ("to ", subject) if name == "to" else ("", f"{subject}{name}: ")
    parts = [f"also {word}{_listed(joins)}"] if joins else []
    parts += [f"no longer {word}{_listed(leaves)}"] if leaves else []
    return [*lines, start + "; ".join(parts)]


def _listed(items: Items) -> str:
    """The first items of a list, in words."""
    shown = [_cut(str(each)) for each in items.values()]
    more = len(shown) - _ITEMS
    return ", ".join(shown[:_ITEMS]) + (f" and {more:,} more" if more > 0 else "") or "nothing"


def _and(numbers: Sequence[int]) -> str:
    return " and ".join(map(str, numbers))


# --- words ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a table. value: what it means. shown: "" if it must not be shown.

    items: of a list that has no order. is_file: whether it names one, whose content counts too.
    """

    value: object
    shown: str
    items: Items | None = None
    is_file: bool = False


def _words(subject: str, before: _Table, after: _Table, secrets: "_Secrets") -> Change:
    """What changes of the words of a table. subject: how a line begins."""
    old = dict(_flat(before, secrets))
    new = dict(_flat(after, secrets))
    lines: Change = []
    for word in dict.fromkeys((*new, *old)):
        was, becomes = old.get(word), new.get(word)
        if was is None and becomes is not None:
            lines.append(
                f"{subject}{word}: new" + (f", {_cut(becomes.shown)}" if becomes.shown else "")
            )
        elif becomes is None and was is not None:
            value = f" was {_cut(was.shown)}," if was.shown else ""
            lines.append(f"{subject}{word}{value} is left out now")
        elif was is None or becomes is None or was.value == becomes.value:
            continue
        elif was.items is not None and becomes.items is not None:
            lines += _moves(subject, word, was.items, becomes.items)
        elif was.is_file and was.shown == becomes.shown:
            lines.append(f"{subject}{word}: the file has changed")
        else:
            lines.append(_was(subject, word, was.shown, becomes.shown))
    return lines


def _was(subject: str, word: str, old: str, new: str) -> str:
    """What looks alike and is not differs in what is never shown."""
    if old == new:
        return f"{subject}the secret of {word} changes"
    alike = 0
    if max(len(old), len(new)) > _LONGEST:
        pairs = enumerate(zip(old, new, strict=False))
        differs = next((at for at, (one, two) in pairs if one != two), min(len(old), len(new)))
        alike = max(0, differs - _BEFORE)
    return f"{subject}{word} was {_cut(old, alike)}, becomes {_cut(new, alike)}"


def _cut(text: str, start: int = 0) -> str:
    """What of a long text stands in a line."""
    end = start + _LONGEST
    return ("…" if start else "") + text[start:end] + ("…" if len(text) > end else "")


def _flat(table: _Table, secrets: "_Secrets", start: str = "") -> Iterator[tuple[str, _Word]]:
    """All words of a table and of those in it: "timeouts.idle". start: how each begins."""
    hide = secrets.hider(table.path)
    for name in type(table.model).model_fields:
        value = getattr(table.model, name)
        path = (*table.path, name)
        if value is None or (name in _ELSEWHERE and not start):
            continue
        if isinstance(value, HeadersModel):
            yield from _fields(value, hide)
        elif isinstance(value, WhenModel):
            yield name, _Word(_meaning(value, str), "")
        elif isinstance(value, BaseModel):
            if _form(type(table.model), name).startswith("true, false"):
                yield start + name, _Word(True, "true")  # it may have no word
            yield from _flat(_Table(table.loaded, path, value), secrets, f"{start}{name}.")
        elif name in ("cert", "client_ca", "key") and not start and isinstance(value, list):
            contents = [table.loaded.contents.get(table.loaded.base / file) for file in value]
            shown = ", ".join(_shown(hide(file)) for file in value)
            yield name, _Word((value, contents), shown, is_file=True)
        elif isinstance(value, list):
            items = _items(name, value, hide)
            yield start + name, _Word(items.keys(), _listed(items), items)
        elif name in ("ca", "error_page", "page", "file") or (
            name in ("cert", "key", "client_ca") and start in ("tls.", "admin.")
        ):
            content = table.loaded.contents.get(table.loaded.base / value)
            yield start + name, _Word((value, content), _shown(hide(value)), is_file=True)
        else:
            written = secrets.written(table.loaded, path)
            is_secret = (start.endswith("eab.") and name == "key") or name == "key_password"
            is_secret |= start == "sticky." and name == "secret"
            if name == "status_ttl":
                shown = ", ".join(f"{key} = {spell_duration(each)}" for key, each in value.items())
                yield start + name, _Word(value, shown or "nothing")
                continue
            if (is_secret or isinstance(value, dict)) and not written:
                yield start + name, _Word(value, "")
                continue
            shown = written if written else _spelled(type(table.model), name, value)
            yield start + name, _Word(value, _shown(_hidden(shown, hide)))


def _fields(headers: HeadersModel, hide: Hide) -> Iterator[tuple[str, _Word]]:
    for direction in ("request", "response"):
        for name, value in sorted(getattr(headers, direction).items()):
            shown = value
            if isinstance(value, list):
                shown = ", ".join(hide(each) for each in value)
            is_telling = _TELLING.search(name) is not None and value is not False
            text = "" if is_telling else _shown(_hidden(shown, hide))
            yield f"headers.{direction}.{name.lower()}", _Word(value, text)
    if headers.secure is not None:
        yield "headers.secure", _Word(headers.secure, _shown(headers.secure))


def _items(name: str, values: Sequence[Any], hide: Hide) -> Items:
    """A list without order, by what its items mean."""
    found: dict[Hashable, _Item] = {}
    for value in values:
        if isinstance(value, LogModel):
            words = value.model_dump(exclude_defaults=True, exclude={"to"})
            shown = ", ".join(f"{word} {each}" for word, each in words.items())
            if words.keys() == {"format"}:
                shown = str(value.format)
            found[repr(value)] = _Item(hide(value.to + (f" ({shown})" if shown else "")), [])
        else:
            meaning = parse_listen(value) if name == "listen" else value
            found[meaning] = _Item(hide(value), [])
    return found


@cache
def _form(kind: type[BaseModel], name: str) -> str:
    return form_of(kind.model_fields[name])


def _spelled(kind: type[BaseModel], name: str, value: Any) -> Any:
    """A value with the unit that it is written with."""
    form = _form(kind, name)
    if DURATION_FORM.text.partition(",")[0] in form and isinstance(value, float):
        return spell_duration(value)
    if form == SHARE_FORM.text:
        return spell_share(value)
    return spell_size(value) if form == SIZE_FORM.text else value


def _hidden(value: Any, hide: Hide) -> Any:
    return hide(value) if isinstance(value, str) else value


def _shown(value: str | bool | int) -> str:
    """A value as it is written, in quotes where a sentence needs them."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text if _PLAIN.match(text) else json.dumps(text, ensure_ascii=False)


def _printable(text: str) -> str:
    """A line stays one, and what a file says cannot steer a terminal; no secrets of URLs."""
    text = redact_text(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


class _Secrets:
    """What must not be shown, by the table that it stands in."""

    def __init__(self, *sides: Loaded) -> None:
        self._pairs: dict[KeyPath, dict[str, str]] = {}
        for loaded in sides:
            for path, pairs in loaded.secrets.items():
                table = path[:2] if path[0] in _GROUPS else ()
                self._pairs.setdefault(table, {}).update(pairs)

    def hider(self, path: KeyPath) -> Hide:
        """What puts in place of each secret of a table what was written for it."""
        pairs = self._pairs.get(path[:2] if path and path[0] in _GROUPS else ())
        return partial(_without, pairs) if pairs else str

    def written(self, loaded: Loaded, path: KeyPath) -> str:
        """What was written for a value that is no text any more; "" if it is no secret."""
        return "".join(written for _, written in loaded.secrets.get(path, ()))


def _without(pairs: Mapping[str, str], text: str) -> str:
    if text in pairs:
        return pairs[text]
    for value in sorted(pairs, key=len, reverse=True):
        text = text.replace(value, pairs[value])
    return text
