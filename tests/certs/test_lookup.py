"""Where DNS sends those who ask for a name."""

import ipaddress
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from porch import clock
from porch.certs.finding import Finding
from porch.certs.lookup import Lookup, check_addresses, check_lookup, look_up
from porch.certs.names import Address
from tests.support.resolving import NameServer

NAME = "www.example.com"
MINE = ("9.9.9.9", "2620:fe::9", "10.0.0.2", "fd00::2")
"""A machine that has public addresses of both families."""
NATTED = ("10.0.0.2", "fd00::2")


@pytest.fixture
def server() -> Iterator[NameServer]:
    with NameServer() as made:
        yield made


def lookup(server: NameServer, lifetime: float = 1.0) -> Lookup:
    with ThreadPoolExecutor(2) as pool:
        return look_up(NAME, server.resolver(0.1), lifetime, pool)


def those(*texts: str) -> tuple[Address, ...]:
    return tuple(map(ipaddress.ip_address, texts))


def test_addresses_of_both_families_are_found(server: NameServer) -> None:
    server.add(NAME, "A", "192.0.2.1", "192.0.2.2").add(NAME, "AAAA", "2001:db8::1")
    found = lookup(server)
    assert set(found.addresses) == set(those("192.0.2.1", "192.0.2.2", "2001:db8::1"))
    assert found.addresses[2].version == 6
    assert found.chain == (NAME,)
    assert check_lookup(NAME, found, "fail") == []


def test_an_alias_is_told_with_all_its_links(server: NameServer) -> None:
    server.add(NAME, "CNAME", "a.cdn.net.").add("a.cdn.net", "CNAME", "b.cdn.net.")
    server.add("b.cdn.net", "A", "192.0.2.1")
    found = lookup(server)
    assert found.addresses == those("192.0.2.1")
    assert check_lookup(NAME, found, "fail") == [
        Finding(
            "DNS", "ok", "www.example.com is an alias: www.example.com -> a.cdn.net -> b.cdn.net"
        )
    ]


def test_an_alias_of_nothing_is_told_with_its_end(server: NameServer) -> None:
    server.add(NAME, "CNAME", "gone.cdn.net.")
    found = check_lookup(NAME, lookup(server), "fail")
    assert found[-1] == Finding(
        "DNS",
        "fail",
        "www.example.com is an alias of gone.cdn.net, which does not exist. Add an A record to"
        " gone.cdn.net with this machine's public address",
    )


def test_a_name_that_does_not_exist_is_told_with_the_record_to_add(server: NameServer) -> None:
    server.add("mail.example.com", "A", "192.0.2.1")
    assert check_lookup(NAME, lookup(server), "fail") == [
        Finding(
            "DNS",
            "fail",
            "www.example.com does not exist in DNS. Add an A record to www.example.com with this"
            " machine's public address",
        )
    ]


def test_a_name_without_addresses_is_told(server: NameServer) -> None:
    server.add(NAME, "TXT", '"x"')
    assert check_lookup(NAME, lookup(server), "warn") == [
        Finding(
            "DNS",
            "warn",
            "www.example.com exists in DNS, but has no address. Add an A record with this"
            " machine's public address",
        )
    ]


def test_name_servers_that_fail_are_told(server: NameServer) -> None:
    server.fail(NAME)
    assert check_lookup(NAME, lookup(server), "fail") == [
        Finding(
            "DNS",
            "fail",
            "asked for the addresses of www.example.com, the name servers failed (SERVFAIL)."
            " Correct its name servers; an authority asks them as well",
        )
    ]


def test_name_servers_that_are_silent_are_given_up_in_time(server: NameServer) -> None:
    server.silence(NAME)
    since = clock.monotonic()
    found = check_lookup(NAME, lookup(server, 0.2), "fail")
    assert clock.monotonic() - since < 1
    assert "no name server answered in time" in found[0].sentence


def test_one_family_that_fails_beside_the_other_is_a_warning() -> None:
    half = Lookup(those("192.0.2.1"), (NAME,), "no name server answered in time")
    assert [each.state for each in check_lookup(NAME, half, "fail")] == ["warn"]


def test_a_name_that_dns_cannot_have_is_no_crash(server: NameServer) -> None:
    with ThreadPoolExecutor(2) as pool:
        found = look_up("a" * 64 + ".com", server.resolver(), 1.0, pool)
    assert found.error.startswith("DNS failed (")


def judged(
    addresses: Sequence[str],
    own: Sequence[str] = MINE,
    confirmed: Sequence[str] = (),
    *,
    is_sure: bool = True,
    matters: bool = True,
) -> list[Finding]:
    return check_addresses(
        NAME, those(*addresses), those(*own), those(*confirmed), is_sure=is_sure, matters=matters
    )


def test_addresses_of_this_machine_are_as_they_should_be() -> None:
    assert judged(["9.9.9.9", "2620:fe::9"]) == [
        Finding("DNS", "ok", "www.example.com points to 9.9.9.9 and 2620:fe::9, this machine")
    ]


def test_an_ipv4_address_of_another_machine_is_told_with_this_one_s() -> None:
    assert judged(["8.8.8.8"]) == [
        Finding(
            "DNS",
            "fail",
            "www.example.com points to 8.8.8.8, but this machine has 9.9.9.9. Correct the A"
            " record, unless what is there forwards to this door",
        )
    ]


def test_a_machine_with_ipv6_alone_is_not_what_an_a_record_points_to() -> None:
    found = judged(["8.8.8.8"], ["2620:fe::9"])
    assert "but this machine has no public IPv4" in found[0].sentence


def test_an_aaaa_record_that_points_elsewhere_is_the_classic_trap() -> None:
    assert judged(["9.9.9.9", "2606:4700::1"]) == [
        Finding("DNS", "ok", "www.example.com points to 9.9.9.9, this machine"),
        Finding(
            "DNS",
            "fail",
            "the AAAA record of www.example.com points elsewhere: to 2606:4700::1, but this"
            " machine has 2620:fe::9. Authorities try IPv6 first and find another machine there,"
            " even if IPv4 is right. Set it to 2620:fe::9, or remove it",
        ),
    ]


def test_an_aaaa_record_for_a_machine_without_ipv6_is_to_be_removed() -> None:
    found = judged(["9.9.9.9", "2606:4700::1"], ["9.9.9.9"])
    assert found[1].state == "fail"
    assert "but this machine has no public IPv6 address" in found[1].sentence
    assert found[1].sentence.endswith("Remove it, or give this machine that address")


def test_behind_a_router_it_cannot_be_told_and_the_address_is_said() -> None:
    assert judged(["8.8.8.8"], NATTED) == [
        Finding(
            "DNS",
            "warn",
            "www.example.com points to 8.8.8.8; this machine has private addresses only (10.0.0.2"
            " and fd00::2), so whether that leads to it cannot be told from here. Compare it with"
            " the public address of the router or provider",
        )
    ]


def test_behind_a_router_an_aaaa_record_is_a_warning_only() -> None:
    found = judged(["2606:4700::1"], NATTED)
    assert found[0].state == "warn"
    assert "points elsewhere" in found[0].sentence


def test_a_machine_whose_addresses_are_unknown_says_so() -> None:
    assert "private addresses only (none)" in judged(["8.8.8.8"], [])[0].sentence


def test_where_this_door_answers_the_address_is_right_whoever_has_it() -> None:
    assert judged(["9.9.9.9", "8.8.8.8"], confirmed=["8.8.8.8"]) == [
        Finding(
            "DNS",
            "ok",
            "www.example.com points to 9.9.9.9, this machine; www.example.com points to 8.8.8.8,"
            " which this machine does not have itself, but this door answers there",
        )
    ]


def test_if_the_door_could_not_answer_another_address_is_a_warning() -> None:
    states = [each.state for each in judged(["8.8.8.8", "2606:4700::1"], is_sure=False)]
    assert states == ["warn", "warn"]


@pytest.mark.parametrize(("own", "confirmed"), [(MINE, ()), (NATTED, ("10.0.0.2",)), ((), ())])
def test_a_private_address_is_out_of_reach_unless_the_internet_is_told_another(
    own: Sequence[str], confirmed: Sequence[str]
) -> None:
    assert judged(["10.0.0.2"], own, confirmed) == [
        Finding(
            "DNS",
            "warn",
            "here, www.example.com points to 10.0.0.2, which no authority can reach. Point it to a"
            " public address, unless DNS tells the internet another one already, or have dns-01"
            " validate it",
        )
    ]


def test_for_dns_01_addresses_hinder_nothing() -> None:
    found = judged(["10.0.0.2", "8.8.8.8", "2606:4700::1"], matters=False)
    assert [each.state for each in found] == ["warn"] * 3
