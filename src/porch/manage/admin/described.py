"""Described: the document of all operations (control/document.py) as it is true of this door.

What it adds to the control socket's: who asks is told by a token, a session or a certificate; a
change that a browser could send by itself says a secret; and there are refusals of its own.
"""

import copy
from collections.abc import Mapping
from typing import Any

from porch.manage.admin.offer import RANKS
from porch.manage.control.schema import flag, made, text

__all__ = ["described"]

_REFUSALS: Mapping[int, str] = {
    401: "Nobody has shown who asks, or what was shown is nobody's.",
    403: "Whoever asks may not, a page of another site has sent it, or X-Porch-Csrf is wrong.",
    405: "The path is for another method.",
    408: "The body did not come in time.",
    415: "The body is no JSON.",
    421: "Host names none of the names of this door.",
    429: "Too many wrong tokens came from this client; Retry-After says for how long.",
    500: "A fault of Porch; the door serves on.",
    503: "The door is busy, ends, or its rules have changed meanwhile: ask again.",
    504: "The supervisor does not answer; what was asked for may still be done.",
}
_OWN = (401, 403, 405, 408, 421, 429, 500, 503)
"""Those of what this door answers itself."""
_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
_CSRF = {
    "name": "X-Porch-Csrf",
    "in": "header",
    "required": False,
    "description": "What `csrf` of /v1/session says: wanted of who comes by a session or a "
    "certificate, which browsers show by themselves. A token needs none.",
    "schema": {"type": "string"},
}
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-porch-443",
        "description": "Of a browser, behind the form at /login. The number is the port by which "
        "it comes; over plain HTTP the name is without __Host-.",
    },
    "certificate": {"type": "mutualTLS"},
}
_SESSION = made(
    name=text("whose token or certificate it is"),
    by={"type": "string", "enum": ["token", "session", "certificate"]},
    role={"type": "string", "enum": [*RANKS]},
    csrf=text('for X-Porch-Csrf; "" where none is wanted'),
    read_only=flag("whether nobody changes anything here"),
)
_BEGUN = made(
    begun={"type": "string", "enum": ["upgrade"]},
    next=text("how to find out what comes of it"),
)


def described(document: Mapping[str, Any]) -> dict[str, Any]:
    """document: as the control socket has it. It is left as it is."""
    found: dict[str, Any] = copy.deepcopy(dict(document))
    parts = found["components"]
    parts["securitySchemes"] = _SCHEMES
    found["security"] = [{each: []} for each in _SCHEMES]
    for status, why in _REFUSALS.items():
        parts["responses"][f"Refused{status}"] = {"description": why, "content": _ERROR}
    for path in found["paths"].values():
        for operation in path.values():
            operation["responses"] |= _refused(_REFUSALS)
            if "requestBody" in operation:
                operation["parameters"] = [*operation.get("parameters", ()), _CSRF]
    found["paths"]["/v1/upgrade"]["post"]["responses"]["202"] = {
        "description": "It is begun, and ends this connection.",
        "content": {"application/json": {"schema": _BEGUN}},
    }
    found["paths"] |= {"/v1/session": {"get": _session()}, "/v1/events": {"get": _events()}}
    return found


def _refused(statuses: Mapping[int, str] | tuple[int, ...]) -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/Refused{status}"} for status in statuses}


def _session() -> dict[str, Any]:
    return {
        "operationId": "session",
        "summary": "Who asks, what that one may do, and the secret of its changes.",
        "responses": {
            "200": {
                "description": "By token, session or certificate.",
                "content": {"application/json": {"schema": _SESSION}},
            }
        }
        | _refused(_OWN),
    }


def _events() -> dict[str, Any]:
    return {
        "operationId": "events",
        "summary": "What the page shows, a picture a second, until the connection ends.",
        "responses": {
            "200": {
                "description": "Server-sent events: `plan` when it is another, and `picture`.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            }
        }
        | _refused(_OWN),
    }
