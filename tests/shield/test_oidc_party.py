"""Logins that begin and come back, those of others too; renewals."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from porch.filter import Response
from porch.shield.auth_errors import CannotTell
from porch.shield.oidc_errors import LoginFailed, LoginRefused
from porch.shield.oidc_party import LOGIN, LONGEST_TARGET, MOST_LOGINS
from tests.support.logins import NAVIGATION, Login
from tests.support.openid import CLIENT


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> Login:
    return Login(monkeypatch, more={"prompt": "login", "state": "forged"}).known()


def place(found: Any) -> str:
    assert isinstance(found, Response), found
    return dict(found.fields)[b"location"].decode()


def test_a_browser_is_led_with_all_that_a_provider_needs(login: Login) -> None:
    url = login.begin("/page")
    asked = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}
    assert url.startswith("https://id.test/authorize?")
    assert asked["response_type"] == "code"
    assert asked["client_id"] == CLIENT
    assert asked["redirect_uri"] == "https://a.test/.porch/oidc/callback"
    assert asked["code_challenge_method"] == "S256"
    assert asked["prompt"] == "login"
    assert asked["state"].startswith("p1.")
    assert len(asked["nonce"]) == len(asked["code_challenge"]) == 43
    again = parse_qs(urlsplit(login.begin("/page")).query)
    for name in ("state", "nonce", "code_challenge"):
        assert again[name] != [asked[name]], "anew each time"


def test_an_endpoint_may_have_a_query_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    login = Login(monkeypatch)
    login.provider.said = {"authorization_endpoint": "https://id.test/authorize?tenant=1"}
    assert login.known().begin().startswith("https://id.test/authorize?tenant=1&response_type=")


def test_who_comes_back_has_a_session_and_the_login_ends(login: Login) -> None:
    found = login.log_in("/page?x=1")
    assert place(found) == "https://a.test/page?x=1"
    assert (b"cache-control", b"no-store") in found.fields
    assert [*login.jar.kept] == ["__Host-porch-login-p1"]
    for line in login.jar.lines:
        assert line.startswith("__Host-porch-login-p1")
        assert "; Path=/; " in line
        assert line.endswith("; HttpOnly; SameSite=Lax; Secure")


def test_behind_another_door_it_is_https_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    login = Login(monkeypatch, https=True).known()
    assert place(login.log_in("/", scheme=b"http")) == "https://a.test/"
    assert [*login.jar.kept] == ["__Host-porch-login-p1"]


@pytest.mark.parametrize(("peer", "is_believed"), [(b"192.0.2.7", True), (b"10.0.0.1", False)])
def test_behind_a_trusted_proxy_it_is_what_that_says(
    monkeypatch: pytest.MonkeyPatch, peer: bytes, is_believed: bool
) -> None:
    login = Login(monkeypatch, trusts=peer.__eq__).known()
    told = [*NAVIGATION, (b"x-forwarded-proto", b"https")]
    (uri,) = parse_qs(urlsplit(login.begin(scheme=b"http", fields=told)).query)["redirect_uri"]
    base, start = ("https", "__Host-") if is_believed else ("http", "")
    assert uri == f"{base}://a.test/.porch/oidc/callback"
    assert place(login.log_in("/", scheme=b"http", fields=told)) == f"{base}://a.test/"
    assert [*login.jar.kept] == [f"{start}porch-login-p1"]
    assert all(line.endswith("; Secure") is is_believed for line in login.jar.lines)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.test/",
        "/\\evil.test",
        "/%2f%2fevil.test",
        "/%5cevil.test",
        "/x?next=https://evil.test",
        "/@evil.test",
        "/.evil.test",
        "///evil.test",
        "/;@evil.test",
    ],
)
def test_whatever_was_asked_for_it_is_of_this_host_that_one_comes_back_to(
    login: Login, target: str
) -> None:
    location = place(login.log_in(target))
    assert location == f"https://a.test{target}"
    assert urlsplit(location.replace("\\", "/")).netloc == "a.test", "as browsers read it"


@pytest.mark.parametrize("target", ["*", "https://evil.test/", "", "evil", "/" + "x" * 4000])
def test_what_is_no_path_leads_to_the_first_page(login: Login, target: str) -> None:
    assert len(target) < 10 or not target.startswith("/") or len(target) > LONGEST_TARGET
    assert place(login.log_in(target)) == "https://a.test/"


def test_a_state_that_was_not_made_here_is_refused(login: Login) -> None:
    url = login.begin()
    asked = parse_qs(urlsplit(url).query)["state"][0]
    for state in ("", "p1.", "p1.x", asked[:-1], asked + "x", "p2." + asked[3:], "é", "p1.\x00"):
        assert isinstance(login.back(login.provider.authorize(url, state=state)), LoginFailed)
    assert isinstance(login.back("https://a.test/.porch/oidc/callback"), LoginFailed)
    assert login.provider.forms == [], "nobody was asked"


def test_a_callback_without_the_cookie_of_its_login_is_refused(login: Login) -> None:
    back = login.provider.authorize(login.begin())
    cookie = str(login.jar)
    name, _, value = cookie.partition("=")
    other = login.begin("/other")
    assert other
    for forged in (
        "",
        f"{name}={value[:-1]}",
        f"{name}={value[:40]}",
        f"{name}=" + "A" * 20000,
        f"{name}={value}; {name}={value}",
        f"{name}={str(login.jar).rpartition('=')[2]}",
        f"porch-login-p1={value}",
    ):
        assert isinstance(login.back(back, cookie=forged), LoginFailed), forged[:80]
    assert isinstance(login.back(back, cookie=cookie, host=b"b.test"), LoginFailed)
    assert login.provider.forms == [], "nobody was asked"
    assert place(login.back(back, cookie=cookie)) == "https://a.test/"


def test_a_nonce_of_another_login_is_refused(login: Login) -> None:
    """A code that was injected: it is of another login, whose nonce is in the token."""
    first, second = login.begin(), login.begin()
    mine = dict(parse_qs(urlsplit(login.provider.authorize(first)).query))
    back = login.provider.authorize(second, code=mine["code"][0])
    found = login.back(back)
    assert isinstance(found, LoginFailed)
    assert "invalid_grant" in found.detail, "PKCE: the provider itself refuses"
    login.provider.more = {"nonce": parse_qs(urlsplit(first).query)["nonce"][0]}
    found = login.back(login.provider.authorize(login.begin()))
    assert isinstance(found, LoginFailed)
    assert "nonce" in found.detail


def test_a_code_is_for_once(login: Login) -> None:
    back = login.provider.authorize(login.begin())
    cookie = str(login.jar)
    login.back(back)
    found = login.back(back, cookie=cookie)
    assert isinstance(found, LoginFailed)
    assert "invalid_grant" in found.detail


@pytest.mark.parametrize("issuer", ["https://evil.test", "", "https://id.test/"])
def test_another_providers_answer_is_refused(login: Login, issuer: str) -> None:
    found = login.back(login.provider.authorize(login.begin(), iss=issuer))
    assert isinstance(found, LoginFailed)
    assert "RFC 9207" in found.detail
    assert login.provider.forms == [], "it gets no code of ours"


def test_a_provider_that_does_not_say_who_it_is_need_not(monkeypatch: pytest.MonkeyPatch) -> None:
    login = Login(monkeypatch)
    login.provider.said = {"authorization_response_iss_parameter_supported": False}
    login.known()
    assert isinstance(login.back(login.provider.authorize(login.begin(), iss="")), Response)
    login.jar.kept.clear()
    wrong = login.provider.authorize(login.begin(), iss="https://evil.test")
    assert isinstance(login.back(wrong), LoginFailed)


@pytest.mark.parametrize(
    "more",
    [
        {"aud": "another-client"},
        {"iss": "https://evil.test"},
        {"azp": "another-client"},
        {"exp": 1},
        {"sub": None},
    ],
)
def test_a_token_of_another_client_or_issuer_is_refused(login: Login, more: Any) -> None:
    login.provider.more = more
    assert isinstance(login.log_in(), LoginFailed)
    assert not login.jar.kept, "and the login has ended"


def test_who_is_refused_by_the_provider_is_told(login: Login) -> None:
    for word, said in (("access_denied", "access_denied"), ("<script>", "no")):
        back = login.provider.authorize(login.begin(), error=word, code="")
        found = login.back(back)
        assert isinstance(found, LoginRefused)
        assert found.detail == f"the provider says {said}"
    assert not login.jar.kept


def test_a_login_takes_no_longer_than_it_may(login: Login) -> None:
    back = login.provider.authorize(login.begin())
    login.later(LOGIN + 1)
    found = login.back(back)
    assert isinstance(found, LoginFailed)
    assert "took more" in found.detail


def test_a_session_is_no_login_and_the_reverse(login: Login) -> None:
    login.log_in()
    session = login.jar.kept.pop("__Host-porch-login-p1")
    back = login.provider.authorize(login.begin())
    ((name, begun),) = login.jar.kept.items()
    assert isinstance(login.back(back, cookie=f"{name}={session}"), LoginFailed)
    assert isinstance(login.come(cookie=f"__Host-porch-login-p1={begun}"), Response)


def test_so_many_logins_may_be_begun(login: Login) -> None:
    backs = [login.provider.authorize(login.begin(f"/{n}")) for n in range(MOST_LOGINS + 2)]
    assert len(login.jar.kept) == MOST_LOGINS
    assert isinstance(login.back(backs[0]), LoginFailed)
    for number in reversed(range(2, MOST_LOGINS + 2)):
        assert place(login.back(backs[number])) == f"https://a.test/{number}"
    assert [*login.jar.kept] == ["__Host-porch-login-p1"]


def test_a_login_goes_on_at_any_worker_and_after_a_restart(login: Login) -> None:
    back = login.provider.authorize(login.begin())
    login.restart()
    assert place(login.back(back)) == "https://a.test/"
    login.restart()
    assert login.come().name == "ann"
    login.restart(b"x" * 32)
    assert isinstance(login.come(), Response), "another key: nobody is known"


def test_a_worker_that_has_just_begun_asks_before_it_says_no(login: Login) -> None:
    back = login.provider.authorize(login.begin())
    login.begin_anew()
    assert place(login.back(back)) == "https://a.test/"
    login.begin_anew()
    login.later(250)
    assert login.come().name == "ann", "renewed there"
    login.jar.kept.clear()
    back = login.provider.authorize(login.known().begin())
    login.begin_anew()
    login.provider.is_away = True
    assert isinstance(login.back(back), CannotTell)


def test_an_old_session_does_not_outlive_a_login(login: Login) -> None:
    """Fixation: what a browser had before is not what it has then."""
    login.log_in()
    before = str(login.jar)
    login.provider.user = {"sub": "bob"}
    login.log_in()
    assert str(login.jar) != before
    assert login.come().name == "bob"


def test_a_large_session_stands_in_pieces_and_one_that_is_too_large_is_refused(
    login: Login,
) -> None:
    groups = [f"group-{number:04}-of-the-company" for number in range(250)]
    login.provider.user = {"sub": "ann", "groups": groups}
    assert isinstance(login.log_in(), Response)
    assert 1 < len(login.jar.kept) <= 4
    assert login.come().claims["groups"] == groups
    login.jar.kept.clear()
    login.provider.user = {"sub": "ann", "groups": groups * 20}
    login.provider.granted = {}
    found = login.log_in()
    assert isinstance(found, LoginFailed)


def test_what_renews_it_is_left_out_where_only_that_is_too_long(login: Login) -> None:
    login.provider.granted = {"refresh_token": "r" * 8000}
    login.provider.user = {"sub": "ann", "groups": ["x" * 4000]}
    login.log_in()
    login.later(250)
    asked = len(login.provider.forms)
    assert login.come().name == "ann"
    assert len(login.provider.forms) == asked


def test_renewals_that_come_at_once_are_one(login: Login) -> None:
    login.log_in()
    login.later(241)
    exchanges = [login.exchange() for _ in range(10)]
    for each in exchanges:
        found: Any = login.way.identify(each)
        found.then(each.heard.append)
    login.run()
    assert [form["grant_type"] for form in login.provider.forms].count("refresh_token") == 1
    assert {each.heard[0].name for each in exchanges} == {"ann"}
    assert login.come().name == "ann", "the old cookie, which comes late"
    assert len(login.provider.forms) == 2


def test_it_says_which_client_it_is(login: Login) -> None:
    assert repr(login.party) == "<Party door at https://id.test>"


def test_where_the_provider_is_not_known_it_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    login = Login(monkeypatch)
    assert isinstance(login.party.begin(login.exchange()), CannotTell)
