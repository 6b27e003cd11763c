"""What a client is told with its answer by who has let it in: a session that was renewed, a cookie
of the service that decides."""

from collections.abc import Sequence

from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import Field
from porch.identity import Identity

__all__ = ["TELL_CLIENT", "TellClient", "Telling"]


class Telling(Identity):
    """Of one whose client is told something. answer: fields of whatever it is answered."""

    __slots__ = ("answer",)

    def __init__(self, identity: Identity, answer: Sequence[Field]) -> None:
        super().__init__(identity.name, identity.kind, identity.claims, identity.fields)
        self.answer = answer


class TellClient(Filter):
    """Adds these fields: in place of what the origin says by the same names, and of cookies those
    of the same names. No store gives them to anybody else (RFC 9111 5.2.2.7)."""

    __slots__ = ()

    def on_response(self, exchange: Exchange) -> None:
        """See Filter. Of the door's own answers too, an error page for one."""
        identity, response = exchange.identity, exchange.response
        if not isinstance(identity, Telling) or response is None:
            return
        over = {_name(each) for each in identity.answer}
        told = [value for name, value in response.fields if name == b"cache-control"]
        response.fields = [
            each
            for each in response.fields
            if each[0] != b"cache-control" and _name(each) not in over
        ]
        private = b", ".join([*told, b"private"])
        response.fields += ((b"cache-control", private), *identity.answer)


TELL_CLIENT = TellClient()
"""It keeps nothing of its route."""


def _name(field: Field) -> Field:
    """By what one field is in place of another."""
    name, value = field
    return name, value.partition(b"=")[0].strip() if name == b"set-cookie" else b""
