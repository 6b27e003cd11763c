"""Coding: one answer on its way, coded piece by piece or at once."""

from typing import TYPE_CHECKING

from porch.compress.coder import Coder, Stream
from porch.compress.fields import coded, without_sums
from porch.compress.forms import LARGEST
from porch.compress.workshop import Workshop
from porch.http.message import ResponseHead, Trailers

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Coding"]


class Coding:
    """See transform.Transform. An answer that is all there when its head leaves is coded at once,
    and left as it is where that is shorter. One in pieces is a stream, and left as it is where
    there is no room for one."""

    __slots__ = (
        "_coder",
        "_effort",
        "_head",
        "_is_begun",
        "_least",
        "_name",
        "_pieces",
        "_shop",
        "_size",
        "_stream",
        "_when_begun",
    )

    def __init__(
        self,
        head: ResponseHead,
        coder: Coder,
        effort: int,
        least: int,
        shop: Workshop,
        when_begun: "Callable[[Coding], object]",
        name: bytes = b"",
    ) -> None:
        """head: gets the fields of a coded one. least: bytes from which on it is worth it.
        when_begun: told when there is a stream, which has to be left. name: of the bytes; their
        form is kept."""
        self._head = head
        self._coder = coder
        self._effort = effort
        self._least = least
        self._shop = shop
        self._when_begun = when_begun
        self._name = name
        self._stream: Stream | None = None
        self._is_begun = False
        self._pieces: list[bytes] | None = [] if name else None
        self._size = 0

    def change(
        self, trailers: Trailers | None, data: bytes, end: bool
    ) -> tuple[Trailers | None, bytes]:
        """See Transform."""
        self._size += len(data)
        if not self._is_begun:
            self._is_begun = True
            form = self._begin(data, end)
            if form is None:
                self._pieces = None
                return trailers, data
            self._head.fields = coded(self._head.fields, self._coder.name)
        elif self._stream is not None:
            form = self._stream.change(data, end)
        else:
            return trailers, data
        if self._pieces is not None:
            self._note(form, end)
        return trailers and Trailers(without_sums(trailers.fields)), form

    def leave(self) -> None:
        """The exchange is over, and there was a stream."""
        self._stream = None
        self._shop.give(self._coder, self._effort)

    def _begin(self, data: bytes, end: bool) -> bytes | None:
        """The form of the first piece; None where the answer stays as it is."""
        if not end:
            effort = self._shop.take(self._coder, self._effort)
            if effort is None:
                return None
            self._effort = effort
            self._stream = self._coder.stream(effort)
            self._when_begun(self)
            return self._stream.change(data, False)
        if len(data) < self._least:
            return None
        form = self._coder.whole(data, self._effort)
        return form if len(form) < len(data) else None

    def _note(self, form: bytes, end: bool) -> None:
        """Keep what has left, as far as it may be."""
        pieces = self._pieces
        assert pieces is not None
        pieces.append(form)
        if end:
            self._shop.forms.keep(self._name, self._coder, b"".join(pieces), self._size)
        elif sum(map(len, pieces)) > LARGEST:
            self._pieces = None
