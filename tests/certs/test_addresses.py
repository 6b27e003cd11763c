"""This machine's own addresses."""

import ipaddress
import socket
import struct
import sys

import pytest

from porch.certs import addresses
from porch.certs.addresses import is_public, own_addresses


def test_own_addresses_are_no_loopback_and_no_link_local_ones() -> None:
    found = own_addresses()
    assert len(set(found)) == len(found)
    assert not any(each.is_loopback or each.is_link_local for each in found)


@pytest.mark.skipif(sys.platform != "linux", reason="netlink is Linux's")
def test_the_kernel_tells_every_address_that_can_be_bound() -> None:
    found = list(addresses._from_kernel())
    assert ipaddress.ip_address("127.0.0.1") in found
    for each in found:
        if not each.is_link_local:
            family = socket.AF_INET6 if each.version == 6 else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.bind((str(each), 0))


def test_where_packets_would_leave_from_is_known_without_the_kernel_s_list() -> None:
    assert all(each in list(addresses._from_kernel()) for each in addresses._as_sender())


def test_without_an_answer_of_the_kernel_the_sender_s_address_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> object:
        raise PermissionError

    monkeypatch.setattr(addresses, "_from_kernel", refuse)
    monkeypatch.setattr(
        addresses, "_as_sender", lambda: iter([ipaddress.ip_address("203.0.113.5")])
    )
    assert own_addresses() == (ipaddress.ip_address("203.0.113.5"),)


def attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def test_at_a_point_to_point_link_the_local_end_is_ours() -> None:
    body = struct.pack("=BBBBI", socket.AF_INET, 32, 0, 0, 7)
    far, near = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
    message = body + attribute(1, far) + attribute(3, b"tun0\0") + attribute(2, near)
    assert list(addresses._addresses(message)) == [ipaddress.ip_address("10.0.0.2")]
    assert list(addresses._addresses(body + attribute(1, far))) == [
        ipaddress.ip_address("10.0.0.1")
    ]


@pytest.mark.parametrize("rest", [b"", b"\0\0\0\0", b"\xff\xff\1\0", b"\6\0\2\0ab"])
def test_what_the_kernel_would_never_say_is_no_crash(rest: bytes) -> None:
    assert list(addresses._addresses(bytes(8) + rest)) == []
    assert list(addresses._messages(rest)) == []


@pytest.mark.parametrize(
    ("address", "is_it"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1", True),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("fd00::1", False),
        ("fe80::1", False),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
        ("224.0.1.1", False),
    ],
)
def test_only_what_the_internet_reaches_is_public(address: str, is_it: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is is_it
