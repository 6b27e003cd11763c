"""The paths where logins come back to and end. What comes back: test_oidc_party.py."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from porch.errors import PorchError
from porch.filter import Response
from porch.identity import Identity
from porch.shield.auth_errors import Unauthorized
from porch.shield.fetched import FRESH
from porch.shield.oidc_errors import LoginFailed, LogoutRefused
from tests.support.hooks import seen
from tests.support.logins import Login

CALLBACK = "/.porch/oidc/callback"


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> Login:
    return Login(monkeypatch, after_logout="/bye").known()


@pytest.mark.parametrize(
    "query",
    [
        "",
        "state=p1.x&state=p1.y&code=c",
        "code=a&code=b&state=p1.x",
        "state",
        "state=%ff",
        "&".join(f"a{n}=1" for n in range(40)),
        "state=" + "x" * 9000,
        "state=p2.x&code=c",
        "state=p1",
    ],
)
def test_a_query_that_is_none_of_a_login_is_refused(login: Login, query: str) -> None:
    assert isinstance(login.back(f"https://a.test{CALLBACK}?{query}"), LoginFailed)


def test_a_login_comes_back_by_get(login: Login) -> None:
    back = login.provider.authorize(login.begin())
    for method in (b"POST", b"HEAD", b"PUT"):
        assert isinstance(login.back(back, method=method), LoginFailed)
    assert isinstance(login.back(back), Response)


def test_who_left_meanwhile_is_not_answered(login: Login) -> None:
    for fault in (None, OSError("x")):
        login.provider.fault = fault
        back = login.provider.authorize(login.begin())
        exchange = login.exchange(back.removeprefix("https://a.test"))
        login.callback.on_request(seen(exchange))
        exchange.ended = 1.0
        login.run()
        assert exchange.heard == []


def ended(login: Login, **more: Any) -> Any:
    fields = [(name.encode(), value.encode()) for name, value in more.pop("fields", {}).items()]
    try:
        found: Any = login.logout.on_request(seen(login.exchange("/out", fields=fields, **more)))
    except PorchError as error:
        found = error
    login.keep(found)
    login.run()
    return found


@pytest.mark.parametrize(
    ("method", "fields", "is_own"),
    [
        (b"POST", {"origin": "https://a.test"}, True),
        (b"POST", {"sec-fetch-site": "same-origin", "origin": "https://a.test"}, True),
        (b"GET", {"sec-fetch-site": "same-origin"}, True),
        (b"GET", {"sec-fetch-site": "none"}, True),
        (b"GET", {"sec-fetch-site": "cross-site"}, False),
        (b"GET", {"sec-fetch-site": "same-site"}, False),
        (b"POST", {"sec-fetch-site": "cross-site", "origin": "https://a.test"}, False),
        (b"GET", {}, False),
        (b"POST", {}, False),
        (b"POST", {"origin": "null"}, False),
        (b"POST", {"origin": "https://a.test.evil.test"}, False),
        (b"POST", {"origin": "http://a.test"}, False),
        (b"GET", {"origin": "https://a.test"}, False),
        (b"DELETE", {"sec-fetch-site": "same-origin"}, False),
    ],
)
def test_no_other_site_logs_anybody_out(
    login: Login, method: bytes, fields: dict[str, str], is_own: bool
) -> None:
    login.log_in()
    found = ended(login, method=method, fields=fields)
    assert isinstance(found, Response if is_own else LogoutRefused)
    assert (not login.jar.kept) is is_own


def test_it_ends_at_the_provider_too(login: Login) -> None:
    login.log_in()
    found = ended(login, fields={"sec-fetch-site": "same-origin"})
    assert found.status == 303
    assert dict(found.fields)[b"location"] == (
        b"https://id.test/end?client_id=door&post_logout_redirect_uri=https%3A%2F%2Fa.test%2Fbye"
    )
    found = ended(login, fields={"sec-fetch-site": "same-origin"})
    assert dict(found.fields)[b"location"] == b"https://a.test/bye", "nobody was logged in"


def test_a_copy_is_no_session_any_more(login: Login) -> None:
    login.log_in()
    copy = str(login.jar)
    assert isinstance(login.come(cookie=copy), Identity)
    login.later(250)
    login.come()  # renewed
    newer = str(login.jar)
    assert newer != copy
    login.log_in()
    other = str(login.jar)
    login.jar.kept.clear()
    ended(login, fields={"sec-fetch-site": "none"}, cookie=newer)
    for each in (copy, newer):
        assert isinstance(login.come(cookie=each), Response), "to the provider"
        assert isinstance(login.come(cookie=each, fields=[]), Unauthorized)
    assert isinstance(login.come(cookie=other), Identity), "of another login"


def test_nobody_who_has_a_copy_can_have_it_renewed(login: Login) -> None:
    login.log_in()
    copy = str(login.jar)
    assert login.provider.refreshes
    ended(login, fields={"sec-fetch-site": "none"})
    assert not login.provider.refreshes
    login.later(301)
    assert isinstance(login.come(cookie=copy), Response)


@pytest.mark.parametrize("how", ["away", "without"])
def test_a_provider_that_cannot_be_told_is_no_reason_not_to_log_out(login: Login, how: str) -> None:
    login.log_in()
    if how == "away":
        login.provider.is_away = True
    else:
        login.provider.said = {"revocation_endpoint": ""}
        login.later(FRESH)
        login.known()
    assert ended(login, fields={"sec-fetch-site": "none"}).status == 303
    assert login.jar.kept == {}
    assert "/revoke" not in login.provider.asked


@given(query=st.binary(max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_query_is_a_login_or_is_refused(login: Login, query: bytes) -> None:
    exchange = login.exchange()
    exchange.request.target = b"/.porch/oidc/callback?" + query
    try:
        login.callback.on_request(seen(exchange))
    except LoginFailed:
        return
    login.run()
    (found,) = exchange.heard
    assert isinstance(found, LoginFailed)


def test_where_nothing_is_said_it_ends_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    login = Login(monkeypatch)
    login.provider.said = {"end_session_endpoint": ""}
    login.known().begin()
    begun = dict(login.jar.kept)
    login.log_in()
    login.jar.kept |= begun
    assert len(login.jar.kept) == 2
    found = ended(login, fields={"sec-fetch-site": "none"})
    assert (found.status, found.body[:15]) == (200, b"You are logged ")
    assert login.jar.kept == {}
