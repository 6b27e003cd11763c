"""Users at one URL at once, over four workers: nobody ever gets what was made for another."""

import hashlib
import re
import socket
import threading
import time
from collections.abc import Callable

from tests.e2e.conftest import Connection, Door, Origin
from tests.support.crowd import Crowd, Got

Start = Callable[..., Door]
Scripted = Callable[[Callable[[Connection], None]], Origin]

USERS = (b"", b"anna", b"bert", b"carla")
KINDS = (
    b"Cache-Control: private, max-age=60",
    b'Cache-Control: private, max-age=0, stale-while-revalidate=60\r\nETag: "@"',
    b"Cache-Control: no-store",
    b'Cache-Control: no-cache\r\nETag: "@"',
    b"Cache-Control: no-cache",
    b'Cache-Control: max-age=0, must-revalidate\r\nETag: W/"@"',
    b"Cache-Control: no-cache\r\nLast-Modified: Tue, 14 Nov 2023 22:00:00 GMT",
    b'ETag: "@"',
    b"Expires: 0\r\nLast-Modified: Tue, 14 Nov 2023 22:00:00 GMT",
    b"X-Nothing: said",
    b"Cache-Control: public, max-age=60\r\nSet-Cookie: sid=@",
    b"Cache-Control: max-age=1\r\nVary: Cookie, Authorization, X-Api-Key",
    b"Cache-Control: max-age=60\r\nCDN-Cache-Control: private",
)
"""What an origin says of a page that it makes for each user; @ is the user."""
WHO = (b"Cookie: user=%b\r\n", b"Authorization: Bearer %b\r\n", b"X-Api-Key: %b\r\n")
MORE = (b"", b"", b"Cache-Control: max-stale\r\n", b"Cache-Control: no-cache\r\n")
_USER = re.compile(rb"(?i)\r\n(?:cookie: user=|authorization: bearer |x-api-key: )(\w+)")
_OLD = b"HTTP/1.1 304 Not Modified\r\n%b\r\n\r\n"
_PAGE = b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: %d\r\n\r\n%b"


class Pages:
    """An origin whose path is the number of a kind. It fails now and then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.asked = 0

    def serve(self, connection: Connection) -> None:
        while True:
            head = connection.read_head()
            with self._lock:
                self.asked += 1
                asked = self.asked
            found = _USER.search(head)
            user = found[1] if found else b"nobody"
            said = KINDS[int(head.split(b" ")[1].split(b"/")[1])].replace(b"@", user)
            time.sleep((0.0, 0.1, 0.3)[asked % 3])
            body = b"user=%b;" % user * (1 if asked % 2 else 9000)
            if asked % 7 == 0:
                connection.send(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
            elif b'if-none-match: "%b"' % user in head.lower():
                connection.send(_OLD % said)
            else:
                connection.send(_PAGE % (said, len(body), body))


TOLD = {
    b"vary": b"Cache-Control: public, max-age=60\r\nVary: X-Forwarded-User",
    b"mail": b"Cache-Control: s-maxage=60\r\nVary: X-Email, Cookie",
    b"tag": b'Cache-Control: max-age=0, must-revalidate\r\nETag: "@"',
    b"date": b"Cache-Control: max-age=0, must-revalidate\r\n"
    b"Last-Modified: Tue, 14 Nov 2023 22:00:00 GMT",
}
"""By path, what an origin says of a page for one that the door tells it of; @ is the user."""
KEYS = {name: b"pk_" + name * 10 for name in (b"anna", b"bert")}


def serve_told(connection: Connection) -> None:
    """An origin that knows users by what the door tells alone. It says of any that have not changed
    since a date that they have not."""
    while True:
        head = connection.read_head()
        found = re.search(rb"(?i)\r\nx-forwarded-user: (\w+)", head)
        user = found[1] if found else b"nobody"
        said = TOLD[re.split(rb"[/? ]+", head)[1]].replace(b"@", user)
        time.sleep(0.1)
        if (
            b"\r\nif-modified-since:" in head.lower()
            or b'if-none-match: "%b"' % user in head.lower()
        ):
            connection.send(_OLD % said)
        else:
            connection.send(_PAGE % (said, 10 + len(user), b"user=%b;" % user + b"-" * 4))


def asked_by(number: int) -> tuple[bytes, bytes]:
    """Who the client with this number is, and what that one asks."""
    kind, user, who = number % len(KINDS), USERS[number % len(USERS)], WHO[number % len(WHO)]
    said = who % user if user else b""
    more = MORE[number // len(KINDS) % len(MORE)]
    path = b"/%d/%d" % (kind, number % len(WHO))
    return user or b"nobody", b"GET %b HTTP/1.1\r\nHost: a.test\r\n%b%b\r\n" % (path, said, more)


def leave(port: int, first: int) -> None:
    """Some ask before all others do, and are gone before they are answered."""
    for number in range(first, first + len(KINDS) * len(WHO), 2):
        with socket.create_connection(("127.0.0.1", port)) as gone:
            gone.sendall(asked_by(number)[1])


def others(user: bytes, got: Got) -> set[bytes]:
    """Whom else the answer speaks of."""
    head = {*re.findall(rb'(?i)\r\n(?:set-cookie: sid=|etag: (?:W/)?")(\w+)', got.head)}
    return (head | {*re.findall(rb"user=(\w+);", got.body)}) - {user}


def test_nobody_gets_what_was_made_for_another(door: Start, origin: Scripted) -> None:
    pages = Pages()
    to = origin(pages.serve).port
    running = door(f'log = false\nworkers = 4\ncache = true\n[routes]\n"*" = "127.0.0.1:{to}"\n')
    count, seen = len(KINDS) * len(WHO) * len(USERS), 0
    for turn in range(4):
        leave(running.port, turn)
        gots = Crowd(running.port, count, lambda number: asked_by(number)[1]).run()
        for number, got in enumerate(gots):
            user, asked = asked_by(number)
            assert not others(user, got), (user, asked, got.head)
            seen += got.status == 200 and got.is_whole
    assert seen > 2 * count
    assert "Traceback" not in running.errors


def test_users_whom_the_door_lets_in_get_their_own_pages(door: Start, origin: Scripted) -> None:
    """Their keys stand in the query, of which neither the origin nor the cache's key has anything:
    what they send is the same."""
    to = origin(serve_told).port
    hashes = {
        name.decode(): f"sha256:{hashlib.sha256(key).hexdigest()}" for name, key in KEYS.items()
    }
    keys = ", ".join(f'{name} = "{each}"' for name, each in hashes.items())
    running = door(
        f'log = false\nworkers = 2\ncache = true\n[routes."*"]\nto = "127.0.0.1:{to}"\n'
        f'auth = {{ keys = {{ {keys} }}, key_query = "key", fields = {{ X-Email = "user" }} }}\n'
    )
    users = tuple(KEYS)

    def asked(number: int) -> tuple[bytes, bytes]:
        user, path = users[number % 2], tuple(TOLD)[number // 2 % len(TOLD)]
        line = b"GET /%b?key=%b HTTP/1.1\r\nHost: a.test\r\n\r\n"
        return user, line % (path, KEYS[user])

    for _ in range(3):
        gots = Crowd(running.port, 32, lambda number: asked(number)[1]).run()
        for number, got in enumerate(gots):
            user, request = asked(number)
            assert got.status == 200, (request, got.head)
            assert b"user=%b;" % user in got.body, (request, got.head, got.body)
            assert not others(user, got), (request, got.head)
    assert "Traceback" not in running.errors
