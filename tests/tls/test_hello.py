"""A client's first words, whole, in pieces, and broken. The client is OpenSSL."""

import contextlib
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.tls.hello import LONGEST, UNKNOWN, Hello, read_hello


def said(name: str | None = "a.test", *protocols: str, older: bool = False) -> bytes:
    """What a client says."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if older:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if protocols:
        context.set_alpn_protocols([*protocols])
    out = ssl.MemoryBIO()
    side = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        side.do_handshake()
    return out.read()


def read(data: bytes) -> tuple[str, tuple[bytes, ...]]:
    hello = read_hello(data)
    assert hello is not None
    return hello.name, hello.protocols


def records(data: bytes, size: int) -> bytes:
    """The same message in records of at most `size` bytes."""
    message = data[5:]
    pieces = [message[place : place + size] for place in range(0, len(message), size)]
    return b"".join(data[:3] + len(piece).to_bytes(2, "big") + piece for piece in pieces)


@pytest.mark.parametrize("older", [False, True])
def test_name_and_protocols_are_read(older: bool) -> None:
    assert read(said("a.test", "h2", "http/1.1", older=older)) == ("a.test", (b"h2", b"http/1.1"))
    assert read(said(None, older=older)) == ("", ())
    assert read(said("A.Test.", older=older)) == ("a.test", ())


@pytest.mark.parametrize("size", [16, 40, 100, 250])
def test_a_hello_may_come_in_several_records(size: int) -> None:
    data = said("a.test", "http/1.1", older=True)
    cut = records(data, max(size, len(data) // 15))
    assert read(cut) == ("a.test", (b"http/1.1",))


def test_until_it_is_whole_more_is_waited_for() -> None:
    for data in (said("a.test"), records(said("a.test"), 120)):
        for size in range(len(data)):
            assert read_hello(data[:size]) is None
        assert read(data)[0] == "a.test"
        assert read(data + b"more")[0] == "a.test"


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"\x16\x02\x00\x00\x10",
        b"\x16\x03\x01\x00\x00",
        b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",
        b"\x16\x03\x01\x00\x04\x01\xff\xff\xff",
        b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",
    ],
)
def test_what_is_no_hello_is_unknown(data: bytes) -> None:
    assert read_hello(data) is UNKNOWN


def test_a_hello_in_more_records_than_anybody_needs_is_unknown() -> None:
    assert read_hello(records(said("a.test"), 10)) is UNKNOWN


def test_a_name_that_is_not_ascii_is_unknown() -> None:
    data = said("a.test")
    assert read_hello(data.replace(b"a.test", b"\xff.test")) is UNKNOWN


def by_hand(name: bytes) -> bytes:
    """What no library says: a hello for a name of any length."""
    named = b"\0" + len(name).to_bytes(2, "big") + name
    listed = len(named).to_bytes(2, "big") + named
    extension = b"\0\0" + len(listed).to_bytes(2, "big") + listed
    fixed = b"\x03\x03" + bytes(32) + b"\0" + b"\0\2\xc0\x2b" + b"\1\0"
    body = fixed + len(extension).to_bytes(2, "big") + extension
    return records(b"\x16\x03\x01--\x01" + len(body).to_bytes(3, "big") + body, 16384)


def test_a_name_longer_than_any_host_is_unknown() -> None:
    """OpenSSL refuses it, but behind us, who would look it up label by label."""
    assert read(by_hand(b"a." * 127 + b"a")) == ("a." * 127 + "a", ())
    for labels in (128, 16_000):
        assert read_hello(by_hand(b"a." * labels)) is UNKNOWN


@given(st.binary(max_size=600))
def test_whatever_comes_is_answered(data: bytes) -> None:
    assert isinstance(read_hello(data), Hello | None)


@given(st.data())
def test_a_damaged_hello_is_read_or_unknown_and_never_an_error(data: st.DataObject) -> None:
    good = bytearray(said("a.test", "h2"))
    for _ in range(data.draw(st.integers(1, 6))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(good[: data.draw(st.integers(0, len(good)))])
    found = read_hello(cut)
    assert found is None or len(found.name) <= LONGEST
