"""The fields of every answer of the admin door. That all have them: test_entrance.py."""

from types import SimpleNamespace
from typing import Any

from porch.http.message import ResponseHead
from porch.manage.admin.guards import FIELDS, GUARDS


def guarded(*fields: tuple[bytes, bytes]) -> ResponseHead:
    head = ResponseHead(200, [*fields], 0)
    exchange: Any = SimpleNamespace(response=head)
    GUARDS.on_response(exchange)
    return head


def test_they_stand_in_place_of_any_that_are_there_and_only_once() -> None:
    head = guarded((b"cache-control", b"max-age=60"), (b"etag", b'"x"'))
    exchange: Any = SimpleNamespace(response=head)
    GUARDS.on_response(exchange)  # an answer that is given again
    assert head.fields == [(b"etag", b'"x"'), *FIELDS]


def test_nothing_but_the_doors_own_is_run_loaded_sent_or_framed() -> None:
    policy = dict(FIELDS)[b"content-security-policy"].decode()
    words = dict(each.partition(" ")[::2] for each in policy.split("; "))
    assert words["default-src"] == "'none'"
    assert words["frame-ancestors"] == words["base-uri"] == "'none'"
    assert words["require-trusted-types-for"] == "'script'"
    sources = {value for name, value in words.items() if name.endswith("-src")}
    assert sources == {"'none'", "'self'"}
    assert "unsafe" not in policy
    assert dict(FIELDS)[b"cache-control"] == b"no-store"
    assert not any(name.startswith(b"access-control") for name, _ in FIELDS)
