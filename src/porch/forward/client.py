"""What Porch itself asks at an address: one question, one connection, one answer. See client.py.

The same dialling and the same strict decoder as for requests that are forwarded.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

from porch.client import Answer, AnswerTooLarge
from porch.errors import (
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    GatewayTimeout,
    IncompleteResponse,
    PorchError,
    UpstreamStalled,
)
from porch.forward.address import Address
from porch.forward.dial import Dialer
from porch.forward.resolve import Resolver
from porch.http.h1 import HeadLimits
from porch.http.h1_encode import request_head
from porch.http.h1_response import ResponseDecoder
from porch.http.message import Field, RequestHead, ResponseHead

__all__ = ["HttpClient"]

_MOST_INTERIM = 16
_DEFAULT_PORTS = {b"http": 80, b"https": 443}


class HttpClient:
    """See client.Client. authority: of Host; that of the address if empty."""

    __slots__ = ("_authority", "_dialer", "_limits", "_name", "_scheme")

    def __init__(
        self,
        address: Address,
        resolver: Resolver,
        authority: bytes = b"",
        limits: HeadLimits | None = None,
    ) -> None:
        self._name = str(address)
        self._scheme = b"https" if address.tls is not None else b"http"
        self._authority = authority or _authority(address, self._scheme)
        self._dialer = Dialer(address, resolver)
        self._limits = limits or HeadLimits()

    def __repr__(self) -> str:
        return f"<HttpClient {self._name}>"

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
        """See Client."""
        head = RequestHead(
            method, target, self._authority, self._scheme, [*fields], length=len(body)
        )
        if body or method in (b"POST", b"PUT", b"PATCH"):  # RFC 9110 8.6
            head.fields.append((b"content-length", b"%d" % len(body)))
        head.fields.append((b"connection", b"close"))
        asked = _Asked(head, body, self._limits, most_bytes)
        asked.is_enough = is_enough
        try:
            async with asyncio.timeout(timeout):
                await self._open(asked)
                return await asked.answer
        except TimeoutError:
            raise asked.silence(self._name) from None
        except PorchError as error:
            if asked.is_connected:
                error.detail = f"{self._name}: {error.detail}"
            raise
        finally:
            asked.leave()

    async def connect(self, *, timeout: float) -> None:  # noqa: ASYNC109
        """See Client."""
        touched = _Touched()
        try:
            async with asyncio.timeout(timeout):
                await self._open(touched)
        except TimeoutError:
            raise ConnectTimeout(f"no connection to {self._name} in time") from None
        finally:
            touched.leave()

    async def _open(self, protocol: "_Touched") -> None:
        try:
            await self._dialer.dial(lambda: protocol)
        except (PorchError, TimeoutError):
            raise
        except Exception as error:  # a name that cannot be encoded, say
            raise ConnectFailed(f"{self._name}: {error or type(error).__name__}") from error


class _Touched(asyncio.Protocol):
    """A connection that is opened for nothing else."""

    _transport: asyncio.Transport | None = None
    _has_left = False

    @property
    def is_connected(self) -> bool:
        """Whether it is, or was."""
        return self._transport is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        if self._has_left:  # its dial was cancelled a moment ago
            self._transport.abort()

    def leave(self) -> None:
        """Nobody waits any more: nothing further is read."""
        self._has_left = True
        if self._transport is not None:
            self._transport.abort()


class _Asked(_Touched):
    """A question under way. answer: the whole of it."""

    def __init__(self, head: RequestHead, body: bytes, limits: HeadLimits, most: int) -> None:
        self._question = request_head(head) + body
        self._decoder = ResponseDecoder(limits, _MOST_INTERIM)
        self._decoder.method = head.method
        self._most = most
        self._head: ResponseHead | None = None
        self._body = bytearray()
        self.is_enough: Callable[[bytes], object] | None = None
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def silence(self, name: str) -> PorchError:
        """What had not come when the time was over."""
        if not self.is_connected:
            return ConnectTimeout(f"no connection to {name} in time")
        if self._head is None:
            return GatewayTimeout(f"no answer from {name} in time")
        return UpstreamStalled(f"{name}: the answer was not whole in time")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        super().connection_made(transport)
        cast("asyncio.Transport", transport).write(self._question)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        decoder = self._decoder
        try:
            while not self.answer.done():
                piece = decoder.decode(data)
                if piece is None:
                    return
                self._take(piece[0], piece[1], end=piece[2])
                if not decoder.rest:
                    return
                data = b""
        except PorchError as error:
            self._fail(error)

    def eof_received(self) -> None:
        """See asyncio.Protocol."""
        if self.answer.done():
            return
        try:
            _, data, end = self._decoder.decode_end()
            self._take(None, data, end=end)
        except PorchError as error:
            self._fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        kind = IncompleteResponse if self._decoder.started else ConnectionLost
        self._fail(kind("the connection was reset"))

    def _take(self, head: object, data: bytes, *, end: bool) -> None:
        if isinstance(head, ResponseHead):
            if head.status < 200:
                return
            self._head = head
            if (head.length or 0) > self._most and self._decoder.method != b"HEAD":
                raise AnswerTooLarge(f"a body of {head.length} bytes; {self._most} are taken")
        self._body += data
        if len(self._body) > self._most:
            raise AnswerTooLarge(f"a body of more than {self._most} bytes")
        if end or (data and self.is_enough is not None and self.is_enough(bytes(self._body))):
            assert self._head is not None
            answer = Answer(self._head.status, self._head.fields, bytes(self._body))
            self.answer.set_result(answer)

    def _fail(self, error: PorchError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # looked at: whoever asked may have left


def _authority(address: Address, scheme: bytes) -> bytes:
    """RFC 9110 7.2; the port is left out where it is the scheme's."""
    if address.path:
        return b"localhost"
    host = f"[{address.host}]" if ":" in address.host else address.host
    if address.port == _DEFAULT_PORTS[scheme]:
        return host.encode()
    return f"{host}:{address.port}".encode()
