"""QUERY before a real origin: answered from the store by what its body asks (RFC 10008)."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.conftest import Client, Door
from tests.smuggling.strict import Request
from tests.support.site import Site, written

CONFIG = """\
workers = 1
log = false
cache_store = {{ memory = true }}
[routes]
"*" = {{ to = "127.0.0.1:{port}", cache = true }}
"""

Asks = Callable[..., tuple[bytes, bytes]]
"""(body, *lines) -> (Cache-Status, body of the answer)."""


def _answer(request: Request) -> bytes:
    if request.method == b"POST":
        return written(request, 204, (), b"")
    if request.values(b"if-none-match") == [b'"old"']:
        return written(request, 304, ((b"cache-control", b"max-age=60"),), b"")
    kind = b",".join(request.values(b"content-type"))
    fields = ((b"cache-control", b"max-age=%d" % (0 if request.target == b"/old" else 60)),)
    if request.target == b"/old":
        fields += ((b"etag", b'"old"'),)
    return written(request, 200, fields, b"%b of %b" % (request.body, kind))


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(_answer) as started:
        yield started


@pytest.fixture
def asks(site: Site, door: Callable[..., Door], client: Callable[[Door], Client]) -> Asks:
    far = client(door(CONFIG.format(port=site.port)))

    def ask(
        body: bytes, *lines: bytes, target: bytes = b"/x", method: bytes = b"QUERY"
    ) -> tuple[bytes, bytes]:
        head = [method + b" " + target + b" HTTP/1.1", b"Host: a.test", *lines]
        if not any(line.startswith(b"Transfer-Encoding") for line in lines):
            head.append(b"Content-Length: %d" % len(body))
        far.send(b"\r\n".join([*head, b"", body]))
        _, fields, found = far.read_answer()
        status = [line for line in fields.split(b"\r\n") if line.lower().startswith(b"cache-st")]
        return (status[0].partition(b":")[2].strip() if status else b""), found

    return ask


JSON = b"Content-Type: application/json"


def test_the_same_question_is_answered_from_the_store(asks: Asks, site: Site) -> None:
    assert asks(b"one", JSON)[1] == b"one of application/json"
    status, found = asks(b"one", JSON)
    assert found == b"one of application/json"
    assert b"hit" in status
    assert [(each.method, each.body) for each in site.asked] == [(b"QUERY", b"one")]


def test_another_question_is_another_answer(asks: Asks, site: Site) -> None:
    asked = [(b"one", JSON), (b"two", JSON), (b"one", b"Content-Type: text/plain"), (b"",)]
    answers = [asks(*each)[1] for each in asked]
    assert [asks(*each)[1] for each in asked] == answers
    assert len(set(answers)) == len(asked) == len(site.asked)


def test_a_get_of_the_same_url_is_another_thing(asks: Asks, site: Site) -> None:
    asks(b"one", JSON)
    assert asks(b"", method=b"GET")[1] == b" of "
    assert asks(b"one", JSON)[1] == b"one of application/json"
    assert [each.method for each in site.asked] == [b"QUERY", b"GET"]


def test_a_change_of_the_url_is_one_of_all_its_queries(asks: Asks, site: Site) -> None:
    asks(b"one", JSON)
    asks(b"two", JSON)
    asks(b"new", method=b"POST")
    assert b"hit" not in asks(b"one", JSON)[0]
    assert b"hit" not in asks(b"two", JSON)[0]
    assert b"hit" in asks(b"two", JSON)[0]


def test_a_stale_answer_is_asked_about_with_its_question(asks: Asks, site: Site) -> None:
    asks(b"one", JSON, target=b"/old")
    status, found = asks(b"one", JSON, target=b"/old")
    assert found == b"one of application/json"
    assert b"fwd-status=304" in status
    assert b"hit" in asks(b"one", JSON, target=b"/old")[0]
    assert [each.body for each in site.asked] == [b"one", b"one"]


def test_a_question_whose_end_comes_later_goes_past(asks: Asks, site: Site) -> None:
    chunked = (JSON, b"Transfer-Encoding: chunked")
    assert asks(b"3\r\none\r\n0\r\n\r\n", *chunked)[1] == b"one of application/json"
    assert site.asked[0].body == b"one"


def test_a_part_is_not_asked_for(asks: Asks, site: Site) -> None:
    assert asks(b"one", JSON, b"Range: bytes=0-1")[1] == b"one of application/json"
    assert not site.asked[0].values(b"range")
