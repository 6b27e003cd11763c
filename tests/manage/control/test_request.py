"""What a request of HTTP asks for, and what is refused before anything is done."""

from typing import Any

import pytest

from porch.http.message import RequestHead
from porch.manage.control.request import Asked, Refused, read

JSON = (b"content-type", b"application/json")


def asked(method: bytes, target: bytes, body: bytes = b"", *fields: tuple[bytes, bytes]) -> Asked:
    return read(RequestHead(method, target, b"a", b"http", [*fields], len(body)), body)


def test_the_words_of_a_question_stand_in_its_query() -> None:
    assert asked(b"GET", b"/v1/status").words == {}
    assert asked(b"HEAD", b"/v1/status").operation.name == "status"
    assert asked(b"GET", b"/v1/trace?id=%C3%A4+%2b7").words == {"id": "ä +7"}
    assert asked(b"GET", b"/v1/trace?id=7").words == {"id": "7"}
    assert asked(b"GET", b'/v1/recent?marks={"1":2}').words == {"marks": {"1": 2}}


def test_the_words_of_a_change_are_its_body() -> None:
    found = asked(b"POST", b"/v1/drain", b'{"endpoint": "a:1", "wait": 3}', JSON)
    assert (found.operation.name, found.words) == ("drain", {"endpoint": "a:1", "wait": 3})
    assert asked(b"POST", b"/v1/reload").words == {}
    utf_8 = (b"content-type", b'Application/JSON; charset="UTF-8"')
    assert asked(b"POST", b"/v1/reload", b"{}", utf_8).words == {}


@pytest.mark.parametrize(
    ("method", "target", "body", "fields", "status"),
    [
        (b"GET", b"/v1/nothing", b"", [], 404),
        (b"GET", b"/v1/status/", b"", [], 404),
        (b"GET", b"/V1/status", b"", [], 404),
        (b"GET", b"/v1/st%61tus", b"", [], 404),
        (b"OPTIONS", b"*", b"", [], 405),
        (b"POST", b"/v1/status", b"", [], 405),
        (b"GET", b"/v1/reload", b"", [], 405),
        (b"HEAD", b"/v1/reload", b"", [], 405),
        (b"OPTIONS", b"/v1/status", b"", [], 405),
        (b"get", b"/v1/status", b"", [], 405),
        (b"POST", b"/v1/reload?x=1", b"", [], 400),
        (b"POST", b"/v1/reload?", b"", [], 400),
        (b"GET", b"/v1/status", b"{}", [JSON], 400),
        (b"GET", b"/v1/trace?id=a&id=b", b"", [], 400),
        (b"GET", b"/v1/trace?id=%zz", b"", [], 400),
        (b"GET", b"/v1/trace?id=%ff", b"", [], 400),
        (b"GET", b"/v1/recent?marks=x", b"", [], 400),
        (b"GET", b"/v1/recent?marks=NaN", b"", [], 400),
        (b"POST", b"/v1/drain", b"{}", [], 415),
        (b"POST", b"/v1/drain", b"{}", [(b"content-type", b"text/plain")], 415),
        (b"POST", b"/v1/drain", b"{}", [(b"content-type", b"application/jsonx")], 415),
        (b"POST", b"/v1/drain", b"{}", [JSON, JSON], 415),
        (b"POST", b"/v1/drain", b"{}", [JSON, (b"content-encoding", b"gzip")], 415),
        (b"POST", b"/v1/drain", b"[]", [JSON], 400),
        (b"POST", b"/v1/drain", b"{", [JSON], 400),
        (b"POST", b"/v1/drain", b"\xff", [JSON], 400),
        (b"POST", b"/v1/drain", b"\xef\xbb\xbf{}", [JSON], 400),
        (b"POST", b"/v1/drain", b'{"wait": NaN}', [JSON], 400),
        (b"POST", b"/v1/drain", b'{"wait": -Infinity}', [JSON], 400),
        (b"POST", b"/v1/drain", b'{"a": 1, "\\u0061": 2}', [JSON], 400),
        (b"POST", b"/v1/drain", b'{"wait": ' + b"1" * 5000 + b"}", [JSON], 400),
        (b"POST", b"/v1/drain", b'{"a": ' + b"[" * 100_000, [JSON], 400),
        (b"POST", b"/v1/drain", b'{"a":' * 100_000, [JSON], 400),
        (b"POST", b"/v1/reload", b"", [(b"if-match", b"1-2")], 400),
        (b"POST", b"/v1/reload", b"", [(b"if-match", b'W/"1-2"')], 400),
        (b"POST", b"/v1/reload", b"", [(b"if-match", b",".join([b'"1"'] * 17))], 400),
        (b"POST", b"/v1/reload", b"", [(b"if-match", b'*, "1"')], 400),
    ],
)
def test_what_asks_for_nothing_is_refused(
    method: bytes, target: bytes, body: bytes, fields: Any, status: int
) -> None:
    with pytest.raises(Refused) as refused:
        asked(method, target, body, *fields)
    assert refused.value.status == status
    assert len(refused.value.text) < 300


def test_a_number_that_is_too_long_is_told_so_in_words_of_ours() -> None:
    for target, body in (
        (b"/v1/weight", b'{"endpoint": "a:1", "weight": %b}' % (b"9" * 5000)),
        (b"/v1/audit?most=" + b"9" * 5000, b""),
    ):
        with pytest.raises(Refused) as refused:
            asked(b"POST" if body else b"GET", target, body, *([JSON] if body else []))
        assert (refused.value.status, refused.value.text) == (
            400,
            "a number has 5000 digits; none here has over 100",
        )


def test_a_refused_method_is_told_which_are_taken() -> None:
    for method, target, allow in (
        (b"OPTIONS", b"*", "GET, HEAD, POST"),
        (b"PUT", b"/v1/status", "GET, HEAD"),
        (b"GET", b"/v1/drain", "POST"),
    ):
        with pytest.raises(Refused) as refused:
            asked(method, target)
        assert refused.value.allow == allow


@pytest.mark.parametrize("value", [b"", b" ", b",", b'"a",'])
def test_an_empty_revision_is_refused_and_not_taken_for_none(value: bytes) -> None:
    with pytest.raises(Refused, match="If-Match is an ETag of before") as refused:
        asked(b"POST", b"/v1/reload", b"", (b"if-match", value))
    assert refused.value.status == 400


def test_revisions_are_those_of_if_match() -> None:
    field = (b"if-match", b'"a-1-2" , "b"')
    assert asked(b"POST", b"/v1/reload", b"", field).if_match == ('"a-1-2"', '"b"')
    assert asked(b"POST", b"/v1/reload", b"", (b"if-match", b"*")).if_match == ()
