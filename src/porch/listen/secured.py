"""Secured: TLS between a socket and the protocol that speaks inside it.

OpenSSL works on two buffers of ours, so that the client's hello is read before it, a read of the
socket costs one call of the protocol, and all that is said at once leaves in one write. The
protocol is connected when the handshake is done, and this is the transport that it knows.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, cast

from porch import clock
from porch.clock import INFINITY
from porch.debug import debug
from porch.keeper import Security
from porch.listen.door_session import Busy
from porch.listen.handshake_ends import (
    CERTIFICATE,
    CLIENT_GONE,
    CROWDED,
    MALFORMED,
    NO_HELLO,
    NOT_TLS,
    STOPPED,
    TIMEOUT,
    UNKNOWN_NAME,
    word_of,
)
from porch.listen.handshakes import Handshakes
from porch.listen.ip import ip_of
from porch.listen.security import Agreed, Choose, Chosen
from porch.tls.hello import LONGEST, UNKNOWN, read_hello
from porch.tls.later import Later

__all__ = ["Secured"]

RECORD = 16384
"""Bytes of the longest record's content (RFC 8446 5.1), and so of one read from OpenSSL. What is
fed to its buffers goes in pieces of this size: they keep the room they once needed."""
A_SLICE = 0.002
"""Seconds of one read after which the rest waits for the loop's next turn, so that nobody's tiny
records keep all others waiting."""
MOST_SILENT = RECORD + 1024
"""Bytes of a client in which there must be some data. The longest record has 16,645 of them."""
A_REPLY, MOST_REPLIES = 1 / 64, 16.0
"""Seconds that each byte counts which TLS itself replies to an open connection, and how many of
them may come together: 38 new keys, and two more a second. No client changes its own so often."""
_UNRECOGNIZED = b"\x15\x03\x03\x00\x02\x02\x70"
"""A fatal alert: unrecognized_name (RFC 6066 3)."""


class Secured(Busy, asyncio.Protocol):
    """One client's TLS.

    chosen: what it is served with, None before its hello. hello: what it said. deadline: of the
    handshake.
    """

    __slots__ = (
        "_choose",
        "_cut",
        "_decrypt",
        "_encrypt",
        "_ended",
        "_factory",
        "_fault",
        "_first",
        "_handshakes",
        "_in",
        "_inner",
        "_later",
        "_out",
        "_paused",
        "_plain",
        "_raw",
        "_replied",
        "_silent",
        "_ssl",
        "_take_in",
        "_take_out",
        "_transport",
        "_waiting",
        "chosen",
        "deadline",
        "hello",
    )

    def __init__(
        self,
        handshakes: Handshakes,
        choose: Choose,
        factory: Callable[[Security], asyncio.Protocol],
        plain: Callable[[], asyncio.Protocol],
    ) -> None:
        """factory: makes the protocol inside. plain: the one for who speaks no TLS."""
        self._handshakes = handshakes
        self._choose = choose
        self._factory = factory
        self._plain = plain
        self._first = b""
        self._fault = ""
        self._inner: asyncio.Protocol | None = None
        self._ssl: ssl.SSLObject | None = None
        self._paused = self._ended = self._cut = False
        self._silent = 0
        self._replied = 0.0
        self._waiting = b""
        self._later: Later | None = None
        self.chosen: Chosen | None = None
        self.hello = UNKNOWN
        self.deadline = INFINITY

    def __repr__(self) -> str:
        state = "open" if self._inner is not None else "hello" if self._ssl is None else "handshake"
        return f"<Secured {state} {self.hello.name!r}>"

    # --- from the event loop -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._handshakes.begin(self)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._inner is None:
            self._open(data)
        elif self._paused or self._waiting:  # what comes in the same turn
            self._waiting += data
        elif len(data) <= RECORD:
            self._take_in(data)
            self._read(len(data))
        else:
            self._feed(data)

    def eof_received(self) -> bool:
        """See asyncio.Protocol. An end without TLS's own is taken for one: many end so, and who
        counts on more knows by the framing that it is missing."""
        if self._inner is None:
            return False
        self._cut = not self._ended
        return self._end_of_client()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        inner, self._inner = self._inner, None
        if inner is not None:
            inner.connection_lost(exc)
        else:
            self._handshakes.end(self)
            said = self._first or self.chosen is not None
            fault = self._fault or (CLIENT_GONE if said else NO_HELLO)
            self._handshakes.failed[fault] += 1
            if debug.is_on:
                name = f" for '{self.hello.name}'" if self.hello.name else ""
                peer = ip_of(self._transport, "peername")
                debug.say(f"TLS handshake with {peer}{name} failed: {fault}")
            if self._later is not None:
                self._later.leave(self._choose_now)

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        if self._inner is not None:
            self._inner.resume_writing()

    # --- the handshake -------------------------------------------------------------------------

    def _open(self, data: bytes) -> None:
        """Take in what comes before the protocol is connected."""
        if self._ssl is not None:
            self._take_in(data)
            self._shake()
        elif self.chosen is not None:  # its turn has not come yet
            self._take_in(data)
            if self._in.pending > 2 * LONGEST:  # and who waits for an answer has little to say
                self._give_up(MALFORMED)
        elif self._later is not None:
            self._first += data
            if len(self._first) > LONGEST:  # nobody has anything to say before he is answered
                self._give_up(MALFORMED)
        else:
            self._listen(data)

    def _listen(self, data: bytes) -> None:
        """Wait for a whole hello, and choose by it."""
        self._first = data = self._first + data if self._first else data
        if data[0] != 0x16:
            self._go_on_plainly()
            return
        hello = read_hello(data)
        if hello is None and len(data) < LONGEST:
            return
        self.hello = hello or UNKNOWN
        self._choose_now()

    def _choose_now(self) -> None:
        """Find out what it is served with; again when that was not known."""
        self._later = None
        if self._transport.is_closing():
            return
        chosen = self._choose(self.hello, self._address())
        if chosen is None:
            self._fault = UNKNOWN_NAME
            self._transport.write(_UNRECOGNIZED)
            self._transport.close()
            return
        if isinstance(chosen, Later):
            self._later = chosen
            chosen.wait(self._choose_now, ip_of(self._transport, "peername"))
            return
        self.chosen = chosen
        data, self._first = self._first, b""
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._take_in: Callable[[Any], object] = self._in.write
        self._take_out = self._out.read
        self._take_in(data)
        self._handshakes.work(self._begin)

    def _address(self) -> str:
        """What who said no name wants: clients name no address (RFC 6066 3)."""
        address = "" if self.hello.name else ip_of(self._transport, "sockname")
        return f"[{address}]" if ":" in address else address

    def _begin(self) -> None:
        """Answer the hello."""
        chosen = self.chosen
        if chosen is None or self._transport.is_closing():
            return
        try:
            self._ssl = chosen.first.wrap_bio(self._in, self._out, server_side=True)
            # The C object itself: each of the wrapper's calls in Python costs a microsecond between
            # two handshakes, when all of it has left the processor's caches.
            self._raw: Any = self._ssl._sslobj  # type: ignore[attr-defined]
            self._raw.context = chosen.context
        except ValueError:
            self._give_up(CERTIFICATE)
            raise
        self._shake()

    def _go_on_plainly(self) -> None:
        """No TLS: somebody wrote http:// for https://, and is told so."""
        self._handshakes.end(self)
        self._handshakes.failed[NOT_TLS] += 1
        transport, plain = self._transport, self._plain()
        transport.set_protocol(plain)
        plain.connection_made(transport)
        plain.data_received(self._first)

    def _shake(self) -> None:
        raw = self._raw
        try:
            raw.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return
        except (ssl.SSLError, ValueError) as error:  # ValueError: the certificate is of no use
            self._fault = word_of(error)
            self._flush()  # the alert that says why
            self._transport.close()
            return
        self._flush()
        self._decrypt, self._encrypt = raw.read, raw.write
        agreed = Agreed(
            cast("Chosen", self.chosen), self.hello.name, cast("ssl.SSLObject", self._ssl)
        )
        inner = self._inner = self._factory(agreed)
        inner.connection_made(self)  # type: ignore[arg-type]  # a transport as far as it is asked
        self._handshakes.end(self)
        self._handshakes.count(raw.version(), agreed.protocol, is_resumed=raw.session_reused)
        if self._in.pending:
            self._read(0)

    def on_deadline(self) -> None:
        """See clock.Waiting."""
        self._give_up(TIMEOUT)

    def announce(self) -> None:
        """See door.Session. It was accepted, so what it asks for is answered."""

    def drain(self) -> None:
        """See door.Session. It was accepted, so what it asks for is answered."""

    def close_now(self) -> None:
        """See door.Session."""
        self._give_up(STOPPED)

    def give_way(self) -> None:
        """See Handshake."""
        self._give_up(CROWDED)

    def _give_up(self, fault: str) -> None:
        self._fault = fault
        self._transport.abort()

    # --- reading -------------------------------------------------------------------------------

    def _feed(self, data: bytes) -> None:
        """Take in more than a record, in pieces, and hand on what they hold together: the protocol
        has one write for it, not one a record."""
        view = memoryview(data)
        until = clock.monotonic() + A_SLICE
        found: list[bytes] = []
        place = 0
        while place < len(data) and not (self._ended or self._transport.is_closing()):
            if place and clock.monotonic() > until:
                self._waiting = bytes(view[place:])
                self._transport.pause_reading()
                asyncio.get_running_loop().call_soon(self._go_on)
                break
            self._take_in(view[place : place + RECORD])
            place += RECORD
            self._read(RECORD, found)
        self._hand_on(found)

    def _hand_on(self, found: list[bytes]) -> None:
        inner = self._inner
        if found and inner is not None:
            inner.data_received(b"".join(found))
            found.clear()

    def _read(self, more: int, found: list[bytes] | None = None) -> None:
        """Hand on what is whole, or keep it in `found`. more: bytes that came."""
        decrypt, pending = self._decrypt, self._in
        data = b""
        try:
            while not self._paused:
                data = decrypt(RECORD)
                inner = self._inner
                if inner is None:
                    return
                if not data:
                    self._end_of_client(found)
                    return
                self._silent = 0
                if found is None:
                    inner.data_received(data)
                else:
                    found.append(data)
                if not pending.pending:
                    break
        except ssl.SSLWantReadError:
            if not data:
                self._silent += more
                if self._silent > MOST_SILENT:  # new keys (RFC 8446 4.6.3), at 36 us each
                    self._transport.abort()
                    return
        except ssl.SSLZeroReturnError:  # its end, behind ours
            self._end_of_client(found)
            return
        except ssl.SSLError:
            self._flush()
            self._transport.abort()
            return
        if self._out.pending:
            self._reply()

    def _reply(self) -> None:
        """Send what TLS itself has to say: a new key, or that none is to be had. Each costs more
        than it is to ask for, and would be kept for who takes nothing."""
        now = clock.now
        self._replied = max(self._replied, now) + self._out.pending * A_REPLY
        if self._replied - now > MOST_REPLIES:
            self._transport.abort()
        else:
            self._flush()

    def _end_of_client(self, found: list[bytes] | None = None) -> bool:
        """Behind what was found before it."""
        if found:
            self._hand_on(found)
        inner = self._inner
        if self._ended or inner is None:
            return True
        self._ended = True
        self._take_in, self._waiting = _drop, b""
        if inner.eof_received():
            return True
        self.close()
        return False

    def _go_on(self) -> None:
        """Go on reading: what was held back comes first."""
        if self._paused or self._inner is None:
            return
        self._read(0)
        waiting, self._waiting = self._waiting, b""
        if waiting:
            self.data_received(waiting)
        if not (self._paused or self._waiting or self._transport.is_closing()):
            self._transport.resume_reading()

    # --- the transport of the protocol inside --------------------------------------------------

    def set_protocol(self, protocol: asyncio.Protocol) -> None:
        """See asyncio.Transport."""
        self._inner = protocol

    def write(self, data: bytes) -> None:
        """See asyncio.Transport."""
        try:
            if len(data) <= RECORD:
                self._encrypt(data)
                self._transport.write(self._take_out())
                return
            view, pieces = memoryview(data), []
            for place in range(0, len(data), RECORD):
                self._encrypt(view[place : place + RECORD])
                pieces.append(self._take_out())
        except ssl.SSLError:  # our end has left, or theirs broke
            self._transport.abort()
            return
        self._transport.writelines(pieces)

    def writelines(self, pieces: list[bytes]) -> None:
        """See asyncio.Transport. What comes in whole records is taken as it is (-12 % of what
        1 MiB takes to encrypt); other pieces are joined, for a record costs more than a copy."""
        if len(pieces[0]) != RECORD or max(map(len, pieces)) > RECORD:
            self.write(b"".join(pieces))
            return
        sealed = []
        try:
            for piece in pieces:
                self._encrypt(piece)
                sealed.append(self._take_out())
        except ssl.SSLError:  # see write
            self._transport.abort()
            return
        self._transport.writelines(sealed)

    def can_write_eof(self) -> bool:
        """TLS 1.3 ends one side alone (RFC 8446 6.1); TLS 1.2 both (RFC 5246 7.2.1), but not where
        the client's ended without a word of TLS: as without TLS, it may still read."""
        return self._cut or self._raw.version() == "TLSv1.3"

    def write_eof(self) -> None:
        """See asyncio.Transport. The client may still send."""
        self._say_end()

    def _say_end(self) -> None:
        try:  # noqa: SIM105  suppress() is four calls of each connection
            self._raw.shutdown()
        except ssl.SSLError:  # its answer has not come
            pass
        self._flush()

    def _flush(self) -> None:
        data = self._take_out()
        if data:
            self._transport.write(data)

    def close(self) -> None:
        """See asyncio.Transport. The client is told that this is the end, and that none is cut."""
        if not self._transport.is_closing():
            self._say_end()
            self._transport.close()

    def abort(self) -> None:
        """See asyncio.Transport."""
        self._transport.abort()

    def is_closing(self) -> bool:
        """See asyncio.Transport."""
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        """See asyncio.Transport."""
        self._paused = True
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """See asyncio.Transport."""
        self._paused = False
        self._transport.resume_reading()
        if self._waiting or self._in.pending or self._raw.pending():
            asyncio.get_running_loop().call_soon(self._go_on)

    def get_write_buffer_size(self) -> int:
        """See asyncio.Transport."""
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """See asyncio.Transport."""
        return self._transport.get_extra_info(name, default)


def _drop(data: object) -> None:
    """Take what comes behind an end: it is ignored (RFC 8446 6.1)."""
