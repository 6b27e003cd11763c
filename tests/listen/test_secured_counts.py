"""Handshakes count: those that are done by what was agreed on, the others by why they failed."""

import contextlib
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from porch.tls.presented import Presented
from tests.listen.conftest import Run
from tests.support.debugging import listening
from tests.support.handshake import certificate, client
from tests.support.secured import Pair

OLDER = ssl.TLSVersion.TLSv1_2


@pytest.fixture(scope="module")
def presented(tmp_path_factory: pytest.TempPathFactory) -> Presented:
    folder: Path = tmp_path_factory.mktemp("certificates")
    return Presented({"a.test": certificate(folder, "a.test")})


def test_one_that_is_done_counts_by_version_and_protocol_and_whether_it_was_resumed(
    run: Run, presented: Presented
) -> None:
    async def main() -> None:
        context = client("a.test")
        context.set_alpn_protocols(["h2", "http/1.1"])
        pair = Pair(presented, context=context).shake()
        assert dict(pair.handshakes.done) == {("TLSv1.3", "false", "h2"): 1}
        older = client("a.test")
        older.maximum_version = OLDER
        first = Pair(presented, context=older).shake()
        again = Pair(presented, context=older)
        again.secured._choose = first.secured._choose  # whose tickets these are
        again.near.session = first.near.session
        again.shake()
        assert dict(again.handshakes.done) == {("TLSv1.2", "true", "none"): 1}
        again.secured.connection_lost(None)
        assert not again.handshakes.failed

    run(main())


def begin(pair: Pair) -> None:
    """The client's hello, and what it says to the answer."""
    for _ in range(2):
        with contextlib.suppress(ssl.SSLError):
            pair.near.do_handshake()
        pair.move()


def nothing_in_common() -> ssl.SSLContext:
    context = client("a.test")
    context.maximum_version = OLDER
    context.set_ciphers("AES128-SHA256")
    return context


STRANGER = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""It believes nobody."""


@pytest.mark.parametrize(
    ("word", "end"),
    [
        ("no_hello", lambda pair: None),
        ("client_gone", lambda pair: pair.secured.data_received(b"\x16\x03\x01\x00")),
        ("timeout", lambda pair: pair.secured.on_deadline()),
        ("stopped", lambda pair: pair.secured.close_now()),
        ("crowded", lambda pair: pair.secured.give_way()),
        ("malformed", lambda pair: pair.secured.data_received(b"\x16" * 40_000)),
    ],
)
def test_one_that_comes_to_nothing_counts_by_why(
    run: Run, presented: Presented, word: str, end: Callable[[Pair], None]
) -> None:
    async def main() -> None:
        pair = Pair(presented)
        end(pair)
        pair.secured.connection_lost(None)
        assert dict(pair.handshakes.failed) == {word: 1}
        assert not pair.handshakes.done

    run(main())


@pytest.mark.parametrize(
    ("word", "context"),
    [("certificate_refused", STRANGER), ("nothing_in_common", nothing_in_common())],
)
def test_one_that_openssl_ends_counts_by_its_reason(
    run: Run, presented: Presented, word: str, context: ssl.SSLContext
) -> None:
    async def main() -> None:
        pair = Pair(presented, context=context)
        begin(pair)
        assert pair.transport.is_closing()
        pair.secured.connection_lost(None)
        assert dict(pair.handshakes.failed) == {word: 1}

    run(main())


def test_a_name_that_nobody_serves_and_plain_http_count_too(run: Run, presented: Presented) -> None:
    async def main() -> None:
        pair = Pair(Presented(presented.by_host, refuse_unknown=True), "z.test")
        begin(pair)
        pair.secured.connection_lost(None)
        assert dict(pair.handshakes.failed) == {"unknown_name": 1}
        pair = Pair(presented)
        pair.secured.data_received(b"GET / HTTP/1.1\r\n")
        assert dict(pair.handshakes.failed) == {"not_tls": 1}

    run(main())


def test_whose_handshake_fails_and_why_is_said_to_who_debugs(
    run: Run, presented: Presented
) -> None:
    async def main() -> None:
        pair = Pair(Presented(presented.by_host, refuse_unknown=True), "z.test")
        with listening() as said:
            begin(pair)
            pair.secured.connection_lost(None)
        (line,) = said
        assert line.startswith("TLS handshake with ")
        assert line.endswith(" for 'z.test' failed: unknown_name")

    run(main())
