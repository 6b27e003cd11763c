"""CAA as an authority reads it, asked of a real name server on loopback."""

from collections.abc import Iterator

import dns.exception
import dns.rcode
import dns.resolver
import pytest

from porch import clock
from porch.certs.caa import Caa, check_caa, why_no_answer
from tests.support.resolving import NameServer

LE = ("letsencrypt.org",)
ACCOUNT = "https://ca.test/acct/7"


@pytest.fixture
def server() -> Iterator[NameServer]:
    with NameServer() as made:
        yield made


def ask(server: NameServer, name: str = "www.example.com", **more: str) -> Caa:
    return check_caa(name, LE, server.resolver(), patience=1.0, **more)


def test_a_name_without_records_is_free_and_all_its_parents_are_asked(
    server: NameServer,
) -> None:
    found = ask(server, "a.b.example.com")
    assert found.state == "free"
    assert found.is_allowed
    assert found.sentence == (
        "letsencrypt.org may issue for a.b.example.com: no CAA record restricts it"
    )
    assert [name for name, _ in server.asked] == [
        "a.b.example.com",
        "b.example.com",
        "example.com",
        "com",
    ]
    assert {kind for _, kind in server.asked} == {"CAA"}


def test_the_closest_records_decide_and_no_parent_is_asked(server: NameServer) -> None:
    server.add("www.example.com", "CAA", '0 issue "letsencrypt.org"')
    server.add("example.com", "CAA", '0 issue ";"')
    found = ask(server)
    assert found.state == "allowed"
    assert found.owner == "www.example.com"
    assert found.records == ('0 issue "letsencrypt.org"',)
    assert found.sentence == (
        "letsencrypt.org may issue for www.example.com: the CAA record of www.example.com"
        " '0 issue \"letsencrypt.org\"' allows it"
    )
    assert len(server.asked) == 1


def test_a_parent_that_allows_others_only_refuses_and_says_which_record_to_add(
    server: NameServer,
) -> None:
    server.add("example.com", "CAA", '0 issue "digicert.com"', '0 issue ";"')
    found = ask(server)
    assert found.state == "refused"
    assert not found.is_allowed
    assert found.owner == "example.com"
    assert len(found.records) == 2
    assert "the CAA record of example.com '0 issue" in found.sentence
    assert "allows others only" in found.sentence
    assert found.sentence.endswith('Add a CAA record to example.com: 0 issue "letsencrypt.org"')


@pytest.mark.parametrize("value", [";", "", "  ;  ", "\t"])
def test_an_empty_issuer_forbids_everybody(server: NameServer, value: str) -> None:
    server.add("example.com", "CAA", f'0 issue "{value}"')
    found = ask(server)
    assert found.state == "refused"
    assert "forbids everybody" in found.sentence


def test_an_empty_issuer_beside_one_that_is_named_forbids_nothing(server: NameServer) -> None:
    server.add("example.com", "CAA", '0 issue ";"', '0 issue "letsencrypt.org"')
    assert ask(server).state == "allowed"


@pytest.mark.parametrize(
    "value",
    [
        "letsencrypt.org; accounturi",
        "lets_encrypt.org",
        "letsencrypt.org.",
        "letsencrypt.org other.org",
        "letsencrypt.org; a=b; ",
        "-letsencrypt.org",
        "letsencrypt.org; a=b c=d",
    ],
)
def test_a_malformed_value_forbids_everybody_and_says_so(server: NameServer, value: str) -> None:
    server.add("example.com", "CAA", f'0 issue "{value}"')
    found = ask(server)
    assert found.state == "refused"
    assert "is malformed, which forbids everybody (RFC 8659 4.2)" in found.sentence
    assert found.sentence.endswith('Correct it: 0 issue "letsencrypt.org"')


@pytest.mark.parametrize(
    "value",
    ["letsencrypt.org", " LetsEncrypt.ORG ", "letsencrypt.org;", "letsencrypt.org ; a = b ;c=d=e"],
)
def test_values_in_every_form_of_the_grammar_are_read(server: NameServer, value: str) -> None:
    server.add("example.com", "CAA", f'0 ISSUE "{value}"')
    assert ask(server).state == "allowed"


def test_any_identity_of_the_authority_counts(server: NameServer) -> None:
    server.add("example.com", "CAA", '0 issue "pki.goog"')
    found = check_caa("example.com", ("google.test", "pki.goog"), server.resolver())
    assert found.state == "allowed"


def test_records_about_other_things_restrict_nothing(server: NameServer) -> None:
    server.add("example.com", "CAA", '0 iodef "mailto:a@example.com"', '0 issuemail ";"')
    found = ask(server)
    assert found.state == "free"
    assert found.owner == "example.com"
    assert "restricts nothing about it" in found.sentence


def test_issuewild_alone_decides_about_wildcards(server: NameServer) -> None:
    server.add("example.com", "CAA", '0 issue "letsencrypt.org"', '0 issuewild ";"')
    found = ask(server, "*.example.com")
    assert found.state == "refused"
    assert '0 issuewild ";"' in found.sentence
    assert found.sentence.endswith('0 issuewild "letsencrypt.org"')


def test_a_wildcard_begins_its_climb_below_the_star(server: NameServer) -> None:
    server.add("example.com", "CAA", '0 issuewild "letsencrypt.org"', '0 issue ";"')
    assert ask(server, "*.example.com").state == "allowed"
    assert server.asked == [("example.com", "CAA")]


def test_issue_decides_about_wildcards_where_there_is_no_issuewild(server: NameServer) -> None:
    server.add("example.com", "CAA", '0 issue "letsencrypt.org"')
    assert ask(server, "*.example.com").state == "allowed"


def test_issuewild_says_nothing_about_other_names(server: NameServer) -> None:
    server.add("example.com", "CAA", '0 issuewild ";"')
    assert ask(server).state == "free"


@pytest.mark.parametrize("flag", [128, 1, 129])
def test_a_critical_tag_that_nobody_knows_stops_everybody(server: NameServer, flag: int) -> None:
    server.add("example.com", "CAA", '0 issue "letsencrypt.org"', f'{flag} tbs "x"')
    found = ask(server)
    assert found.state == "refused"
    assert found.records == (f'{flag} tbs "x"',)
    assert "is marked critical, and authorities do not know 'tbs'. Remove it" in found.sentence


def test_a_critical_tag_that_all_know_and_an_unknown_one_that_is_not_stop_nobody(
    server: NameServer,
) -> None:
    server.add("example.com", "CAA", '128 issue "letsencrypt.org"', '0 tbs "x"', '2 tbs "y"')
    assert ask(server).state == "allowed"


def test_what_a_permission_is_bound_to_is_told(server: NameServer) -> None:
    value = f"letsencrypt.org; accounturi={ACCOUNT}; validationmethods=dns-01,http-01"
    server.add("example.com", "CAA", f'0 issue "{value}"')
    found = ask(server)
    assert found.state == "allowed"
    assert found.accounts == (ACCOUNT,)
    assert found.methods == ("dns-01", "http-01")
    assert f"only the account {ACCOUNT} and by dns-01 or http-01: the CAA" in found.sentence


def test_a_permission_without_bounds_makes_the_bounds_of_another_idle(
    server: NameServer,
) -> None:
    server.add(
        "example.com",
        "CAA",
        '0 issue "letsencrypt.org; validationmethods=dns-01"',
        '0 issue "letsencrypt.org"',
    )
    found = ask(server, method="http-01")
    assert found.methods == ()
    assert "only" not in found.sentence


@pytest.mark.parametrize(
    ("parameters", "account", "method"),
    [
        (f"accounturi={ACCOUNT}", "https://ca.test/acct/8", ""),
        (f"accounturi={ACCOUNT}; accounturi={ACCOUNT}", ACCOUNT, ""),
        ("validationmethods=dns-01", "", "http-01"),
        ("validationmethods=", "", "http-01"),
        (f"accounturi={ACCOUNT}; validationmethods=dns-01", ACCOUNT, "http-01"),
    ],
)
def test_another_account_or_method_than_the_permission_is_for_is_refused(
    server: NameServer, parameters: str, account: str, method: str
) -> None:
    server.add("example.com", "CAA", f'0 issue "letsencrypt.org; {parameters}"')
    found = ask(server, account=account, method=method)
    assert found.state == "refused"
    assert "to another account or by another method only" in found.sentence
    assert found.sentence.endswith("Put this account and method in it, or remove the parameters")


def test_the_account_and_method_that_it_is_for_are_allowed(server: NameServer) -> None:
    value = f"letsencrypt.org; accounturi={ACCOUNT}; validationmethods=dns-01"
    server.add("example.com", "CAA", f'0 issue "{value}"')
    assert ask(server, account=ACCOUNT, method="dns-01").state == "allowed"


def test_an_alias_is_followed_and_told(server: NameServer) -> None:
    server.add("www.example.com", "CNAME", "edge.cdn.net.")
    server.add("edge.cdn.net", "CAA", '0 issue "digicert.com"')
    found = ask(server)
    assert found.state == "refused"
    assert found.owner == "edge.cdn.net"
    assert "edge.cdn.net (which www.example.com is an alias of)" in found.sentence


def test_an_alias_of_nothing_hides_nothing_of_the_parent(server: NameServer) -> None:
    server.add("www.example.com", "CNAME", "gone.cdn.net.")
    server.add("example.com", "CAA", '0 issue "letsencrypt.org"')
    assert ask(server).owner == "example.com"


def test_an_answer_too_long_for_udp_is_asked_for_by_tcp(server: NameServer) -> None:
    others = [f'0 issue "ca{number}.example.net"' for number in range(40)]
    server.add("example.com", "CAA", *others, '0 issue "letsencrypt.org"')
    assert ask(server).state == "allowed"
    assert server.over_tcp == 1


@pytest.mark.parametrize("code", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_dns_that_fails_stops_authorities(server: NameServer, code: dns.rcode.Rcode) -> None:
    server.fail("www.example.com", code)
    server.add("example.com", "CAA", '0 issue "letsencrypt.org"')
    found = ask(server)
    assert found.state == "unknown"
    assert not found.is_allowed
    assert f"the name servers failed ({dns.rcode.to_text(code)})" in found.sentence
    assert "No authority issues while that fails" in found.sentence


def test_dns_that_is_silent_stops_authorities_and_the_climb_in_time(
    server: NameServer,
) -> None:
    server.silence("www.example.com")
    since = clock.monotonic()
    found = check_caa("www.example.com", LE, server.resolver(0.1), patience=0.2)
    assert found.state == "unknown"
    assert "no name server answered in time" in found.sentence
    assert clock.monotonic() - since < 1


def test_no_time_left_stops_the_climb(server: NameServer) -> None:
    assert check_caa("www.example.com", LE, server.resolver(), patience=0).state == "unknown"
    assert server.asked == []


@pytest.mark.parametrize("name", ["a" * 64 + ".com", "a..com"])
def test_a_name_that_dns_cannot_have_is_no_crash(server: NameServer, name: str) -> None:
    assert ask(server, name).state == "unknown"


def test_addresses_have_no_caa(server: NameServer) -> None:
    assert ask(server, "192.0.2.1").state == "free"
    assert ask(server, "[2001:db8::1]").state == "free"
    assert server.asked == []


def test_reasons_of_dns_are_words() -> None:
    assert why_no_answer(dns.exception.Timeout()) == "no name server answered in time"
    assert why_no_answer(dns.resolver.NoNameservers()) == (
        "the name servers failed (nobody to ask)"
    )
    assert why_no_answer(OSError("no route.")) == "DNS failed (no route)"
    assert why_no_answer(OSError()) == "DNS failed (OSError)"
