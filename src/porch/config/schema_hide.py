"""The words that keep what stands behind the door unseen."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from porch.config.model import Model, word
from porch.config.words import Form, Strings

__all__ = ["HideModel", "HideWords"]

_NAME = re.compile(r"[!#$%&'+\-.^_`|~0-9A-Za-z]+\*?\Z")
_AUTHORITY = re.compile(
    r"(?:https?://)?(?P<authority>[a-z0-9._-]+(?::\d{1,5})?|\[[0-9a-f:.]+\](?::\d{1,5})?)/?\Z"
)
_NEEDED = frozenset(
    (
        *("content-length", "content-type", "content-encoding", "transfer-encoding", "date"),
        *("location", "set-cookie", "vary", "content-range", "www-authenticate", "etag"),
    )
)
"""Without these an answer would be another."""


def _names(value: list[str]) -> list[str]:
    for each in value:
        if _NAME.match(each) is None or len(each.rstrip("*")) < 2:
            raise ValueError(
                f"'{each}' is not the name of a field, nor how some begin (\"X-App-*\")"
            )
        begins = each.lower().rstrip("*")
        for needed in _NEEDED:
            if needed == begins or (each.endswith("*") and needed.startswith(begins)):
                raise ValueError(f"without {needed} an answer is another; leave it out of '{each}'")
    return [each.lower() for each in value]


def _authorities(value: list[str]) -> list[str]:
    found = []
    for each in value:
        match = _AUTHORITY.match(each.lower())
        if match is None:
            raise ValueError(f"'{each}' is no address of an origin, such as \"app.internal:8080\"")
        found.append(match["authority"])
    return found


class HideModel(Model):
    """What answers tell of origins is taken off: `hide = true`, or more names in a list.

    Fields such as Server, Via, X-Powered-By, X-AspNet-Version go. An address of the pool in
    Location, Content-Location, SourceMap, Refresh, Link, Report-To, NEL and Reporting-Endpoints
    becomes a path on the host that was asked for, in a query of theirs that host, and goes from
    Domain of cookies.
    """

    fields: Annotated[Strings, AfterValidator(_names), Form("names of fields")] = Field(
        default=[], description="Further ones that go; `X-App-*` is all that begin so."
    )
    keep: Annotated[Strings, AfterValidator(_names), Form("names of fields")] = Field(
        default=[], description="Some that stay after all."
    )
    addresses: Annotated[Strings, AfterValidator(_authorities), Form("addresses")] = Field(
        default=[],
        description="By which origins know themselves, beside those that `to` says: "
        '`"app.internal:8080"`.',
    )


def _read(value: object) -> object:
    if value is True:
        return {}
    return {"fields": value} if isinstance(value, str | list) else value


HideText = bool | str | list[str] | HideModel
HideWord = Annotated[
    HideModel | Literal[False],
    BeforeValidator(_read, json_schema_input_type=HideText),
    Form("true, false, names of fields, or a table"),
]


class HideWords(Model):
    """Of a route, a site or the top; the nearest wins."""

    hide: HideWord | None = word("Answers tell nothing of origins, see [hide](#hide).", False)
    accel: bool | None = word(
        "The origin may have an internal route answer, by X-Accel-Redirect or X-Sendfile; see "
        "`internal`.",
        False,
    )
