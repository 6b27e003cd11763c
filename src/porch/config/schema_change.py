"""The words of changes that are made with care, see schema.py."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from porch.balance.abort import parse_abort
from porch.config.model import Model, word
from porch.config.words import Form, Share, Silence, Strings, Wanted

__all__ = ["CanaryModel", "Maintenance", "MaintenanceModel", "MirrorModel"]


def _abort(text: str) -> str:
    parse_abort(text)
    return text


Abort = Annotated[str, AfterValidator(_abort), Form('a rule, such as "errors > 5% for 30s"')]


class MaintenanceModel(Model):
    """Who comes is answered 503 with Retry-After. Nothing reaches the origin."""

    page: str | None = word("An HTML file that is shown; the door's own error page if left out.")
    retry_after: Silence | None = word("When clients should come again.", "10m")
    allow: Strings = Field(
        default=[],
        description="Networks that are let through, by the client's address: those who work on it.",
    )


def read_maintenance(value: object) -> object:
    """`true` as a table without words."""
    return {} if value is True else value


Maintenance = Annotated[
    MaintenanceModel | Literal[False],
    BeforeValidator(read_maintenance, json_schema_input_type=bool | MaintenanceModel),
    Form("true, false, or a table"),
]


class CanaryModel(Model):
    """A new version that some requests go to, the others to `to` of the route.

    A request goes there whose `header` holds or whose `cookie` is 1; one whose cookie is 0 does
    not; of the rest a `share` does. Where the canary refuses connections they go to the others.
    """

    to: Strings = Field(description="Where it is: a target, a list of them, or a pool's name.")
    share: Share = Field(
        default=0.0,
        description="Of the clients, or of the requests if not `sticky`.",
        json_schema_extra={"default": "0%"},
    )
    header: dict[str, Wanted] = Field(
        default_factory=dict, description="Fields that ask for it, as in [when](#when)."
    )
    cookie: str | None = word(
        "A cookie that asks for it (`1` or `always`) or for the others (`0` or `never`)."
    )
    sticky: bool | str = Field(
        default=True,
        description="A client stays where it is, by its address: also when the share grows, in all "
        "workers, over restarts, and on all routes of the host alike. A text is the name of a "
        "cookie by whose value it is known, where it has one. `false`: each request is drawn.",
    )
    abort_if: Abort | None = word(
        "When it is taken back by itself: `errors > 5% for 30s`, of all workers together. Errors "
        "are statuses of 500 and above and answers that broke off; fewer than 20 requests in that "
        "time tell nothing. It stays back until `porch canary ROUTE on`, or until another canary "
        "is loaded."
    )


class MirrorModel(Model):
    """A copy of some requests goes to a shadow as well, when the client has its answer; what the
    shadow answers is thrown away. Copies carry `X-Forwarded-Mirror: 1`."""

    to: Strings = Field(
        description="Where the shadow is: a target, a list of them, or a pool's name."
    )
    share: Share = Field(
        default=1.0,
        description="Of the requests. A request with a body over 64KB is not copied, nor one that "
        "comes while 32 copies of the route are under way in its worker: `porch status` has their "
        "number.",
        json_schema_extra={"default": "100%"},
    )
