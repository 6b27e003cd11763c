"""What stands in fields and before messages, damaged: each parser says what it means or refuses it,
raises nothing else, and nobody is let in by damage.

Some seconds each in the ordinary run, ten minutes each in `make soak`.
"""

import base64
import ipaddress
import random
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from porch import clock
from porch.errors import BadRequest
from porch.forward.headers import Forwarding, ForwardingHeaders
from porch.http.accept_encoding import weights
from porch.http.dates import http_date
from porch.http.fields import tokens
from porch.http.grpc import call_timeout
from porch.http.message import Trailers
from porch.http.ranges import wanted
from porch.http.target import check_authority, split_absolute
from porch.http.websocket import Frames
from porch.identity import Identity
from porch.listen.proxy_protocol import LONGEST, BadHeader, decode
from porch.listen.trust import Trust
from porch.observe.negotiate import page_kind
from porch.route.condition import READERS
from porch.shield import basic
from porch.shield.api_key import ApiKeys, Known
from porch.shield.auth import Judge
from porch.shield.auth_failures import MOST_FORGERIES, Failures
from porch.shield.basic import Basic, Passwords
from porch.shield.cors import Cors, CorsRules, OriginRefused
from porch.shield.csrf import CrossSite, CrossSiteRefused
from porch.shield.jwt import Jwt, JwtRules
from porch.shield.jwt_claims import Terms
from porch.shield.jwt_keys import keys_of_set
from porch.shield.jwt_token import BadToken, taken_apart
from porch.shield.limit_keys import by_client, by_host, by_value, together
from porch.shield.origins import Origins
from porch.tls.hello import UNKNOWN, read_hello
from tests.support.damaged_words import damaged, fields_of, last
from tests.support.hooks import FakeExchange, seen
from tests.support.tokens import EC, NOW, RSA, key_set, signed

SOME, LONG = 4.0, 600.0
"""Seconds of each parser."""
Chance = random.Random
CLIENT = b"192.0.2.7"
JUDGE = Judge([], {b"x-forwarded-user": "user"})
PORCH = "https://app.example.com"


def asking(fields: list[tuple[bytes, bytes]], **more: Any) -> FakeExchange:
    exchange: Any = FakeExchange(fields=fields, **more)
    exchange.client_ip = CLIENT
    exchange.identity = None
    return exchange  # type: ignore[no-any-return]


# --- who one is ----------------------------------------------------------------------------------

PASSWORD = b"correct-horse"
BASIC = base64.b64encode(b"ann:" + PASSWORD)
PASSWORDS = {
    b"authorization": [b"Basic " + BASIC, b"basic  " + BASIC, b"Basic YW5uOg==", b"Bearer " + BASIC]
}
_way = Basic({"ann": PASSWORD.decode()}, JUDGE, Passwords(None), "x")


def password(chance: Chance) -> None:
    """Who is let in has said the very name and password."""
    fields = fields_of(chance, PASSWORDS, 2)
    verdict = _way.identify(seen(asking(fields)))
    if isinstance(verdict, Identity):
        said = [value[6:].strip() for _, value in fields if value[:6].lower() == b"basic "]
        assert [base64.b64decode(each) for each in said] == [b"ann:" + PASSWORD], fields


KEY = b"pk_of-the-partner"
KEYS = {b"x-api-key": [KEY, b"pk_of", b"", KEY + KEY], b"x_api_key": [KEY]}
QUERIES = [b"/?api_key=" + KEY, b"/?a=1&api_key=" + KEY + b"&b", b"/?API_KEY=" + KEY, b"/a?b"]
_keys = ApiKeys([Known("partner", sha256(KEY).digest())], JUDGE, query=b"api_key")


def api_key(chance: Chance) -> None:
    """Who is let in has said the very key, and nothing of it is left in the target."""
    fields = fields_of(chance, KEYS)
    target = b"/" + damaged(chance, QUERIES).lstrip(b"/").translate(None, b" \r\n\0")
    exchange = asking(fields, target=target)
    verdict = _keys.identify(seen(exchange))
    if isinstance(verdict, Identity):
        said = [value for name, value in fields if name == b"x-api-key"]
        assert KEY in [*said, *map(unquote_to_bytes, target.replace(b"&", b"=").split(b"="))]
        assert set(said) <= {KEY}
    path, _, query = exchange.request.target.partition(b"?")
    assert not any(each.startswith(b"api_key=") for each in query.split(b"&")), target
    assert target.startswith(path)


TOKEN = signed(RSA)
TOKENS = [TOKEN, signed(EC, "ES256"), signed(RSA, payload={"sub": "eve", "exp": NOW - 9}), b"a.b.c"]
BEARER = {
    b"authorization": [b"Bearer " + each for each in TOKENS],
    b"cookie": [b"a=1; t=" + each + b"; b=2" for each in TOKENS],
}
_jwt = Jwt(
    JwtRules(
        algorithms=("RS256", "ES256"), terms=Terms(audiences=("door",)), cookie=b"t", realm="x"
    ),
    keys_of_set(key_set(RSA, EC)),
    JUDGE,
    Failures("forged tokens", MOST_FORGERIES),
)


def token(chance: Chance) -> None:
    """Who is let in has a token as it was signed, byte by byte; taking one apart says BadToken."""
    with suppress(BadToken):
        found = taken_apart(damaged(chance, TOKENS))
        assert isinstance(found.algorithm, str)
        assert isinstance(found.key_id, str)
    fields = fields_of(chance, BEARER, 2)
    exchange = asking(fields)
    exchange.client_ip = b"%d" % chance.randrange(1 << 30)  # type: ignore[attr-defined]
    if isinstance(_jwt.identify(seen(exchange)), Identity):
        assert any(each in value for _, value in fields for each in TOKENS[:2]), fields


# --- from where one comes ------------------------------------------------------------------------

CHAINS = {
    b"x-forwarded-for": [
        b"198.51.100.1, 10.0.0.1",
        b"2001:db8::1",
        b'"[::1]:80"',
        b"unknown, 10.1",
    ],
    b"forwarded": [b"for=198.51.100.1;proto=https", b'for="[2001:db8::1]:80", for=10.0.0.1'],
}
_trust = Trust([ipaddress.ip_network("10.0.0.0/8")])


def chain(chance: Chance) -> None:
    """Who is believed to be what: always an address, and nothing in front of what a proxy has
    written changes it."""
    fields = fields_of(chance, CHAINS)
    assert _trust.client_ip(CLIENT, asking(fields).request) == CLIENT
    found = _trust.client_ip(b"10.0.0.1", asking(fields).request)
    assert str(ipaddress.ip_address(found.decode())).encode() == found, fields
    vouched = [*fields, (b"x-forwarded-for", b"203.0.113.9, 10.0.0.2")]
    assert _trust.client_ip(b"10.0.0.1", asking(vouched).request) == b"203.0.113.9"


HEADERS = [
    b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\nGET",
    b"PROXY TCP6 2001:db8::1 ::1 1 65535\r\n",
    b"PROXY UNKNOWN what ever\r\n",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12) + b"GET",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x28" + bytes(40),
    b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x31\0\xd8" + bytes(216),
]


def proxy_header(chance: Chance) -> None:
    """A header, a refusal, or patience that ends; however it is cut it is the same."""
    data = damaged(chance, HEADERS)
    verdict = _announced(data)
    cut = chance.randrange(len(data) + 1)
    early = _announced(data[:cut])
    assert early in (None, verdict) or (early is False and verdict is False), data
    if verdict is None:
        assert len(data) < LONGEST
    elif verdict:
        assert verdict.size <= min(LONGEST, len(data))
        for end in (verdict.source, verdict.destination):
            if end is not None:
                ipaddress.ip_address(end[0])
                assert 0 <= end[1] < 65536


def _announced(data: bytes) -> Any:
    """What `decode` says; False for a refusal."""
    try:
        return decode(data)
    except BadHeader:
        return False


SITES = {
    b"origin": [
        PORCH.encode(),
        b"http://a.test",
        b"https://x.example.org",
        b"null",
        b"http://b.test",
    ],
    b"sec-fetch-site": [b"same-origin", b"none", b"cross-site", b"same-site"],
    b"access-control-request-method": [b"PUT", b"GET"],
    b"access-control-request-headers": [b"x-a, x-b", b"content-type"],
}
_origins = Origins([PORCH, "https://*.example.org"])
_csrf = CrossSite(_origins)
_cors = Cors(CorsRules(origins=_origins, credentials=True))


def page(chance: Chance) -> None:
    """No page of another site changes anything or reads an answer."""
    fields = fields_of(chance, SITES)
    values = {name: [value for each, value in fields if each == name] for name in SITES}
    origin, site = values[b"origin"], values[b"sec-fetch-site"]
    named = origin == [PORCH.encode()] or (
        len(origin) == 1 and origin[0].startswith(b"https://") and b".example.org" in origin[0]
    )
    own = not origin or origin[0] in (b"http://a.test", b"http://a.test:80", b"https://a.test")
    own = own or origin[0] == b"https://a.test:443"
    with suppress(CrossSiteRefused):
        _csrf.on_request(seen(asking(fields, method=b"POST")))
        passes = named or site in ([b"same-origin"], [b"none"]) or (not site and own)
        assert passes, fields
        assert len(origin) < 2
    exchange = asking(fields, method=chance.choice((b"GET", b"OPTIONS")))
    with suppress(OriginRefused):
        _cors.on_request(seen(exchange))
    exchange.response.fields = []
    _cors.on_response(seen(exchange))
    said = [value for name, value in exchange.response.fields if name.endswith(b"allow-origin")]
    assert said in ([], origin)
    assert not said or named, fields
    assert not any(b"\r" in value or b"\n" in value for _, value in exchange.response.fields)


# --- what is asked for ---------------------------------------------------------------------------

WORDS = {
    b"cookie": [b"a=1; sid=s1; b=2", b'sid="x"', b"sid", b"=; sid="],
    b"x-api-key": [b"k1", b""],
    b"accept": [b"text/html;q=0.9, */*;q=0.1", b"application/json"],
    b"accept-encoding": [b"gzip, br;q=0.5, *;q=0", b"x-gzip;q=1.000"],
    b"range": [b"bytes=0-4", b"bytes=-5,3-", b"bytes=1-2,5-9,"],
    b"if-modified-since": [b"Sun, 06 Nov 1994 08:49:37 GMT", b"Sunday, 06-Nov-94 08:49:37 GMT"],
    b"grpc-timeout": [b"10S", b"99999999H", b"1n"],
    b"connection": [b"close, x-forwarded-user", b"keep-alive"],
}
_readers = {"header": b"x-api-key", "cookie": b"sid", "query": b"user"}
_counted = together(
    [by_client, by_host, *map(by_value, ("header", "cookie"), (b"x-api-key", b"sid"))]
)


def value(chance: Chance) -> None:
    """Values of fields, and keys of limits made of them."""
    fields = fields_of(chance, WORDS, 6)
    query = damaged(chance, [b"user=a%20b", b"a=1&user=x", b"user", b"&&user=+"])
    exchange = asking(fields, target=b"/?" + query)
    for source, name in _readers.items():
        found = READERS[source](exchange.request, name)  # type: ignore[index]
        assert found is None or isinstance(found, bytes)
    key = _counted(seen(exchange))
    assert isinstance(key, bytes)
    assert len(key) < 40_000
    for name, text in fields:
        if name == b"accept":
            assert isinstance(page_kind(text), str)
        elif name == b"accept-encoding":
            assert all(0 <= weight <= 1000 for weight in weights(text).values())
        elif name == b"range":
            assert all(0 <= first < end <= 1000 for first, end in wanted(text, 1000) or ())
        elif name == b"if-modified-since":
            assert isinstance(http_date(text, NOW), float | None)
        elif name == b"connection":
            assert all(isinstance(each, bytes) for each in tokens(text))
    with suppress(BadRequest):
        seconds = call_timeout(fields)
        assert seconds is None or 0 <= seconds < 1e12


AUTHORITIES = [
    b"a.test",
    b"A.test:8080",
    b"[::1]:80",
    b"a.test.",
    b"xn--bcher-kva.example",
    b"1.2.3.4",
]


def authority(chance: Chance) -> None:
    """A host is a host, whole."""
    text = damaged(chance, AUTHORITIES)
    with suppress(BadRequest):
        assert check_authority(text) == text
        assert not set(text) & set(b"/?#@\\ \t\r\n\0%,") - set(b",")
        assert len(text) <= 260
    with suppress(BadRequest):
        target = damaged(chance, [b"http://a.test/x?y", b"HTTPS://a.test:1", b"http://a.test?x"])
        scheme, host, rest = split_absolute(target, b"GET")
        assert scheme in (b"http", b"https")
        assert rest[:1] in (b"/", b"*")
        assert host == check_authority(host)


NAMES = [b"x-forwarded-user", b"x_forwarded_user", b"x-forwarded-for", b"x-email", b"accept", b"x"]
_TOKENS = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
_headers = ForwardingHeaders(Forwarding(withheld=frozenset((b"x-forwarded-user",))))


def name(chance: Chance) -> None:
    """No name goes behind the door that an origin could take for one of the door's own."""
    found = [
        bytes(each for each in damaged(chance, NAMES).lower() if each in _TOKENS) or b"x"
        for _ in range(3)
    ]
    trailers = Trailers([(each, b"root") for each in found])
    exchange: Any = asking([])
    exchange.client = type("Client", (), {"peer": CLIENT, "port": b"80"})
    _headers.on_request_trailers(exchange, trailers)
    for passed, _ in trailers.fields:
        alike = bytes(each if chr(each).isalnum() else 45 for each in passed)
        assert alike not in (b"x-forwarded-user", b"x-forwarded-for"), found
        assert b"_" not in passed


HELLO = (
    bytes.fromhex("160301003b010000370303")
    + bytes(32)
    + bytes.fromhex("0000021301010000 0c 0000 0008 0006 00 0003 612e62".replace(" ", ""))
)


def hello(chance: Chance) -> None:
    """A hello is read, broken, or waited for; however it is cut."""
    data = damaged(chance, [HELLO, HELLO[:30], b"GET / HTTP/1.1\r\n\r\n"])
    whole = read_hello(data)
    if whole is not None and whole is not UNKNOWN:
        assert len(whole.name) < 256
        assert read_hello(data + b"more") is not None
    for at in range(0, len(data), 7):
        early = read_hello(data[:at])
        assert early is None or whole is not None


def frames(chance: Chance) -> None:
    """Frames of WebSocket are counted alike, however they are cut."""
    data = damaged(
        chance, [b"\x81\x83abcdxyz", b"\x88\x82abcd\x03\xe8", b"\x82\xfe\x01\x00" + bytes(260)]
    )
    whole, cut = Frames(masked=True), Frames(masked=True)
    whole.feed(data)
    at = chance.randrange(len(data) + 1)
    cut.feed(data[:at])
    cut.feed(data[at:])
    assert (whole.closed, whole.at_boundary) == (cut.closed, cut.at_boundary), (data, at)


KINDS = [
    *(password, api_key, token, chain, proxy_header, page, value, authority, name, hello, frames),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time stands, and a password is compared at once: it is not the hash that is tried here."""
    monkeypatch.setattr(clock, "wall", lambda: NOW)
    monkeypatch.setattr(basic, "verify", lambda hashed, shown: hashed.encode() == shown)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_words_for_some_seconds_let_nobody_in(kind: Callable[[Chance], None]) -> None:
    assert last(kind, SOME, 0) > 100


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", KINDS)
def test_nor_do_they_for_ten_minutes(kind: Callable[[Chance], None]) -> None:
    assert last(kind, LONG, 1 << 40) > 100


def test_some_of_them_do_let_in() -> None:
    """Else the tests above would only try the refusals."""
    chance = random.Random(3)
    found = [_way.identify(seen(asking(fields_of(chance, PASSWORDS, 1)))) for _ in range(500)]
    assert sum(isinstance(each, Identity) for each in found) > 20
    found = [_jwt.identify(seen(asking(fields_of(chance, BEARER, 1)))) for _ in range(500)]
    assert sum(isinstance(each, Identity) for each in found) > 20
    hellos = [read_hello(damaged(chance, [HELLO])) for _ in range(500)]
    assert sum(each is not None and each.name == "a.b" for each in hellos) > 50
    headers = [_announced(damaged(chance, HEADERS)) for _ in range(500)]
    assert sum(bool(each) for each in headers) > 50
