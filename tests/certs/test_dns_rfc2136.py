"""DNS UPDATE, to a small name server of the test's own."""

from collections.abc import Iterator

import dns.rcode
import pytest

from porch.certs.dns_rfc2136 import Rfc2136
from porch.certs.failure import IssueError
from tests.support.zone import KEY, SECRET, ZoneServer, serving

NAME = "_acme-challenge.shop.example"


@pytest.fixture
def server() -> Iterator[ZoneServer]:
    with serving() as one:
        yield one


def provider(server: ZoneServer, **more: object) -> Rfc2136:
    given = {"key": KEY, "secret": SECRET, "port": server.port} | more
    return Rfc2136("127.0.0.1", **given)  # type: ignore[arg-type]


def values(server: ZoneServer) -> list[str]:
    return server.records.get((f"{NAME}.", "TXT"), [])


def test_a_record_is_added_beside_others_and_removed_alone(server: ZoneServer) -> None:
    one = provider(server)
    one.present(NAME, "first")
    one.present(NAME, "second")
    assert values(server) == ['"first"', '"second"']
    one.cleanup(NAME, "first")
    assert values(server) == ['"second"']
    one.cleanup(NAME, "was never there")
    assert values(server) == ['"second"']


def test_its_zone_is_found_by_asking(server: ZoneServer) -> None:
    provider(server).present(NAME, "x")
    assert f"{NAME}. SOA" in server.asked


def test_or_said(server: ZoneServer) -> None:
    provider(server, zone="example").present(NAME, "x")
    assert server.asked == []
    assert values(server) == ['"x"']


def test_a_server_that_has_no_such_zone_is_told(server: ZoneServer) -> None:
    with pytest.raises(
        IssueError, match=r"it has no zone for _acme-challenge\.shop\.test"
    ) as caught:
        provider(server).present("_acme-challenge.shop.test", "x")
    assert caught.value.kind == "dns"


@pytest.mark.parametrize("code", [dns.rcode.REFUSED, dns.rcode.SERVFAIL, dns.rcode.NOTAUTH])
def test_a_refusal_is_told_by_its_name(server: ZoneServer, code: dns.rcode.Rcode) -> None:
    server.refuse = code
    with pytest.raises(IssueError, match=f"it says {dns.rcode.to_text(code)}.*let it|lets it"):
        provider(server).present(NAME, "x")
    assert values(server) == []


def test_a_wrong_secret_changes_nothing_and_is_told(server: ZoneServer) -> None:
    with pytest.raises(IssueError, match=r"did not take the TXT record .* knows the key door\."):
        provider(server, secret="d3Jvbmc=").present(NAME, "x")
    assert values(server) == []


def test_a_key_that_the_server_does_not_know_is_told(server: ZoneServer) -> None:
    with pytest.raises(IssueError, match=r"knows the key other\."):
        provider(server, key="other.").present(NAME, "x")


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(IssueError, match="see that it runs"):
        Rfc2136("127.0.0.1", KEY, SECRET, port=9, zone="example").present(NAME, "x")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"algorithm": "rot13"}, "'rot13' is no algorithm of TSIG; hmac-sha256 is common"),
        ({"secret": "?"}, "not base64"),
        ({"port": "many"}, "port 'many' or ttl '60' is no number"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    server: ZoneServer, more: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        provider(server, **more)


def test_it_is_shown_without_its_secret(server: ZoneServer) -> None:
    assert SECRET not in repr(provider(server))
    assert "door." in repr(provider(server))
