"""What is asked of a token endpoint, and what is made of its answers."""

import asyncio
from typing import Any

import pytest

from porch.client import Answer
from porch.errors import ConnectionRefused
from porch.shield import oidc_grants
from porch.shield.auth_errors import CannotTell
from porch.shield.fetched import SELDOM
from porch.shield.oidc_errors import LoginFailed
from tests.support.logins import Login
from tests.support.openid import CLIENT, SECRET
from tests.support.tokens import EC, RSA, key_set


def redeemed(login: Login, **more: Any) -> Any:
    """What comes of a login: the Session's answer, or the error."""
    return login.log_in(**more)


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> Login:
    return Login(monkeypatch).known()


def test_a_code_is_redeemed_with_the_verifier_and_the_secret(login: Login) -> None:
    assert redeemed(login).status == 303
    (form,) = login.provider.forms
    assert form["grant_type"] == "authorization_code"
    assert form["redirect_uri"] == "https://a.test/.porch/oidc/callback"
    assert len(form["code_verifier"]) >= 43
    assert "client_secret" not in form, "it stands in Authorization"


@pytest.mark.parametrize(("said", "post"), [(["client_secret_post"], None), (None, True)])
def test_the_secret_goes_where_the_provider_or_the_operator_says(
    monkeypatch: pytest.MonkeyPatch, said: Any, post: bool | None
) -> None:
    login = Login(monkeypatch, post=post)
    login.provider.said = {} if said is None else {"token_endpoint_auth_methods_supported": said}
    login.known()
    assert redeemed(login).status == 303
    (form,) = login.provider.forms
    assert (form["client_id"], form["client_secret"]) == (CLIENT, SECRET)


@pytest.mark.parametrize(
    "fault",
    [
        ConnectionRefused("x"),
        OSError("x"),
        Answer(500, [], b""),
        Answer(503, [], b"{}"),
        Answer(429, [], b""),
        Answer(401, [], b'{"error":"invalid_client"}'),
        Answer(400, [], b'{"error":"unauthorized_client"}'),
    ],
)
def test_where_the_provider_is_no_help_it_cannot_be_told(login: Login, fault: Any) -> None:
    login.provider.fault = fault
    assert isinstance(redeemed(login), CannotTell)
    assert not [each for each in login.jar.kept if "-p1" not in each and each.endswith("p1")]


def test_a_secret_that_is_not_taken_is_said_to_the_operator(login: Login) -> None:
    login.provider.fault = Answer(401, [], b'{"error":"invalid_client"}')
    redeemed(login)
    assert "does not take client_id and client_secret" in login.warned[-1]
    assert SECRET not in login.warned[-1]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b'{"error":"invalid_grant","error_description":"<script>"}', "invalid_grant"),
        (b'{"error":"<script>"}', "without a reason"),
        (b'{"error":["x"]}', "without a reason"),
        (b"<html>", "without a reason"),
        (b"[" * 9999, "without a reason"),
    ],
)
def test_what_it_refuses_is_said_in_its_word_alone(login: Login, body: bytes, word: str) -> None:
    login.provider.fault = Answer(400, [], body)
    found = redeemed(login)
    assert isinstance(found, LoginFailed)
    assert found.detail == f"the provider answers 400 {word}"


@pytest.mark.parametrize(
    "granted",
    [
        {"id_token": None},
        {"id_token": 7},
        {"id_token": "x"},
        {"access_token": None},
        {"access_token": "a\r\nb"},
        {"access_token": ""},
        {"access_token": "another"},
    ],
)
def test_a_strange_answer_lets_nobody_in(login: Login, granted: dict[str, Any]) -> None:
    login.provider.granted = granted
    assert isinstance(redeemed(login), LoginFailed)


@pytest.mark.parametrize("seconds", [None, "x", -1, True, 1e99, 0])
def test_a_time_that_is_none_is_not_taken(login: Login, seconds: Any) -> None:
    login.provider.granted = {"expires_in": seconds}
    assert redeemed(login).status == 303


def test_a_key_that_is_new_is_fetched_and_one_that_is_gone_counts_no_more(login: Login) -> None:
    login.provider.key, login.provider.algorithm = EC, "ES256"
    login.provider.more = {"at_hash": None}
    login.provider.keys = key_set(EC)
    login.later(SELDOM)
    assert redeemed(login).status == 303, "rotated"
    login.jar.kept.clear()
    login.provider.key, login.provider.algorithm = RSA, "RS256"
    login.later(SELDOM)
    assert isinstance(redeemed(login), LoginFailed), "revoked"


def test_keys_that_cannot_be_had_let_nobody_in(login: Login) -> None:
    assert login.discovery.keys is not None
    login.discovery.keys.forget()
    login.provider.keys = b"<html>"
    login.later(SELDOM)
    assert isinstance(redeemed(login), CannotTell)


def test_userinfo_adds_claims_of_the_same_person_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    login = Login(monkeypatch, kept=frozenset(("sub", "phone", "email"))).known()
    login.provider.userinfo = {"sub": "ann", "phone": "1", "email": "forged@a.test"}
    redeemed(login)
    assert login.come().claims["phone"] == "1"
    assert login.come().claims["email"] == "ann@a.test", "what is signed goes before it"
    login.jar.kept.clear()
    login.provider.userinfo = {"sub": "bob", "phone": "1"}
    assert isinstance(redeemed(login), LoginFailed)


def test_so_many_questions_are_asked_at_a_time(
    login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc_grants, "MOST", 0)
    assert isinstance(redeemed(login), CannotTell)
    assert login.provider.forms == []


def test_a_renewal_of_another_is_refused(login: Login) -> None:
    grants = login.party._grants
    login.provider.refreshes = {"r1", "r2"}
    granted = asyncio.run(grants.renew("r1", "ann"))
    assert granted.claims is not None
    assert granted.refresh in login.provider.refreshes
    with pytest.raises(LoginFailed, match="another"):
        asyncio.run(grants.renew("r2", "bob"))


def test_a_renewal_may_say_nothing_new(login: Login) -> None:
    login.provider.refreshes = {"r1"}
    login.provider.granted = {"id_token": None, "refresh_token": None, "expires_in": 60}
    granted = asyncio.run(login.party._grants.renew("r1", "ann"))
    assert granted == (None, "", 60.0)


def test_where_nothing_is_known_of_the_provider_nobody_is_asked(login: Login) -> None:
    login.discovery.forget()
    with pytest.raises(CannotTell):
        asyncio.run(login.party._grants.renew("r1", "ann"))
