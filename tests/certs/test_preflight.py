"""What is looked at before an order, with a name server and servers on loopback."""

import ipaddress
from collections.abc import Callable, Iterator

import pytest

from porch import clock
from porch.certs import lookup, preflight
from porch.certs.finding import Finding
from porch.certs.names import Address
from porch.certs.preflight import Method, Preflight, Wanted, check_name, make_token
from porch.certs.rates import History
from tests.support.answering import answering, says, silent
from tests.support.ports import free_port
from tests.support.resolving import NameServer

NAME = "www.example.com"
HERE = ipaddress.ip_address("127.0.0.1")
OTHER = ipaddress.ip_address("127.0.0.2")
PRIVATE = ipaddress.ip_address("10.0.0.2")
EXPECTED = b"token.thumb"


@pytest.fixture
def server() -> Iterator[NameServer]:
    with NameServer() as made:
        yield made.add(NAME, "A", "127.0.0.1")


@pytest.fixture(autouse=True)
def loopback_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_public(address: Address) -> bool:
        return address != PRIVATE

    monkeypatch.setattr(preflight, "is_public", is_public)
    monkeypatch.setattr(lookup, "is_public", is_public)


Check = Callable[..., Preflight]


@pytest.fixture
def check(server: NameServer) -> Iterator[Check]:
    """Checks with a door that answers, unless told otherwise."""
    with (
        answering(says("200 OK", EXPECTED)) as (http, _),
        answering(silent) as (https, _),
    ):

        def run(**more: object) -> Preflight:
            wanted: dict[str, object] = {
                "name": NAME,
                "own": [HERE],
                "expected": EXPECTED,
                "ports": (http, https),
                "timeout": 0.5,
            }
            return preflight.preflight(
                Wanted(**wanted | more),  # type: ignore[arg-type]
                server.resolver(),
            )

        yield run


def about(found: Preflight, what: str) -> list[Finding]:
    return [each for each in found.findings if each.what.startswith(what)]


def test_where_all_is_well_every_check_says_so_and_an_order_can_be_made(check: Check) -> None:
    found = check(history=History())
    assert found.is_ok
    assert {each.state for each in found.findings} == {"ok"}
    kinds = [each.what.split()[0] for each in found.findings]
    assert kinds == ["name", "DNS", "port", "port", "CAA", "rates", "rates", "rates"]
    assert found.advice == (
        "A certificate can be ordered: nothing that can be seen from here hinders it"
    )


def test_a_failure_is_said_with_what_to_put_right_and_how_to_look_again(
    check: Check, server: NameServer
) -> None:
    server.add("example.com", "CAA", '0 issue ";"')
    found = check(ports=(free_port(), free_port()))
    assert not found.is_ok
    port = about(found, "port")[0]
    assert found.advice == (
        f"Nothing was ordered: put right {port.what} and CAA first, then run porch certs check"
        " www.example.com again"
    )


def test_a_warning_does_not_keep_from_ordering_and_says_where_to_look(check: Check) -> None:
    found = check(identities=())
    assert found.is_ok
    assert found.advice == "A certificate can be ordered; if that fails, look at CAA first"
    assert "does not say by which names CAA records call it" in about(found, "CAA")[0].sentence


def test_a_name_that_nobody_can_have_is_not_even_looked_up(
    check: Check, server: NameServer
) -> None:
    found = check(name="nas.local")
    assert [each.what for each in found.findings] == ["name"]
    assert not found.is_ok
    assert server.asked == []


def test_a_name_that_does_not_exist_fails_and_no_port_is_tried(check: Check) -> None:
    found = check(name="no.example.com")
    assert about(found, "DNS")[0].sentence.startswith("no.example.com does not exist in DNS")
    assert about(found, "DNS")[0].state == "fail"
    assert about(found, "port") == []


def test_an_aaaa_record_that_points_elsewhere_fails_though_ipv4_is_right(
    check: Check, server: NameServer
) -> None:
    server.add(NAME, "AAAA", "::1")
    found = check()
    assert not found.is_ok
    trap = about(found, "DNS")[1]
    assert trap.state == "fail"
    assert trap.sentence.startswith("the AAAA record of www.example.com points elsewhere: to ::1")


def test_a_proxy_in_front_that_leads_to_this_door_is_right(
    check: Check, server: NameServer
) -> None:
    found = check(own=[OTHER])
    assert found.is_ok
    assert "but this door answers there" in about(found, "DNS")[0].sentence


def test_something_else_on_port_80_fails(check: Check) -> None:
    with answering(says("404 Not Found", b"", "server: nginx")) as (port, _):
        found = check(ports=(port, port))
    assert about(found, "port")[0].state == "fail"
    assert about(found, "port")[0].sentence.startswith("something else answers on port")


def test_the_port_that_the_method_needs_fails_and_the_other_warns(check: Check) -> None:
    ports = (free_port(), free_port())
    for method, states in (
        ("http-01", ["fail", "warn"]),
        ("tls-alpn-01", ["warn", "fail"]),
        ("dns-01", ["warn", "warn"]),
    ):
        found = check(ports=ports, method=method)
        assert [each.state for each in about(found, "port")] == states


def test_behind_a_router_what_is_seen_from_inside_is_a_warning(
    check: Check, server: NameServer
) -> None:
    found = check(own=[PRIVATE], ports=(free_port(), free_port()))
    assert found.is_ok
    assert about(found, "DNS")[0].state == "warn"
    port = about(found, "port")[0]
    assert port.state == "warn"
    assert port.sentence.endswith(
        "(a router that does not lead its own address back inside looks like this too)"
    )


def test_a_wildcard_by_dns_01_needs_no_address(check: Check, server: NameServer) -> None:
    found = check(name="*.example.com", method="dns-01")
    assert found.is_ok
    assert about(found, "DNS")[0].state == "warn"
    assert ("*.example.com", "A") in server.asked


def test_ports_of_a_wildcard_are_asked_for_a_name_below_it(
    check: Check, server: NameServer
) -> None:
    server.add("*.example.com", "A", "127.0.0.1")
    with answering(says("200 OK", EXPECTED)) as (port, heads):
        check(name="*.example.com", method="dns-01", token="t-1", ports=(port, free_port()))
    assert b"host: t-1.example.com\r\n" in heads[0]


def test_an_address_is_looked_at_without_dns(check: Check, server: NameServer) -> None:
    found = check(name="127.0.0.1", takes_addresses=True)
    assert found.is_ok
    assert server.asked == []
    assert [each.state for each in about(found, "port")] == ["ok", "ok"]


def test_caa_that_is_bound_to_an_account_is_doubtful_before_there_is_one(
    check: Check, server: NameServer
) -> None:
    value = "letsencrypt.org; accounturi=https://ca.test/1"
    server.add("example.com", "CAA", f'0 issue "{value}"')
    without, with_it = check(), check(account="https://ca.test/1")
    assert about(without, "CAA")[0].state == "warn"
    assert "There is no account yet" in about(without, "CAA")[0].sentence
    assert about(with_it, "CAA")[0].state == "ok"
    assert not check(account="https://ca.test/2").is_ok


def test_caa_that_dns_does_not_answer_fails(check: Check, server: NameServer) -> None:
    server.fail("example.com")
    found = about(check(), "CAA")[0]
    assert found.state == "fail"
    assert "(SERVFAIL)" in found.sentence


def test_limits_that_are_used_up_fail(check: Check) -> None:
    found = check(history=History(same=[clock.wall()] * 5))
    assert not found.is_ok
    assert "put right rates first" in found.advice


def test_only_some_of_many_addresses_are_tried_and_all_are_judged(
    check: Check, server: NameServer
) -> None:
    server.add(NAME, "A", *[f"127.0.0.{number}" for number in range(1, 9)])
    found = check(ports=(free_port(), free_port()))
    assert len(about(found, "port")) == 12
    assert about(found, "DNS")[1].sentence.count("127.0.0.") == 8


def test_a_private_address_of_another_machine_is_never_connected_to(
    check: Check, server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "is_public", lambda _: False)
    assert about(check(own=[OTHER]), "port") == []
    assert len(about(check(own=[HERE]), "port")) == 2


def test_whatever_hangs_it_ends_in_time(
    check: Check, server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "DNS_LIFETIME", 0.1)
    monkeypatch.setattr(preflight, "CAA_LIFETIME", 0.1)
    server.silence("hung.example.com").silence("example.com")
    since = clock.monotonic()
    hung = check(name="hung.example.com")
    with answering(silent) as (port, _):
        deaf = check(ports=(port, port), timeout=0.1)
    assert clock.monotonic() - since < 3
    assert [each.state for each in hung.findings] == ["ok", "fail", "fail"]
    assert [each.state for each in deaf.findings] == ["ok", "ok", "fail", "ok", "fail"]


def test_the_parts_fit_into_the_whole() -> None:
    dnspython = 2.0  # seconds that its pauses between tries may add
    after = preflight.DNS_LIFETIME + dnspython + preflight.PORT_LIFETIME
    assert max(after, preflight.CAA_LIFETIME + dnspython) < preflight.LONGEST


def test_tokens_differ() -> None:
    assert make_token() != make_token()
    assert make_token().startswith("porch-preflight-")


@pytest.mark.parametrize(
    "name", ["example.com", "a.b-c.example.co.uk", "xn--bcher-kva.example.org"]
)
def test_a_public_name_can_be_issued_for(name: str) -> None:
    found = check_name(name, "http-01")
    assert found == Finding("name", "ok", f"a public authority can issue for {name}")


@pytest.mark.parametrize(
    "name", ["localhost", "nas", "a.internal", "*.com", "router.lan", "www.example", "x.onion"]
)
def test_a_name_of_nobody_cannot(name: str) -> None:
    found = check_name(name, "dns-01")
    assert found.state == "fail"
    assert found.sentence == (
        f"no public authority can issue for '{name}', which belongs to nobody on the internet. The"
        " local authority can; or use a name below a domain of your own"
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("bücher.example.org", "letters beyond ASCII; write it in its xn-- form"),
        ("a..example.org", "a label of it is empty"),
        (".example.org", "a label of it is empty"),
        ("a" * 64 + ".org", "a label of it is longer than 63 characters"),
        ("a.*.example.org", "only the whole first label may be a star"),
        ("a*.example.org", "only the whole first label may be a star"),
        ("a_b.example.org", "'a_b' has to be letters, digits and hyphens"),
        ("-a.example.org", "'-a' has to be letters"),
        ("a.example.org\n", "'org\n' has to be letters"),
        (".".join(["abcdefgh"] * 29) + ".org", "it is longer than 253 characters"),
        ("192.168.1.256", "its last label is a number"),
    ],
)
def test_what_is_no_name_is_told_why(name: str, why: str) -> None:
    found = check_name(name, "dns-01")
    assert found.state == "fail"
    assert why in found.sentence


@pytest.mark.parametrize("method", ["http-01", "tls-alpn-01"])
def test_a_wildcard_needs_dns_01(method: Method) -> None:
    found = check_name("*.example.com", method)
    assert found.state == "fail"
    assert found.sentence == (
        "'*.example.com' is a wildcard, and authorities validate those by dns-01 only, not by"
        f" {method}. Set up dns-01, or list the names one by one"
    )
    assert check_name("*.example.com", "dns-01").state == "ok"


def test_an_address_needs_a_profile_that_takes_them_and_is_not_for_dns_01() -> None:
    assert "the chosen profile is for names only" in check_name("9.9.9.9", "http-01").sentence
    assert check_name("9.9.9.9", "http-01", takes_addresses=True).state == "ok"
    found = check_name("[2620:fe::9]", "dns-01", takes_addresses=True)
    assert found.state == "fail"
    assert "which dns-01 cannot validate (RFC 8738 7)" in found.sentence


def test_a_private_address_is_for_the_local_authority() -> None:
    found = check_name("10.0.0.2", "http-01", takes_addresses=True)
    assert found.state == "fail"
    assert "private or reserved address" in found.sentence


def test_an_authority_that_has_asked_to_come_later_is_in_the_way(check: Check) -> None:
    found = check(later=1_772_366_400.0)
    (finding,) = about(found, "rates")
    assert finding.state == "fail"
    assert "before 2026-03-01 12:00 UTC" in finding.sentence
    assert "put right rates first" in found.advice
