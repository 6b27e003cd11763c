"""Internal routes of a real door: what an origin sends there, and that no client gets there."""

import os
import re
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from tests.e2e.conftest import Client, Door, asked
from tests.smuggling.strict import Request
from tests.support.h2_socket import H2Socket
from tests.support.path_tricks import HOSTS, SECRET, TARGETS
from tests.support.site import Site, written

LARGE = os.urandom(3_000_000)
AUTHORITY = trustme.CA()
GET = b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n"
FIELDS = (
    *(b"X-Accel-Redirect: /protected/a.txt", b"X-Sendfile: /protected/a.txt"),
    *(b"X-Original-URL: /protected/a.txt", b"X-Rewrite-URL: /protected/a.txt"),
    *(b"X-HTTP-Method-Override: GET", b"X-Forwarded-Prefix: /protected"),
    *(b"X-Forwarded-Host: a.b", b"X-Accel-Internal: 1", b"Destination: /protected/a.txt"),
)


class Shop(Site):
    """An origin: a path `/get/x` sends to `/protected/x`, `/file/x` names a file, and so on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(self.respond)

    def respond(self, request: Request) -> bytes:
        path = request.target.partition(b"?")[0]
        kind, _, rest = path[1:].partition(b"/")
        fields: tuple[tuple[bytes, bytes], ...] = ((b"x-accel-buffering", b"no"),)
        if kind == b"get":
            fields += (
                (b"x-accel-redirect", b"/protected/" + rest),
                (b"content-type", b"application/x-shop"),
                (b"content-disposition", b"attachment"),
                (b"set-cookie", b"seen=1"),
                (b"cache-control", b"private"),
                (b"etag", b'"not this"'),
                (b"x-inside", b"1"),
            )
        elif kind == b"tells":
            own = b"http://127.0.0.1:%d" % self.port
            fields += (
                (b"server", b"shop/1.2"),
                (b"x-powered-by", b"python"),
                (b"location", own + b"/next?a=1"),
                (b"link", b"<" + own.replace(b"127.0.0.1", b"localhost") + b"/a>; rel=next"),
                (b"set-cookie", b"a=1; Domain=127.0.0.1; Path=/x"),
            )
        elif kind == b"report":
            fields += self.sent_as_asked(request)
        elif kind == b"file":
            name = os.fsencode(self.folder) + b"/protected/" + rest
            fields += ((b"x-sendfile", name),)
        elif kind == b"to":
            fields += ((b"x-accel-redirect", b"/" + rest),)
        return written(request, 200, fields, b"the shop")

    def sent_as_asked(self, request: Request) -> tuple[tuple[bytes, bytes], ...]:
        """As Rack::Sendfile has a front server send a public file, in the way and at the place that
        the request names (CVE-2025-61780); it merges trailers, and tells no spellings apart."""
        said = {
            re.sub(rb"[^a-z0-9]", b"-", name.lower()): value
            for name, value in (*request.fields, *request.trailers)
        }
        public, _, inside = said.get(b"x-accel-mapping", b"").partition(b"=")
        if said.get(b"x-sendfile-type", b"").lower() != b"x-accel-redirect" or not inside:
            return ()
        return ((b"x-accel-redirect", b"/srv/public/a.txt".replace(public, inside)),)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "srv" / "protected"
    made.mkdir(parents=True)
    (made / "a.txt").write_bytes(SECRET)
    (made / "x y.txt").write_bytes(SECRET)
    (made / "large.bin").write_bytes(LARGE)
    with (made / "huge.bin").open("wb") as file:
        file.truncate(1 << 28)  # more than sockets hold
    (tmp_path / "srv" / "outside.txt").write_bytes(SECRET)
    return tmp_path / "srv"


@pytest.fixture
def running(door: Callable[..., Door], folder: Path, tmp_path: Path) -> Iterator[Door]:
    pair = tmp_path / "pair.pem"
    AUTHORITY.issue_cert("a.test").private_key_and_cert_chain_pem.write_to_path(pair)
    with Shop(folder) as shop, Site(pooled) as pool:
        yield door(
            'listen = ["127.0.0.1:0", "https://127.0.0.1:0"]\nworkers = 1\n'
            f'log = {{ format = "json" }}\ncache_store = {{ memory = true }}\n[routes]\n'
            f'"*" = {{ to = "127.0.0.1:{shop.port}", accel = true }}\n'
            f'"*/closed/*" = "127.0.0.1:{shop.port}"\n'
            f'"*/kept/*" = {{ to = "127.0.0.1:{shop.port}", accel = true, cache = true, '
            "strip = true }\n"
            f'"*/protected/*" = {{ to = "file:{folder}", internal = true }}\n'
            f'"*/pool/*" = {{ to = "127.0.0.1:{pool.port}", internal = true, accel = true }}\n'
            f'"*/hide/*" = {{ to = "127.0.0.1:{shop.port}", hide = true, strip = true }}\n'
            f'[site."a.test"]\ncert = "{pair}"\nkey = "{pair}"\n'
        )


def pooled(request: Request) -> bytes:
    fields = ((b"x-of-pool", b"1"), (b"content-type", b"text/pool"))
    if request.target.startswith(b"/pool/loop"):
        fields += ((b"x-accel-redirect", b"/pool/loop"),)
    elif request.target.startswith(b"/pool/on"):
        fields += ((b"x-accel-redirect", b"/protected/a.txt"),)
    return written(request, 200, fields, b"of the pool " + request.method)


def ask(running: Door, target: bytes, host: bytes = b"a.b") -> tuple[int, bytes, bytes]:
    client = Client(running)
    try:
        return client.send(GET % (target, host)).read_answer()
    finally:
        client.close()


def test_an_origin_has_an_internal_route_answer(running: Door) -> None:
    status, head, body = ask(running, b"/get/a.txt")
    assert (status, body) == (200, SECRET)
    lower = head.lower()
    for kept in (
        b"content-type: application/x-shop",
        b"content-disposition: attachment",
        b"set-cookie: seen=1",
        b"cache-control: private",
    ):
        assert lower.count(kept) == 1, head
    for gone in (b"x-accel", b"not this", b"x-inside", b"protected"):
        assert gone not in lower, head
    assert lower.count(b"etag:") == lower.count(b"content-length:") == 1
    assert lower.count(b"content-type:") == lower.count(b"date:") == 1


def test_what_is_sent_has_ranges_and_conditions(running: Door) -> None:
    client = Client(running)
    client.send(b"GET /get/a.txt HTTP/1.1\r\nHost: a.b\r\nRange: bytes=1-3\r\n\r\n")
    status, head, body = client.read_answer()
    assert (status, body) == (206, SECRET[1:4])
    tag = re.search(rb"(?i)etag: (\S+)", head)
    assert tag is not None
    client.send(b"GET /get/a.txt HTTP/1.1\r\nHost: a.b\r\nIf-None-Match: %b\r\n\r\n" % tag[1])
    assert client.read_head().startswith(b"HTTP/1.1 304 ")
    several = b"GET /get/a.txt HTTP/1.1\r\nHost: a.b\r\nRange: bytes=0-1,4-5\r\n\r\n"
    status, head, _ = client.send(several).read_answer()
    assert status == 206
    assert b"multipart/byteranges" in head
    client.send(b"HEAD /get/a.txt HTTP/1.1\r\nHost: a.b\r\n\r\n")
    assert b"content-length: %d" % len(SECRET) in client.read_head().lower()
    client.send(b"POST /get/a.txt HTTP/1.1\r\nHost: a.b\r\nContent-Length: 2\r\n\r\nhi")
    assert client.read_answer()[2] == SECRET
    client.close()


def test_a_large_file_comes_whole_and_a_client_that_leaves_ends_it(running: Door) -> None:
    assert ask(running, b"/get/large.bin")[2] == LARGE
    client = Client(running)
    client.send(GET % (b"/get/huge.bin", b"a.b")).read_head()
    client.close()
    running.wait_until(lambda: "client_gone" in running.log, "the end")
    assert ask(running, b"/get/a.txt")[2] == SECRET
    assert running.ask("status")  # it still answers


def test_a_file_is_named_by_its_place_too(running: Door) -> None:
    assert ask(running, b"/file/a.txt")[2] == SECRET
    for elsewhere in (b"/file/../outside.txt", b"/file/nothing"):
        status, head, body = ask(running, elsewhere)
        assert status in (400, 404, 502), head
        assert SECRET not in body


def test_an_answer_tells_nothing_of_its_origin(running: Door) -> None:
    lower = ask(running, b"/hide/tells")[1].lower()
    for gone in (b"shop", b"python", b"127.0.0.1", b"localhost", b"x-accel", b"domain"):
        assert gone not in lower, lower
    for said in (b"server: porch", b"location: /hide/next?a=1", b"link: </a>; rel=next"):
        assert lower.count(said) == 1, lower
    assert b"set-cookie: a=1; path=/hide/x" in lower


def test_an_internal_route_may_lead_to_a_pool_and_on(running: Door) -> None:
    status, head, body = ask(running, b"/to/pool/x")
    assert (status, body) == (200, b"of the pool GET")
    assert b"x-of-pool: 1" in head
    assert ask(running, b"/to/pool/on")[2] == SECRET


def test_a_loop_ends(running: Door) -> None:
    status, head, _ = ask(running, b"/to/pool/loop")
    assert status == 502
    assert b"proxy_loop_detected" in head


def test_what_is_no_internal_route_is_not_sent_to(running: Door) -> None:
    for inside in (b"nowhere", b"closed/x", b"protected/%2e%2e/outside.txt", b"/x"):
        status, _, body = ask(running, b"/to/" + inside)
        assert status in (400, 502), inside
        assert SECRET not in body


def test_what_is_not_there_is_404_and_nothing_of_the_origins_is_said_of_it(running: Door) -> None:
    status, head, body = ask(running, b"/get/none.txt")
    assert status == 404
    assert b"protected" not in head + body
    html = b"GET /get/none.txt HTTP/1.1\r\nHost: a.b\r\nAccept: text/html\r\n\r\n"
    assert b"/get/none.txt" in (page := asked(running, html))
    assert b"protected" not in page
    assert b"set-cookie: seen=1" in head.lower()
    assert b"attachment" not in head


def test_an_origin_that_may_not_is_not_heard_and_tells_no_path(running: Door) -> None:
    status, head, body = ask(running, b"/closed/get/a.txt")
    assert (status, body) == (200, b"the shop")
    assert b"x-accel" not in head.lower()


def test_what_is_sent_from_inside_is_cached_as_any_answer(running: Door) -> None:
    """What says `private` is not, what says nothing of it is."""
    assert ask(running, b"/kept/get/a.txt")[2] == SECRET
    for _ in range(2):
        assert ask(running, b"/kept/file/large.bin")[2] == LARGE
        assert ask(running, b"/kept/file/none.txt")[0] == 404
        assert ask(running, b"/kept/to/nowhere")[0] == 502
        status, head, body = ask(running, b"/kept/file/a.txt")
        assert (status, body) == (200, SECRET)
        assert b"x-sendfile" not in head.lower()
        assert str(len(SECRET)).encode() in head


def test_no_spelling_of_a_path_leads_inside(running: Door) -> None:
    assert len(TARGETS) >= 60
    passes = [each for each in TARGETS if SECRET in asked(running, GET % (each, b"a.b"))]
    assert not passes
    assert SECRET in asked(running, GET % (b"/get/a.txt", b"a.b")), "it can be told"


def test_nor_by_http_2(running: Door) -> None:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    passes = []
    for target in TARGETS:
        with H2Socket(running.ports[1], context) as client:
            number = client.asks(target)
            answer = client.answers[number]
            client.until(
                lambda answer=answer: answer.ended or answer.reset is not None or client.aways
            )
        passes += [target] * (SECRET in answer.body)
    assert not passes
    with H2Socket(running.ports[1], context) as client:
        assert SECRET in client.answered(client.asks(b"/get/a.txt")).body, "it can be told"


def test_no_spelling_of_a_host_does(running: Door) -> None:
    path = b"/protected/a.txt"
    assert not [each for each in HOSTS if SECRET in asked(running, GET % (path, each))]


ASKING = (b"%b: X-Accel-Redirect\r\n", b"%b: /srv/public/=/protected/\r\n")


@pytest.mark.parametrize("mark", [b"-", b"_", b".", b"~"])
@pytest.mark.parametrize("is_behind", [False, True])
def test_no_client_tells_an_origin_which_file_to_have_sent(
    running: Door, mark: bytes, is_behind: bool
) -> None:
    names = (b"X-Sendfile-Type", b"X-Accel-Mapping")
    lines = [each % name.replace(b"-", mark) for each, name in zip(ASKING, names, strict=True)]
    head = b"POST /report HTTP/1.1\r\nHost: a.b\r\nTransfer-Encoding: chunked\r\n"
    told = b"".join(lines)
    request = head + b"\r\n0\r\n" + told if is_behind else head + told + b"\r\n0\r\n"
    answer = asked(running, request + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert SECRET not in answer


def test_no_method_and_no_field_of_a_client_does(running: Door) -> None:
    get = GET % (b"/protected/a.txt", b"a.b")
    for method in (b"HEAD", b"POST", b"PUT", b"OPTIONS", b"DELETE", b"get", b"X"):
        head = asked(running, get.replace(b"GET", method))
        assert head[9:12] in (b"404", b"400", b"501"), head
    for field in FIELDS:
        for path in (b"/x", b"/protected/a.txt"):
            request = (GET % (path, b"a.b"))[:-2] + field + b"\r\n\r\n"
            assert SECRET not in asked(running, request)
