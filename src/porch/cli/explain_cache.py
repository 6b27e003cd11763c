"""What `porch explain` says of the cache: what a request's answer is kept by, whether it is looked
up, and what a running door has of it, with the sentence of the rule that decides."""

from base64 import b64decode
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from porch.cache.appraise import by_request
from porch.cache.asking import question
from porch.cache.entry import Entry, decoded
from porch.cache.filter import goes_past
from porch.cache.key import digest, make
from porch.cache.lifetime import because
from porch.cache.policy import Policy
from porch.cache.queries import LONGEST, QUERY, may_be_short
from porch.cache.reuse import How, Use, absent, use
from porch.cache.shelf import fill_key, hinted, name_of
from porch.cache.unkeyed import believing
from porch.cache.vary import matches
from porch.config.caches import key_suffix
from porch.config.caching import key_rules, policy
from porch.config.loaded import Loaded, RouteEntry
from porch.config.schema_cache import CacheModel
from porch.config.settings import RouteSettings
from porch.http.message import RequestHead
from porch.manage.control.client import NotRunning, ask
from porch.route.pattern import Pattern
from porch.route.route import Route
from porch.route.when import parse_when
from porch.shield.client_certificate import TELL_CERTIFICATE

__all__ = ["asked_instead", "cache_lines"]

PATIENCE = 2.0
"""Seconds for a door to say what it has."""
_DONE: Mapping[How, str] = {
    How.FRESH: "it is given",
    How.STALE: "it is given, and asked for again in the background",
    How.VALIDATE: "the origin is asked whether it still holds",
    How.MISS: "the origin is asked",
    How.REFUSE: "504",
}
_PASSED = (
    "the last answer to it could not be kept, less than a minute before, so that nobody waits for "
    "another's (passed)"
)


def cache_lines(
    config: Path | None,
    loaded: Loaded,
    route: Route | None,
    request: RequestHead,
    client_ip: bytes,
    *,
    is_trusted: bool,
) -> Iterator[str]:
    """None of a route that keeps nothing. config: of the door that is asked for what it has; None
    asks nobody. is_trusted: whether it comes from a proxy in `trust`."""
    found = _cached(loaded, route)
    if found is None or route is None:
        return
    words, entry, pattern = found
    if _tells_certificate(route) and "authorization" not in (words.ignore or ()):
        yield "cache     nothing is kept: the origin is told the certificates of clients"
        return
    rules, conditions = policy(words), entry.model.when
    name = route.key
    if conditions is not None:
        name = f"{name} {parse_when(conditions.model_dump(exclude_defaults=True))}"
    counts = key_rules(words.key, entry.model.canary)
    key = make(request, believing(counts) if is_trusted else counts) + key_suffix(
        name, pattern, is_internal=bool(entry.model.internal)
    )
    part = words.key.py if words.key is not None else None
    beside = [f"what {part} says"] if part else []
    if request.method == QUERY:
        beside.append("the body of the QUERY")
    yield f"key       {' and '.join((key.decode('latin-1'), *beside))}"
    why = _why_past(rules, request, client_ip)
    if why:
        yield f"cache     goes past it: {why}"
        return
    yield "cache     is looked up"
    if beside:
        yield f"stored    not known: {' and '.join(beside)} is known to the door alone"
        done = None
    else:
        done, names = yield from _stored(config, digest(key), request, rules, client_ip)
    refused = by_request(request, dict(request.fields), rules)
    is_asked = done is None or done.how not in (How.FRESH, How.REFUSE)
    if is_asked and refused is not None:
        yield f"kept      no ({refused.word}): {refused.sentence}"
    elif done is not None and done.how in (How.MISS, How.VALIDATE) and not done.or_stale:
        asked = fill_key(digest(key), names, request, client_ip)
        if config is not None and _ask(config, name_of(asked)).get("passed"):
            yield f"passed    goes past the cache: {_PASSED}"


def asked_instead(
    loaded: Loaded,
    route: Route | None,
    request: RequestHead,
    client_ip: bytes,
    peer: bytes,
    *,
    is_trusted: bool,
) -> RequestHead | None:
    """What the origin is asked in place of a request whose answer may be kept; None where it is
    asked the request itself. peer: the address that it comes from. See `cache_lines`."""
    found = _cached(loaded, route)
    if found is None or route is None:
        return None
    words, entry, _ = found
    rules = policy(words)
    if (
        (_tells_certificate(route) and "authorization" not in (words.ignore or ()))
        or _why_past(rules, request, client_ip)
        or by_request(request, dict(request.fields), rules) is not None
    ):
        return None
    counts = key_rules(words.key, entry.model.canary)
    asked = question(request, believing(counts) if is_trusted else counts, None, [])
    if client_ip != peer:
        asked.fields.append((b"x-forwarded-for", client_ip))
    return asked


def _cached(loaded: Loaded, route: Route | None) -> tuple[CacheModel, RouteEntry, Pattern] | None:
    """What is said of the cache of a route, and where; None where it has none."""
    if route is None or route.destination is None:
        return None
    places = (each for each in loaded.routes if (each.key, each.where) == (route.key, route.where))
    entry = next(places, None)
    if entry is None or entry.pattern is None:
        return None
    words = RouteSettings.of(loaded, entry, entry.pattern.host.decode()).cache
    return None if words is None else (words, entry, entry.pattern)


def _tells_certificate(route: Route) -> bool:
    hooks = route.plan.on_upstream_request
    return any(getattr(hook, "__self__", None) is TELL_CERTIFICATE for hook in hooks)


def _why_past(rules: Policy, request: RequestHead, client_ip: bytes) -> str:
    """Why it goes past the cache; "" if it does not. Of a QUERY the body is taken to come."""
    is_query = request.method == QUERY
    past = goes_past(rules, request, client_ip, b"" if is_query else None)
    if is_query and not past and not may_be_short(request):
        return f"a QUERY with Expect, or of more than {LONGEST} bytes, is not waited for"
    if past == "bypass" and not rules.passes_by(request, client_ip):
        return "it has a body, an upgrade, or a condition that only the origin can judge"
    done = absent(request, rules, past or "uri-miss")
    is_past = bool(past) or (done.how is How.MISS and not done.store)
    return done.why if is_past else ""


def _stored(
    config: Path | None, primary: bytes, request: RequestHead, rules: Policy, client_ip: bytes
) -> Generator[str, None, tuple[Use | None, list[bytes]]]:
    """What the door has, and what it does with it, which is returned, None where that is not known;
    and by what requests of this key are asked apart (shelf.hinted)."""
    if config is None:
        yield "stored    not known: no door was asked"
        return None, []
    answer = _ask(config, primary)
    if "kept" not in answer:
        why = str(answer.get("error", "no door runs with this file")).removeprefix("porch: ")
        yield f"stored    not known: {why}"
        return None, []
    kept = [(decoded(b64decode(text)), is_purged) for text, is_purged in answer["kept"]]
    found = next((each for each in kept if matches(each[0].vary, request)), None)
    if found is None:
        done = absent(request, rules, "vary-miss" if kept else "uri-miss")
        yield f"stored    {done.why}"
        return done, hinted(kept[0][0].vary) if kept else []
    entry, is_purged = found
    done = use(*(entry, request, answer["now"], rules), is_purged=is_purged, address=client_ip)
    others = f"; one of {len(kept)} variants" if len(kept) > 1 else ""
    yield f"stored    {entry.status}, {entry.length} bytes, {_aged(entry, answer['now'])}{others}"
    yield f"          {because(entry)}"
    yield f"then      {_DONE[done.how]}: {done.why}"
    return done, hinted(entry.vary, entry.asker)


def _ask(config: Path, key: bytes) -> dict[str, Any]:
    """What a door has by a key; nothing where none runs."""
    with suppress(NotRunning, OSError):
        return dict(ask(config, "kept", {"primary": key.hex()}, patience=PATIENCE))
    return {}


def _aged(entry: Entry, now: float) -> str:
    age = entry.age_at(now)
    left = entry.lifetime - age
    return f"{age:.0f} s old, " + (f"fresh for {left:.0f} s" if left > 0 else "stale")
