"""What an unsafe method lets go of (RFC 9111 4.4), with real workers: whatever its route is, and
whatever keys the answers have."""

from collections.abc import Callable
from itertools import count

import pytest

from tests.e2e.conftest import Client, Connection, Door, Origin

Scripted = Callable[[Callable[[Connection], None]], Origin]
Start = Callable[..., Door]
Ask = Callable[..., bytes]
ONE = '[routes."a.test"]\nto = "ORIGIN"\n[routes."a.test".cache]\nkey = { KEY }\n'
NORMAL = 'ignore_query = "tracking", sort = true'
BESIDE = '[routes."a.test"]\nto = "ORIGIN"\ncache = { key = { sort = true } }\n'
WHEN = """\
[[routes."a.test"]]
when = { header = { x-beta = "1" } }
to = "ORIGIN"
cache = true
[[routes."a.test"]]
to = "ORIGIN"
cache = true
"""


@pytest.fixture
def asking(door: Start, origin: Scripted) -> Callable[[str], Ask]:
    """A door with these words; what asks it has the body, another for each answer of the origin."""
    numbers = count(1)

    def serve(connection: Connection) -> None:
        while True:
            head, body = connection.read_head(), b"%d" % next(numbers)
            said = b"Cache-Control: max-age=60\r\nContent-Length: %d\r\n\r\n" % len(body)
            if head.startswith(b"POST"):
                connection.send(b"HTTP/1.1 204 No Content\r\n\r\n")
            else:
                connection.send(b"HTTP/1.1 200 OK\r\n" + said + body)

    def start(words: str) -> Ask:
        to = f"127.0.0.1:{origin(serve).port}"
        running = door("workers = 2\n" + words.replace("ORIGIN", to))

        def ask(method: bytes, target: bytes, more: bytes = b"") -> bytes:
            client = Client(running)
            more += b"Content-Length: 0\r\n" if method == b"POST" else b""
            client.send(b"%b %b HTTP/1.1\r\nHost: a.test\r\n%b\r\n" % (method, target, more))
            _, _, body = client.read_answer()
            client.close()
            return body

        return ask

    return start


@pytest.mark.parametrize(
    "words",
    [
        ONE.replace("KEY", NORMAL),
        'trust = ["10.0.0.0/8"]\n' + ONE.replace("KEY", NORMAL),
        ONE.replace("KEY", NORMAL + ', cookies = ["theme"]'),
        ONE.replace("KEY", NORMAL + ', fields = ["accept-language"]'),
    ],
    ids=["url", "trust", "cookies", "fields"],
)
def test_a_post_lets_go_of_what_its_url_is_kept_as(
    asking: Callable[[str], Ask], words: str
) -> None:
    ask = asking(words)
    for got, posted in (
        (b"/cart?utm_source=1", b"/cart?utm_source=1"),
        (b"/c", b"/c?utm_source=1"),
        (b"/d?b=1&a=2", b"/d?b=1&a=2"),
        (b"/e", b"/e"),
    ):
        first = ask(b"GET", got)
        assert ask(b"GET", got) == first
        ask(b"POST", posted)
        assert ask(b"GET", got) != first


@pytest.mark.parametrize(
    "words",
    [
        BESIDE + '[routes."POST a.test"]\nto = "ORIGIN"\n',
        BESIDE + '[routes."POST a.test"]\nto = "ORIGIN"\ncache = true\n',
        BESIDE + '[routes."POST a.test/d"]\nto = "ORIGIN"\n',
        BESIDE.replace("a.test", "*") + '[routes."POST a.test"]\nto = "ORIGIN"\n',
        WHEN,
        BESIDE + '[routes."POST a.test"]\nto = "respond:204"\n',
        BESIDE + '[routes."POST a.test/d"]\nto = "redirect:https://b.test/d"\nstatus = 303\n',
    ],
    ids=[
        *("without a cache", "with another key", "of the path", "beside all hosts", "when"),
        *("answered at the door", "redirected"),
    ],
)
def test_a_post_through_one_route_lets_go_of_what_others_keep(
    asking: Callable[[str], Ask], words: str
) -> None:
    ask = asking(words)
    for more in (b"", b"X-Beta: 1\r\n"):
        first = ask(b"GET", b"/d?b=1&a=2", more)
        assert ask(b"GET", b"/d?b=1&a=2", more) == first
        ask(b"POST", b"/d?b=1&a=2")
        assert ask(b"GET", b"/d?b=1&a=2", more) != first


@pytest.mark.parametrize("to", ["respond:403", "file:."])
def test_what_the_door_refuses_lets_go_of_nothing(asking: Callable[[str], Ask], to: str) -> None:
    ask = asking(BESIDE + f'[routes."POST a.test"]\nto = "{to}"\n')
    first = ask(b"GET", b"/d")
    ask(b"POST", b"/d")
    assert ask(b"GET", b"/d") == first


def test_stores_in_memory_let_go_of_it_in_every_worker(door: Start, origin: Scripted) -> None:
    numbers = count(1)

    def serve(connection: Connection) -> None:
        while True:
            connection.read_head()
            body = b"%d" % next(numbers)
            said = b"Cache-Control: max-age=60\r\nContent-Length: %d\r\n\r\n" % len(body)
            connection.send(b"HTTP/1.1 200 OK\r\n" + said + body)

    to = f"127.0.0.1:{origin(serve).port}"
    running = door(
        "workers = 2\ncache = true\ncache_store = { memory = true }\n"
        f'[routes]\n"a.test" = "{to}"\n'
    )
    clients = [Client(running) for _ in range(8)]  # each stays with its worker

    def found(method: bytes = b"GET", more: bytes = b"") -> list[bytes]:
        asked = method + b" /x HTTP/1.1\r\nHost: a.test\r\n" + more
        return [each.send(asked + b"\r\n").read_answer()[2] for each in clients]

    def queried() -> list[bytes]:
        return found(b"QUERY", b"Content-Length: 0\r\nContent-Type: text/plain\r\n")

    before, asked = found(), queried()
    assert 1 < len({*before}) <= 2, "each worker has its own"
    for each in clients[:4]:
        assert found() == before
        assert queried() == asked
        each.send(b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n")
        each.read_answer()
        now, answered = found(), queried()
        assert not {*now} & {*before}
        assert not {*answered} & {*asked}
        before, asked = now, answered
    for each in clients:
        each.close()


def test_stores_in_memory_hear_what_one_was_told_in_answer_to_a_head(
    door: Start, origin: Scripted
) -> None:
    version = [1]

    def serve(connection: Connection) -> None:
        while True:
            head, body = connection.read_head(), b"%d" % version[0]
            said = b'Cache-Control: max-age=600\r\nETag: "%b"\r\nContent-Length: 1\r\n\r\n' % body
            is_head = head.startswith(b"HEAD")
            connection.send(b"HTTP/1.1 200 OK\r\n" + said + (b"" if is_head else body))

    to = f"127.0.0.1:{origin(serve).port}"
    running = door(
        "workers = 2\ncache = true\ncache_store = { memory = true }\n"
        f'[routes]\n"a.test" = "{to}"\n'
    )
    clients = [Client(running) for _ in range(8)]  # each stays with its worker
    asked = b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n"
    for number in range(1, 4):
        version[0] = number
        renew = b"HEAD /x HTTP/1.1\r\nHost: a.test\r\nCache-Control: no-cache\r\n\r\n"
        clients[number].send(renew).read_head()
        assert {each.send(asked).read_answer()[2] for each in clients} == {b"%d" % number}
    for each in clients:
        each.close()


@pytest.mark.parametrize("name", [b"Location", b"Content-Location"])
@pytest.mark.parametrize(
    ("key", "words", "got", "named"),
    [
        ("a.test", 'rewrite = "/v2{path}"', b"/list", b"/v2/list"),
        ("a.test", 'rewrite = "/v2{path}"', b"/list", b"list"),
        ("a.test", 'rewrite = "/v2{path}"', b"/list", b"/list"),
        ("a.test/api/*", "strip = true", b"/api/list", b"/list"),
        ("a.test/api/*", 'strip = true\nrewrite = "/v2{path}"', b"/api/list", b"/v2/list"),
    ],
)
def test_what_an_answer_names_is_let_go_of_behind_a_rewrite(
    door: Start, origin: Scripted, key: str, words: str, got: bytes, named: bytes, name: bytes
) -> None:
    numbers = count(1)

    def serve(connection: Connection) -> None:
        while True:
            head, body = connection.read_head(), b"%d" % next(numbers)
            if head.startswith(b"POST"):
                said = b"HTTP/1.1 201 Created\r\n%b: %b\r\nContent-Length: 0\r\n\r\n"
                connection.send(said % (name, named))
            else:
                said = b"Cache-Control: max-age=60\r\nContent-Length: %d\r\n\r\n" % len(body)
                connection.send(b"HTTP/1.1 200 OK\r\n" + said + body)

    to = f"127.0.0.1:{origin(serve).port}"
    running = door(f'workers = 1\n[routes."{key}"]\nto = "{to}"\ncache = true\n{words}\n')
    client = Client(running)

    def ask(line: bytes) -> bytes:
        client.send(line + b" HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n")
        return client.read_answer()[2]

    first, other = ask(b"GET " + got), ask(b"GET " + got + b"2")
    assert ask(b"GET " + got) == first
    ask(b"POST " + got.replace(b"list", b"items"))
    assert ask(b"GET " + got) != first
    assert ask(b"GET " + got + b"2") == other
    client.close()
