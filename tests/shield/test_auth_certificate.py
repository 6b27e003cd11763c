"""Who a client is by its certificate. That it is verified: tests/e2e/test_client_certificates."""

from typing import Any, cast

import pytest
import trustme

from porch.exchange import Exchange
from porch.http.message import RequestHead
from porch.identity import Identity
from porch.shield.auth import Judge
from porch.shield.auth_certificate import ByCertificate, _common_name
from porch.tls.client_certificate import ClientCertificate


class Security:
    def __init__(self, shown: ClientCertificate | None) -> None:
        self._shown = shown

    def certificate(self, request: RequestHead) -> ClientCertificate | None:
        return self._shown


class Client:
    def __init__(self, security: Security | None) -> None:
        self.security = security


class Asking:
    def __init__(self, security: Security | None) -> None:
        self.client = Client(security)
        self.request = RequestHead(b"GET", b"/", b"a.test", b"https", [])


def identify(way: ByCertificate, security: Security | None) -> Any:
    return way.identify(cast("Exchange", Asking(security)))


def shown(*names: str, common_name: str | None = None) -> ClientCertificate:
    import ssl

    issued = trustme.CA().issue_cert(*names, common_name=common_name)
    pem = issued.cert_chain_pems[0].bytes().decode()
    return ClientCertificate(ssl.PEM_cert_to_DER_cert(pem))


def test_who_has_shown_one_is_its_common_name() -> None:
    way = ByCertificate(Judge([], {b"x-user": "user", b"x-san": "san"}))
    found = identify(way, Security(shown("d.test", common_name="device-7")))
    assert isinstance(found, Identity)
    assert (found.name, found.kind) == ("device-7", "certificate")
    assert found.fields == ((b"x-user", b"device-7"), (b"x-san", b"d.test"))


def test_or_the_first_of_its_other_names() -> None:
    found = identify(ByCertificate(Judge([], {})), Security(shown("d.test", "e.test")))
    assert found.name == "d.test"


def test_it_is_read_once() -> None:
    certificate = shown("d.test")
    way = ByCertificate(Judge([], {}))
    assert identify(way, Security(certificate)) is identify(way, Security(certificate))


def test_who_has_shown_none_is_nobody() -> None:
    way = ByCertificate(Judge([], {}))
    assert identify(way, None) is None
    assert identify(way, Security(None)) is None


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("CN=device,O=Example", "device"),
        ("O=Example", ""),
        ("CN=a,CN=b", ""),
        ("CN=a\\,CN=admin", ""),
        ("CN=a+OU=b", ""),
        ("O=x\\,CN=admin,CN=a", ""),
        ("", ""),
    ],
)
def test_a_common_name_that_could_be_read_in_two_ways_is_none(subject: str, name: str) -> None:
    assert _common_name(subject) == name
