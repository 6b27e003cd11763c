"""Whose word about the client is believed, and who the client then is."""

import ipaddress

import pytest

from porch.http.message import RequestHead
from porch.listen import trust
from porch.listen.trust import Trust


def trusted(*networks: str, unix: bool = False) -> Trust:
    return Trust([ipaddress.ip_network(each) for each in networks], unix)


def request(*values: bytes) -> RequestHead:
    fields = [(b"x", b"192.0.2.9"), *((b"x-forwarded-for", each) for each in values)]
    return RequestHead(b"GET", b"/", b"a.test", b"http", fields)


@pytest.mark.parametrize(
    ("peer", "believed"),
    [
        (b"10.1.2.3", True),
        (b"11.1.2.3", False),
        (b"::ffff:10.1.2.3", True),
        (b"2001:db8::1", True),
        (b"2001:db9::1", False),
        (b"unix", False),
        (b"", False),
        (b"10.1.2", False),
        (b"fe80::1%eth0", False),
        (b"a.test", False),
        (b"\xff", False),
    ],
)
def test_a_peer_is_believed_if_a_network_holds_it(peer: bytes, believed: bool) -> None:
    found = trusted("10.0.0.0/8", "2001:db8::/32", "fe80::/10")
    assert found[peer] is believed
    assert found.trusts(peer) is believed


def test_nobody_is_believed_unless_said() -> None:
    assert not trusted()[b"127.0.0.1"]


def test_the_peer_of_a_unix_socket_is_believed_if_said() -> None:
    assert trusted(unix=True)[b"unix"]
    assert not trusted(unix=True)[b"127.0.0.1"]


def test_a_peer_is_judged_once_and_what_is_remembered_is_bounded() -> None:
    found = trusted("10.0.0.0/8")
    for number in range(trust._REMEMBERED + 10):
        found[b"10.%d.%d.%d" % (number >> 16, number >> 8 & 255, number & 255)]
    assert 0 < len(found) <= trust._REMEMBERED


PEER = b"10.0.0.1"


@pytest.mark.parametrize(
    ("values", "client"),
    [
        ([], PEER),
        ([b"192.0.2.1"], b"192.0.2.1"),
        ([b"192.0.2.1, 192.0.2.2"], b"192.0.2.2"),
        ([b"192.0.2.1, 10.0.0.2"], b"192.0.2.1"),
        ([b"192.0.2.1", b"10.0.0.2,10.0.0.3"], b"192.0.2.1"),
        ([b"10.0.0.3, 10.0.0.2"], b"10.0.0.3"),
        ([b"192.0.2.1:4711"], b"192.0.2.1"),
        ([b"[2001:db8::1]:4711"], b"2001:db8::1"),
        ([b"[2001:db8::1]"], b"2001:db8::1"),
        ([b"[]"], PEER),
        ([b"192.0.2.1, []:80"], PEER),
        ([b"2001:DB8:0::1"], b"2001:db8::1"),
        ([b"::ffff:192.0.2.1"], b"192.0.2.1"),
        ([b"192.0.2.1, ::ffff:10.0.0.2"], b"192.0.2.1"),
        ([b" \t192.0.2.1\t "], b"192.0.2.1"),
        ([b"192.0.2.1, unknown"], PEER),
        ([b"192.0.2.1, unknown, 10.0.0.2"], b"10.0.0.2"),
        ([b""], PEER),
        ([b"192.0.2.1, "], PEER),
        ([b"_hidden"], PEER),
        ([b"a.test"], PEER),
        ([b"fe80::1%<b>"], PEER),
        ([b"[192.0.2.1"], PEER),
        ([b"[::1]x"], PEER),
        ([b"192.0.2.1:port"], PEER),
        ([b"\xff"], PEER),
    ],
)
def test_the_client_is_the_first_from_the_right_that_is_not_trusted(
    values: list[bytes], client: bytes
) -> None:
    """An entry that is no address ends the chain: what is left of it is worth nothing."""
    assert trusted("10.0.0.0/8").client_ip(PEER, request(*values)) == client


FORGED = (b"127.0.0.1", b"10.0.0.9", b"::1", b"unix", b"192.0.2.66", b"fe80::1%lo", b"0", b"\xff")


@pytest.mark.parametrize("claim", FORGED)
@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("many", [1, 100, 4000])
def test_whatever_a_client_claims_the_entry_of_the_proxy_decides(
    claim: bytes, lines: bool, many: int
) -> None:
    """The proxy appends, to the line or as a line of its own."""
    claims = [claim] * many
    came = [*claims, b"192.0.2.1"] if lines else [b", ".join([*claims, b"192.0.2.1"])]
    found = trusted("10.0.0.0/8", "127.0.0.1", "::1", unix=True)
    assert found.client_ip(PEER, request(*came)) == b"192.0.2.1"


@pytest.mark.parametrize("name", [b"forwarded", b"x-real-ip", b"true-client-ip", b"client-ip"])
def test_no_other_field_says_who_the_client_is(name: bytes) -> None:
    """A proxy that does not write it passes it on as the client wrote it."""
    head = request(b"192.0.2.1")
    head.fields += [(name, b"192.0.2.66"), (name, b"for=192.0.2.66")]
    assert trusted("10.0.0.0/8").client_ip(PEER, head) == b"192.0.2.1"
    head.fields = [field for field in head.fields if field[0] != b"x-forwarded-for"]
    assert trusted("10.0.0.0/8").client_ip(PEER, head) == PEER


@pytest.mark.parametrize("said", [b"for=192.0.2.66", b'proto=https;For="[2001:db8::1]"'])
def test_whose_proxy_tells_of_him_in_forwarded_alone_is_not_known_and_the_operator_hears_why(
    said: bytes,
) -> None:
    warned: list[tuple[str, str]] = []
    found = Trust([ipaddress.ip_network("10.0.0.0/8")], warn=lambda *each: warned.append(each))
    head = request()
    head.fields.append((b"forwarded", said))
    assert found.client_ip(PEER, head) == PEER
    ((text, about),) = warned
    assert text == (
        f"{PEER.decode()}, which is in `trust`, tells whom it asks for in Forwarded, and not in "
        "X-Forwarded-For, which alone is read: limits, `allow`, `deny` and the log take it for the "
        "client; have it send X-Forwarded-For"
    )
    assert about in text
    assert PEER.decode() not in about


def test_who_tells_in_x_forwarded_for_too_or_is_nobody_is_not_told_of() -> None:
    warned: list[tuple[str, str]] = []
    found = Trust([ipaddress.ip_network("10.0.0.0/8")], warn=lambda *each: warned.append(each))
    both = request(b"192.0.2.1")
    both.fields.append((b"forwarded", b"for=192.0.2.66"))
    assert found.client_ip(PEER, both) == b"192.0.2.1"
    other = request()
    other.fields.append((b"forwarded", b"proto=https"))
    assert found.client_ip(PEER, other) == PEER
    stranger = request()
    stranger.fields.append((b"forwarded", b"for=192.0.2.66"))
    assert found.client_ip(b"192.0.2.7", stranger) == b"192.0.2.7"
    assert warned == []


@pytest.mark.parametrize("lines", [False, True])
def test_a_chain_without_end_is_not_followed(lines: bool) -> None:
    """What a client in a trusted network could send."""
    entries = [b"192.0.2.66", *(b"10.0.%d.%d" % divmod(number, 256) for number in range(4000))]
    came = entries if lines else [b",".join(entries)]
    assert trusted("10.0.0.0/8").client_ip(PEER, request(*came)) == entries[-trust.MOST]
    near = entries[: trust.MOST]
    came = near if lines else [b",".join(near)]
    assert trusted("10.0.0.0/8").client_ip(PEER, request(*came)) == b"192.0.2.66"


def test_a_peer_that_is_not_trusted_is_itself_the_client() -> None:
    found = trusted("10.0.0.0/8").client_ip(b"192.0.2.7", request(b"192.0.2.1"))
    assert found == b"192.0.2.7"


def test_a_trusted_unix_peer_vouches() -> None:
    assert trusted(unix=True).client_ip(b"unix", request(b"192.0.2.1")) == b"192.0.2.1"
    assert trusted(unix=True).client_ip(b"unix", request()) == b"unix"
