"""PROXY headers of both versions: each whole, cut at every place, and changed by chance."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.listen.proxy_protocol import LONGEST, Announced, BadHeader, decode

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def second(command: int, kind: int, body: bytes) -> bytes:
    return SIGNATURE + bytes((command, kind)) + struct.pack(">H", len(body)) + body


def six(*texts: str) -> bytes:
    return b"".join(socket.inet_pton(socket.AF_INET6, each) for each in texts)


TCP4 = bytes((192, 0, 2, 1, 198, 51, 100, 1)) + struct.pack(">HH", 56324, 443)
TCP6 = six("2001:db8::1", "2001:db8::2") + struct.pack(">HH", 1, 2)
MAPPED = six("::ffff:192.0.2.1", "2001:db8::2") + struct.pack(">HH", 1, 2)
TLV = b"\x03\0\4abcd" + b"\x20\0\2hi"
ENDS = (("192.0.2.1", 56324), ("198.51.100.1", 443))
ENDS6 = (("2001:db8::1", 1), ("2001:db8::2", 2))
LONGEST_LINE = b"PROXY UNKNOWN " + b"f" * 91 + b"\r\n"

WHOLE = [
    (b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", ENDS),
    (b"PROXY TCP6 2001:db8::1 2001:DB8::2 1 2\r\n", ENDS6),
    (b"PROXY TCP6 ::ffff:192.0.2.1 ::1 0 65535\r\n", (("192.0.2.1", 0), ("::1", 65535))),
    (b"PROXY UNKNOWN\r\n", ()),
    (b"PROXY UNKNOWN ffff::1 what ever\r\n", ()),
    (LONGEST_LINE, ()),
    (second(0x21, 0x11, TCP4), ENDS),
    (second(0x21, 0x11, TCP4 + TLV), ENDS),
    (second(0x21, 0x21, TCP6), ENDS6),
    (second(0x21, 0x21, MAPPED), (("192.0.2.1", 1), ("2001:db8::2", 2))),
    (second(0x21, 0x31, b"/x".ljust(216, b"\0")), ()),
    (second(0x21, 0x00, b""), ()),
    (second(0x21, 0x00, TLV), ()),
    (second(0x20, 0x00, b""), ()),
    (second(0x20, 0x11, TCP4 + TLV), ()),
    (second(0x20, 0x77, b"x"), ()),
    (second(0x21, 0x11, TCP4.ljust(LONGEST - 16, b"\0")), ENDS),
]
"""Headers and the ends they announce."""


@pytest.mark.parametrize(("header", "ends"), WHOLE)
@pytest.mark.parametrize("rest", [b"", b"GET / HTTP/1.1\r\n", b"PROXY UNKNOWN\r\n", b"\r\n\r\n\0"])
def test_a_header_is_read_and_what_follows_is_not(
    header: bytes, ends: tuple[tuple[str, int], ...], rest: bytes
) -> None:
    assert decode(header + rest) == Announced(len(header), *ends)


@pytest.mark.parametrize(("header", "ends"), WHOLE)
def test_of_a_part_there_is_more_to_come(header: bytes, ends: object) -> None:
    for place in range(len(header)):
        assert decode(header[:place]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"G",
        b"\n",
        b"\0",
        b"proxy TCP4 192.0.2.1 198.51.100.1 1 2\r\n",
        b"PROXX",
        b"\r\r",
        b"\r\n\r\n\0\r\nQUIX",
        b"PROXY\r\n",
        b"PROXY \r\n",
        b"PROXY TCP4\r\n",
        b"PROXY TCP5 192.0.2.1 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n",
        b"PROXY TCP4  192.0.2.1 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 1 2 \r\n",
        b"PROXY TCP4 192.0.2.01 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 ::1 198.51.100.1 1 2\r\n",
        b"PROXY TCP6 192.0.2.1 ::1 1 2\r\n",
        b"PROXY TCP6 fe80::1%lo ::1 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 65536 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 -1 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 \xb2 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n\r\n",
        b"PROXY TCP4 a.test 198.51.100.1 1 2\r\n",
        b"PROXY UNKNOWN " + b"f" * 100,
        second(0x11, 0x11, TCP4),
        second(0x22, 0x11, TCP4),
        second(0x21, 0x12, TCP4),
        second(0x21, 0x41, TCP4),
        second(0x21, 0x11, TCP4[:11]),
        second(0x21, 0x21, TCP6[:35]),
        second(0x21, 0x31, bytes(215)),
        second(0x21, 0x11, bytes(LONGEST - 15)),
    ],
)
def test_what_is_no_header_is_refused(data: bytes) -> None:
    with pytest.raises(BadHeader):
        decode(data)


def test_what_is_too_long_is_refused_before_it_has_come() -> None:
    with pytest.raises(BadHeader, match="more than 4096"):
        decode(second(0x21, 0x11, bytes(LONGEST))[:16])
    with pytest.raises(BadHeader, match="107 bytes"):
        decode(b"PROXY UNKNOWN ".ljust(107, b"f"))


def outcome(data: bytes) -> object:
    try:
        return decode(data)
    except BadHeader:
        return BadHeader


@given(
    header=st.sampled_from([each for each, _ in WHOLE]),
    place=st.integers(0, 300),
    byte=st.integers(0, 255),
    cut=st.integers(0, 300),
)
def test_any_change_gives_a_header_a_refusal_or_patience_and_no_other_error(
    header: bytes, place: int, byte: int, cut: int
) -> None:
    place %= len(header)
    data = header[:place] + bytes((byte,)) + header[place + 1 :]
    found = outcome(data)
    assert found is None or found is BadHeader or isinstance(found, Announced)
    # However it is cut: a part never says another thing than the whole, only nothing yet.
    part = outcome(data[: cut % len(data)])
    assert part in (None, found)


@given(data=st.binary(max_size=400))
def test_any_bytes_are_a_header_a_refusal_or_patience(data: bytes) -> None:
    for start in (b"", b"PROXY ", SIGNATURE, SIGNATURE + b"\x21\x11"):
        found = outcome(start + data)
        assert found is None or found is BadHeader or isinstance(found, Announced)
        if isinstance(found, Announced):
            assert 0 < found.size <= len(start + data)
