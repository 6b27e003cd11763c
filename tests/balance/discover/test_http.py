"""A list at a URL, asked for with the tag of the one before."""

import pytest

from porch.balance.discover.found import Found
from porch.balance.discover.http import EVERY, ListUrl
from porch.client import Answer
from porch.errors import ConnectionRefused
from tests.balance.discover.conftest import FakeClient

A = [Found("a:1")]


def answers(*given: Answer | Exception) -> FakeClient:
    rest = iter(given)
    return FakeClient(lambda target: next(rest))


def whole(body: bytes, *fields: tuple[bytes, bytes]) -> Answer:
    return Answer(200, [*fields], body)


def test_what_has_not_changed_is_not_sent_again(looks):
    client = answers(whole(b'["a:1"]', (b"etag", b'"1"')), Answer(304, [], b""))
    assert looks.first(2, ListUrl(lambda: client, "/list?of=api").endpoints()) == [A, A]
    assert [each for each, _ in client.asked] == ["/list?of=api"] * 2
    assert [each.get(b"if-none-match") for _, each in client.asked] == [None, b'"1"']
    assert looks.waits == [EVERY]


def test_the_tag_outlives_a_failure(looks):
    client = answers(
        whole(b'["a:1"]', (b"etag", b'"1"')), ConnectionRefused("x"), Answer(304, [], b"")
    )
    provider = ListUrl(lambda: client, "/")
    with pytest.raises(ConnectionRefused):
        looks.first(2, provider.endpoints())
    assert looks.first(1, provider.endpoints()) == [A]


def test_a_list_that_could_not_be_read_is_asked_for_as_a_whole(looks):
    client = answers(whole(b"[", (b"etag", b'"2"')), whole(b'["a:1"]'))
    provider = ListUrl(lambda: client, "/")
    with pytest.raises(ValueError, match="no JSON"):
        looks.first(1, provider.endpoints())
    assert looks.first(1, provider.endpoints()) == [A]
    assert b"if-none-match" not in client.asked[1][1]


@pytest.mark.parametrize("status", [204, 301, 304, 404, 500])
def test_another_answer_is_none(looks, status):
    provider = ListUrl(lambda: answers(Answer(status, [], b"[]")), "/")
    with pytest.raises(ValueError, match=f"answered {status}"):
        looks.first(1, provider.endpoints())
