"""Users whom the door tells from each other, and tells the origin of: what they send is the same,
or would be another's. Nobody gets what was made for another."""

from collections.abc import Callable, Iterator

import pytest

from porch.cache.key import KeyRules, digest, make
from porch.cache.policy import Policy
from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import RequestHead
from porch.identity import Identity
from porch.shield.auth import TELL_IDENTITY
from tests.support.cached import Cached

HEAD = b"GET /a HTTP/1.1\r\nhost: x\r\n"
GET = HEAD + b"\r\n"
USER = b"x-forwarded-user"
OF_USER = b"HTTP/1.1 200 OK\r\ncache-control: public, max-age=60\r\nvary: X-Forwarded-User\r\n"
ASKED = [
    b'HTTP/1.1 200 OK\r\netag: "1"\r\ncache-control: s-maxage=0\r\n',
    b"HTTP/1.1 200 OK\r\nlast-modified: Tue, 14 Nov 2023 22:00:00 GMT\r\n"
    b"cache-control: s-maxage=0\r\n",
]
A_S = b"content-length: 1\r\n\r\nA"
B_S = b"content-length: 1\r\n\r\nB"

PRIMARY = digest(make(RequestHead(b"GET", b"/a", b"x", b"http", []), KeyRules()))

Make = Callable[..., Cached]


class LetIn(Filter):
    """Lets in whoever is next in `names`, as by something that no later filter sees; "" is nobody.
    C has no mail, and no such field for the origin."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def on_request(self, exchange: Exchange) -> None:
        name = self.names.pop(0)
        if not name:
            return
        fields = [(USER, name.encode())]
        if name != "C":
            fields.append((b"x-mail", name.encode()))
        exchange.identity = Identity(name, "keys", fields=tuple(fields))


@pytest.fixture
def let_in() -> LetIn:
    return LetIn()


@pytest.fixture
def cached(monkeypatch: pytest.MonkeyPatch, let_in: LetIn) -> Iterator[Callable[..., Cached]]:
    made: list[Cached] = []

    def make(**settings: object) -> Cached:
        policy = Policy(tells_who=True, told=frozenset((USER, b"x-mail")))
        told: dict[str, object] = {"policy": policy, "filters": [let_in]}
        made.append(Cached(monkeypatch, **{**told, **settings}))  # type: ignore[arg-type]
        made[-1].cache.route.plan.on_upstream_request += (TELL_IDENTITY.on_upstream_request,)
        return made[-1]

    yield make
    for each in made:
        each.finish()


def test_vary_speaks_of_what_the_door_tells_the_origin(cached: Make, let_in: LetIn) -> None:
    let_in.names = ["A", "B", "A", "B"]
    story = cached()
    story.client(GET).upstream_gets(b"GET /a", field=(USER, b"A")).upstream(OF_USER + A_S)
    story.client_gets(200, b"A")
    story.client(GET).upstream_gets(b"GET /a", field=(USER, b"B")).upstream(OF_USER + B_S)
    story.client_gets(200, b"B")
    for body in (b"A", b"B"):
        story.client(GET).client_gets(200, body).upstream_gets_nothing()


def test_nor_does_it_speak_of_what_a_client_sends_under_that_name(
    cached: Make, let_in: LetIn
) -> None:
    """C has no mail, and writes that of A."""
    let_in.names = ["A", "C"]
    ok = OF_USER.replace(b"X-Forwarded-User", b"X-Mail")
    story = cached()
    story.client(GET).upstream_gets(b"GET /a", field=(b"x-mail", b"A")).upstream(ok + A_S)
    story.client_gets(200, b"A")
    story.client(HEAD + b"X-Mail: A\r\n\r\n").upstream_gets(b"GET /a").upstream(ok + B_S)
    story.client_gets(200, b"B")


def test_nor_of_what_one_sends_whom_the_door_does_not_know(cached: Make, let_in: LetIn) -> None:
    """Where it lets in those too that show nothing; what is ready looks at that as well."""
    let_in.names = ["A", "A", "", ""]
    story = cached()
    story.client(GET).upstream_gets(b"GET /a", field=(USER, b"A")).upstream(OF_USER + A_S)
    story.client_gets(200, b"A").client(GET).client_gets(200, b"A").upstream_gets_nothing()
    for _ in range(2):
        story.client(HEAD + b"X-Forwarded-User: A\r\n\r\n").upstream_gets(b"GET /a")
        story.upstream(b"HTTP/1.1 200 OK\r\n" + B_S).client_gets(200, b"B")


@pytest.mark.parametrize("named", [b"X_Forwarded_User", b"Client-Cert", b"X-Forwarded-For"])
def test_what_cannot_be_compared_is_not_kept(cached: Make, let_in: LetIn, named: bytes) -> None:
    let_in.names = ["A", "B"]
    ok = OF_USER.replace(b"X-Forwarded-User", named)
    story = cached()
    story.client(GET).upstream_gets(b"GET /a").upstream(ok + A_S).client_gets(200, b"A")
    story.client(GET).upstream_gets(b"GET /a").upstream(ok + B_S).client_gets(200, b"B")


@pytest.mark.parametrize("start", [OF_USER, *ASKED])
def test_who_ask_at_once_are_told_apart_too(cached: Make, let_in: LetIn, start: bytes) -> None:
    let_in.names = ["A", "B", "A", "B"]
    story = cached()
    for _ in range(4):
        story.connects().client(GET)
    story.upstream_gets(b"GET /a", field=(USER, b"A"), at=0).upstream(start + A_S, at=0)
    story.client_gets(200, b"A", at=0).client_gets(200, b"A", at=2)
    story.client_gets_nothing(at=1).client_gets_nothing(at=3)
    story.upstream_gets(b"GET /a", field=(USER, b"B")).upstream(start + B_S)
    story.client_gets(200, b"B", at=1).client_gets(200, b"B", at=3)


def test_another_is_not_told_that_a_page_holds_by_when_it_was_changed(
    cached: Make, let_in: LetIn
) -> None:
    let_in.names = ["A", "B"]
    story = cached()
    story.client(GET).upstream_gets(b"GET /a").upstream(ASKED[1] + A_S).client_gets(200, b"A")
    story.client(GET).upstream_gets(b"GET /a", without=b"if-modified-since")
    story.upstream(ASKED[1] + B_S).client_gets(200, b"B")


def test_what_is_asked_in_the_background_is_asked_for_who_is_served(
    cached: Make, let_in: LetIn
) -> None:
    let_in.names = ["A", "B", "A", "A", "B"]
    ok = OF_USER.replace(b"max-age=60", b"max-age=60, stale-while-revalidate=60")
    story = cached()
    for name, body in ((b"A", A_S), (b"B", B_S)):
        story.client(GET).upstream_gets(b"GET /a", field=(USER, name)).upstream(ok + body)
        story.client_gets(200, name)
    story.advance(61.0).client(GET).client_gets(200, b"A")
    story.upstream_gets(b"GET /a", field=(USER, b"A")).upstream(ok + A_S.replace(b"A", b"a"))
    story.client(GET).client_gets(200, b"a").client(GET).client_gets(200, b"B")
    story.upstream_gets(b"GET /a", field=(USER, b"B")).upstream(ok + B_S)


def test_what_another_worker_stores_is_for_whom_it_was_made(cached: Make, let_in: LetIn) -> None:
    let_in.names = ["B", "A"]
    story = cached()
    for _ in range(2):
        story.connects()
    story.locks.others.add(PRIMARY)
    story.client(GET, at=0).client(GET, at=1).advance(0.1, 0.01).upstream_gets_nothing()
    entry = story.entry(b"A", (b"vary", b"X-Forwarded-User"))
    entry.vary = [(USER, b"A")]
    story.store.save(PRIMARY, entry, b"A", story.store.moment())
    story.locks.others.clear()
    story.advance(0.05, 0.01).client_gets(200, b"A", at=1).client_gets_nothing(at=0)
    story.upstream_gets(b"GET /a", field=(USER, b"B")).upstream(OF_USER + B_S)
    story.client_gets(200, b"B", at=0)
