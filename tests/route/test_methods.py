"""Which methods a request may be taken for beside its own."""

import pytest

from porch.http.message import Field, RequestHead
from porch.route import methods
from porch.route.methods import OVERRIDES, meant


def of(method: bytes, target: bytes, *fields: Field) -> list[bytes]:
    return meant(RequestHead(method, target, b"a.test", b"http", list(fields)))


def test_a_plain_request_is_taken_for_nothing_else() -> None:
    assert of(b"GET", b"/x?method=DELETE&a_method=PUT&a$method=PUT", (b"accept", b"*/*")) == []
    assert of(b"M-SEARCH", b"/") == []


@pytest.mark.parametrize("name", sorted(OVERRIDES))
@pytest.mark.parametrize("mark", [b"-", b"_", b".", b"~"])
def test_a_field_says_another_in_any_spelling(name: bytes, mark: bytes) -> None:
    name = name.replace(b"-", mark)
    assert of(b"POST", b"/", (name, b" delete, Put")) == [b"DELETE", b"PUT"]


@pytest.mark.parametrize(
    "query",
    [
        *(b"_method=DELETE", b"a=%26&%5fmethod=delete", b"a;_method=%44elete"),
        *(b"_METHOD=DELETE", b"_Method=delete", b"_method[]=DELETE", b"_method%5B0%5d=DELETE"),
        *(b"$method=DELETE", b"a=1&%24method=delete", b"$Method[]=DELETE"),
        *(b"_method=DELETE+", b"_method=%20DELETE", b"_method=DELETE%00"),
    ],
)
def test_so_does_the_query(query: bytes) -> None:
    assert of(b"POST", b"/x?" + query) == [b"DELETE"]


def test_the_names_that_are_known_to_be_read_are_these() -> None:
    names = (b"x-http-method-override", b"x-http-method", b"x-method-override", b"x-method")
    for name in (*names, b"x-rest-method"):
        assert of(b"POST", b"/", (name, b"DELETE")) == [b"DELETE"]


def test_letters_of_another_case_are_those_of_the_method_to_some() -> None:
    assert of(b"Delete", b"/") == [b"DELETE"]


def test_what_is_remembered_of_names_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "_REMEMBERED", 4)
    for number in range(20):
        assert of(b"GET", b"/", (b"n%d" % number, b"PUT")) == []
    assert len(methods._is_override.__self__) <= 4  # type: ignore[attr-defined]
