"""Conditions on the certificate that a client has shown."""

import datetime
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from porch.http.message import RequestHead
from porch.keeper import Security
from porch.route.condition import Conditions
from porch.route.when import parse_when
from porch.tls.client_certificate import ClientCertificate
from tests.support.certificates import make, names

REQUEST = RequestHead(b"GET", b"/", b"a.test", b"https", [])


class Shown:
    """A connection whose client has shown this to every host."""

    def __init__(self, certificate: ClientCertificate | None) -> None:
        self._certificate = certificate

    def certificate(self, request: RequestHead) -> ClientCertificate | None:
        assert request is REQUEST
        return self._certificate


def showing(common: str, *extensions: x509.ExtensionType, organisation: str = "") -> Security:
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = make(common, *extensions, organisation=organisation, start=start).certificate
    return cast("Security", Shown(ClientCertificate(made.public_bytes(Encoding.DER))))


DEVICE = showing("device", names("device.test", "b.test"), organisation="Example")
NAMELESS = showing("")
NONE = cast("Security", Shown(None))


def conditions(wanted: object) -> Conditions:
    return parse_when({"client_cert": wanted})


@pytest.mark.parametrize(
    ("wanted", "device", "nameless", "none"),
    [
        (True, True, True, False),
        (False, False, False, True),
        ({"subject": "CN=device,O=Example"}, True, False, False),
        ({"subject": "CN=device"}, False, False, False),
        ({"subject": "~CN=device"}, True, False, False),
        ({"subject": "~device"}, False, False, False),
        ({"subject": True}, True, False, False),
        ({"subject": False}, False, True, True),
        ({"san": "b.test"}, True, False, False),
        ({"san": "B.Test"}, True, False, False),
        ({"san": "c.test"}, False, False, False),
        ({"san": r"~[a-z]+\.test$"}, True, False, False),
        ({"san": True}, True, False, False),
        ({"san": False}, False, True, True),
        ({"subject": "~CN=device", "san": "c.test"}, False, False, False),
        ({"subject": "~CN=device", "san": "b.test"}, True, False, False),
    ],
)
def test_what_it_says_is_compared(wanted: object, device: bool, nameless: bool, none: bool) -> None:
    made = conditions(wanted)
    found = [made.holds(REQUEST, b"", each) for each in (DEVICE, NAMELESS, NONE)]
    assert found == [device, nameless, none]
    assert made.holds(REQUEST, b"", None) is none
    assert (made.failing(REQUEST, b"", DEVICE) == "") is device


@pytest.mark.parametrize(
    ("one", "two", "excludes"),
    [
        (True, False, True),
        (True, True, False),
        (False, {"subject": "CN=a"}, True),
        (False, {"subject": True}, True),
        (False, {"subject": False}, False),
        (True, {"subject": False}, False),
        (True, {"san": "a.test"}, False),
        ({"subject": "CN=a"}, {"subject": "CN=b"}, True),
        ({"subject": "CN=a"}, {"subject": "CN=a"}, False),
        ({"subject": "CN=a"}, {"subject": False}, True),
        ({"subject": "CN=a"}, {"subject": True}, False),
        ({"subject": "CN=a"}, {"subject": "~CN=b"}, True),
        ({"subject": "CN=a"}, {"subject": "~CN="}, False),
        ({"subject": "~CN=a"}, {"subject": "~CN=b"}, True),
        ({"san": "a.test"}, {"san": "b.test"}, False),
        ({"san": "a.test"}, {"san": False}, True),
        ({"san": "a.test"}, {"subject": "CN=a"}, False),
    ],
)
def test_two_exclude_each_other_only_if_no_certificate_fulfils_both(
    one: object, two: object, excludes: bool
) -> None:
    assert conditions(one).can_hold_with(conditions(two)) is not excludes
    assert conditions(two).can_hold_with(conditions(one)) is not excludes


def test_they_have_nothing_to_do_with_the_request_itself() -> None:
    other = parse_when({"header": {"x": "1"}})
    assert other.can_hold_with(conditions({"subject": "CN=a"}))
    assert conditions(False).can_hold_with(other)


def test_they_are_told_in_words() -> None:
    assert str(conditions(True)) == "client certificate is present"
    assert str(conditions(False)) == "client certificate is absent"
    assert str(conditions({"subject": "CN=a", "san": "~b"})) == (
        'client certificate subject = "CN=a", client certificate san = "~b"'
    )
    assert str(conditions({"san": False})) == "client certificate san is absent"
    assert conditions({"subject": "CN=a"}).failing(REQUEST, b"", NONE) == (
        'client certificate subject = "CN=a"'
    )
