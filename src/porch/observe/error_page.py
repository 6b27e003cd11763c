"""The answer for an error: as HTML, JSON (RFC 9457) or text, whatever the client accepts; to a gRPC
call as a status of gRPC.

It says what went wrong and names the way out. Addresses of endpoints, routes and what happened
inside are said only with `debug`.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from math import ceil

from porch.errors import METHODS, PorchError
from porch.exchange import Exchange
from porch.filter import Response
from porch.http.grpc import call_kind, error_fields
from porch.http.message import Field
from porch.observe.negotiate import page_kind
from porch.observe.proxy_status import proxy_status
from porch.observe.redact import redact_url
from porch.observe.template import STANDARD, Template

__all__ = ["LONGEST_REQUEST", "Template", "error_response"]

LONGEST_REQUEST = 200
"""Characters of the request that a page repeats."""

TITLES = {
    413: "Content Too Large",
    414: "URI Too Long",
    421: "Misdirected Request",
    431: "Request Header Fields Too Large",
}
"""Where Python's names differ from one version to the next, those of RFC 9110."""


def error_response(
    exchange: Exchange, error: PorchError, *, debug: bool = False, template: Template | None = None
) -> Response:
    """The page for `error`. template: of the HTML, None for the standard one.

    An `allow` or `retry_after` (seconds) that the error has becomes a field; its `fields` are sent.
    """
    if call := call_kind(exchange.request.get(b"content-type")):
        return _grpc(exchange, error, call, debug=debug)
    status = error.status or 500
    values = _values(exchange, error, status, debug=debug)
    accept = b",".join(value for name, value in exchange.request.fields if name == b"accept")
    kind = page_kind(accept)
    if kind == "html":
        media, body = b"text/html; charset=utf-8", (template or STANDARD).fill(values)
    elif kind == "json":
        media, body = b"application/problem+json", _json(values, status)
    else:
        media, body = b"text/plain; charset=utf-8", _text(values)
    fields: list[Field] = [
        (b"content-type", media),
        (b"cache-control", b"no-store"),
        (b"vary", b"accept"),
        (b"proxy-status", proxy_status(exchange, error, debug=debug)),
    ]
    fields.extend(getattr(error, "fields", ()))
    if status == 405:
        fields.append((b"allow", getattr(error, "allow", METHODS)))
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        fields.append((b"retry-after", b"%d" % max(0, ceil(retry_after))))
    return Response(status, fields, body)


def _grpc(exchange: Exchange, error: PorchError, call: bytes, *, debug: bool) -> Response:
    """Fields alone (Trailers-Only): a client of gRPC reads no page, and of any status but 200 it
    guesses. One in a browser finds them where it looks first."""
    fields = [
        (b"content-type", call),
        *error_fields(error, f"({_detail(exchange, error)})" if debug else ""),
        (b"proxy-status", proxy_status(exchange, error, debug=debug)),
    ]
    return Response(200, fields)


def _values(
    exchange: Exchange, error: PorchError, status: int, *, debug: bool
) -> Mapping[str, str]:
    return {
        "status": str(status),
        "title": _title(status),
        "reason": error.word,
        "sentence": error.sentence,
        "request": _request(exchange),
        "id": exchange.id.decode("ascii", "replace"),
        "detail": _detail(exchange, error) if debug else "",
    }


def _title(status: int) -> str:
    if status in TITLES:
        return TITLES[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _request(exchange: Exchange) -> str:
    """Method, host and path, without the query: pages are shown around."""
    request = exchange.request
    path = redact_url(request.target).partition(b"?")[0]
    text = b"%b %b%b" % (request.method, request.authority, path)
    shown = text.decode("utf-8", "backslashreplace")
    return shown if len(shown) <= LONGEST_REQUEST else shown[:LONGEST_REQUEST] + "…"


def _detail(exchange: Exchange, error: PorchError) -> str:
    """What only those inside should know."""
    lines = [f"route: {exchange.route.key}"]
    if exchange.endpoint is not None:
        lines.append(f"endpoint: {exchange.endpoint.name}")
    if error.detail:
        lines.append(f"detail: {error.detail}")
    return "\n".join(lines)


def _text(values: Mapping[str, str]) -> bytes:
    text = "{status} {title}\n{reason}: {sentence}\n".format_map(values)
    if values["id"]:
        text += "request {id}\n".format_map(values)
    if values["detail"]:
        text += "\n{detail}\n".format_map(values)
    return text.encode("utf-8", "backslashreplace")


def _json(values: Mapping[str, str], status: int) -> bytes:
    """RFC 9457 3.1, with `reason`; with debug `inside` too."""
    problem: dict[str, str | int] = {
        "type": "about:blank",
        "title": values["title"],
        "status": status,
        "reason": values["reason"],
        "detail": values["sentence"],
    }
    if values["id"]:
        problem["instance"] = f"urn:request:{values['id']}"
    if values["detail"]:
        problem["inside"] = values["detail"]
    return json.dumps(problem).encode() + b"\n"
