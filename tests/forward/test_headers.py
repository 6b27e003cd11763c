"""What an origin is told about the client, field by field."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.exchange import Exchange
from porch.forward.headers import (
    ADDRESSES,
    CERTIFICATE_FAMILIES,
    CERTIFICATES,
    CLAIM_FAMILIES,
    CLAIMS,
    IDENTITIES,
    IDENTITY_FAMILIES,
    STEERING,
    STEERING_FAMILIES,
    Forwarding,
    ForwardingHeaders,
)
from porch.http.h1_encode import request_head
from porch.http.message import Field, Repeats, RequestHead, Trailers
from porch.route.route import Route


class Client:
    """The client's stream, as far as it is asked here."""

    def __init__(self, peer: bytes) -> None:
        self.peer = peer
        self.port = b"443"


def sent(
    *fields: Field,
    peer: bytes = b"192.0.2.7",
    scheme: bytes = b"https",
    version: bytes = b"1.1",
    client_ip: bytes = b"",
    **forwarding: Any,
) -> list[Field]:
    """The fields that go out for a request with `fields`, whether it repeats another or not.
    client_ip: what was found with `trust`, where it is not the peer."""
    forwarding.setdefault("via", b"")
    headers = ForwardingHeaders(Forwarding(**forwarding))
    head = RequestHead(b"GET", b"/", b"x.test", scheme, list(fields), version=version)
    went = outgoing(headers, head, peer, client_ip).fields
    assert head.fields == list(fields), "the request itself stays as it came"
    head.repeats = Repeats()
    for _ in range(3):
        again = outgoing(headers, head, peer, client_ip)
        assert again.fields == went
        assert request_head(again).count(b"\r\n") == len(went) + 3
        again.fields.append((b"x-client-cert", b"of a later hook"))
        assert b"x-client-cert: of a later hook\r\n" in request_head(again)
    return went


def outgoing(
    headers: ForwardingHeaders,
    head: RequestHead,
    peer: bytes = b"192.0.2.7",
    client_ip: bytes = b"",
    id: bytes = b"",
    **others: bytes,
) -> RequestHead:
    """What goes out for a request. id: of the exchange. others: attributes of what goes out, set
    by an earlier hook."""
    client: Any = Client(peer)
    keeper: Any = None
    exchange = Exchange(keeper, client, head, Route(key="*"), client_ip or peer)
    exchange.id = id
    exchange.outgoing = went = RequestHead(
        head.method, head.target, head.authority, head.scheme, head.fields, version=head.version
    )
    for name, value in others.items():
        setattr(went, name, value)
    headers.on_upstream_request(exchange)
    return went


OURS = [
    (b"x-forwarded-for", b"192.0.2.7"),
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-host", b"x.test"),
    (b"x-forwarded-port", b"443"),
    (b"x-real-ip", b"192.0.2.7"),
]


def yes(peer: bytes) -> bool:
    return True


def test_what_was_made_for_a_repeated_head_is_for_the_same_alone() -> None:
    headers = ForwardingHeaders(Forwarding())
    head = RequestHead(b"GET", b"/", b"x.test", b"https", [(b"accept", b"*/*")], version=b"2")
    head.repeats = Repeats()

    def lines(**others: Any) -> list[bytes]:
        return sorted(b"%b=%b" % field for field in outgoing(headers, head, **others).fields)

    usual = lines()
    assert b"x-forwarded-host=y.test" in lines(authority=b"y.test")
    assert b"x-forwarded-for=192.0.2.8" in lines(peer=b"192.0.2.8")
    assert b"x-forwarded-proto=http" in lines(scheme=b"http")
    assert b"via=1.1 porch" in lines(version=b"1.1")
    assert b"x=1" in lines(fields=[(b"x", b"1")])
    head.fields.append((b"x", b"2"))  # by a hook, in place
    assert b"x=2" in lines()
    head.fields.pop()
    assert lines() == usual
    assert outgoing(ForwardingHeaders(Forwarding(via=b"")), head).fields[-1][0] != b"via"


VALUES = (b"/1", b"/2", b"")
NAMES = (b"accept", b"via", b"referer", b"x-real-ip", b"cookie", b"x_under")
FIELDS = [(name, value) for name in NAMES for value in VALUES]
"""The same objects each time, as decoders remember them."""


@given(st.lists(st.lists(st.sampled_from(FIELDS), max_size=4), min_size=2, max_size=8))
def test_heads_that_differ_a_little_go_out_as_if_each_were_the_first(
    heads: list[list[Field]],
) -> None:
    headers, repeats = ForwardingHeaders(Forwarding(tells_id=True)), Repeats()
    for fields in heads:
        head = RequestHead(b"GET", b"/", b"x.test", b"https", fields)
        fresh = outgoing(headers, head, id=b"a-1")
        head.repeats = repeats
        went = outgoing(headers, head, id=b"a-1")
        assert went.fields == fresh.fields
        assert request_head(went) == request_head(fresh)


@given(
    st.sampled_from(FIELDS),
    st.sampled_from(FIELDS),
    st.lists(st.tuples(st.sampled_from((0, 1, 2)), st.sampled_from(VALUES)), max_size=12),
)
def test_values_may_turn_here_and_there_in_any_order(
    before: Field, behind: Field, turns: list[tuple[int, bytes]]
) -> None:
    headers, repeats = ForwardingHeaders(Forwarding(tells_id=True)), Repeats()
    fields = [before, FIELDS[6], behind]
    for place, value in [(1, b"/1"), *turns]:
        fields[place] = FIELDS[FIELDS.index((fields[place][0], value))]
        head = RequestHead(b"GET", b"/", b"x.test", b"https", [*fields])
        fresh = outgoing(headers, head, id=b"a-1")
        head.repeats = repeats
        went = outgoing(headers, head, id=b"a-1")
        assert went.fields == fresh.fields
        assert request_head(went) == request_head(fresh)


def test_of_the_next_page_of_a_browser_nothing_is_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    headers, repeats = ForwardingHeaders(Forwarding()), Repeats()
    for number in range(4):
        fields = [(b"accept", b"*/*"), (b"referer", b"/%d" % number), (b"dnt", b"1")]
        head = RequestHead(b"GET", b"/", b"x.test", b"https", fields)
        head.repeats = repeats
        went = outgoing(headers, head)
        assert went.fields[:3] == fields
        assert b"\r\naccept: */*\r\nreferer: /%d\r\ndnt: 1\r\n" % number in request_head(went)
        monkeypatch.setattr(ForwardingHeaders, "_anew", None)


@pytest.mark.parametrize("name", [b"x-real-ip", b"x-forwarded-for", b"via"])
def test_a_word_of_the_doors_own_is_not_taken_for_one_that_came(name: bytes) -> None:
    headers, repeats = ForwardingHeaders(Forwarding()), Repeats()
    for value in (b"192.0.2.7", b"6.6.6.6"):  # the first is what the door says, too
        head = RequestHead(b"GET", b"/", b"x.test", b"https", [(name, value)])
        fresh = outgoing(headers, head)
        head.repeats = repeats
        assert outgoing(headers, head).fields == fresh.fields


def test_what_is_kept_of_repeated_heads_is_bounded() -> None:
    head = RequestHead(b"GET", b"/", b"x.test", b"https", [])
    head.repeats = Repeats()
    for _ in range(50):
        outgoing(ForwardingHeaders(Forwarding()), head)
        assert len(head.repeats) <= 8


def test_five_fields_are_set() -> None:
    assert sent((b"accept", b"*/*")) == [(b"accept", b"*/*"), *OURS]


@pytest.mark.parametrize("name", sorted(CLAIMS))
@pytest.mark.parametrize("trusts", [None, lambda peer: False])
def test_claims_are_dropped_in_every_spelling(name: bytes, trusts: object) -> None:
    claimed = [(name, b"evil"), (name.replace(b"-", b"_"), b"evil")]
    assert sent(*claimed, trusts=trusts) == OURS
    assert sent(*claimed, trusts=trusts, underscores=True) == OURS


FORWARDED = (
    *("access-token", "base", "by", "client-cert", "client-ip", "context", "email", "for"),
    *("for-original", "groups", "host", "hostname", "https", "method", "original-path", "path"),
    *("port", "prefix", "proto", "proto-version", "protocol", "query", "request-uri", "root"),
    *("scheme", "script-name", "server", "ssl", "tls-client-cert", "tls-version", "uri", "url"),
    *("user", "that-nobody-knows"),
)
OTHERS = (
    *("CF-Connecting-IP", "CF-Connecting-IPv6", "CF-Visitor", "Client-IP", "Fastly-Client-IP"),
    *("Fly-Client-IP", "Forwarded", "Forwarded-For", "Forwarded-For-Ip", "Front-End-Https"),
    *("HTTP-X-Forwarded-For", "Proxy-Client-IP", "Remote-Addr", "Surrogate-Capability"),
    *("True-Client-IP", "WL-Proxy-Client-IP", "X-Appengine-User-IP", "X-Azure-ClientIP"),
    *("X-Client-IP", "X-Cluster-Client-IP", "X-Custom-IP-Authorization", "X-Forward-For"),
    *("X-Envoy-Decorator-Operation", "X-Envoy-External-Address", "X-Envoy-Internal"),
    *("X-Envoy-Original-Path", "X-Envoy-Retry-On", "X-Envoy-Upstream-Rq-Timeout-Ms", "X-Host"),
    *("X-HTTP-Forwarded-For", "X-Original-Forwarded-For", "X-Original-Host", "X-Original-URI"),
    *("X-Original-URL", "X-Originating-IP", "X-ProxyUser-Ip", "X-Real-IP", "X-RealIP"),
    *("X-Remote-Addr", "X-Remote-IP", "X-Rewrite-URL", "X-Scheme", "X-Sucuri-ClientIP"),
    *("X-Url-Scheme", "X-Vercel-Forwarded-For"),
)
CORPUS = [*(f"X-Forwarded-{each}" for each in FORWARDED), *OTHERS]


@pytest.mark.parametrize("name", [each.lower().encode() for each in CORPUS])
def test_nothing_passes_that_looks_like_x_forwarded(name: bytes) -> None:
    for spelled in (name, name.replace(b"-", b"_"), name.replace(b"-", b".")):
        for underscores in (False, True):
            assert sent((spelled, b"evil"), underscores=underscores) == OURS
    headers = ForwardingHeaders(Forwarding())
    client: Any = Client(b"192.0.2.7")
    keeper: Any = None
    head = RequestHead(b"POST", b"/", b"x.test", b"http", [], None)
    behind = Trailers([(name, b"evil")])
    exchange = Exchange(keeper, client, head, Route(key="*"), b"192.0.2.7")
    headers.on_request_trailers(exchange, behind)
    assert behind.fields == []


@pytest.mark.parametrize("family", CLAIM_FAMILIES)
def test_of_a_trusted_proxy_the_rest_of_a_family_passes(family: bytes) -> None:
    """What it says of its own, as the path before it was rewritten, is for the origin."""
    field = (family + b"path-before", b"/a")
    assert field in sent(field, trusts=yes)


def test_underscores_pass_only_by_the_setting() -> None:
    assert sent((b"a_b", b"1")) == OURS
    assert sent((b"a_b", b"1"), underscores=True) == [(b"a_b", b"1"), *OURS]


def test_what_a_trusted_peer_says_stands() -> None:
    fields = sent(
        (b"x-forwarded-for", b"203.0.113.9, 198.51.100.1"),
        (b"x-forwarded-for", b"198.51.100.2"),
        (b"x-forwarded-proto", b"http"),
        (b"x-forwarded-host", b"shop.test"),
        (b"x-forwarded-port", b"8443"),
        (b"x-forwarded-ssl", b"on"),
        trusts=yes,
        client_ip=b"198.51.100.2",
    )
    assert fields == [
        (b"x-forwarded-ssl", b"on"),
        (b"x-forwarded-for", b"203.0.113.9, 198.51.100.1, 198.51.100.2, 192.0.2.7"),
        (b"x-forwarded-proto", b"http"),
        (b"x-forwarded-host", b"shop.test"),
        (b"x-forwarded-port", b"8443"),
        (b"x-real-ip", b"198.51.100.2"),
    ]


@pytest.mark.parametrize("underscores", [False, True])
@pytest.mark.parametrize("name", [b"x-real-ip", b"x_real_ip", b"X-REAL.IP".lower(), b"forwarded"])
def test_an_origin_hears_the_client_that_the_door_has_found_alone(
    name: bytes, underscores: bool
) -> None:
    """A proxy that does not write X-Real-IP or Forwarded passes on what its client has written."""
    came = [(name, b"6.6.6.6"), (b"x-forwarded-for", b"6.6.6.6, 198.51.100.2"), (name, b"for=6")]
    found = sent(*came, trusts=yes, client_ip=b"198.51.100.2", underscores=underscores)
    assert [field for field in found if b"6.6.6.6" in field[1] or field[1] == b"for=6"] == [
        (b"x-forwarded-for", b"6.6.6.6, 198.51.100.2, 192.0.2.7")
    ]
    assert [value for each, value in found if each == b"x-real-ip"] == [b"198.51.100.2"]


@pytest.mark.parametrize("name", sorted(ADDRESSES))
@pytest.mark.parametrize(
    ("value", "client_ip", "passes"),
    [
        (b"198.51.100.2", b"198.51.100.2", True),
        (b"::ffff:198.51.100.2", b"198.51.100.2", True),
        (b"2001:DB8:0::1", b"2001:db8::1", True),
        (b"6.6.6.6", b"198.51.100.2", False),
        (b"198.51.100.2, 6.6.6.6", b"198.51.100.2", False),
        (b"198.51.100.2:80", b"198.51.100.2", False),
        (b"", b"198.51.100.2", False),
        (b"unix", b"unix", False),
        (b"\xff", b"198.51.100.2", False),
    ],
)
def test_a_cdns_own_field_passes_if_it_names_that_client(
    name: bytes, value: bytes, client_ip: bytes, passes: bool
) -> None:
    found = sent((name, value), trusts=yes, client_ip=client_ip)
    assert ((name, value) in found) is passes
    odd = name.replace(b"-", b"_")
    found = sent((odd, value), trusts=yes, client_ip=client_ip, underscores=True)
    assert ((odd, value) in found) is passes


@pytest.mark.parametrize("name", [b"x-original-url", b"x_rewrite_url"])
def test_no_proxy_passes_another_path_on(name: bytes) -> None:
    """Its rules and ours would have been asked about the one, and the origin serves the other."""
    assert sent((name, b"/admin"), trusts=yes, underscores=True) == OURS


FAMILIES = [each + b"subject" for each in (*CERTIFICATE_FAMILIES, *STEERING_FAMILIES)]


@pytest.mark.parametrize("name", [*sorted(CERTIFICATES | STEERING), *FAMILIES])
def test_nobody_is_believed_about_a_certificate_or_steers_an_origin(name: bytes) -> None:
    for spelled in (name, name.replace(b"-", b"_"), name.replace(b"-", b".")):
        assert sent((spelled, b":AAAA:")) == OURS
        assert sent((spelled, b":AAAA:"), trusts=yes) == OURS
        assert sent((spelled, b":AAAA:"), trusts=yes, underscores=True) == OURS


def test_a_trusted_peer_that_says_nothing_is_told_about_itself() -> None:
    assert sent(trusts=yes) == OURS


def test_whether_a_peer_is_trusted_is_asked_of_the_peer() -> None:
    claim = (b"x-forwarded-ssl", b"on")
    assert claim in sent(claim, trusts=b"192.0.2.7".__eq__)
    assert claim not in sent(claim, trusts=b"192.0.2.8".__eq__)


@pytest.mark.parametrize("trusts", [None, yes])
def test_a_prefix_that_was_cut_off_is_told(trusts: object) -> None:
    fields = sent((b"x-forwarded-prefix", b"/evil"), prefix=b"/api", trusts=trusts)
    assert fields == [*OURS, (b"x-forwarded-prefix", b"/api")]


@pytest.mark.parametrize(
    ("peer", "node"),
    [
        (b"192.0.2.7", b"192.0.2.7"),
        (b"2001:db8::1", b'"[2001:db8::1]"'),
        (b"unix", b"unknown"),
    ],
)
def test_forwarded_is_sent_by_the_setting(peer: bytes, node: bytes) -> None:
    fields = sent((b"forwarded", b"for=evil"), peer=peer, forwarded=True)
    expected = b'for=%b;proto=https;host="x.test"' % node
    assert [value for name, value in fields if name == b"forwarded"] == [expected]


@pytest.mark.parametrize(
    ("came", "first"),
    [
        ([], b"for=198.51.100.2"),
        ([(b"x-forwarded-proto", b"https")], b'for=198.51.100.2;proto="https"'),
        ([(b"x-forwarded-host", b"[::1]:8")], b'for=198.51.100.2;host="[::1]:8"'),
        ([(b"x-forwarded-host", b'a";for=6.6.6.6;x="')], b"for=198.51.100.2"),
        ([(b"x-forwarded-host", b"a, b"), (b"x-forwarded-proto", b"")], b"for=198.51.100.2"),
    ],
)
def test_forwarded_says_of_the_client_what_is_believed(came: list[Field], first: bytes) -> None:
    """What came in it goes: who sends through a proxy that does not write it would name any."""
    forged = [(b"forwarded", b"for=6.6.6.6"), (b"forwarded", b"for=7.7.7.7;secret=x")]
    fields = sent(*forged, *came, forwarded=True, trusts=yes, client_ip=b"198.51.100.2")
    own = b'for=192.0.2.7;proto=https;host="x.test"'
    assert [value for name, value in fields if name == b"forwarded"] == [first + b", " + own]


def test_forwarded_names_ipv6_in_quotes() -> None:
    fields = dict(sent(forwarded=True, trusts=yes, client_ip=b"2001:db8::1", peer=b"unix"))
    assert fields[b"forwarded"].startswith(b'for="[2001:db8::1]", for=unknown;proto=https;')


@pytest.mark.parametrize("version", [b"1.0", b"1.1", b"2", b"3"])
def test_via_says_by_which_version_the_request_came(version: bytes) -> None:
    assert sent(via=b"door", version=version)[-1] == (b"via", version + b" door")


def test_via_extends_those_that_came() -> None:
    fields = sent((b"via", b"1.0 a"), (b"accept", b"*/*"), (b"via", b"1.1 b"), via=b"porch")
    assert fields == [(b"accept", b"*/*"), *OURS, (b"via", b"1.0 a, 1.1 b, 1.1 porch")]


def test_without_a_name_via_passes_as_it_came() -> None:
    assert sent((b"via", b"1.0 a")) == [(b"via", b"1.0 a"), *OURS]


@pytest.mark.parametrize("is_believed", [False, True])
def test_the_id_is_told_where_there_is_one_and_a_clients_own_is_kept_away(
    is_believed: bool,
) -> None:
    headers = ForwardingHeaders(Forwarding(tells_id=True, trusts=lambda _: is_believed))
    own = [(b"X-Request-ID".lower(), b"1"), (b"x_request_id", b"2")]
    head = RequestHead(b"GET", b"/", b"x.test", b"https", own)
    head.repeats = Repeats()
    for name in (b"a-1", b"a-2", b""):
        went = outgoing(headers, head, id=name)
        told = [value for field, value in went.fields if b"request" in field]
        assert told == [name][: bool(name)]
        assert request_head(went).count(b"x-request-id: ") == bool(name)
        assert request_head(went).count(b"\r\n") == len(went.fields) + 3


def test_what_is_remembered_of_names_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("porch.forward.headers._REMEMBERED", 3)
    filter_ = ForwardingHeaders(Forwarding())
    for number in range(10):
        assert filter_._passes(b"n%d" % number)
    assert len(filter_._passes.__self__) <= 3  # type: ignore[attr-defined]


WITHHELD = frozenset((b"x-user", b"x-api-key"))


@pytest.mark.parametrize("name", [b"x-user", b"x_user", b"x.user", b"x~user", b"x-api-key"])
@pytest.mark.parametrize("is_believed", [False, True])
@pytest.mark.parametrize("underscores", [False, True])
def test_what_is_withheld_goes_on_in_no_spelling(
    name: bytes, is_believed: bool, underscores: bool
) -> None:
    went = sent(
        (name, b"admin"),
        (b"x-userx", b"1"),
        withheld=WITHHELD,
        trusts=lambda _: is_believed,
        underscores=underscores,
    )
    assert [each for each in went if each not in OURS] == [(b"x-userx", b"1")]


IDENTIFYING = [*sorted(IDENTITIES), *(each + b"x" for each in IDENTITY_FAMILIES)]


@pytest.mark.parametrize("name", IDENTIFYING)
def test_where_the_door_says_who_comes_no_client_does_by_another_name(name: bytes) -> None:
    for spelled in (name, name.replace(b"-", b"_"), name.replace(b"-", b".")):
        claim = (spelled, b"admin")
        assert sent(claim, identifies=True, underscores=True) == OURS
        assert claim in sent(claim, identifies=True, underscores=True, trusts=yes)
        assert claim in sent(claim, underscores=True), "what is off changes nothing"


@pytest.mark.parametrize("is_believed", [False, True])
def test_no_address_is_told_behind_the_body(is_believed: bool) -> None:
    headers = ForwardingHeaders(Forwarding(trusts=lambda _: is_believed))
    client: Any = Client(b"192.0.2.7")
    keeper: Any = None
    head = RequestHead(b"POST", b"/", b"x.test", b"http", [], None)
    exchange = Exchange(keeper, client, head, Route(key="*"), b"198.51.100.2")
    names = [*sorted(ADDRESSES), b"x-real-ip", b"forwarded", b"x-forwarded-for"]
    behind = Trailers([(each, b"198.51.100.2") for each in names])
    headers.on_request_trailers(exchange, behind)
    assert behind.fields == []


@pytest.mark.parametrize("is_believed", [False, True])
def test_nor_does_it_behind_the_body(is_believed: bool) -> None:
    headers = ForwardingHeaders(Forwarding(withheld=WITHHELD, trusts=lambda _: is_believed))
    client: Any = Client(b"192.0.2.7")
    keeper: Any = None
    head = RequestHead(b"POST", b"/", b"x.test", b"http", [], None)
    exchange = Exchange(keeper, client, head, Route(key="*"), b"192.0.2.7")
    behind = Trailers([(b"x-user", b"admin"), (b"x-sum", b"7"), (b"client-cert", b":x:")])
    behind.fields += [(each, b"1") for each in (b"x.accel.mapping", b"x-sendfile-type", b"proxy")]
    headers.on_request_trailers(exchange, behind)
    assert behind.fields == [(b"x-sum", b"7")]
