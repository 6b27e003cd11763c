"""Sites of several kinds behind a door with a cache, with the fields that such origins send."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.utils import formatdate
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import pytest

from tests.e2e.conftest import Door
from tests.smuggling.strict import Fields, Request, read_response
from tests.support.site import Site, written

Answer = Callable[[Request], bytes]
CONFIG = """\
workers = 1
log = false
cache_store = {{ memory = true }}
[routes]
"*" = {{ to = "127.0.0.1:{port}", cache = {words} }}
"""
CHANGED = (b"last-modified", formatdate(1_700_000_000, usegmt=True).encode())


class Got(NamedTuple):
    """What a client got. cache: Cache-Status."""

    status: int
    fields: Fields
    body: bytes
    cache: bytes

    def value(self, name: bytes) -> bytes:
        return b", ".join(value for found, value in self.fields if found == name)


class Visited:
    """A site and the door before it. asked: of the origin, as "GET /x"."""

    def __init__(self, site: Site, door: Door) -> None:
        self._site = site
        self._door = door

    @property
    def asked(self) -> list[str]:
        return [f"{each.method.decode()} {each.target.decode()}" for each in self._site.asked]

    @property
    def last(self) -> Request:
        return self._site.asked[-1]

    def wait_until(self, true: Callable[[], object], what: str) -> None:
        self._door.wait_until(true, what)

    def get(self, target: str, *lines: str, method: str = "GET", body: bytes = b"") -> Got:
        head = [f"{method} {target} HTTP/1.1", "Host: a.test", "Connection: close", *lines]
        head += [f"Content-Length: {len(body)}"] if body else []
        got = b""
        with self._door.connect() as connection:
            connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
            while data := connection.recv(65536):
                got += data
        found = read_response(got, method.encode(), True)
        assert found is not None, got
        return Got(found.status, found.fields, found.body, b"".join(found.values(b"cache-status")))


@pytest.fixture
def visit(door: Callable[..., Door]) -> Iterator[Callable[..., Visited]]:
    with ExitStack() as stack:

        def start(answer: Answer, words: str = "true") -> Visited:
            site = stack.enter_context(Site(answer))
            return Visited(site, door(CONFIG.format(port=site.port, words=words)))

        yield start


# --- a blog ------------------------------------------------------------------------------------

NOT_KEPT = (
    (b"expires", b"Wed, 11 Jan 1984 05:00:00 GMT"),
    (b"cache-control", b"no-cache, must-revalidate, max-age=0, no-store, private"),
)
BLOG = (
    '{ ttl = "10m", key = { ignore_query = "tracking" }, '
    'bypass = { cookie = { "wordpress_logged_in_*" = true } } }'
)


def _blog(request: Request) -> bytes:
    cookies = b"".join(request.values(b"cookie"))
    html = ((b"content-type", b"text/html; charset=UTF-8"), (b"vary", b"Accept-Encoding"))
    link = ((b"link", b'<http://a.test/wp-json/>; rel="https://api.w.org/"'),)
    if request.target == b"/wp-login.php":
        session = ((b"set-cookie", b"wordpress_test_cookie=WP%20Cookie%20check; path=/"),)
        return written(request, 200, (*html, *NOT_KEPT, *session), b"log in")
    if request.target == b"/wp-comments-post.php":
        to = ((b"location", b"http://a.test/hello/#comment-2"),)
        return written(request, 302, (*html, *NOT_KEPT, *to), b"")
    if request.target.startswith(b"/wp-content/"):
        fields = ((b"content-type", b"text/css"), (b"cache-control", b"max-age=31536000"))
        return written(request, 200, (*fields, (b"etag", b'"5f-1"'), CHANGED), b"body{}")
    if b"wordpress_logged_in" in cookies:
        return written(request, 200, (*html, *NOT_KEPT, *link), b"Howdy, admin")
    return written(request, 200, (*html, *link), b"a post at " + request.target)


@pytest.fixture
def blog(visit: Callable[..., Visited]) -> Visited:
    return visit(_blog, BLOG)


def test_a_blog_gives_its_pages_to_strangers_from_the_store(blog: Visited) -> None:
    first = blog.get("/hello/", "Cookie: _ga=GA1.2.3")
    again = blog.get("/hello/?utm_source=news&fbclid=x", "Cookie: _ga=GA9.8.7")
    assert first.body == again.body == b"a post at /hello/"
    assert again.cache.startswith(b"Porch; hit")
    assert blog.asked == ["GET /hello/"]


def test_a_blog_shows_its_editors_their_own_pages_and_nobody_else_those(blog: Visited) -> None:
    editor = "Cookie: _ga=1; wordpress_logged_in_abc=admin%7C1"
    blog.get("/hello/")
    assert blog.get("/hello/", editor).body == b"Howdy, admin"
    assert blog.get("/hello/").body == b"a post at /hello/"
    assert blog.get("/new/", editor).body == b"Howdy, admin"
    assert blog.get("/new/").body == b"a post at /new/"


def _as_php(request: Request) -> bytes:
    """It reads names of cookies as PHP does."""
    cookies = b"".join(request.values(b"cookie"))
    plain = unquote_to_bytes(cookies).replace(b".", b"_").replace(b"[", b"_")
    html = ((b"content-type", b"text/html"), (b"vary", b"Accept-Encoding"))
    if b"wordpress_logged_in_" in plain:
        return written(request, 200, html, b"Howdy, admin")
    return written(request, 200, html, b"a post")


@pytest.mark.parametrize(
    "spelled", ["wordpress.logged.in_x", "wordpress[logged_in_x", "wordpress%5Flogged_in_x"]
)
def test_no_spelling_of_his_cookie_has_an_editors_page_kept(
    visit: Callable[..., Visited], spelled: str
) -> None:
    blog = visit(_as_php, BLOG)
    assert blog.get("/hello/", f"Cookie: {spelled}=admin").body == b"Howdy, admin"
    assert blog.get("/hello/").body == b"a post"


def test_a_blog_asks_each_for_his_password_by_itself(blog: Visited) -> None:
    for _ in range(2):
        assert b"wordpress_test_cookie" in blog.get("/wp-login.php").value(b"set-cookie")
    assert blog.asked == ["GET /wp-login.php"] * 2


def test_a_comment_is_seen_by_the_next_reader(blog: Visited) -> None:
    blog.get("/hello/")
    form = "Content-Type: application/x-www-form-urlencoded"
    assert blog.get("/wp-comments-post.php", form, method="POST", body=b"comment=hi").status == 302
    assert b"hit" not in blog.get("/hello/").cache
    assert blog.asked == ["GET /hello/", "POST /wp-comments-post.php", "GET /hello/"]


def test_a_theme_is_asked_for_once_a_version(blog: Visited) -> None:
    for version in ("6.5", "6.5", "6.6", "6.5"):
        assert blog.get(f"/wp-content/themes/x/style.css?ver={version}").body == b"body{}"
    assert len(blog.asked) == 2


# --- a package index -----------------------------------------------------------------------------

WHEEL = hashlib.sha256(b"wheel").digest() * 4096
JSON = "application/vnd.pypi.simple.v1+json"


def _index(request: Request) -> bytes:
    if request.target.startswith(b"/packages/"):
        fields = ((b"cache-control", b"max-age=365000000, immutable, public"), (b"etag", b'"w"'))
        more = ((b"content-type", b"application/octet-stream"), (b"accept-ranges", b"bytes"))
        return written(request, 200, (*fields, *more, CHANGED), WHEEL)
    wants = b"".join(request.values(b"accept"))
    kind = JSON.encode() if JSON.encode() in wants else b"text/html"
    fields = ((b"cache-control", b"max-age=600, public"), (b"vary", b"Accept, Cookie"))
    tag = b'"%b"' % hashlib.sha256(kind).hexdigest()[:16].encode()
    if request.values(b"if-none-match") == [tag]:
        return written(request, 304, (*fields, (b"etag", tag)), b"")
    return written(request, 200, (*fields, (b"etag", tag), (b"content-type", kind)), b"of " + kind)


@pytest.fixture
def index(visit: Callable[..., Visited]) -> Visited:
    return visit(_index)


def test_an_index_is_kept_in_each_of_its_forms(index: Visited) -> None:
    for _ in range(2):
        assert (
            index.get("/simple/porch/", f"Accept: {JSON}").value(b"content-type").endswith(b"json")
        )
        assert index.get("/simple/porch/", "Accept: text/html").body == b"of text/html"
    assert len(index.asked) == 2


def test_an_installer_that_has_it_is_told_so_by_the_door(index: Visited) -> None:
    tag = index.get("/simple/porch/", f"Accept: {JSON}").value(b"etag").decode()
    again = index.get("/simple/porch/", f"Accept: {JSON}", f"If-None-Match: {tag}")
    assert (again.status, again.body, again.value(b"etag").decode()) == (304, b"", tag)
    assert len(index.asked) == 1


def test_an_installer_reads_the_end_of_a_wheel_and_then_all_of_it(index: Visited) -> None:
    whole = index.get("/packages/porch-1.0-py3-none-any.whl")
    end = index.get("/packages/porch-1.0-py3-none-any.whl", "Range: bytes=-2048")
    assert (end.status, end.body) == (206, WHEEL[-2048:])
    assert whole.body == WHEEL
    still = index.get("/packages/porch-1.0-py3-none-any.whl", "Cache-Control: max-age=0")
    assert still.cache.startswith(b"Porch; hit"), "it is immutable"
    assert len(index.asked) == 1


# --- a map ---------------------------------------------------------------------------------------


class Tiles:
    """is_down: whether it answers 503. age: of its answers, which are good for a week."""

    def __init__(self) -> None:
        self.is_down = False
        self.age = 0

    def __call__(self, request: Request) -> bytes:
        if self.is_down:
            return written(request, 503, ((b"retry-after", b"1"),), b"busy")
        week = b"max-age=604800, stale-while-revalidate=604800, stale-if-error=604800"
        fields = ((b"cache-control", week), (b"content-type", b"image/png"), (b"etag", b'"t1"'))
        if request.values(b"if-none-match") == [b'"t1"']:
            return written(request, 304, fields, b"")
        return written(request, 200, (*fields, (b"age", b"%d" % self.age)), b"\x89PNG")


def test_a_tile_that_is_old_is_shown_at_once_and_asked_about_once(
    visit: Callable[..., Visited],
) -> None:
    tiles = Tiles()
    tiles.age = 604_900
    map_ = visit(tiles)
    map_.get("/12/2200/1343.png")
    old = map_.get("/12/2200/1343.png")
    assert old.body == b"\x89PNG"
    assert b"hit" in old.cache
    map_.wait_until(lambda: len(map_.asked) == 2, "the question")
    map_.wait_until(lambda: b"ttl=-" not in map_.get("/12/2200/1343.png").cache, "the answer")
    assert map_.last.values(b"if-none-match") == [b'"t1"']
    assert len(map_.asked) == 2


def test_a_map_is_shown_while_its_origin_is_down(visit: Callable[..., Visited]) -> None:
    tiles = Tiles()
    tiles.age = 604_800 * 2 - 60
    map_ = visit(tiles)
    map_.get("/1/0/0.png")
    tiles.is_down = True
    shown = map_.get("/1/0/0.png", "Cache-Control: no-cache")
    assert (shown.status, shown.body) == (200, b"\x89PNG")
    assert map_.get("/1/0/1.png").status == 503


# --- an API --------------------------------------------------------------------------------------


class Api:
    """Things by their names, each with its version."""

    def __init__(self) -> None:
        self.things = {b"/things/1": b"one"}

    def __call__(self, request: Request) -> bytes:
        fields: Fields = ((b"cache-control", b"no-cache"), (b"vary", b"Accept, Authorization"))
        if request.method == b"PUT":
            self.things[request.target] = request.body
            return written(request, 204, fields, b"")
        thing = self.things.get(request.target)
        if thing is None:
            return written(request, 404, fields, b"{}")
        tag = b'"%b"' % hashlib.sha256(thing).hexdigest()[:12].encode()
        fields += ((b"etag", tag), (b"content-type", b"application/json"))
        if tag in b"".join(request.values(b"if-none-match")):
            return written(request, 304, fields, b"")
        mine = b"".join(request.values(b"authorization"))
        return written(request, 200, fields, thing + mine)


def test_an_api_is_asked_each_time_and_sends_a_body_once_a_version(
    visit: Callable[..., Visited],
) -> None:
    api = visit(Api())
    first = api.get("/things/1")
    second = api.get("/things/1")
    assert first.body == second.body == b"one"
    assert b"fwd-status=304" in second.cache
    tag = first.value(b"etag").decode()
    assert api.get("/things/1", f"If-None-Match: {tag}").status == 304
    assert api.get("/things/1", method="PUT", body=b"two").status == 204
    third = api.get("/things/1", f"If-None-Match: {tag}")
    assert (third.status, third.body) == (200, b"two")
    assert api.asked.count("GET /things/1") == 4


def test_an_api_that_knows_who_asks_is_not_kept_for_others(visit: Callable[..., Visited]) -> None:
    api = visit(Api())
    assert api.get("/things/1", "Authorization: Bearer a").body == b"oneBearer a"
    assert api.get("/things/1", "Authorization: Bearer b").body == b"oneBearer b"
    assert api.get("/things/1").body == b"one"


# --- a film --------------------------------------------------------------------------------------

FILM = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(20_000))


def _film(request: Request) -> bytes:
    """As file servers do: parts where they are asked for."""
    kind = (b"content-type", b"video/mp4")
    fields = ((b"etag", b'"f1"'), CHANGED, (b"accept-ranges", b"bytes"), kind)
    fields += ((b"cache-control", b"public, max-age=86400"),)
    asked = re.fullmatch(rb"bytes=(\d+)-(\d*)", b"".join(request.values(b"range")))
    if asked is None:
        return written(request, 200, fields, FILM)
    first, end = int(asked[1]), int(asked[2] or len(FILM) - 1) + 1
    part = (b"content-range", b"bytes %d-%d/%d" % (first, end - 1, len(FILM)))
    return written(request, 206, (*fields, part), FILM[first:end])


def test_a_film_is_fetched_once_however_its_viewers_move_about(
    visit: Callable[..., Visited],
) -> None:
    film = visit(_film)
    asked = [("bytes=0-1", 0, 2), ("bytes=0-", 0, None), ("bytes=500000-", 500_000, None)]
    asked += [("bytes=100000-199999", 100_000, 200_000), ("bytes=-1000", -1000, None)]
    for words, first, end in asked:
        found = film.get("/film.mp4", f"Range: {words}")
        assert (found.status, found.body) == (206, FILM[first:end]), words
    assert film.get("/film.mp4").body == FILM
    parts = film.get("/film.mp4", "Range: bytes=0-9,600000-600009")
    assert parts.value(b"content-type").startswith(b"multipart/byteranges")
    assert FILM[600_000:600_010] in parts.body
    assert len(film.asked) == 2, "what was not there yet was asked for alone"


def test_a_film_that_has_changed_is_not_put_together_from_two(
    visit: Callable[..., Visited],
) -> None:
    film = visit(_film)
    film.get("/film.mp4", "Range: bytes=0-99")
    other = film.get("/film.mp4", "Range: bytes=50-", 'If-Range: "f0"')
    assert (other.status, other.body) == (200, FILM)
