"""The document of all operations, as OpenAPI 3.1 has it: made from their table, and served."""

from collections.abc import Mapping
from typing import Any

from porch.manage.control.operations import OPERATIONS, Operation
from porch.manage.control.schema import Schema, listed, made, text, types

__all__ = ["document"]

_ERROR = made(error=text("a sentence: why nothing was done, and what to change"))
_CHANGED = made(
    error=text("a sentence"), changed=listed({"type": "object", "description": "as in the audit"})
)
_REFUSALS: Mapping[int, str] = {
    400: "The request is malformed, or its words do not fit.",
    403: "A page of a browser sent it.",
    404: "What is named is not there.",
    405: "The path is for another method.",
    409: "It does not fit what runs; nothing was changed.",
    411: "A body has a Content-Length, and no chunks.",
    413: "The body is too large.",
    414: "The query is too long.",
    417: "Something other than 100-continue is expected.",
    431: "The head is too large.",
    500: "A fault of Porch; the door serves on.",
    503: "The door is busy, or ends.",
    505: "It is another version than HTTP/1.1 or 1.0.",
}
_OF_CHANGES: Mapping[int, str] = {
    412: "What runs is not the revision of If-Match; nothing was changed.",
    415: "The body is no JSON.",
}
_OF_OTHERS: Mapping[int, str] = {
    502: "Somebody else who is needed for it, such as an authority, has not done his part.",
}
_NAMED = {412: "Changed"}
_ETAG = {
    "ETag": {
        "description": "The revision of what runs and of what was ordered.",
        "schema": {"type": "string"},
    }
}
_TAG = '"[!#-~]{0,64}"'
_TAGS = f"^(\\*|{_TAG}([ \t]*,[ \t]*{_TAG}){{0,15}})$"
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "Do it only if what runs is still of this revision: the ETag of an answer.",
    "schema": {"type": "string", "pattern": _TAGS},
}


def document(version: str) -> dict[str, Any]:
    """version: of Porch."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Porch",
            "version": version,
            "description": "What a running door can be asked: by its commands, at its control "
            "socket, and at the address of `admin`, which says more of itself.",
        },
        "servers": [{"url": "/"}],
        "paths": {
            each.path: {each.method.lower(): _operation(each)} for each in OPERATIONS.values()
        },
        "components": {
            "schemas": {"Error": _ERROR, "Changed": _CHANGED},
            "responses": {
                f"Refused{status}": _answer(
                    why, {"$ref": f"#/components/schemas/{_NAMED.get(status, 'Error')}"}
                )
                for status, why in [
                    *_REFUSALS.items(),
                    *_OF_CHANGES.items(),
                    *_OF_OTHERS.items(),
                ]
            },
        },
    }


def _operation(each: Operation) -> dict[str, Any]:
    refusals = [
        *_REFUSALS,
        *(_OF_CHANGES if each.changes else ()),
        *(_OF_OTHERS if each.needs_others else ()),
    ]
    found: dict[str, Any] = {
        "operationId": each.name,
        "summary": each.summary,
        "responses": {
            "200": _answer("Done.", each.gives) | {"headers": _ETAG},
            **({"202": _answer(each.later, each.gives) | {"headers": _ETAG}} if each.later else {}),
        }
        | {
            str(status): {"$ref": f"#/components/responses/Refused{status}"}
            for status in sorted(refusals)
        },
    }
    if each.changes:
        content = {"application/json": {"schema": each.takes}}
        body = {"content": content, "required": "required" in each.takes}
        return found | {"parameters": [_IF_MATCH], "requestBody": body}
    parts = each.takes["properties"]
    needed = each.takes.get("required", ())
    parameters = [_parameter(name, part, needed=name in needed) for name, part in parts.items()]
    return found | ({"parameters": parameters} if parameters else {})


def _answer(description: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _parameter(name: str, schema: Schema, *, needed: bool) -> dict[str, Any]:
    """A word of a query: a text as it is, all else as JSON."""
    described: dict[str, Any] = {"name": name, "in": "query", "required": needed}
    if "string" in types(schema):
        return described | {"schema": schema}
    return described | {"content": {"application/json": {"schema": schema}}}
