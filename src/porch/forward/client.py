"""What Porch itself asks at an address: one question, one answer. See client.py.

The same dialling and the same strict decoder as for requests that are forwarded.
"""

import asyncio
from collections.abc import Callable, Sequence

from porch.client import Answer
from porch.errors import ConnectFailed, ConnectionLost, ConnectTimeout, PorchError
from porch.forward.address import ONE, TWO, Address
from porch.forward.agreed import Agreeing, NoHttp2
from porch.forward.asked import AskedByOne, AskedByTwo, Question, Touched
from porch.forward.dial import Dialer
from porch.forward.kept import Kept
from porch.forward.resolve import Resolver
from porch.http.h1 import HeadLimits
from porch.http.message import Field, RequestHead

__all__ = ["HttpClient"]

_Asked = AskedByOne | AskedByTwo
_DEFAULT_PORTS = {b"http": 80, b"https": 443}
_REPEATABLE = (b"GET", b"HEAD")
"""What may be asked again where the far end has closed a kept connection at the same moment."""


class HttpClient:
    """See client.Client. authority: of Host; that of the address if empty. keeps: connections that
    wait for the next question, of HTTP/1.1 alone; 0 for a connection each."""

    __slots__ = ("_authority", "_dialer", "_kept", "_limits", "_name", "_scheme")

    def __init__(
        self,
        address: Address,
        resolver: Resolver,
        authority: bytes = b"",
        limits: HeadLimits | None = None,
        keeps: int = 0,
    ) -> None:
        self._name = str(address)
        self._scheme = b"https" if address.tls is not None else b"http"
        self._authority = authority or _authority(address, self._scheme)
        self._dialer = Dialer(address, resolver)
        self._limits = limits or HeadLimits()
        self._kept = Kept(keeps) if keeps else None

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
        question = Question(head, body, most_bytes, is_enough)
        try:
            async with asyncio.timeout(timeout):
                kept = self._kept.take() if self._kept and method in _REPEATABLE else None
                if kept is not None:
                    try:
                        return await self._again(question, kept)
                    except ConnectionLost:  # it had closed, which is nobody's fault
                        question = Question(head, body, most_bytes, is_enough)
                return await self._anew(question)
        except TimeoutError:
            raise question.silence(self._name) from None
        except PorchError as error:
            if question.is_connected:
                error.detail = f"{self._name}: {error.detail}"
            raise

    async def _again(self, question: Question, kept: AskedByOne) -> Answer:
        """By a connection that has served before."""
        try:
            kept.ask(question)
            return await question.answer
        finally:
            if not question.is_over:
                kept.abandon()

    async def _anew(self, question: Question) -> Answer:
        """By a connection of its own."""
        asking = self._asking(question)
        try:
            await self._open(asking)
            if isinstance(asking, Agreeing) and asking.connection is None:
                raise NoHttp2(f"{self._name} did not agree to h2 (ALPN)")
            return await question.answer
        finally:
            if not question.is_over:
                asking.abandon()

    async def connect(self, *, timeout: float) -> None:  # noqa: ASYNC109
        """See Client."""
        touched = Touched()
        try:
            async with asyncio.timeout(timeout):
                await self._open(touched)
        except TimeoutError:
            raise ConnectTimeout(f"no connection to {self._name} in time") from None
        finally:
            touched.abandon()

    def _asking(self, question: Question) -> "Touched | Agreeing[_Asked]":
        """Who speaks what the address does, or will find that out."""
        protocols = self._dialer.protocols
        if protocols == ONE:
            return AskedByOne(question, self._limits, self._kept)
        if not self._dialer.is_secure:
            return AskedByTwo(question, self._limits, b"http")

        def speaking(agreed: str) -> "_Asked | None":
            if agreed == "h2":
                return AskedByTwo(question, self._limits, b"https")
            return None if protocols == TWO else AskedByOne(question, self._limits, self._kept)

        return Agreeing(speaking)

    async def _open(self, protocol: asyncio.Protocol) -> None:
        try:
            await self._dialer.dial(lambda: protocol)
        except (PorchError, TimeoutError):
            raise
        except Exception as error:  # a name that cannot be encoded, say
            raise ConnectFailed(f"{self._name}: {error or type(error).__name__}") from error


def _authority(address: Address, scheme: bytes) -> bytes:
    """RFC 9110 7.2; the port is left out where it is the scheme's."""
    if address.path:
        return b"localhost"
    host = f"[{address.host}]" if ":" in address.host else address.host
    if address.port == _DEFAULT_PORTS[scheme]:
        return host.encode()
    return f"{host}:{address.port}".encode()
