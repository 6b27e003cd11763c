"""Who must show a certificate, and what the origin is told. On sockets: tests/e2e."""

from typing import Any

import pytest

from porch.errors import CertificateRequired
from porch.http.message import RequestHead
from porch.shield.client_certificate import (
    NEED_CERTIFICATE,
    TELL_CERTIFICATE,
    Demands,
    NeedCertificateByHost,
)
from porch.tls.client_certificate import ClientCertificate

DEVICE = ClientCertificate(b"device")
CHAINED = ClientCertificate(b"device", [b"issuer", b"root"])


class Security:
    def __init__(self, shown: ClientCertificate | None) -> None:
        self._shown = shown

    def certificate(self, request: RequestHead) -> ClientCertificate | None:
        return self._shown


class Client:
    def __init__(self, security: Security | None) -> None:
        self.security = security


class Exchange:
    """As far as these filters see one."""

    def __init__(self, security: Security | None, host: bytes = b"a.test") -> None:
        self.client = Client(security)
        self.request = RequestHead(b"GET", b"/", host, b"https", [])
        self.outgoing: Any = RequestHead(b"GET", b"/", host, b"https", [(b"x", b"1")])


def refusal(filter_: Any, exchange: Exchange) -> str:
    """Why it refuses, "" if it does not."""
    try:
        filter_.on_request(exchange)
    except CertificateRequired as error:
        return error.detail
    return ""


def test_who_has_shown_one_passes() -> None:
    assert refusal(NEED_CERTIFICATE, Exchange(Security(DEVICE))) == ""


def test_who_has_not_is_refused_with_the_reason() -> None:
    none = refusal(NEED_CERTIFICATE, Exchange(Security(None), b"A.test:8443"))
    assert none == "none was shown in a handshake for a.test"
    assert "plain HTTP" in refusal(NEED_CERTIFICATE, Exchange(None))
    assert (CertificateRequired.status, CertificateRequired.word) == (403, "http_request_denied")


@pytest.mark.parametrize(
    ("host", "demand"),
    [
        ("a.test", "required"),
        ("b.test", "optional"),
        ("c.test", None),
        ("x.test", None),
        ("x.d.test", "required"),
        ("x.y.d.test", "required"),
        ("open.d.test", None),
        ("d.test", None),
        ("*", None),
        ("*.d.test", "required"),
        ("[::1]", None),
    ],
)
def test_each_host_asks_what_it_asks(host: str, demand: str | None) -> None:
    demands = Demands(
        {
            "a.test": "required",
            "b.test": "optional",
            "c.test": None,
            "*.d.test": "required",
            "open.d.test": None,
        }
    )
    assert demands
    assert demands.of(host) == demand
    refused = refusal(NeedCertificateByHost(demands), Exchange(Security(None), host.encode()))
    assert bool(refused) is (demand == "required")
    assert refusal(NeedCertificateByHost(demands), Exchange(Security(DEVICE), b"a.test")) == ""


def test_what_is_asked_of_all_is_asked_of_each_without_words_of_its_own() -> None:
    demands = Demands({"open.test": None}, "required")
    assert [demands.of(host) for host in ("open.test", "a.test", "*")] == [
        None,
        "required",
        "required",
    ]
    assert not Demands({})
    assert not Demands({"a.test": None})


def test_the_origin_is_told() -> None:
    exchange = Exchange(Security(DEVICE))
    TELL_CERTIFICATE.on_upstream_request(exchange)  # type: ignore[arg-type]
    assert exchange.outgoing.fields == [(b"x", b"1"), (b"client-cert", b":ZGV2aWNl:")]


def test_of_the_chain_too_where_it_is_known() -> None:
    exchange = Exchange(Security(CHAINED))
    TELL_CERTIFICATE.on_upstream_request(exchange)  # type: ignore[arg-type]
    assert exchange.outgoing.fields[-1] == (b"client-cert-chain", b":aXNzdWVy:, :cm9vdA==:")


@pytest.mark.parametrize("security", [None, Security(None)])
def test_of_nothing_if_there_is_nothing(security: Security | None) -> None:
    exchange = Exchange(security)
    TELL_CERTIFICATE.on_upstream_request(exchange)  # type: ignore[arg-type]
    assert exchange.outgoing.fields == [(b"x", b"1")]
