"""Logging in and out with a browser."""

import re
from collections.abc import Iterator

import pytest

from porch.manage.admin.guesses import AT_ONCE
from tests.support.admin import ANN, ROB, Answered, Opened, settings

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def door() -> Iterator[Opened]:
    with Opened() as opened:
        yield opened


def log_in(door: Opened, body: bytes, **fields: str) -> Answered:
    return door.ask("POST", "/login", FORM | fields, body)


def test_the_form_works_without_a_script_and_with_a_reader_of_screens(door: Opened) -> None:
    page = door.ask("GET", "/login").body.decode()
    assert '<html lang="en">' in page
    assert '<label for="token">' in page
    assert 'type="password"' in page
    assert "<script" not in page
    assert "style=" not in page
    leads = set(re.findall(r'(?:src|href|action)="([^"]+)"', page))
    assert leads <= {"/login", "/login.css", "/mark.svg"}
    assert door.ask("GET", "/login.css").all("content-type") == ["text/css; charset=utf-8"]


def test_a_token_begins_a_session_whose_cookie_nobody_else_reads_or_sends(door: Opened) -> None:
    answer = log_in(door, f"token={ANN}".encode())
    assert (answer.status, answer.all("location")) == (303, ["/"])
    (cookie,) = answer.all("set-cookie")
    name, *words = cookie.split("; ")
    assert re.fullmatch(r"porch-80=[\w-]{43}", name)
    assert words == ["Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Strict"]
    assert ANN not in str(answer.fields)
    told = door.ask("GET", "/v1/session", {"Cookie": name}).json
    csrf = told.pop("csrf")
    assert len(csrf) >= 43
    assert told == {"name": "ann", "by": "session", "role": "all", "read_only": False}
    assert door.ask("GET", "/", {"Cookie": name}).status == 200


def test_spaces_around_a_token_that_was_pasted_are_no_matter(door: Opened) -> None:
    assert log_in(door, f"token=+{ANN}%0D%0A&x=y".encode()).status == 303


@pytest.mark.parametrize(
    "body", [b"", b"token=", b"token=x", b"tokens=" + ANN.encode(), b"token=%ff%fe", b"token=%E2"]
)
def test_a_wrong_token_begins_none_and_the_page_says_so(door: Opened, body: bytes) -> None:
    answer = log_in(door, body)
    assert answer.status in (400, 401)
    assert answer.all("set-cookie") == []
    assert b"nobody" in answer.body or not body


def test_a_form_with_too_much_in_it_is_refused(door: Opened) -> None:
    assert log_in(door, b"token=" + b"x" * 5000).status == 413
    assert log_in(door, b"&".join(b"a=b" for _ in range(20))).status in (400, 401)


def test_guesses_at_the_form_are_bounded_with_those_of_programs(door: Opened) -> None:
    for _ in range(AT_ONCE):
        log_in(door, b"token=x")
    answer = log_in(door, f"token={ANN}".encode())
    assert (answer.status, answer.all("set-cookie")) == (429, [])
    assert door.ask("GET", "/v1/state", token=ANN).status == 429


def test_who_logs_out_is_out_and_what_was_logged_in_elsewhere_stays(door: Opened) -> None:
    cookie, csrf = door.log_in()
    other, _ = door.log_in()
    assert door.ask("POST", "/logout", {"Cookie": cookie}).status == 403, "by no link or form"
    answer = door.ask("POST", "/logout", {"Cookie": cookie, "X-Porch-Csrf": csrf})
    assert (answer.status, answer.body) == (204, b"")
    (gone,) = answer.all("set-cookie")
    assert gone.startswith("porch-80=; Path=/; Max-Age=0")
    assert door.ask("GET", "/v1/state", {"Cookie": cookie}).status == 401
    assert door.ask("GET", "/v1/state", {"Cookie": other}).status == 200


def test_an_id_that_a_browser_was_given_by_somebody_else_begins_nothing(door: Opened) -> None:
    fixed = {"Cookie": "porch-80=" + "x" * 43}
    answer = log_in(door, f"token={ROB}".encode(), **fixed)
    assert "x" * 43 not in answer.all("set-cookie")[0]
    assert door.ask("GET", "/v1/state", fixed).status == 401


def test_a_cookie_of_another_port_or_kind_is_none(door: Opened) -> None:
    cookie, _ = door.log_in()
    value = cookie.partition("=")[2]
    for name in ("porch-81", "__Host-porch-80", "session", "porch"):
        assert door.ask("GET", "/v1/state", {"Cookie": f"{name}={value}"}).status == 401


def test_cookies_of_another_page_of_the_host_keep_nobody_out_or_it_is_said_why(
    door: Opened,
) -> None:
    cookie, csrf = door.log_in()
    both = {"Cookie": f"porch-80=evil; {cookie}"}
    assert door.ask("GET", "/v1/state", both).status == 200
    for fields in ({"Cookie": "porch-80=evil; porch-80=bad"},):
        answer = door.ask("GET", "/v1/state", fields)
        assert (answer.status, "2 cookies of the name porch-80" in answer.json["error"]) == (
            401,
            True,
        )
        assert door.ask("GET", "/", fields).all("location") == ["/login"]
        assert b"delete the cookies of this host" in door.ask("GET", "/login", fields).body
    assert "2 cookies of the name porch-80" in door.output.text
    assert door.ask("POST", "/logout", both | {"X-Porch-Csrf": csrf}).status == 204
    assert door.ask("GET", "/v1/state", {"Cookie": cookie}).status == 401


def test_the_session_tells_that_nothing_can_be_changed() -> None:
    with Opened(settings(read_only=True)) as door:
        cookie, _ = door.log_in()
        told = door.ask("GET", "/v1/session", {"Cookie": cookie}).json
        assert (told["role"], told["read_only"]) == ("read", True)


def test_who_comes_with_a_token_has_no_need_of_a_csrf(door: Opened) -> None:
    assert door.ask("GET", "/v1/session", token=ANN).json["csrf"] == ""
