"""Offer: what can be asked for at one path of the admin door, and who asks for it.

Whoever has something to show there (operations, the page, sessions) gives a table of these; the
entrance (entrance.py) has looked at host, origin, caller, role and the size of the body before any
of them is called.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from porch.config.schema_admin import Role
from porch.exchange import Exchange
from porch.filter import Response, Suspend
from porch.http.message import Field
from porch.identity import Identity

__all__ = ["RANKS", "Answers", "Caller", "Offer", "Offers", "json_answer", "refusal"]

RANKS: Mapping[Role, int] = {"read": 0, "operate": 1, "all": 2}
"""Who has one role may do all that those before it may."""
API = b"/v1/"


class Caller(Identity):
    """Who asks, and has shown it. role: what it may do. by: "token", "session", "certificate".
    csrf: what a change must have in X-Porch-Csrf where a browser shows who it is by itself: of a
    session or a certificate; "" where nothing is needed."""

    __slots__ = ("csrf", "role")

    def __init__(self, name: str, by: str, role: Role, csrf: str = "") -> None:
        super().__init__(name, by)
        self.role = role
        self.csrf = csrf

    def may(self, role: Role) -> bool:
        """Whether it may do what is for this role."""
        return RANKS[self.role] >= RANKS[role]


Answers = Callable[[Exchange, Caller | None, bytes], Response | Suspend]
"""Called with the whole body. None: nobody has shown who asks, and the offer is open. With Suspend
it calls `exchange.resume(response)` later, unless `exchange.ended` by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One method at one path. GET answers HEAD too.

    needs: the role of who may. is_open: anybody may, as for what a browser needs before somebody
    has logged in; nothing open tells anything of the door. changes: whether something is other
    than before, so that a page of another site must not bring it about. most: bytes of a body, 0
    for none. media: what a body must be. on_end: called at the end of each exchange about it.
    on_refused: called with who is known and may not have it, and why, in a sentence.
    """

    answer: Answers
    needs: Role = "read"
    is_open: bool = False
    changes: bool = False
    most: int = 0
    media: bytes = b"application/json"
    on_end: Callable[[Exchange], None] | None = None
    on_refused: "Callable[[Exchange, Caller, str], None] | None" = None


Offers = Mapping[bytes, Mapping[bytes, Offer]]
"""Path, exactly as it is sent, to method to what is there. No pattern, no spelling of another
kind: what is not in the table is 404, so that no trick with a path reaches anything."""


def json_answer(status: int, value: object, fields: Sequence[Field] = ()) -> Response:
    """An answer of this."""
    body = json.dumps(value, ensure_ascii=True).encode() + b"\n"
    return Response(status, [(b"content-type", b"application/json"), *fields], body)


def refusal(
    exchange: Exchange, status: int, sentence: str, fields: Sequence[Field] = ()
) -> Response:
    """Why not, with the way out: as JSON to who asks for /v1/ or cannot be read, else as text."""
    target = exchange.request.target
    if target.startswith(API) or not target.startswith(b"/"):
        return json_answer(status, {"error": sentence}, fields)
    plain = (b"content-type", b"text/plain; charset=utf-8")
    return Response(status, [plain, *fields], f"{sentence}\n".encode())
