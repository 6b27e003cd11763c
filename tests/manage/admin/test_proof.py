"""What a request shows of who asks."""

import hashlib
from types import SimpleNamespace
from typing import Any

import pytest

from porch.http.message import RequestHead
from porch.manage.admin.offer import Caller
from porch.manage.admin.proof import MOST, Proof, Wrong, cookie_name, session_ids
from tests.support.admin import ANN, ROB, settings


def head(
    *fields: tuple[bytes, bytes], authority: bytes = b"localhost:9146", scheme: bytes = b"http"
) -> RequestHead:
    return RequestHead(b"GET", b"/v1/state", authority, scheme, [*fields])


def shown(certificate: Any, *fields: tuple[bytes, bytes]) -> Any:
    """An exchange of a client that has shown this certificate; None for none."""
    security = SimpleNamespace(certificate=lambda request: certificate)
    return SimpleNamespace(request=head(*fields), client=SimpleNamespace(security=security))


def certificate(*names: str, subject: str = "CN=ann") -> Any:
    return SimpleNamespace(names=names, subject=subject, der=b"der of " + subject.encode())


def who(caller: Caller | None) -> tuple[str, str, str] | None:
    return None if caller is None else (caller.name, caller.kind, caller.role)


def test_a_token_is_known_by_its_digest_alone() -> None:
    proof = Proof(settings())
    assert proof.key(ANN.encode()).name == "ann"
    assert ANN not in repr(proof.settings)
    for wrong in (b"", ANN.encode()[:-1], hashlib.sha256(ANN.encode()).digest()):
        with pytest.raises(Wrong):
            proof.key(wrong)


def test_every_token_is_compared_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return one == other

    monkeypatch.setattr("porch.manage.admin.proof.hmac.compare_digest", compare)
    Proof(settings()).key(ANN.encode())
    assert len(compared) == 4, "the first is right, and the others are looked at all the same"


def test_a_wrong_token_is_not_made_up_for_by_a_cookie_or_a_certificate() -> None:
    proof = Proof(settings(client_ca=b"ca"))
    name = proof.sessions.begin(proof.key(ANN.encode()))
    cookie = (b"cookie", f"porch-9146={name}".encode())
    assert who(proof.caller(shown(certificate("ann"), cookie))) == ("ann", "session", "all")
    with pytest.raises(Wrong):
        proof.caller(shown(certificate("ann"), cookie, (b"authorization", b"Bearer x")))


def test_a_role_is_that_of_now_and_none_of_a_door_that_is_read_only() -> None:
    proof = Proof(settings())
    given = shown(None, (b"authorization", b"bearer " + ANN.encode()))
    assert who(proof.caller(given)) == ("ann", "token", "all")
    proof.settings = settings(read_only=True)
    assert who(proof.caller(given)) == ("ann", "token", "read")


@pytest.mark.parametrize(
    ("clients", "found", "expected"),
    [
        ({}, certificate("ann@a.test"), ("ann@a.test", "certificate", "all")),
        ({}, certificate(), ("CN=ann", "certificate", "all")),
        ({}, certificate(subject=""), ("a certificate without a name", "certificate", "all")),
        (
            {"b": "read", "ann@a.test": "operate"},
            certificate("x", "ann@a.test"),
            ("ann@a.test", "certificate", "operate"),
        ),
        ({"CN=ann": "read"}, certificate("x"), ("CN=ann", "certificate", "read")),
        ({"CN=bob": "read"}, certificate("x"), None),
        ({"": "all"}, certificate(subject=""), None),
        ({}, None, None),
    ],
)
def test_a_certificate_is_somebody_by_its_names(clients: Any, found: Any, expected: Any) -> None:
    proof = Proof(settings(client_ca=b"ca", clients=clients))
    assert who(proof.caller(shown(found))) == expected


def test_without_authorities_no_certificate_is_somebody() -> None:
    assert Proof(settings()).caller(shown(certificate("ann"))) is None


def test_a_certificates_csrf_is_its_own_and_this_processs() -> None:
    proof, other = (Proof(settings(client_ca=b"ca")) for _ in range(2))
    one, two = certificate("a"), certificate("b", subject="CN=b")
    made = {each.caller(shown(cert)).csrf for each in (proof, other) for cert in (one, two)}  # type: ignore[union-attr]
    assert len(made) == 4
    assert proof.caller(shown(one)).csrf in made  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("authority", "scheme", "name"),
    [
        (b"localhost:9146", b"http", "porch-9146"),
        (b"localhost", b"http", "porch-80"),
        (b"door.test", b"https", "__Host-porch-443"),
        (b"[::1]:9146", b"https", "__Host-porch-9146"),
        (b"[::1]", b"http", "porch-80"),
    ],
)
def test_a_cookie_is_of_one_port_and_under_tls_of_no_other_host(
    authority: bytes, scheme: bytes, name: str
) -> None:
    assert cookie_name(head(authority=authority, scheme=scheme)) == name


@pytest.mark.parametrize(
    ("cookies", "found"),
    [
        ([b"porch-9146=x"], ["x"]),
        ([b"a=b; porch-9146=x; c=d"], ["x"]),
        ([b"a=b", b"porch-9146=x"], ["x"]),
        ([b"porch-9146=x=y"], ["x=y"]),
        ([b"porch-9146=x; porch-9146=x"], ["x"]),
        ([b"porch-9146=x", b"porch-9146=y"], ["x", "y"]),
        ([b"porch-80=x; __Host-porch-9146=y"], []),
        ([b"xporch-9146=x; PORCH-9146=y"], []),
        ([b"porch-9146"], [""]),
        ([], []),
    ],
)
def test_all_cookies_of_the_name_are_looked_at_once_and_in_their_order(
    cookies: list[bytes], found: list[str]
) -> None:
    assert session_ids(head(*((b"cookie", each) for each in cookies))) == found


class Browser:
    """What comes of its cookies. said: to the operator."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.proof = Proof(settings(), lambda text, about: self.said.append(text))

    def log_in(self, token: str = ANN) -> str:
        return self.proof.sessions.begin(self.proof.key(token.encode()))

    def comes(self, *values: str) -> tuple[str, str, str] | None:
        self.request = head(*((b"cookie", f"porch-9146={each}".encode()) for each in values))
        exchange: Any = SimpleNamespace(request=self.request, client=SimpleNamespace(security=None))
        return who(self.proof.caller(exchange))


def test_a_cookie_that_another_page_of_the_host_has_set_keeps_nobody_out() -> None:
    browser = Browser()
    own = browser.log_in()
    for values in ((own, "x"), ("x", own), ("x", "y", "z", own), (own, own, "x")):
        assert browser.comes(*values) == ("ann", "session", "all"), values
        assert browser.proof.trouble(browser.request) == ""
    assert browser.said == []


def test_of_too_many_or_of_two_sessions_nobody_knows_which_is_meant_and_that_is_said() -> None:
    browser = Browser()
    own, rob = browser.log_in(), browser.log_in(ROB)
    others = [f"x{number}" for number in range(MOST)]
    for values in ((*others, own), (own, rob), ("x", "y")):
        assert browser.comes(*values) is None, values
        count = len(values)
        told = browser.proof.trouble(browser.request)
        assert told.startswith(f"the browser sends {count} cookies of the name porch-9146, ")
        assert "delete the cookies of this host" in told
    assert len({*browser.said}) == 2, "one text for each number"
    assert own not in "".join(browser.said)
    assert browser.comes(own, browser.log_in()) == ("ann", "session", "all"), "both are ann's"


def test_a_lone_cookie_of_long_ago_is_no_trouble() -> None:
    browser = Browser()
    assert browser.comes("x") is None
    assert browser.proof.trouble(browser.request) == ""
    assert browser.said == []


def test_a_session_that_has_ended_or_was_never_there_is_nobody() -> None:
    proof = Proof(settings())
    name = proof.sessions.begin(proof.key(ROB.encode()))
    cookie = (b"cookie", f"porch-9146={name}".encode())
    assert who(proof.caller(shown(None, cookie))) == ("rob", "session", "read")
    proof.sessions.end(name)
    assert proof.caller(shown(None, cookie)) is None
    assert proof.caller(shown(None, (b"cookie", b"porch-9146=x"))) is None
