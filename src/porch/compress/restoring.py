"""Restoring: answers that an origin has coded, for clients that cannot read the coding."""

from porch.compress.decoder import CODINGS, Damaged, Decoder, TooMuch
from porch.compress.fields import codings, without_sums
from porch.compress.negotiate import takes
from porch.errors import BadGateway
from porch.http.fields import tokens
from porch.http.message import ResponseHead, Trailers

__all__ = ["Restoring", "unreadable"]


def unreadable(response: ResponseHead, accept: bytes | None) -> bytes | None:
    """The coding of an answer that its client does not take, and that can be undone; None for any
    other answer. A part cannot be (RFC 9110 14.2), nor what says no-transform, nor more than one
    coding: hardly anybody puts a second one on, and who does so means it."""
    if response.status in (204, 206, 304) or response.status < 200:
        return None
    found = codings(response.fields)
    if len(found) != 1:
        return None
    coding = found[0]
    if coding not in CODINGS or takes(accept, coding) or not takes(accept, b"identity"):
        return None
    if any(
        name == b"cache-control" and b"no-transform" in tokens(value)
        for name, value in response.fields
    ):
        return None
    return coding


class Restoring:
    """See transform.Transform. An answer that is damaged, or a bomb, ends visibly."""

    __slots__ = ("_decoder",)

    def __init__(self, coding: bytes) -> None:
        self._decoder = Decoder(coding)

    def change(
        self, trailers: Trailers | None, data: bytes, end: bool
    ) -> tuple[Trailers | None, bytes]:
        """See Transform."""
        try:
            made = self._decoder.change(data, end)
        except Damaged as error:
            raise BadGateway(
                f"the origin's Content-Encoding is not what it says: {error}"
            ) from None
        except TooMuch as error:
            raise BadGateway(f"the origin's answer is a bomb: {error}") from None
        return trailers and Trailers(without_sums(trailers.fields)), made
