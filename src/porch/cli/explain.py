"""`porch explain METHOD URL`: why a request takes its route, and what is sent."""

import json
import sys
from dataclasses import replace
from pathlib import Path

from porch.cli.explain_access import access_lines
from porch.cli.explain_admission import admission_lines
from porch.cli.explain_auth import auth_lines
from porch.cli.explain_bots import bot_lines
from porch.cli.explain_browser import browser_lines
from porch.cli.explain_buffer import buffer_lines
from porch.cli.explain_busy import busy_lines
from porch.cli.explain_cache import asked_instead, cache_lines
from porch.cli.explain_changes import changes, ordered_for, pools
from porch.cli.explain_compress import compress_lines
from porch.cli.explain_content import content_lines
from porch.cli.explain_limit import limit_lines
from porch.cli.explain_retry import retry_lines
from porch.cli.explain_running import Door, running_lines
from porch.config.build import build
from porch.config.load import load
from porch.config.loaded import Loaded
from porch.config.rehearse import (
    Rehearsal,
    client_ip_of,
    client_of,
    rehearse,
    request_of,
    security_of,
    shown_in,
)
from porch.config.snapshot import Snapshot
from porch.config.state import State
from porch.errors import PorchError
from porch.forward.address import ONE, SPOKEN
from porch.http.message import RequestHead
from porch.observe.redact import redact_url
from porch.route.explain import explain
from porch.route.route import Route
from porch.serve.files import Files
from porch.shield.headers import ResponseHeaders
from porch.tls.client_certificate import ClientCertificate

__all__ = ["explain_request"]

MOST = 3
"""Endpoints of a kind that are named."""


def explain_request(
    config: Path,
    method: str,
    url: str,
    headers: list[str],
    client: str,
    client_cert: Path | None = None,
    *,
    file_only: bool = False,
    as_json: bool = False,
) -> int:
    """Print the explanation. client: the address that the connection comes from, before `trust`.
    client_cert: the PEM file of what it shows. file_only: no door is asked, if one runs.

    Returns 0, also for a request that the door refuses; 1 if the file is of no use; 2 if the
    words are no request.
    """
    door = Door({}, "was not asked: this is what the file says")
    lines: list[str] = []
    loaded = load(config)
    state = State()
    built = build(loaded, state) if loaded.ok else None
    if built is None:
        print(loaded.report(), file=sys.stderr)
        return 1
    try:
        peer = client_of(client)
        request = request_of(method, url, [_header(text) for text in headers])
        certificate = _read(client_cert) if client_cert is not None else None
    except ValueError as error:
        print(f"porch: {error}", file=sys.stderr)
        return 2
    except PorchError as error:
        return _show([f"refused   {error.status}: {error.detail}"], door, as_json=as_json)
    if not file_only:
        door = _asked(config, method, url, headers, client, client_cert)
    client_ip = client_ip_of(built, request, peer)
    security = security_of(built, request, certificate)
    explanation = explain(built.router, request, client_ip, security)
    trusted = built.trusts is not None and built.trusts(peer)
    asked = asked_instead(loaded, explanation.route, request, client_ip, peer, is_trusted=trusted)
    rehearsal = rehearse(built, request, peer, certificate, asked)
    shown = replace(explanation, sent=rehearsal.sent, answers=_answer(rehearsal))
    lines += _redacted(shown.text(), loaded).splitlines()
    lines += (*_described(certificate), *_served(rehearsal), *_consumed(headers, rehearsal))
    if rehearsal.sent is not None:
        lines += _spoken(rehearsal.route, state)
        lines += [f"retry     {line}" for line in retry_lines(rehearsal.route, rehearsal.sent)]
    asks = None if file_only else config
    kept = cache_lines(asks, loaded, rehearsal.route, request, client_ip, is_trusted=trusted)
    lines += [_redacted(line, loaded) for line in kept]
    lines += _answer_changes(rehearsal)
    lines += _protected(loaded, rehearsal.route, request, client_ip)
    lines += compress_lines(loaded, rehearsal.route, request)
    lines += buffer_lines(loaded, rehearsal.route, request)
    lines += changes(rehearsal, client_ip)
    lines += ordered_for(door.orders, rehearsal.route)
    lines += running_lines(door, Snapshot.of(loaded, lists=built.lists), rehearsal.route)
    return _show(lines, door, as_json=as_json)


def _asked(
    config: Path, method: str, url: str, headers: list[str], client: str, shown: Path | None
) -> Door:
    """What the door that runs says of the request."""
    words: dict[str, object] = {"method": method, "url": url, "client": client, "headers": headers}
    if shown is not None:
        words["certificate"] = shown.read_text("latin-1")
    return Door.asked(config, words)


def _show(lines: list[str], door: Door, *, as_json: bool) -> int:
    """Print it: a line each, or all as JSON, with what the door has said."""
    if as_json:
        pairs = [{"about": line[:10].strip(), "text": line[10:]} for line in lines]
        print(json.dumps({"lines": pairs, "door": door.told or None}, indent=2))
    else:
        print("\n".join(lines))
    return 0


def _redacted(text: str, loaded: Loaded) -> str:
    """What is printed goes into tickets and chats: of URLs it has what logs have, and of fields
    that the route sets what is written in the file."""
    return "".join(_redacted_line(line, loaded) for line in text.splitlines(keepends=True))


def _redacted_line(line: str, loaded: Loaded) -> str:
    kind, _, rest = line.partition(" ")
    if kind in ("sends", "key"):
        words = (redact_url(each.encode("latin-1", "replace")) for each in rest.split(" "))
        return f"{kind} " + b" ".join(words).decode("latin-1")
    if kind == "adds":
        name, _, shown = rest.strip().partition(": ")
        cut = shown[:-1] if shown.endswith("…") else ""
        for path, secrets in loaded.secrets.items():
            for value, written in secrets if "headers" in path else ():
                shown = written if cut and cut in value else shown.replace(value, written)
        return f"adds      {name}: {shown}\n"
    return line


def _protected(
    loaded: Loaded, route: Route | None, request: RequestHead, client_ip: bytes
) -> list[str]:
    """Whom the route lets in, from which pages, and how often."""
    return [
        *access_lines(loaded, route, client_ip),
        *admission_lines(route),
        *bot_lines(route, request),
        *busy_lines(loaded, route, request),
        *auth_lines(route),
        *browser_lines(route),
        *limit_lines(route, client_ip),
        *content_lines(route, request),
    ]


def _read(file: Path) -> ClientCertificate:
    try:
        return shown_in(file.read_bytes())
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


def _described(shown: ClientCertificate | None) -> list[str]:
    """What conditions see of a certificate."""
    if shown is None:
        return []
    return [f"subject   {shown.subject or '-'}", *(f"san       {name}" for name in shown.names)]


def _consumed(headers: list[str], rehearsal: Rehearsal) -> list[str]:
    """What was given and ends at the door because it concerns the connection alone."""
    sent = rehearsal.sent
    if sent is None:
        return []
    kept = {name for name, _ in (*sent.fields, *rehearsal.request.fields)} | {b"host"}
    if sent.upgrade is not None:
        kept |= {b"upgrade", b"connection"}
    if sent.expect:
        kept.add(b"expect")
    names = dict.fromkeys(_header(text)[0].lower() for text in headers)
    return [f"removes   {name}" for name in names if name.encode() not in kept]


def _spoken(route: Route | None, state: State) -> list[str]:
    """Which protocols, where it is not HTTP/1.1 alone."""
    names: dict[str, list[str]] = {}
    for pool in pools(route) if route is not None else ():
        for endpoint in pool.endpoints:
            names.setdefault(SPOKEN[state.address_of[endpoint].protocols], []).append(endpoint.name)
    if len(names) == 1:
        return [f"speaks    {words}" for words in names if words != SPOKEN[ONE]]
    return [f"speaks    {words} with {_some(found)}" for words, found in names.items()]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more


def _served(rehearsal: Rehearsal) -> list[str]:
    """The file that is sent, with its folder as it is now."""
    for hook in rehearsal.route.plan.on_request if rehearsal.route is not None else ():
        owner = getattr(hook, "__self__", None)
        if isinstance(owner, Files):
            try:
                return [f"file      {owner.described(rehearsal.request)}"]
            except PorchError as error:
                return [f"file      none: {error.detail or error.sentence}"]
    return []


def _answer_changes(rehearsal: Rehearsal) -> list[str]:
    """What `headers` will do to the answer, whoever gives it."""
    lines: list[str] = []
    for hook in rehearsal.route.plan.on_response if rehearsal.route is not None else ():
        owner = getattr(hook, "__self__", None)
        if isinstance(owner, ResponseHeaders):
            lines += [f"answer    {text}" for text in owner.changes.described()]
    return lines


def _answer(rehearsal: Rehearsal) -> str:
    """What the door answers itself, in words; "" if it forwards."""
    if not rehearsal.status:
        return ""
    if rehearsal.location:
        return f"{rehearsal.status} to {rehearsal.location}"
    if rehearsal.error is not None:
        return f"{rehearsal.status} {rehearsal.error.word}: {rehearsal.error.sentence}"
    return str(rehearsal.status)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise ValueError(f"-H wants 'Name: value', not '{text}'")
    return name.strip(), value.strip()
