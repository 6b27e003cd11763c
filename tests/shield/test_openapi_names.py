"""Names of cookies, fields and parameters, and their other spellings."""

import pytest

from porch.http.message import RequestHead
from porch.shield.content_errors import BadContent
from porch.shield.openapi_names import cookies, fields, parameters


def head(*fields: tuple[bytes, bytes]) -> RequestHead:
    return RequestHead(b"GET", b"/", b"a", b"http", [(b"x", b"role=7"), *fields])


def test_all_cookies_of_a_name_are_found() -> None:
    sent = (b"cookie", b"a=b;role=x"), (b"cookie", b'\trole="y"; roles=z, s=t; ids=1,2')
    assert cookies(head(*sent), ["role", "ids"]) == {"role": [b"x", b"y"], "ids": [b"1,2"]}
    assert cookies(head(), ["role"]) == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [(b'"a"', b"a"), (b'""a""', b'"a"'), (b'"a', b'"a'), (b'"', b'"'), (b'""', b""), (b"", b"")],
)
def test_one_pair_of_quotes_is_no_part_of_a_value(value: bytes, text: bytes) -> None:
    assert cookies(head((b"cookie", b"role=" + value)), ["role"]) == {"role": [text]}


@pytest.mark.parametrize(
    "sent",
    [
        b"role =user",
        b"role\t=user",
        b"a=b;\xa0role=user",
        b"\xc2\xa0role=user",
        b"role\xe2\x80\x83=user",
        b"\xe3\x80\x80role=user",
        b"\xef\xbb\xbfrole=user",
        b"ROLE=user",
        b"r%6fle=user",
        b"role%00=user",
        b"%20role=user",
        b'"role"=user',
        b"role[]=user",
        b"role[x]=user",
        b"+role=user",
        b"ro\xc2\xadle=user",
        b"ro%01le=user",
        b"role\xc3=user",
        b"a=b, role=user",
        b"a=b,role =user",
    ],
)
def test_another_spelling_of_a_name_is_refused(sent: bytes) -> None:
    with pytest.raises(BadContent) as caught:
        cookies(head((b"cookie", sent)), ["role"])
    assert caught.value.sentence == "The cookie parameter 'role' is spelled in another way."


@pytest.mark.parametrize("sent", [b"user.role=x", b"user role=x", b"user+role=x", b"user[role=x"])
def test_so_is_what_php_makes_of_it(sent: bytes) -> None:
    with pytest.raises(BadContent):
        cookies(head((b"cookie", sent)), ["user_role"])


def test_two_that_are_described_may_be_alike() -> None:
    sent = head((b"cookie", b"role=x; Role=y"))
    assert cookies(sent, ["role", "Role"]) == {"role": [b"x"], "Role": [b"y"]}


def test_all_lines_of_a_field_are_found() -> None:
    sent = head((b"x-limit", b"1"), (b"x-limits", b"2"), (b"x-limit", b"3"))
    assert fields(sent, ["x-limit", "y"]) == {"x-limit": [b"1", b"3"]}


@pytest.mark.parametrize("sent", [b"x.limit", b"x!limit", b"x_limit"])
def test_another_spelling_of_a_field_is_refused(sent: bytes) -> None:
    with pytest.raises(BadContent) as caught:
        fields(head((b"x-limit", b"5"), (sent, b"5")), ["x-limit"])
    assert caught.value.sentence == "The header parameter 'x-limit' is spelled in another way."


def test_all_parameters_of_a_query_are_found() -> None:
    assert parameters(b"", ["a"]) == {}
    assert parameters(b"&a=1&b+c=2&a=%31&d&=3&a", ["a", "e"]) == {
        "a": [b"1", b"%31", b""],
        "b c": [b"2"],
        "d": [b""],
        "": [b"3"],
    }
    assert parameters(b"a.b=1&ids%5B%5D=2&q=x;y", ["a.b", "ids[]", "q"]) == {
        "a.b": [b"1"],
        "ids[]": [b"2"],
        "q": [b"x;y"],
    }


@pytest.mark.parametrize(
    "query", [b"USER_ROLE=1", b"user.role=1", b"user%2Brole=1", b"a=;user_role"]
)
def test_a_parameter_has_one_spelling_too(query: bytes) -> None:
    with pytest.raises(BadContent) as caught:
        parameters(query, ["user_role"])
    assert caught.value.sentence == "The query parameter 'user_role' is spelled in another way."


def test_a_parameters_name_is_utf_8() -> None:
    with pytest.raises(BadContent):
        parameters(b"%ff=1", [])
