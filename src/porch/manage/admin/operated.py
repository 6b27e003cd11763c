"""Operated: the operations of the control socket, offered at the admin door as they are there.

Paths, methods, words and answers are those of one table (operations.py), and are read by the same
code. What does not fit is refused here already: the supervisor has more to do.
"""

from collections.abc import Mapping
from functools import partial

from porch.config.schema_admin import Role
from porch.exchange import Exchange
from porch.filter import SUSPEND, Response, Suspend
from porch.http.message import Field
from porch.manage.admin.described import described
from porch.manage.admin.offer import Caller, Offer, Offers, json_answer
from porch.manage.admin.relay import Relay, Relayed, Told
from porch.manage.control.operations import OPERATIONS, Operation
from porch.manage.control.refusing import Refusal
from porch.manage.control.request import LONGEST, Refused, read
from porch.manage.control.schema import wrong

__all__ = ["CLOSE", "FILES", "OPERATE", "file_refused", "needed", "operated"]

OPERATE = frozenset(("drain", "undrain", "weight", "maintenance", "canary", "purge", "log-level"))
"""What whoever steers may change. All other changes are for the role `all`: an operation that is
new is, until it is named here."""

CLOSE = frozenset(("captured",))
"""Questions that are not for whoever only looks: what one client has sent, head by head."""
FILES = {"maintenance": "page"}
"""Words that name a file of the door's machine, which the supervisor reads, perhaps as root: who
steers from elsewhere could have any of them shown to the world. They are for commands alone."""


def needed(operation: Operation) -> Role:
    """The role of who may."""
    if not operation.changes:
        return "all" if operation.name in CLOSE else "read"
    return "operate" if operation.name in OPERATE else "all"


def file_refused(name: str, words: Mapping[str, object]) -> str:
    """Why an operation is not for who asks from elsewhere, in a sentence; "" if it is. The
    supervisor asks too: whoever has taken over the process that serves the admin door asks it."""
    word = FILES.get(name)
    if word is None or not words.get(word):
        return ""
    return f"'{word}' names a file of the door's machine; a command there can do that"


def operated(relay: Relay) -> Offers:
    """All operations. relay: to who carries them out."""
    waiting: dict[Exchange, int] = {}

    def left(exchange: Exchange) -> None:
        relay.leave(waiting.pop(exchange, 0))

    return {
        each.path.encode(): {
            each.method.encode(): Offer(
                answer=partial(_ask, relay, waiting, each),
                needs=needed(each),
                changes=each.changes,
                most=LONGEST if each.changes else 0,
                on_end=left,
                on_refused=partial(_refuse, relay, each),
            )
        }
        for each in OPERATIONS.values()
    }


def _ask(
    relay: Relay,
    waiting: dict[Exchange, int],
    operation: Operation,
    exchange: Exchange,
    caller: Caller | None,
    body: bytes,
) -> Response | Suspend:
    """waiting: exchanges whose operations are under way, by their numbers."""
    assert caller is not None
    try:
        asked = read(exchange.request, body)
        refused = wrong(operation.takes, asked.words)
        if refused:
            raise Refused(400, refused)
        refused = file_refused(operation.name, asked.words)
        if refused:
            _refuse(relay, operation, exchange, caller, refused)
            raise Refused(403, refused)
    except Refused as error:
        fields = [(b"allow", error.allow.encode())] if error.allow else []
        return json_answer(error.status, {"error": f"porch: {error.text}"}, fields)
    wait = asked.words.get("wait")
    relayed = Relayed(
        name=operation.name,
        words=asked.words,
        who=_who(exchange, caller),
        if_match=asked.if_match,
        changes=operation.changes,
        size=len(body) + len(exchange.request.target),
        wait=float(wait) if isinstance(wait, int | float) else 0.0,
    )
    waiting[exchange] = relay.operate(relayed, partial(_tell, exchange, operation))
    return SUSPEND


def _refuse(
    relay: Relay, operation: Operation, exchange: Exchange, caller: Caller, why: str
) -> None:
    """For the audit: somebody who is known may not."""
    relay.refuse(Refusal(operation.name, _who(exchange, caller), why))


def _who(exchange: Exchange, caller: Caller) -> str:
    return f"{caller.name} by {caller.kind} from {exchange.client_ip.decode('latin-1')}"


def _tell(exchange: Exchange, operation: Operation, told: Told) -> None:
    """Whoever has left meanwhile gets nothing; what he asked for is done all the same."""
    if exchange.ended:
        return
    answer = told.answer
    if operation.name == "openapi" and told.status == 200:
        assert isinstance(answer, dict)
        answer = described(answer)
    fields: list[Field] = [(b"etag", told.etag.encode())] if told.etag else []
    exchange.resume(json_answer(told.status, answer, fields))
