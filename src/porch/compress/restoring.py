"""Restoring: answers that an origin has coded, for clients that cannot read the coding."""

from porch.compress.decoder import CODINGS, Damaged, Decoder, TooMuch
from porch.compress.fields import codings, without_sums
from porch.compress.negotiate import takes
from porch.errors import BadGateway
from porch.http.fields import tokens
from porch.http.message import ResponseHead, Trailers

__all__ = ["Restoring", "refuses", "undoable"]


def undoable(response: ResponseHead) -> bytes | None:
    """The coding of an answer that can be undone for those who do not take it; None for any other
    answer. What says no-transform must not be changed, and more than one coding stays: hardly
    anybody puts a second one on, and who does so means it."""
    if response.status in (204, 304) or response.status < 200:
        return None
    found = codings(response.fields)
    if len(found) != 1 or found[0] not in CODINGS:
        return None
    for name, value in response.fields:
        if name == b"cache-control" and b"no-transform" in tokens(value):
            return None
    return found[0]


def refuses(accept: bytes | None, coding: bytes) -> bool:
    """Whether a client does not take this coding, and takes what it was before."""
    return not takes(accept, coding) and takes(accept, b"identity")


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
