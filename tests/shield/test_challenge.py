"""Who has to solve a puzzle, and who comes in."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from porch.http.message import Field
from porch.shield.challenge import Challenge, Terms
from porch.shield.challenge_load import Load
from porch.shield.challenge_seal import FRESH, Seal
from porch.shield.crawlers import Crawlers
from tests.support.hands import Hands
from tests.support.scenario import Scenario
from tests.support.solving import puzzle_in, solve

SEAL = Seal(b"0123456789abcdef")
TERMS = Terms(bits=8, lasts=3600.0, exempt=("/api/*", "/hook"))
HTML = b"accept: text/html,*/*\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Browser:
    """A door with a challenge, and a client."""

    def __init__(self, story: Scenario) -> None:
        self.story = story
        self.status = 0
        self.fields: list[Field] = []
        self.body = b""

    def asks(
        self,
        fields: bytes = HTML,
        path: bytes = b"/",
        method: bytes = b"GET",
        host: bytes = b"a.test",
    ) -> int:
        """The status of what the door answers; 200 is the origin's."""
        head = b"%b %b HTTP/1.1\r\nhost: %b\r\n%b\r\n" % (method, path, host, fields)
        self.story.client(head)
        if self.story.upstreams and self.story.upstreams[-1].transport.arrived:
            self.story.upstream_gets(b"%b %b" % (method, path)).upstream(OK)
        message = self.story.clients[-1].read_head(bodiless=method == b"HEAD")
        self.status = int(message.line.split(b" ")[1])
        self.fields, self.body = message.fields, message.body
        return self.status

    def field(self, name: bytes) -> bytes:
        return next((value for each, value in self.fields if each == name), b"")

    def solves(self) -> bytes:
        """The proof for the page that it has, as a field."""
        return b"x-porch-proof: " + solve(*puzzle_in(self.body)) + b"\r\n"

    def has_pass(self) -> bytes:
        """The cookie it was given, as a field."""
        return HTML + b"cookie: a=1; " + self.field(b"set-cookie").partition(b";")[0] + b"\r\n"


@pytest.fixture
def open_with(scenario: Callable[..., Scenario]) -> Callable[..., Browser]:
    def make(**words: Any) -> Browser:
        return Browser(scenario(filters=[Challenge(TERMS, SEAL, **words)]))

    return make


def test_a_browser_solves_the_puzzle_and_comes_in(open_with: Callable[..., Browser]) -> None:
    browser = open_with()
    assert browser.asks() == 403
    assert browser.field(b"cache-control") == b"no-store"
    assert browser.field(b"content-type").startswith(b"text/html")
    assert browser.asks(browser.solves()) == 204
    cookie = browser.field(b"set-cookie")
    assert cookie.endswith(b"; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax")
    assert browser.field(b"cache-control") == b"no-store"
    shown = browser.has_pass()
    assert browser.asks(shown) == 200
    assert browser.asks(shown, host=b"A.test:8080") == 200
    assert browser.asks(shown, host=b"b.test") == 403


def test_over_tls_the_cookie_goes_over_tls_alone(scenario: Callable[..., Scenario]) -> None:
    browser = Browser(scenario(filters=[Challenge(TERMS, SEAL)], tls=True))
    browser.asks()
    browser.asks(browser.solves())
    assert browser.field(b"set-cookie").endswith(b"; Secure")


@pytest.mark.parametrize(("peer", "is_secure"), [(b"192.0.2.7", True), (b"10.0.0.1", False)])
def test_behind_a_trusted_proxy_that_ends_tls_it_does_too(
    open_with: Callable[..., Browser], peer: bytes, is_secure: bool
) -> None:
    browser = open_with(trusts=peer.__eq__)
    browser.story.connects("192.0.2.7")
    browser.asks()
    browser.asks(browser.solves() + b"x-forwarded-proto: https\r\n")
    assert browser.field(b"set-cookie").endswith(b"; Secure") is is_secure


def test_neither_proof_nor_pass_holds_at_another_address(
    open_with: Callable[..., Browser],
) -> None:
    browser = open_with()
    browser.asks()
    proof = browser.solves()
    browser.story.connects("198.51.100.7")
    assert browser.asks(proof) == 403
    browser.story.connects("192.0.2.200")  # of the same /24
    assert browser.asks(proof) == 204
    shown = browser.has_pass()
    browser.story.connects("198.51.100.7")
    assert browser.asks(shown) == 403


def test_both_end(open_with: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch) -> None:
    browser = open_with()
    hands = Hands(monkeypatch)
    browser.asks()
    proof = browser.solves()
    browser.asks(proof)
    shown = browser.has_pass()
    hands.set(hands.wall + FRESH + 2)
    assert browser.asks(proof) == 403
    assert browser.asks(shown) == 200
    hands.set(hands.wall + 3600)
    assert browser.asks(shown) == 403


@pytest.mark.parametrize(
    "fields",
    [
        b"x-porch-proof: AAAA.1\r\n",
        b"x-porch-proof: \r\n",
        HTML + b"cookie: porch-pass=" + b"A" * 28 + b"\r\n",
        HTML + b"cookie: porch-pass=" + b"; porch-pass=" * 1000 + b"\r\n",
        HTML + b"cookie: xporch-pass=1\r\n",
    ],
)
def test_what_is_forged_is_refused(open_with: Callable[..., Browser], fields: bytes) -> None:
    browser = open_with()
    assert browser.asks(fields) == 403
    browser.story.upstream_gets_nothing()


def test_a_pass_among_forged_ones_is_found_but_not_among_many(
    open_with: Callable[..., Browser],
) -> None:
    browser = open_with()
    browser.asks()
    browser.asks(browser.solves())
    own = browser.field(b"set-cookie").partition(b";")[0]
    forged = b"porch-pass=x; "
    assert browser.asks(HTML + b"cookie: " + forged * 3 + own + b"\r\n") == 200
    assert browser.asks(HTML + b"cookie: " + forged * 4 + own + b"\r\n") == 403


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        (b"GET", b"accept: application/json\r\n"),
        (b"GET", b""),
        (b"POST", HTML + b"content-length: 0\r\n"),
        (b"GET", HTML + b"sec-fetch-mode: cors\r\n"),
        (b"GET", HTML + b"upgrade: websocket\r\nconnection: upgrade\r\n"),
    ],
)
def test_who_could_not_solve_it_is_told_why(
    open_with: Callable[..., Browser], method: bytes, fields: bytes
) -> None:
    browser = open_with()
    assert browser.asks(fields, method=method) == 403
    assert browser.body == b"http_request_denied"


def test_paths_for_programs_are_open_and_no_other_by_a_spelling_of_them(
    open_with: Callable[..., Browser],
) -> None:
    browser = open_with()
    for path in (b"/api", b"/api/x", b"/hook?a", b"/robots.txt", b"/.well-known/x"):
        assert browser.asks(b"", path=path) == 200, path
    for path in (
        *(b"/api/../x", b"/api/%2e%2e/x", b"/api/..%2fx", b"/api/%252e%252e/x", b"/api/..;/x"),
        *(
            b"/apix",
            b"/hook/x",
            b"/API/x",
            b"/x?/api/",
            b"/robots.txt/x",
            b"//api/x",
            b"/api//../x",
        ),
    ):
        assert browser.asks(b"", path=path) == 403, path


def test_a_preflight_passes_which_has_no_cookies(open_with: Callable[..., Browser]) -> None:
    browser = open_with()
    asked = b"origin: https://b.test\r\naccess-control-request-method: PUT\r\n"
    assert browser.asks(asked, method=b"OPTIONS") == 200
    assert browser.asks(b"", method=b"OPTIONS") == 403


def test_by_load_nobody_is_asked_until_a_worker_is_busy(open_with: Callable[..., Browser]) -> None:
    load = Load()
    browser = open_with(load=load)
    assert browser.asks() == 200
    load.is_high = True
    assert browser.asks() == 403


class Servers:
    """What runs later, and what it finds out."""

    def __init__(self, verdict: bool) -> None:
        self.verdict = verdict
        self.works: list[Any] = []

    async def find(self, address: str, ends: Sequence[str]) -> bool:
        return self.verdict


@pytest.mark.parametrize(("verdict", "status"), [(True, 200), (False, 403)])
def test_a_crawler_is_let_past_and_who_only_says_so_is_not(
    open_with: Callable[..., Browser], verdict: bool, status: int
) -> None:
    servers = Servers(verdict)
    crawlers = Crawlers(["googlebot"], servers.works.append, servers.find)
    browser = open_with(crawlers=crawlers)
    agent = b"user-agent: Googlebot/2.1\r\n"
    browser.story.client(b"GET / HTTP/1.1\r\nhost: a.test\r\n" + agent + b"\r\n")
    browser.story.client_gets_nothing()

    def found_out() -> None:
        with pytest.raises(StopIteration):
            servers.works.pop().send(None)

    browser.story._do(found_out)
    if verdict:
        browser.story.upstream_gets(b"GET /").upstream(OK)
    browser.story.client_gets(status)
    assert browser.asks(agent) == status, "it is remembered"
    assert not servers.works


def test_it_describes_itself() -> None:
    assert Challenge(TERMS, SEAL).described() == ["browsers do a calculation of 8 bits"]
    crawlers = Crawlers(["googlebot"], None)
    (text,) = Challenge(TERMS, SEAL, Load(), crawlers).described()
    assert text == "while a worker is busy, browsers do a calculation of 8 bits; not googlebot"
