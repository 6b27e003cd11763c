"""What a client may say without end, or without taking what it is answered."""

import asyncio
import contextlib
import ssl
from pathlib import Path

import pytest
from OpenSSL import SSL

from porch import clock
from porch.listen.secured import MOST_SILENT, RECORD
from porch.tls.hello import LONGEST
from porch.tls.presented import Presented
from tests.listen.conftest import Run
from tests.support.handshake import certificate, client
from tests.support.key_update import KeyUpdates
from tests.support.secured import Pair


@pytest.fixture(scope="module")
def presented(tmp_path_factory: pytest.TempPathFactory) -> Presented:
    folder: Path = tmp_path_factory.mktemp("certificates")
    return Presented({"a.test": certificate(folder, "a.test")})


class Clock:
    """Goes on by `step` at each look."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.step = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture(autouse=True)
def turned(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(clock, "monotonic", made)
    return made


def shaken(presented: Presented, folder: Path) -> tuple[Pair, KeyUpdates]:
    """A connection, and a client's words beyond what OpenSSL would say for it."""
    context = client("a.test")
    context.keylog_filename = str(folder / "keys")
    pair = Pair(presented, context=context).shake()
    return pair, KeyUpdates(folder / "keys")


def test_a_key_that_changes_is_answered_and_the_data_behind_it_heard(
    run: Run, presented: Presented, tmp_path: Path
) -> None:
    async def main() -> None:
        pair, keys = shaken(presented, tmp_path)
        pair.secured.data_received(keys.update(asks=True) + keys.data(b"one"))
        pair.secured.data_received(keys.update(asks=False) + keys.data(b"two"))
        assert pair.inner.heard == [b"one", b"two"]
        pair.hear()
        pair.secured.write(b"answer")
        pair.hear()
        assert pair.read() == b"answer"

    run(main())


@pytest.mark.parametrize("data", [b"", b"x"])
def test_who_asks_for_new_keys_without_end_is_left_after_a_few(
    run: Run, presented: Presented, tmp_path: Path, data: bytes
) -> None:
    async def main() -> None:
        pair, keys = shaken(presented, tmp_path)
        asked = 0
        while not pair.transport.aborted:
            asked += 1
            assert asked < 100
            pair.secured.data_received(keys.update(asks=True) + (keys.data(data) if data else b""))
        assert asked > 30, "and a few do no harm"
        assert len(pair.transport.written) < 2000

    run(main())


def test_who_asks_for_one_now_and_then_may_do_so_for_ever(
    run: Run, presented: Presented, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        pair, keys = shaken(presented, tmp_path)
        for second in range(300):
            monkeypatch.setattr(clock, "now", 1000.0 + second)
            pair.secured.data_received(keys.update(asks=True))
        assert not pair.transport.aborted

    run(main())


def test_who_says_nothing_but_new_keys_is_left_as_well(
    run: Run, presented: Presented, tmp_path: Path
) -> None:
    async def main() -> None:
        pair, keys = shaken(presented, tmp_path)
        flood = b"".join(keys.update(asks=False) for _ in range(3000))
        for place in range(0, len(flood), 1000):
            if pair.transport.aborted:
                break
            pair.secured.data_received(flood[place : place + 1000])
        assert pair.transport.aborted
        assert MOST_SILENT < place <= MOST_SILENT + 1000

    run(main())


def test_the_longest_record_may_come_byte_by_byte(run: Run, presented: Presented) -> None:
    async def main() -> None:
        pair = Pair(presented).shake()
        for _ in range(2):
            pair.near.write(b"x" * RECORD)
            for byte in pair.said():
                pair.secured.data_received(bytes((byte,)))
        assert pair.inner.heard == [b"x" * RECORD] * 2

    run(main())


def test_a_read_that_takes_long_lets_the_others_have_their_turn_and_loses_nothing(
    run: Run, presented: Presented, turned: Clock
) -> None:
    async def main() -> None:
        turned.step = 1.0
        pair = Pair(presented).shake()
        data = b"".join(b"%07d\n" % number for number in range(20_000))
        pair.near.write(data)
        pair.move()
        assert pair.transport.paused
        assert len(b"".join(pair.inner.heard)) <= RECORD
        pair.near.write(b"more")
        pair.move()
        turns = 0
        while pair.transport.paused:
            before = len(b"".join(pair.inner.heard))
            await asyncio.sleep(0)
            turns += 1
            assert turns < 100
            assert len(b"".join(pair.inner.heard)) - before <= 2 * RECORD
        assert turns > 5
        assert b"".join(pair.inner.heard) == data + b"more"

    run(main())


def test_a_wait_for_the_next_turn_does_not_undo_the_protocols_own_pause(
    run: Run, presented: Presented, turned: Clock
) -> None:
    async def main() -> None:
        turned.step = 1.0
        pair = Pair(presented).shake()
        pair.near.write(b"x" * 100_000)
        pair.move()
        pair.secured.pause_reading()
        for _ in range(5):
            await asyncio.sleep(0)
        heard = len(b"".join(pair.inner.heard))
        assert heard <= RECORD
        assert pair.transport.paused
        turned.step = 0.0
        pair.secured.resume_reading()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(b"".join(pair.inner.heard)) == 100_000

    run(main())


def test_what_comes_behind_its_end_is_dropped_and_not_kept(run: Run, presented: Presented) -> None:
    async def main() -> None:
        pair = Pair(presented).shake()
        with contextlib.suppress(ssl.SSLWantReadError):
            pair.near.unwrap()
        pair.move()
        for size in (100, 10_000, 100_000):
            pair.secured.data_received(b"\x17\x03\x03\x40\x00" + b"x" * size)
        assert pair.secured._in.pending == 0
        assert pair.secured._waiting == b""
        assert pair.inner.told == ["made", "eof"]
        assert not pair.transport.aborted

    run(main())


def test_who_pours_before_its_hello_is_answered_is_not_kept(run: Run, presented: Presented) -> None:
    async def main() -> None:
        pair = Pair(presented)
        pair.handshakes._left = 0  # the others' turn
        with contextlib.suppress(ssl.SSLWantReadError):
            pair.near.do_handshake()
        pair.secured.data_received(pair.said())
        for _ in range(100):
            if pair.transport.aborted:
                break
            pair.secured.data_received(b"\x17\x03\x03\x40\x00" + b"x" * 10_000)
        assert pair.transport.aborted
        assert pair.secured._in.pending < 2 * LONGEST + 20_000

    run(main())


@pytest.mark.parametrize("size", [1, 40])
def test_a_hello_of_16_kib_in_tiny_records_is_served_or_refused_but_never_gone_over_again(
    run: Run, presented: Presented, size: int
) -> None:
    """Whoever it names: beyond a few records it is not read before OpenSSL reads it."""

    async def main() -> None:
        context = client(None)
        context.set_alpn_protocols([f"protocol-{number:0200d}" for number in range(75)])
        pair = Pair(presented, None, context=context)
        with contextlib.suppress(ssl.SSLWantReadError):
            pair.near.do_handshake()
        said = pair.said()
        message = said[5:]
        assert len(message) > 15_000
        looks = 0
        choose = pair.secured._choose

        def counted(*words: object) -> object:
            nonlocal looks
            looks += 1
            return choose(*words)  # type: ignore[arg-type]

        pair.secured._choose = counted  # type: ignore[assignment]
        for place in range(0, len(message), size):
            piece = message[place : place + size]
            pair.secured.data_received(said[:3] + len(piece).to_bytes(2, "big") + piece)
        pair.hear()
        pair.shake()
        assert looks == 1

    run(main())


def test_a_handshake_within_the_connection_is_refused_and_breaks_nothing(
    run: Run, presented: Presented
) -> None:
    """TLS 1.2's renegotiation: it has been the way into several attacks, and each costs a key."""

    async def main() -> None:
        pair = Pair(presented)
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
        near = SSL.Connection(context, None)
        near.set_tlsext_host_name(b"a.test")
        near.set_connect_state()

        def move() -> None:
            with contextlib.suppress(SSL.WantReadError):
                near.do_handshake()
            with contextlib.suppress(SSL.WantReadError):
                pair.secured.data_received(near.bio_read(65536))
            if pair.transport.written:
                near.bio_write(pair.transport.take())

        for _ in range(4):
            move()
        assert near.get_protocol_version_name() == "TLSv1.2"
        assert pair.inner.told == ["made"]
        near.renegotiate()
        move()
        with pytest.raises(SSL.Error, match="no renegotiation"):
            near.do_handshake()
        assert not pair.transport.is_closing()

    run(main())
