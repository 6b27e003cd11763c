"""TLS between a transport and a protocol, over memory: OpenSSL is the client."""

import asyncio
import contextlib
import ssl
from pathlib import Path
from typing import Any, cast

import pytest

from porch import clock
from porch.errors import NotSecured
from porch.http.message import RequestHead
from porch.listen.secured import RECORD
from porch.tls.presented import Presented
from tests.listen.conftest import Run
from tests.support.handshake import certificate, client
from tests.support.secured import Pair

OLDER = ssl.TLSVersion.TLSv1_2

FATAL_UNRECOGNIZED = b"\x15\x03\x03\x00\x02\x02\x70"


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine is no slow client."""
    monkeypatch.setattr(clock, "monotonic", lambda: 1000.0)


@pytest.fixture(scope="module")
def presented(tmp_path_factory: pytest.TempPathFactory) -> Presented:
    folder: Path = tmp_path_factory.mktemp("certificates")
    return Presented({"a.test": certificate(folder, "a.test", "b.test")})


def test_the_protocol_is_connected_when_hands_are_shaken(run: Run, presented: Presented) -> None:
    async def main() -> None:
        pair = Pair(presented)
        assert pair.sessions == {pair.secured}
        assert pair.made == []
        pair.shake()
        assert pair.inner.told == ["made"]
        assert pair.inner.transport is pair.secured
        assert not pair.sessions
        assert len(pair.handshakes) == len(pair.deadlines) == 0

    run(main())


def test_a_read_is_one_call_and_an_answer_one_write(run: Run, presented: Presented) -> None:
    async def main() -> None:
        pair = Pair(presented).shake()
        pair.near.write(b"GET")
        pair.move()
        assert pair.inner.heard == [b"GET"]
        pair.secured.write(b"200")
        assert pair.transport.writes == 1
        pair.hear()
        assert pair.read() == b"200"

    run(main())


def test_the_records_of_a_read_are_one_call_and_an_end_behind_them_is_another(
    run: Run, presented: Presented
) -> None:
    async def main() -> None:
        pair = Pair(presented).shake()
        for place in range(4):
            pair.near.write(b"%d" % place * RECORD)
        pair.move()
        assert pair.inner.heard == [b"".join(b"%d" % place * RECORD for place in range(4))]
        pair.inner.heard.clear()
        for _ in range(3):
            pair.near.write(b"x" * RECORD)
        with contextlib.suppress(ssl.SSLWantReadError):
            pair.near.unwrap()
        pair.move()
        assert pair.inner.heard == [b"x" * 3 * RECORD]
        assert pair.inner.told == ["made", "eof"]

    run(main())


def test_the_hello_may_come_in_any_pieces(run: Run, presented: Presented) -> None:
    async def main() -> None:
        pair = Pair(presented)
        with contextlib.suppress(ssl.SSLWantReadError):
            pair.near.do_handshake()
        for byte in pair.said():
            assert pair.transport.written == b""
            pair.secured.data_received(bytes([byte]))
        pair.hear()
        pair.shake()
        assert pair.secured.hello.name == "a.test"

    run(main())


def test_what_comes_with_the_last_of_the_handshake_is_heard(run: Run, presented: Presented) -> None:
    async def main() -> None:
        pair = Pair(presented)
        with contextlib.suppress(ssl.SSLWantReadError):
            pair.near.do_handshake()
        pair.move()
        pair.near.do_handshake()
        pair.near.write(b"early")
        pair.move()
        assert pair.inner.heard == [b"early"]

    run(main())


@pytest.mark.parametrize("size", [1, RECORD, RECORD + 1, 1_000_000])
def test_bytes_of_any_number_go_both_ways(run: Run, presented: Presented, size: int) -> None:
    async def main() -> None:
        pair = Pair(presented).shake()
        data = bytes(range(251)) * (size // 251 + 1)
        data = data[:size]
        pair.near.write(data)
        pair.move()
        assert b"".join(pair.inner.heard) == data
        pair.transport.writes = 0
        pair.secured.write(data)
        assert pair.transport.writes == 1
        pair.hear()
        assert pair.read() == data
        pair.secured.writelines([data, b"end"])
        pair.hear()
        assert pair.read() == data + b"end"

    run(main())


@pytest.mark.parametrize(
    ("sizes", "records"),
    [
        ((RECORD, RECORD, 5), 3),
        ((RECORD,), 1),
        ((5, RECORD, 5), 2),
        ((5, 5, 5), 1),
        ((RECORD, 2 * RECORD, 5), 4),
    ],
)
def test_whole_records_are_written_as_they_are_and_other_pieces_joined(
    run: Run, presented: Presented, sizes: tuple[int, ...], records: int
) -> None:
    async def main() -> None:
        pair = Pair(presented).shake()
        pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
        pair.transport.writes = 0
        pair.secured.writelines(pieces)
        assert pair.transport.writes == 1
        sealed = pair.transport.written
        found = place = 0
        while place < len(sealed):
            place += 5 + int.from_bytes(sealed[place + 3 : place + 5], "big")
            found += 1
        assert found == records
        pair.hear()
        assert pair.read() == b"".join(pieces)

    run(main())


def test_a_paused_protocol_hears_nothing_and_then_all(run: Run, presented: Presented) -> None:
    async def main() -> None:
        pair = Pair(presented).shake()
        data = b"".join(b"%07d\n" % number for number in range(20_000))
        inner = pair.inner
        inner.pauses = True
        pair.near.write(data)
        pair.move()
        assert len(inner.heard) == 1
        assert pair.transport.paused
        pair.near.write(b"more")
        pair.move()
        assert len(inner.heard) == 1
        turns = 0
        while sum(map(len, inner.heard)) < len(data) + 4:
            turns += 1
            assert turns < 100
            inner.transport.resume_reading()
            await asyncio.sleep(0)
            assert len(inner.heard) <= turns + 1
        assert b"".join(inner.heard) == data + b"more"
        inner.pauses = False
        pair.secured.resume_reading()
        pair.near.write(b"last")
        pair.move()
        assert inner.heard[-1] == b"last"

    run(main())


def test_the_clients_end_is_told_once_and_ours_leaves_with_its_word(
    run: Run, presented: Presented
) -> None:
    async def main() -> None:
        pair = Pair(presented).shake()
        with contextlib.suppress(ssl.SSLWantReadError):
            pair.near.unwrap()
        pair.move()
        assert pair.inner.told == ["made", "eof"]
        pair.secured.write(b"answer")  # TLS 1.3: one side may end alone
        pair.secured.close()
        pair.hear()
        assert pair.near.read(100) == b"answer"
        pair.near.unwrap()
        assert pair.transport.closed
        pair.secured.eof_received()
        pair.secured.connection_lost(None)
        assert pair.inner.told == ["made", "eof", "lost"]

    run(main())


def test_an_end_of_the_connection_without_tlss_own_is_one_too(
    run: Run, presented: Presented
) -> None:
    async def main() -> None:
        pair = Pair(presented).shake()
        assert pair.secured.eof_received()
        assert pair.inner.told == ["made", "eof"]
        pair = Pair(presented).shake()
        pair.inner.stays = False
        assert not pair.secured.eof_received()
        assert pair.transport.closed

    run(main())


def test_its_end_without_tlss_own_leaves_our_side_open_in_any_version(
    run: Run, presented: Presented
) -> None:
    async def main() -> None:
        older = client("a.test")
        older.maximum_version = OLDER
        pair = Pair(presented, context=older).shake()
        assert not pair.secured.can_write_eof()
        assert pair.secured.eof_received()
        assert pair.secured.can_write_eof()
        pair.secured.write(b"answer")
        pair.secured.close()
        pair.hear()
        assert pair.near.read(100) == b"answer"
        assert pair.near.read(100) == b"", "and our end is told"

    run(main())


def test_its_end_with_tlss_own_ends_both_sides_in_tls_1_2(run: Run, presented: Presented) -> None:
    """RFC 5246 7.2.1."""

    async def main() -> None:
        older = client("a.test")
        older.maximum_version = OLDER
        pair = Pair(presented, context=older).shake()
        with contextlib.suppress(ssl.SSLWantReadError):
            pair.near.unwrap()
        pair.move()
        pair.secured.eof_received()
        assert pair.inner.told == ["made", "eof"]
        assert not pair.secured.can_write_eof()

    run(main())


def test_its_end_behind_ours_is_an_end_and_no_break(run: Run, presented: Presented) -> None:
    async def main() -> None:
        pair = Pair(presented).shake()
        pair.secured.write_eof()
        pair.hear()
        assert pair.near.read(10) == b""
        pair.near.write(b"last")
        pair.near.unwrap()
        pair.move()
        assert pair.inner.heard == [b"last"]
        assert pair.inner.told == ["made", "eof"]
        assert not pair.transport.aborted

    run(main())


def test_our_side_alone_can_end_in_tls_1_3_and_the_client_may_go_on(
    run: Run, presented: Presented
) -> None:
    async def main() -> None:
        pair = Pair(presented).shake()
        assert pair.secured.can_write_eof()
        pair.secured.write_eof()
        pair.hear()
        assert pair.near.read(10) == b""
        pair.near.write(b"still here")
        pair.move()
        assert pair.inner.heard == [b"still here"]
        older = client("a.test")
        older.maximum_version = OLDER
        assert not Pair(presented, context=older).shake().secured.can_write_eof()

    run(main())


def test_what_is_broken_after_the_handshake_ends_the_connection(
    run: Run, presented: Presented
) -> None:
    async def main() -> None:
        pair = Pair(presented).shake()
        pair.secured.data_received(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        assert pair.transport.aborted
        assert pair.inner.heard == []

    run(main())


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01\x00\x02\x01\x00", b"\x16\x03\x01\x00\x04\x01\x00\x00\x00", b"\x16" * 40_000],
)
def test_a_hello_that_is_none_is_refused_by_openssl(
    run: Run, presented: Presented, data: bytes
) -> None:
    async def main() -> None:
        pair = Pair(presented)
        pair.secured.data_received(data)
        if not pair.transport.closed:  # it waits for more, and has its deadline
            pair.secured.on_deadline()
        assert pair.transport.is_closing()
        assert pair.made == []
        pair.secured.connection_lost(None)
        assert not pair.sessions

    run(main())


def test_a_name_that_nobody_serves_is_told_so(run: Run, presented: Presented) -> None:
    async def main() -> None:
        strict = Presented(presented.by_host, refuse_unknown=True)
        pair = Pair(strict, "z.test")
        with contextlib.suppress(ssl.SSLWantReadError):
            pair.near.do_handshake()
        pair.secured.data_received(pair.said())
        assert pair.transport.written == FATAL_UNRECOGNIZED
        assert pair.transport.closed

    run(main())


def test_who_says_no_name_wants_the_address_that_it_came_to(
    run: Run, presented: Presented, tmp_path: Path
) -> None:
    async def main() -> None:
        own = certificate(tmp_path, "127.0.0.1")
        pair = Pair(Presented({**presented.by_host, "127.0.0.1": own}), None).shake()
        chosen = cast("Any", pair.secured.chosen)
        assert chosen.certificate is own

    run(main())


def test_who_speaks_no_tls_is_handed_to_the_protocol_that_says_so(
    run: Run, presented: Presented
) -> None:
    async def main() -> None:
        pair = Pair(presented)
        pair.secured.data_received(b"GET / HTTP/1.1\r\n")
        assert pair.transport.protocol is pair.inner
        assert pair.inner.heard == [b"GET / HTTP/1.1\r\n"]
        assert not pair.sessions
        security = pair.inner.security
        assert security is not None
        with pytest.raises(NotSecured, match=r"https://a\.test:8443/"):
            security.check(RequestHead(b"GET", b"/", b"a.test:8443", b"http", []))

    run(main())


def test_a_handshake_goes_on_in_a_drain_and_ends_with_the_door(
    run: Run, presented: Presented
) -> None:
    async def main() -> None:
        pair = Pair(presented)
        pair.secured.drain()
        pair.shake()
        pair = Pair(presented)
        pair.secured.close_now()
        assert pair.transport.aborted

    run(main())


def test_of_the_transport_below_it_passes_on_what_is_asked(run: Run, presented: Presented) -> None:
    async def main() -> None:
        pair = Pair(presented).shake()
        secured, inner = pair.secured, pair.inner
        assert secured.get_extra_info("peername") == ("127.0.0.1", 5)
        assert secured.get_write_buffer_size() == 7
        assert not secured.is_closing()
        secured.pause_writing()
        secured.resume_writing()
        assert inner.told == ["made", "full", "drained"]
        secured.abort()
        assert pair.transport.aborted

    run(main())
