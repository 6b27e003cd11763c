"""QUERY before a real origin: answered from the store by what its body asks (RFC 10008)."""

import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from porch.cache.queries import LONGEST
from tests.e2e.conftest import Client, Door
from tests.smuggling.strict import Request
from tests.support.h2_socket import H2Socket
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


def test_a_question_in_pieces_is_the_same_question(asks: Asks, site: Site) -> None:
    chunked = (JSON, b"Transfer-Encoding: chunked")
    assert asks(b"3\r\none\r\n0\r\n\r\n", *chunked)[1] == b"one of application/json"
    status, found = asks(b"1\r\no\r\n2\r\nne\r\n0\r\n\r\n", *chunked)
    assert (b"hit" in status, found) == (True, b"one of application/json")
    assert b"hit" in asks(b"one", JSON)[0]
    assert [each.body for each in site.asked] == [b"one"]


def test_a_question_that_comes_behind_its_head_is_waited_for(
    site: Site, door: Callable[..., Door], client: Callable[[Door], Client]
) -> None:
    running = door(CONFIG.format(port=site.port))
    head = b"QUERY /x HTTP/1.1\r\nHost: a.test\r\n%b\r\n\r\n"
    for _ in range(2):
        far = client(running)
        far.send(head % b"Content-Length: 3")
        time.sleep(0.2)
        far.send(b"on")
        time.sleep(0.2)
        far.send(b"e")
        assert far.read_answer()[2] == b"one of "
        assert far.send(b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n").read_answer()[2] == b" of "
    assert [(each.method, each.body) for each in site.asked] == [
        (b"QUERY", b"one"),
        (b"GET", b""),
    ]
    far.send(head % b"Content-Length: 3")
    far.close()
    running.wait_until(lambda: "'running': 0" in str(running.ask("status")), "the end of all")


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (LONGEST + 1, b"Content-Length: %d" % (LONGEST + 1)),
        (100_000, b"Content-Length: 100000"),
        (100_000, b"Transfer-Encoding: chunked"),
    ],
)
def test_a_long_question_that_comes_behind_its_head_goes_past(
    site: Site, door: Callable[..., Door], client: Callable[[Door], Client], size: int, told: bytes
) -> None:
    far = client(door(CONFIG.format(port=site.port)))
    head = b"QUERY /x HTTP/1.1\r\nHost: a.test\r\n%b\r\n\r\n"
    body = b"x" * size
    sent = body if b"Length" in told else b"%x\r\n%b\r\n0\r\n\r\n" % (size, body)
    for _ in range(2):
        far.send(head % told)
        time.sleep(0.2)
        far.send(sent)
        _, fields, found = far.read_answer()
        assert found == body + b" of "
        assert b"fwd=method" in fields
    assert len(site.asked) == 2


def test_who_wants_to_hear_first_whether_he_may_ask_is_told(
    site: Site, door: Callable[..., Door], client: Callable[[Door], Client]
) -> None:
    far = client(door(CONFIG.format(port=site.port)))
    far.send(
        b"QUERY /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    )
    assert far.read_head().startswith(b"HTTP/1.1 100")
    assert far.send(b"one").read_answer()[2] == b"one of "


def test_questions_of_http_2_are_answered_from_the_store(
    site: Site, door: Callable[..., Door], tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.issue_cert("a.test").private_key_and_cert_chain_pem.write_to_path(tmp_path / "pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    running = door(
        'listen = ["https://127.0.0.1:0"]\n'
        + CONFIG.format(port=site.port)
        + f'[site."a.test"]\ncert = "{tmp_path}/pem"\nkey = "{tmp_path}/pem"\n'
    )
    long = b"x" * (3 * LONGEST)
    with H2Socket(running.port, context) as far:

        def ask(*pieces: bytes) -> tuple[bool, bytes]:
            number = far.asks(b"/x", method=b"QUERY", end=False)
            for each in pieces:
                far.says(number, each, end=False)
                far.read(0.05)
            far.says(number, b"")
            answer = far.answered(number)
            assert answer.status == 200
            return b"hit" in dict(answer.fields)[b"cache-status"], answer.body

        assert ask(b"one") == (False, b"one of ")
        assert ask(b"o", b"ne") == (True, b"one of ")
        assert ask(b"two") == (False, b"two of ")
        assert ask() == (False, b" of ")
        assert ask() == (True, b" of ")
        assert [ask(long) for _ in range(2)] == [(False, long + b" of ")] * 2
        bodies = [b"%d" % number * 8000 for number in range(2, 8)] * 20
        numbers = [far.asks(b"/x", method=b"QUERY", end=False) for _ in bodies]
        for number, body in zip(numbers, bodies, strict=True):
            far.says(number, body[:4000], end=False)
        for number, body in zip(numbers, bodies, strict=True):
            far.says(number, body[4000:])
        assert [far.answered(each).body for each in numbers] == [each + b" of " for each in bodies]
    assert len(site.asked) == 3 + 2 + 6


def test_a_part_is_not_asked_for(asks: Asks, site: Site) -> None:
    assert asks(b"one", JSON, b"Range: bytes=0-1")[1] == b"one of application/json"
    assert not site.asked[0].values(b"range")
