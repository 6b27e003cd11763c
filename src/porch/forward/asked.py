"""One question of Porch's own and its answer, on a connection that serves for nothing else
meanwhile."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from porch.client import Answer, AnswerTooLarge
from porch.errors import (
    BadGateway,
    ConnectionLost,
    ConnectTimeout,
    GatewayTimeout,
    IncompleteResponse,
    PorchError,
    StreamReset,
    UpstreamStalled,
)
from porch.forward.arrived import poll_of
from porch.http.h1 import HeadLimits
from porch.http.h1_encode import request_head
from porch.http.h1_response import ResponseDecoder
from porch.http.h2 import ConnectionBroken, Ended, Piece, Reset
from porch.http.h2_client import ClientCodec
from porch.http.h2_encode import request_fields
from porch.http.message import RequestHead, ResponseHead, Trailers

if TYPE_CHECKING:
    from porch.forward.kept import Kept

__all__ = ["AskedByOne", "AskedByTwo", "Question", "Touched"]

_MOST_INTERIM = 16


class Question:
    """What is asked, and what is there of the answer. is_connected: whether there is a connection,
    or was one. is_over: whether that is for the next question by now. answer: the whole of it."""

    def __init__(
        self,
        head: RequestHead,
        body: bytes,
        most: int,
        is_enough: Callable[[bytes], object] | None,
    ) -> None:
        """most, is_enough: see client.Client."""
        self.head = head
        self.body = body
        self._most = most
        self._is_enough = is_enough
        self._head: ResponseHead | None = None
        self._body = bytearray()
        self.is_connected = self.is_over = False
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def silence(self, name: str) -> PorchError:
        """What had not come when the time was over."""
        if not self.is_connected:
            return ConnectTimeout(f"no connection to {name} in time")
        if self._head is None:
            return GatewayTimeout(f"no answer from {name} in time")
        return UpstreamStalled(f"{name}: the answer was not whole in time")

    def take(self, head: object, data: bytes, *, end: bool) -> None:
        """A piece of it. Raises AnswerTooLarge."""
        if isinstance(head, ResponseHead):
            if head.status < 200:
                return
            self._head = head
            if (head.length or 0) > self._most and self.head.method != b"HEAD":
                raise AnswerTooLarge(f"a body of {head.length} bytes; {self._most} are taken")
        trailers = head.fields if isinstance(head, Trailers) else []
        self._body += data
        if len(self._body) > self._most:
            raise AnswerTooLarge(f"a body of more than {self._most} bytes")
        if end or (data and self._is_enough is not None and self._is_enough(bytes(self._body))):
            assert self._head is not None
            status, fields = self._head.status, self._head.fields
            self.answer.set_result(Answer(status, fields, bytes(self._body), trailers))

    def lose(self, detail: str) -> None:
        """The connection is gone."""
        self.fail((ConnectionLost if self._head is None else IncompleteResponse)(detail))

    def fail(self, error: PorchError) -> None:
        """There will be no whole answer."""
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # looked at: whoever asked may have left


class Touched(asyncio.Protocol):
    """A connection that is opened for nothing else."""

    _transport: asyncio.Transport | None = None
    _has_left = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        if self._has_left:  # its dial was cancelled a moment ago
            self._transport.abort()

    def abandon(self) -> None:
        """Nobody waits any more: nothing further is read."""
        self._has_left = True
        if self._transport is not None:
            self._transport.abort()


class AskedByOne(Touched):
    """Questions over HTTP/1.1, one after the other. kept: where it waits for the next; None if
    there is but one."""

    def __init__(self, question: Question, limits: HeadLimits, kept: "Kept | None" = None) -> None:
        self._question: Question | None = question
        self._decoder = ResponseDecoder(limits, _MOST_INTERIM)
        self._kept = kept
        self._waiting: Callable[[int], object] = bool

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        super().connection_made(transport)
        _, self._waiting = poll_of(transport)
        question = self._question
        assert question is not None
        if self._kept is None:
            question.head.fields.append((b"connection", b"close"))
        self.ask(question)

    def ask(self, question: Question) -> None:
        """Put it, once there is a connection that does nothing else."""
        self._question = question
        question.is_connected = True
        self._decoder.method = question.head.method
        self._decoder.started = False
        assert self._transport is not None
        self._transport.write(request_head(question.head) + question.body)

    def is_quiet(self) -> bool:
        """Whether the far end has neither left nor said anything unasked, as far as is known."""
        assert self._transport is not None
        return not self._transport.is_closing() and not self._waiting(0)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        decoder, question = self._decoder, self._question
        if question is None:
            self._leave()
            return
        try:
            while not question.answer.done():
                piece = decoder.decode(data)
                if piece is None:
                    return
                question.take(piece[0], piece[1], end=piece[2])
                if piece[2]:
                    self._rest(question)
                if not decoder.rest:
                    return
                data = b""
        except PorchError as error:
            question.fail(error)

    def _rest(self, question: Question) -> None:
        """The answer is whole. RFC 9112 9.3: what is not kept, or said more than was announced, is
        closed by who asked."""
        decoder, kept = self._decoder, self._kept
        if kept is not None and decoder.reusable and not decoder.rest and kept.put(self):
            self._question = None
            question.is_over = True

    def eof_received(self) -> None:
        """See asyncio.Protocol."""
        question = self._question
        if question is None:
            self._leave()
            return
        if question.answer.done():
            return
        try:
            _, data, end = self._decoder.decode_end()
            question.take(None, data, end=end)
        except PorchError as error:
            question.fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        if self._question is None:
            self._leave()
            return
        kind = IncompleteResponse if self._decoder.started else ConnectionLost
        self._question.fail(kind("the connection was reset"))

    def _leave(self) -> None:
        """Nobody had asked."""
        if self._kept is not None:
            self._kept.forget(self)
        self.abandon()


class AskedByTwo(Touched):
    """A question under way over HTTP/2, on its only stream."""

    def __init__(self, question: Question, limits: HeadLimits, scheme: bytes) -> None:
        """scheme: of the connection."""
        self._question = question
        self._codec = ClientCodec(limits)
        self._scheme = scheme

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        super().connection_made(transport)
        question, codec = self._question, self._codec
        question.is_connected = True
        fields = request_fields(question.head, self._scheme)
        stream = codec.request(fields, not question.body)
        if question.body:
            codec.data(stream, question.body, True)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        question = self._question
        try:
            self._take(self._codec.receive(data))
            self._flush()
            self._take(self._codec.happened())  # what was wrong is told when its GOAWAY was
        except ConnectionBroken as broken:
            question.fail(BadGateway(f"what came is no HTTP/2: {broken.detail}"))
        except PorchError as error:
            question.fail(error)

    def _take(self, pieces: list[Piece]) -> None:
        question = self._question
        for number, what, body, end in pieces:
            if question.answer.done():
                return
            if isinstance(what, PorchError):
                raise what
            if isinstance(what, Reset):
                raise StreamReset("the stream was reset")
            if isinstance(what, Ended):
                raise BadGateway("what came is no HTTP/2")
            if what is None or isinstance(what, ResponseHead | Trailers):
                question.take(what, body, end=end)
                self._codec.taken(number, len(body))

    def _flush(self) -> None:
        assert self._transport is not None
        for piece in self._codec.take():
            self._transport.write(piece)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._question.lose("the connection was reset")
