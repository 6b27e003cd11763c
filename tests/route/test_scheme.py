"""By which scheme the client came."""

import pytest

from porch.http.message import Field, RequestHead
from porch.route.scheme import client_scheme, tells_of_scheme, tells_scheme

PROXY = b"10.0.0.1"


def of(*fields: Field, scheme: bytes = b"http", peer: bytes = PROXY) -> bytes:
    request = RequestHead(b"GET", b"/", b"a.test", scheme, list(fields))
    return client_scheme(request, peer, PROXY.__eq__)


@pytest.mark.parametrize(
    ("said", "scheme"),
    [
        (b"https", b"https"),
        (b"HTTPS", b"https"),
        (b"wss", b"https"),
        (b"http", b"http"),
        (b"ws", b"http"),
    ],
)
@pytest.mark.parametrize("own", [b"http", b"https"])
def test_a_trusted_peer_is_believed(said: bytes, scheme: bytes, own: bytes) -> None:
    assert of((b"x-forwarded-proto", said), scheme=own) == scheme


@pytest.mark.parametrize("said", [b"", b"ftp", b"https, http", b"https,", b"https https", b"\xff"])
@pytest.mark.parametrize("own", [b"http", b"https"])
def test_what_is_no_scheme_says_nothing(said: bytes, own: bytes) -> None:
    assert of((b"x-forwarded-proto", said), scheme=own) == own


def test_whoever_says_nothing_came_as_the_connection_did() -> None:
    assert of() == b"http"
    assert of((b"x-forwarded-ssl", b"on"), (b"front-end-https", b"on")) == b"http"


@pytest.mark.parametrize("own", [b"http", b"https"])
@pytest.mark.parametrize(
    "said", [(b"https", b"HTTPS"), (b"wss, https",), (b"https ,https", b"wss")]
)
def test_what_is_said_twice_is_said(said: tuple[bytes, ...], own: bytes) -> None:
    assert of(*[(b"x-forwarded-proto", each) for each in said], scheme=own) == b"https"
    plain = [each.lower().replace(b"wss", b"ws").replace(b"https", b"http") for each in said]
    assert of(*[(b"x-forwarded-proto", each) for each in plain], scheme=own) == b"http"


@pytest.mark.parametrize("own", [b"http", b"https"])
def test_of_two_that_differ_one_may_be_the_clients_own(own: bytes) -> None:
    for said in ((b"https", b"http"), (b"http", b"https"), (b"https, http", b"https")):
        fields = [(b"x-forwarded-proto", each) for each in said]
        assert of(*fields, scheme=own) == own
        request = RequestHead(b"GET", b"/", b"a.test", own, fields)
        assert tells_scheme(request) is None
        assert tells_of_scheme(request) == b",".join(said)


def test_nobody_else_is_believed() -> None:
    claim = (b"x-forwarded-proto", b"https")
    assert of(claim, peer=b"192.0.2.1") == b"http"
    request = RequestHead(b"GET", b"/", b"a.test", b"http", [claim])
    assert client_scheme(request, PROXY, None) == b"http"
