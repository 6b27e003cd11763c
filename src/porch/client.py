"""Client: how Porch itself asks somebody else: health, discovery, keys, whoever may decide.

An interface for who may know no socket; forward/client.py is it, and config/build makes it. Apart
from the road of a request: each question is bounded in time and size, and has its connection for
itself meanwhile.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from porch.errors import BadGateway
from porch.http.message import Field

__all__ = ["Answer", "AnswerTooLarge", "Client"]


class AnswerTooLarge(BadGateway):
    """The body is over what whoever asked would take; the rest was not read."""

    word = "http_response_body_size"
    sentence = "The answer's body is larger than whoever asked takes; check what is asked for."


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. fields: lower-case names. body: with no transfer coding; a content coding is
    as it came, but nobody sends one unasked. trailers: fields behind it."""

    status: int
    fields: list[Field]
    body: bytes
    trailers: list[Field] = field(default_factory=list)

    def get(self, name: bytes) -> bytes | None:
        """The first value of field `name` (lower-case), or None."""
        return next((value for each, value in self.fields if each == name), None)


class Client(Protocol):
    """Asks at one address."""

    async def request(
        self,
        method: bytes,
        target: bytes,
        fields: Sequence[Field] = (),
        body: bytes = b"",
        *,
        timeout: float,  # noqa: ASYNC109
        most_bytes: int,
        is_enough: Callable[[bytes], object] | None = None,
    ) -> Answer:
        """The final answer, whatever its status; a redirect is not followed.

        target: path and query. fields: without host and content-length, which are its own.
        timeout: seconds from the first dial to the last byte. most_bytes: of the body.
        is_enough: told the body so far, whether that will do; the rest is not read then.
        Raises PorchError: ConnectFailed and its kinds, ConnectTimeout, GatewayTimeout,
        UpstreamStalled, ConnectionLost, IncompleteResponse, AnswerTooLarge or another BadGateway.
        """

    async def connect(self, *, timeout: float) -> None:  # noqa: ASYNC109
        """Open a connection and close it. Raises ConnectFailed or one of its kinds."""
