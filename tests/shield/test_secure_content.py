"""Content-Security-Policy, beside what the origin says."""

from porch.filter import Kept, Response
from porch.http.message import ResponseHead
from porch.shield.secure_content import ContentPolicy
from tests.support.hooks import FakeExchange, seen

NAME = b"content-security-policy"
OWN = (NAME, b"default-src 'self'")
THEIRS = (NAME, b"sandbox")


def test_it_stands_beside_the_origins_own_since_a_browser_keeps_both() -> None:
    fake = FakeExchange(fields=[THEIRS])
    ContentPolicy("default-src 'self'").on_response(seen(fake))
    assert fake.response.fields == [THEIRS, OWN]


def test_it_can_be_reported_alone() -> None:
    fake = FakeExchange()
    ContentPolicy("default-src 'self'", report_only=True).on_response(seen(fake))
    assert fake.response.fields == [(NAME + b"-report-only", b"default-src 'self'")]


def test_a_page_that_the_door_makes_keeps_its_own() -> None:
    fake = FakeExchange(fields=[THEIRS])
    fake.made = Response(200, [THEIRS])
    ContentPolicy("default-src 'self'").on_response(seen(fake))
    assert fake.response.fields == [THEIRS]


def test_another_that_it_makes_or_has_kept_does_not() -> None:
    error = FakeExchange()
    error.made = Response(404)
    ContentPolicy("default-src 'self'").on_response(seen(error))
    assert error.response.fields == [OWN]
    stored = FakeExchange(fields=[THEIRS])
    stored.made = Kept(ResponseHead(200, [THEIRS]), b"")
    ContentPolicy("default-src 'self'").on_response(seen(stored))
    assert stored.response.fields == [THEIRS, OWN]


def test_it_says_what_it_adds() -> None:
    (text,) = ContentPolicy("default-src 'self'").described()
    assert text == "adds content-security-policy: default-src 'self'"
