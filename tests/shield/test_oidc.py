"""Who is let in by a session, who is sent to log in, and who is told 401."""

from typing import Any

import pytest

from porch.client import Answer
from porch.filter import Response
from porch.identity import Identity
from porch.shield.auth import Judge
from porch.shield.auth_answer import TELL_CLIENT, Telling
from porch.shield.auth_claims import Requirement
from porch.shield.auth_errors import CannotTell, NotAllowed, Unauthorized
from porch.shield.oidc import WITHOUT_LOGINS, is_navigation
from tests.support.hooks import seen
from tests.support.logins import Login


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> Login:
    return Login(monkeypatch).known()


@pytest.mark.parametrize(
    ("method", "fields", "is_one"),
    [
        (b"GET", {b"accept": b"text/html,*/*"}, True),
        (b"HEAD", {b"accept": b"text/html"}, True),
        (b"GET", {b"sec-fetch-mode": b"navigate", b"sec-fetch-dest": b"document"}, True),
        (b"GET", {b"sec-fetch-mode": b"navigate"}, True),
        (b"GET", {b"sec-fetch-mode": b"navigate", b"sec-fetch-dest": b"iframe"}, False),
        (b"GET", {b"sec-fetch-mode": b"cors", b"accept": b"text/html"}, False),
        (b"GET", {b"sec-fetch-mode": b"no-cors", b"accept": b"text/html"}, False),
        (b"GET", {b"accept": b"text/html", b"x-requested-with": b"XMLHttpRequest"}, False),
        (b"GET", {b"accept": b"*/*"}, False),
        (b"GET", {}, False),
        (b"POST", {b"accept": b"text/html"}, False),
        (b"POST", {b"sec-fetch-mode": b"navigate", b"sec-fetch-dest": b"document"}, False),
    ],
)
def test_only_who_looks_at_a_page_is_led_to_the_login(
    login: Login, method: bytes, fields: dict[bytes, bytes], is_one: bool
) -> None:
    exchange = login.exchange(method=method, fields=[*fields.items()])
    assert is_navigation(exchange) is is_one
    found = login.way.identify(seen(exchange))
    assert isinstance(found, Response if is_one else Unauthorized)


def test_what_cannot_come_back_is_not_led_anywhere(login: Login) -> None:
    assert isinstance(login.come(host=b""), Unauthorized)
    exchange = login.exchange()
    exchange.request.upgrade = b"websocket"
    assert isinstance(login.way.identify(seen(exchange)), Unauthorized)


def test_who_is_logged_in_is_let_in(login: Login) -> None:
    login.log_in()
    found = login.come()
    assert isinstance(found, Identity)
    assert (found.name, found.kind) == ("ann", "oidc")
    assert found.fields == ((b"x-user", b"ann"), (b"x-groups", b"staff"))
    assert login.come() is found, "without a look into the cookie"
    assert isinstance(login.come(fields=[]), Identity), "a script, too"


def test_who_lacks_what_is_required_is_refused_and_not_sent_in_circles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    login = Login(monkeypatch, Judge([Requirement("groups", "ops")], {})).known()
    login.log_in()
    assert isinstance(login.come(), NotAllowed)
    login.provider.user["groups"] = ["ops", "x"]
    login.log_in()
    assert isinstance(login.come(), Identity)


def test_a_session_is_of_its_host(login: Login) -> None:
    login.log_in()
    assert isinstance(login.come(), Identity)
    assert isinstance(login.come(host=b"b.test"), Response)
    assert isinstance(login.come(host=b"A.test:443"), Identity)


def test_a_cookie_that_was_changed_lets_nobody_in(login: Login) -> None:
    login.log_in()
    name, _, value = str(login.jar).partition("=")
    for forged in ("", "A", value[:-1], value + "A", value[::-1], "A" * 20000):
        assert isinstance(login.come(cookie=f"{name}={forged}", fields=[]), Unauthorized)
    assert isinstance(login.come(cookie=f"{name}={value}; {name}=x", fields=[]), Unauthorized)
    assert isinstance(login.come(cookie=f"porch-login-p1={value}", fields=[]), Unauthorized)
    assert isinstance(login.come(), Identity)


def test_it_is_renewed_before_it_is_over_and_the_browser_gets_it(login: Login) -> None:
    login.log_in()
    before = str(login.jar)
    login.later(239)
    assert login.come().__class__ is Identity
    login.later(2)
    login.provider.user["groups"] = ["staff", "new"]
    found = login.come()
    assert isinstance(found, Telling)
    assert found.claims["groups"] == ["staff", "new"]
    assert str(login.jar) != before
    assert login.come().claims["groups"] == ["staff", "new"]
    assert len(login.provider.forms) == 2


def test_it_ends_with_its_life_whatever_the_provider_says(login: Login) -> None:
    login.log_in()
    for _ in range(12 * 15 - 1):
        login.later(240)
        assert isinstance(login.come(), Identity)
    login.later(240)
    assert isinstance(login.come(), Response)


def test_who_is_locked_out_at_the_provider_is_out_when_it_was_to_be_renewed(login: Login) -> None:
    login.log_in()
    login.provider.refreshes.clear()
    login.later(241)
    assert isinstance(login.come(), Identity), "until then it had let in"
    login.later(60)
    assert isinstance(login.come(fields=[]), Unauthorized)
    assert isinstance(login.come(), Response)


def test_a_provider_that_is_away_is_no_reason_to_let_in(login: Login) -> None:
    login.log_in()
    login.provider.fault = Answer(503, [], b"")
    login.later(241)
    assert isinstance(login.come(), Identity)
    asked = len(login.provider.forms), len(login.provider.asked)
    assert isinstance(login.come(), Identity)
    assert (len(login.provider.forms), len(login.provider.asked)) == asked, "not for every request"
    login.later(60)
    assert isinstance(login.come(), CannotTell)
    login.provider.fault = None
    login.later(5)
    assert isinstance(login.come(), Telling)


def test_one_that_nobody_can_renew_holds_for_its_life(login: Login) -> None:
    login.provider.refresh = False
    login.log_in()
    login.later(43199)
    assert isinstance(login.come(), Identity)
    login.later(1)
    assert isinstance(login.come(), Response)


def test_who_comes_before_the_provider_is_known_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    login = Login(monkeypatch)
    assert login.begin().startswith("https://id.test/authorize")
    login = Login(monkeypatch)
    login.provider.is_away = True
    assert isinstance(login.come(), CannotTell)
    assert isinstance(login.come(), CannotTell), "and is not asked for each"
    assert isinstance(login.come(fields=[]), Unauthorized)


def test_a_renewed_session_is_given_with_the_answer_and_to_nobody_else(login: Login) -> None:
    login.log_in()
    login.later(241)
    exchange: Any = login.exchange()
    exchange.identity = login.come()
    stored = exchange.response.fields = [(b"cache-control", b"max-age=60"), (b"x", b"y")]
    TELL_CLIENT.on_response(seen(exchange))
    assert exchange.response.fields[:2] == [
        (b"x", b"y"),
        (b"cache-control", b"max-age=60, private"),
    ]
    assert [name for name, _ in exchange.response.fields[2:]] == [b"set-cookie"]
    assert len(stored) == 2, "what a store has is left as it is"
    exchange.identity, exchange.response.fields = login.come(), [(b"x", b"y")]
    TELL_CLIENT.on_response(seen(exchange))
    assert exchange.response.fields == [(b"x", b"y")]


def test_origins_do_not_get_it(login: Login) -> None:
    login.log_in()
    exchange = login.exchange(cookie=f"a=1; {login.jar}")
    WITHOUT_LOGINS.on_request(seen(exchange))
    assert (b"cookie", b"a=1") in exchange.request.fields
