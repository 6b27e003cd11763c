"""Internal routes with a cache: what is kept inside is for those alone who are sent there."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import count

import pytest

from tests.e2e.conftest import Client, Door
from tests.smuggling.strict import Request
from tests.support.site import Site, written

LASTS = b"max-age=60"
USERS = ("ann", "bob")


class Both(Site):
    """`/get/x` sends to `/inside/x`, for one user alone; whatever else is asked for is numbered and
    says what the target does."""

    def __init__(self) -> None:
        self.targets: list[bytes] = []
        self.fields: list[dict[bytes, bytes]] = []
        self._numbers = count(1)
        super().__init__(self.respond)

    def respond(self, request: Request) -> bytes:
        self.targets.append(request.target)
        self.fields.append(dict(request.fields))
        kind, _, rest = request.target[1:].partition(b"/")
        if kind == b"get":
            lasts = b"private" if request.method == b"GET" and rest != b"for-all" else LASTS
            fields = ((b"x-accel-redirect", b"/inside/" + rest), (b"cache-control", lasts))
            return written(request, 200, (*fields, (b"location", b"/plain")), b"")
        said = b"private" if rest == b"private" else LASTS
        return written(request, 200, ((b"cache-control", said),), b"%d" % next(self._numbers))


@pytest.fixture
def origin() -> Iterator[Both]:
    with Both() as site:
        yield site


def keys(*, passes: bool) -> str:
    known = (
        f'{name} = {{ hash = "sha256:{sha256(name.encode()).hexdigest()}" }}' for name in USERS
    )
    more = ", user = false, pass = true" if passes else ""
    return f"auth = {{ keys = {{ {', '.join(known)} }}{more} }}"


@pytest.fixture
def running(door: Callable[..., Door], origin: Both) -> Door:
    return door(
        "workers = 1\ncache = true\ncache_store = { memory = true }\n[routes]\n"
        f'"*" = {{ to = "127.0.0.1:{origin.port}", accel = true }}\n'
        f'"*/inside/*" = {{ to = "127.0.0.1:{origin.port}", internal = true }}\n'
        f'"*/inside/open" = "127.0.0.1:{origin.port}"\n'
        f'"*/get/auth" = {{ to = "127.0.0.1:{origin.port}", accel = true, {keys(passes=False)} }}\n'
    )


def ask(
    running: Door, target: bytes, more: bytes = b"", method: bytes = b"GET"
) -> tuple[int, bytes, bytes]:
    client = Client(running)
    more += b"Content-Length: 0\r\n" if method == b"POST" else b""
    try:
        asked = b"%b %b HTTP/1.1\r\nHost: a.b\r\n%b\r\n" % (method, target, more)
        return client.send(asked).read_answer()
    finally:
        client.close()


def test_inside_it_is_kept_by_its_own_rules_and_given_to_whoever_is_sent_there(
    running: Door, origin: Both
) -> None:
    for user in (b"a", b"b", b"a"):
        status, head, body = ask(running, b"/get/x", b"Cookie: user=%b\r\n" % user)
        assert (status, body) == (200, b"1")
        assert b"cache-control: private" in head.lower()
        assert LASTS not in head.lower()
    assert origin.targets == [b"/get/x", b"/inside/x", b"/get/x", b"/get/x"]


def test_what_is_private_inside_is_kept_nowhere(running: Door, origin: Both) -> None:
    assert [ask(running, b"/get/private")[2] for _ in range(2)] == [b"1", b"2"]


def test_who_was_not_sent_there_is_given_nothing_of_it(running: Door, origin: Both) -> None:
    """A route for all has the very URL by which another keeps it inside."""
    assert ask(running, b"/get/open")[2] == b"1"
    assert ask(running, b"/inside/open")[2] == b"2"
    assert [ask(running, b"/get/open")[2], ask(running, b"/inside/open")[2]] == [b"1", b"2"]


def test_a_purge_of_the_path_inside_lets_go_of_it(running: Door) -> None:
    assert ask(running, b"/get/x")[2] == b"1"
    running.ask("purge", urls=["http://a.b/inside/x"])
    assert ask(running, b"/get/x")[2] == b"2"


def test_a_post_that_is_answered_from_inside_lets_go_of_its_url_and_of_location(
    running: Door, origin: Both
) -> None:
    for target in (b"/get/for-all", b"/plain"):
        first = ask(running, target)[2]
        count = len(origin.targets)
        assert ask(running, target)[2] == first
        assert len(origin.targets) == count, "it is kept"
        assert ask(running, b"/get/for-all", method=b"POST")[0] == 200
        count = len(origin.targets)
        ask(running, target)
        assert len(origin.targets) > count


def test_what_was_shown_to_the_door_stays_there_inside_too(running: Door, origin: Both) -> None:
    """What an origin says that knows nobody is for all who are sent to it."""
    assert ask(running, b"/get/auth")[0] == 401
    for user in USERS:
        shown = b"X-Api-Key: %b\r\nCookie: a=1\r\n" % user.encode()
        assert ask(running, b"/get/auth", shown)[2] == b"1"
    assert origin.targets == [b"/get/auth", b"/inside/auth", b"/get/auth"]
    for said in origin.fields:
        assert b"x-api-key" not in said
    assert [said.get(b"x-forwarded-user") for said in origin.fields] == [b"ann", None, b"bob"]
    assert origin.fields[1][b"cookie"] == b"a=1"


def test_what_an_origin_inside_may_have_said_to_one_is_not_given_to_another(
    door: Callable[..., Door], origin: Both
) -> None:
    running = door(
        "workers = 1\ncache = true\ncache_store = { memory = true }\n[routes]\n"
        f'"*" = {{ to = "127.0.0.1:{origin.port}", accel = true, {keys(passes=True)} }}\n'
        f'"*/inside/*" = {{ to = "127.0.0.1:{origin.port}", internal = true }}\n'
    )
    for number, user in enumerate(USERS, 1):
        shown = b"X-Api-Key: %b\r\n" % user.encode()
        assert ask(running, b"/get/x", shown)[2] == b"%d" % number
        assert origin.fields[-1][b"x-api-key"] == user.encode()
