"""Requests of HTTP/2 clients: what they mean, and what is refused although libnghttp2 took it."""

import pytest

from porch.errors import (
    BadRequest,
    FieldsTooLarge,
    MethodNotAllowed,
    PorchError,
    TargetTooLong,
)
from porch.http.h1 import HeadLimits
from porch.http.h2_request import Refused, RequestReader, read_trailers
from porch.http.h2_request import refused as refuse
from porch.http.message import Field, RequestHead

LIMITS = HeadLimits()
BASIC: tuple[Field, ...] = (
    (b":method", b"GET"),
    (b":scheme", b"https"),
    (b":path", b"/a?b"),
    (b":authority", b"a.test"),
)


def changed(**pseudo: bytes | None) -> list[Field]:
    """BASIC with other values; None leaves a field out."""
    return [
        (name, said)
        for name, value in BASIC
        if (said := pseudo.get(name[1:].decode(), value)) is not None
    ]


def read(*more: Field, end: bool = True, limits: HeadLimits = LIMITS, **pseudo: bytes | None):
    fields = [*changed(**pseudo), *more]
    try:
        return RequestReader(b"https", limits).read(tuple(fields), end)
    except PorchError as error:
        return refuse(fields, b"https", error)


def taken(*more: Field, **words) -> RequestHead:
    request = read(*more, **words)
    assert isinstance(request, RequestHead), getattr(request, "error", None)
    return request


def refused(*more: Field, **words) -> Refused:
    request = read(*more, **words)
    assert isinstance(request, Refused), request
    return request


def test_a_request_is_the_head_that_http_1_would_have_made() -> None:
    request = taken((b"accept", b"*/*"), (b"x-a", b"1"))
    assert (request.method, request.target, request.authority) == (b"GET", b"/a?b", b"a.test")
    assert request.fields == [(b"accept", b"*/*"), (b"x-a", b"1")]
    assert (request.scheme, request.version, request.length) == (b"https", b"2", 0)
    assert (request.upgrade, request.expect) == (None, False)


def test_a_body_of_unknown_length_is_known_by_its_end_alone() -> None:
    assert taken(end=False).length is None


def test_content_length_is_the_length_and_stays_a_field() -> None:
    request = taken((b"content-length", b"12"), end=False, method=b"POST")
    assert request.length == 12
    assert request.fields == [(b"content-length", b"12")]


def test_a_content_length_that_no_machine_holds_is_refused() -> None:
    error = refused((b"content-length", b"9" * 19), end=False).error
    assert (type(error), error.status) == (BadRequest, 400)


def test_the_connections_scheme_stands_for_the_one_that_is_said() -> None:
    assert taken(scheme=b"http").scheme == b"https"


@pytest.mark.parametrize("scheme", [b"ftp", b"HTTPS", b"wss", b"", None])
def test_another_scheme_is_refused(scheme: bytes | None) -> None:
    assert refused(scheme=scheme).error.status == 400


# --- the authority ---------------------------------------------------------------------------


def test_host_alone_is_the_authority() -> None:
    request = taken((b"host", b"b.test"), authority=None)
    assert request.authority == b"b.test"
    assert request.fields == []


@pytest.mark.parametrize("host", [b"a.test", b"A.TEST", b"a.test:443"])
def test_authority_stands_where_host_says_the_same(host: bytes) -> None:
    assert taken((b"host", host)).authority == b"a.test"


@pytest.mark.parametrize("host", [b"b.test", b"a.test:80", b"a.test:8443", b"a.test."])
def test_who_says_two_hosts_is_refused(host: bytes) -> None:
    assert refused((b"host", host)).error.status == 400


@pytest.mark.parametrize(
    "value", [b"a.test:99999", b"%62.test", b"a/b", b"a.test:x", b"[::1", b"a?b", b"a#b", b"a\\b"]
)
def test_an_authority_or_host_that_is_none_is_refused(value: bytes) -> None:
    assert refused(authority=value).error.status == 400
    assert refused((b"host", value), authority=None).error.status == 400


# --- method and path -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [b"/a#b", b"/\xc3\xa9", b"/a b", b"/a\tb", b"/\x7f", b"*", b"", b"a", b"http://b/"]
)
def test_a_path_that_http_1_could_not_say_is_refused(path: bytes) -> None:
    assert type(refused(path=path).error) is BadRequest


def test_options_may_ask_about_the_door_itself() -> None:
    assert taken(method=b"OPTIONS", path=b"*").target == b"*"


@pytest.mark.parametrize("method", [b"CONNECT", b"TRACE"])
def test_methods_that_are_never_forwarded_are_405(method: bytes) -> None:
    assert type(refused(method=method).error) is MethodNotAllowed


def test_connect_without_scheme_and_path_is_405_too() -> None:
    assert refused(method=b"CONNECT", scheme=None, path=None).error.status == 405


@pytest.mark.parametrize(("size", "is_taken"), [(20 - 4, True), (20 - 3, False)])
def test_a_long_path_is_414(size: int, is_taken: bool) -> None:
    limits = HeadLimits(request_line=20)
    found = read(path=b"/" + b"a" * size, limits=limits)
    assert isinstance(found, RequestHead) == is_taken
    if not is_taken:
        assert type(found.error) is TargetTooLong


# --- limits ----------------------------------------------------------------------------------


def test_a_head_over_its_bytes_is_431_and_one_of_as_many_is_taken() -> None:
    size = sum(len(name) + len(value) + 32 for name, value in (*BASIC, (b"x", b"")))
    assert taken((b"x", b"a" * 10), limits=HeadLimits(head=size + 10))
    error = refused((b"x", b"a" * 11), limits=HeadLimits(head=size + 10)).error
    assert (type(error), error.status) == (FieldsTooLarge, 431)


def test_a_head_with_too_many_fields_is_431() -> None:
    limits = HeadLimits(fields=3)
    assert taken(*[(b"x", b"")] * 3, limits=limits)
    assert refused(*[(b"x", b"")] * 4, limits=limits).error.status == 431


def test_crumbs_of_cookies_are_one_field_in_order() -> None:
    crumbs = [(b"cookie", b"a%d=1" % number) for number in range(100)]
    request = taken(*crumbs, (b"x", b""), limits=HeadLimits(fields=2))
    assert request.fields == [(b"x", b""), (b"cookie", b"; ".join(each[1] for each in crumbs))]


def test_very_many_crumbs_are_431_by_their_bytes() -> None:
    assert refused(*[(b"cookie", b"a")] * 2000).error.status == 431


# --- what is about the connection, and expectations --------------------------------------------


@pytest.mark.parametrize(
    "name", [b"te", b"http2-settings", b"proxy-authorization", b"proxy-authenticate"]
)
def test_what_is_for_this_connection_alone_ends_here(name: bytes) -> None:
    assert taken((name, b"trailers")).fields == []


def test_who_waits_for_100_says_so_in_an_attribute() -> None:
    request = taken((b"expect", b"100-Continue"), end=False)
    assert (request.expect, request.fields) == (True, [])
    assert taken((b"expect", b"100-continue"), (b"content-length", b"3"), end=False).expect
    assert not taken((b"expect", b"100-continue"), (b"content-length", b"0"), end=False).expect
    assert not taken((b"expect", b"100-continue")).expect


@pytest.mark.parametrize("value", [b"x", b"100-continue, x", b""])
def test_another_expectation_is_417(value: bytes) -> None:
    assert refused((b"expect", value), end=False).error.status == 417


# --- tunnels ---------------------------------------------------------------------------------

WEBSOCKET = (b":protocol", b"WebSocket")


def test_a_websocket_is_the_request_that_http_1_makes_of_it() -> None:
    request = taken(WEBSOCKET, (b"sec-websocket-version", b"13"), method=b"CONNECT", end=False)
    assert (request.method, request.upgrade, request.length) == (b"GET", b"websocket", 0)
    assert request.fields == [(b"sec-websocket-version", b"13")]


@pytest.mark.parametrize("protocol", [b"a b", b"websocket,h2c", b"web\tsocket", b"a/b"])
def test_a_protocol_that_is_no_token_is_refused(protocol: bytes) -> None:
    assert refused((b":protocol", protocol), method=b"CONNECT", end=False).error.status == 400


@pytest.mark.parametrize("length", [b"0", b"3"])
def test_a_tunnel_with_a_length_is_refused(length: bytes) -> None:
    found = refused(WEBSOCKET, (b"content-length", length), method=b"CONNECT", end=False)
    assert found.error.status == 400


def test_a_tunnel_that_has_ended_is_refused() -> None:
    assert refused(WEBSOCKET, method=b"CONNECT", end=True).error.status == 400


def test_a_tunnel_waits_for_no_100() -> None:
    assert not taken(WEBSOCKET, (b"expect", b"100-continue"), method=b"CONNECT", end=False).expect


# --- what is known of a refused one ------------------------------------------------------------


def test_a_refused_head_keeps_what_the_log_and_its_answer_want() -> None:
    known = refused(
        (b"accept", b"text/html"),
        (b"user-agent", b"curl"),
        (b"cookie", b"secret"),
        (b"expect", b"x"),
        method=b"HEAD",
    ).request
    assert (known.method, known.target, known.authority) == (b"HEAD", b"/a?b", b"a.test")
    assert known.fields == [(b"accept", b"text/html"), (b"user-agent", b"curl")]
    assert (known.scheme, known.version) == (b"https", b"2")


def test_what_a_refused_head_keeps_is_bounded() -> None:
    known = refused((b"user-agent", b"a" * 5000), path=b"/" + b"a" * 20_000).request
    assert known.target == b"/" + b"a" * 1023
    assert known.fields == []


def test_a_refused_head_keeps_nothing_else() -> None:
    assert refused((b"x", b"a" * 70_000)).error.__traceback__ is None


def test_a_refused_head_without_path_has_a_dash() -> None:
    known = refused(method=b"CONNECT", scheme=None, path=None).request
    assert (known.method, known.target) == (b"CONNECT", b"-")


def test_every_refusal_is_the_clients_fault() -> None:
    error: PorchError = refused(path=b"*").error
    assert error.source == "client"


# --- trailers, and the way to an origin ---------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [b"host", b"content-type", b"x-forwarded-for", b"a_b", b"authorization", b"te", b"cookie"],
)
def test_trailers_that_must_not_become_fields_are_dropped(name: bytes) -> None:
    fields = [(b"x-sum", b"1"), (name, b"a"), (b"grpc-status", b"0")]
    trailers = read_trailers(fields, HeadLimits())
    assert trailers is not None
    assert trailers.fields == [(b"x-sum", b"1"), (b"grpc-status", b"0")]
    assert read_trailers([(name, b"a")], HeadLimits()) is None, "an end like any other"


@pytest.mark.parametrize("name", [b"content-length", b"transfer-encoding"])
def test_trailers_that_would_frame_the_body_are_refused(name: bytes) -> None:
    with pytest.raises(BadRequest, match=name.decode()):
        read_trailers([(b"x-sum", b"1"), (name, b"3")], HeadLimits())


class Repeating:
    """One connection, whose client repeats itself: what it says is read as by a new reader."""

    def __init__(self, limits: HeadLimits = LIMITS) -> None:
        self._limits = limits
        self._reader = RequestReader(b"https", limits)

    def read(self, *fields: Field, end: bool = True) -> str:
        """What comes of a head, which is the same for one that comes first."""
        told = []
        for reader in (self._reader, RequestReader(b"https", self._limits)):
            try:
                request = reader.read(fields, end)
            except PorchError as error:
                told.append(f"{error.word} {error}")
            else:
                names = [name for name in RequestHead.__slots__ if name != "repeats"]
                told.append(str([getattr(request, name) for name in names]))
        assert told[0] == told[1]
        return told[0]


MORE: tuple[Field, ...] = ((b"accept", b"*/*"), (b"cookie", b"a=1"), (b"cookie", b"b=2"))


@pytest.mark.parametrize("at", range(4))
def test_a_head_that_differs_from_the_last_in_its_path_alone_is_read_as_any_other(at: int) -> None:
    client = Repeating()
    others = [field for field in BASIC if field[0] != b":path"]

    def fields(path: bytes) -> tuple[Field, ...]:
        return (*others[:at], (b":path", path), *others[at:], *MORE)

    for path in (b"/a", b"/b?c", b"/", b"*", b"/#", b"/\xe4", b"", b"/" + b"a" * 9000, b"/d"):
        client.read(*fields(path))
    assert "a=1; b=2" in client.read(*fields(b"/e"))


@pytest.mark.parametrize(
    "other",
    [
        (*BASIC, *MORE[:2]),
        (*BASIC, *MORE, (b"x", b"1")),
        (*BASIC, *MORE[1:], MORE[0]),
        (*BASIC, MORE[0], MORE[2], MORE[1]),
        ((b":method", b"PUT"), *BASIC[1:], *MORE),
        (*BASIC[:3], (b":authority", b"b.test"), *MORE),
        (*BASIC[:3], (b":authority", b"b test"), *MORE),
        (BASIC[0], (b":scheme", b"ftp"), *BASIC[2:], *MORE),
        (*BASIC[:2], BASIC[3], (b":path", b"/x"), *MORE),
        (*BASIC, *MORE[:2], (b"content-length", b"0")),
        (*BASIC, *MORE[:2], (b"host", b"c.test")),
        ((b":method", b"CONNECT"), *BASIC[1:], *MORE),
        BASIC,
    ],
)
def test_what_differs_in_more_is_read_anew(other: tuple[Field, ...]) -> None:
    client = Repeating()
    for fields in ((*BASIC, *MORE), other, (*BASIC, *MORE), other, other):
        client.read(*fields)
        client.read(*fields, end=False)


SIZED, EXPECTS = (b"content-length", b"5"), (b"expect", b"100-continue")


@pytest.mark.parametrize(
    "more", [(), (SIZED,), (EXPECTS,), (SIZED, EXPECTS), ((b"te", b"trailers"),)]
)
def test_a_head_before_a_body_is_read_as_any_other(more: tuple[Field, ...]) -> None:
    """And what was read of one with a body says nothing of one without."""
    client = Repeating()
    for end in (False, False, True, True, False, False):
        for path in (b"/a", b"/b", b"/b"):
            fields = (*BASIC[:2], (b":path", path), BASIC[3], *more)
            client.read(*fields, end=end and SIZED not in more)


def test_calls_that_repeat_have_what_was_made_of_the_first() -> None:
    reader = RequestReader(b"https", LIMITS)
    first, *others = [reader.read((*BASIC, *MORE), False) for _ in range(3)]
    assert first.repeats is None
    assert others[0].repeats is others[1].repeats is not None
    assert reader.read((*BASIC, *MORE), True).repeats is None


def test_what_was_refused_is_refused_again() -> None:
    client = Repeating()
    wrong = (*BASIC, *MORE, (b"host", b"c.test"))
    assert client.read(*wrong) == client.read(*wrong)
    assert client.read(*wrong).startswith(BadRequest.word)


def test_a_repeated_head_keeps_to_the_limits() -> None:
    others = (BASIC[0], BASIC[1], BASIC[3])
    used = sum(len(name) + len(value) + 32 for name, value in (*others, (b":path", b"")))
    client = Repeating(HeadLimits(head=used + 60, request_line=53))
    for size in (1, 50, 51, 1, 60, 61, 1):
        told = client.read((b":path", b"/" * size), *others)
        assert (TargetTooLong.word in told) == (size > 50), size
    client = Repeating(HeadLimits(head=used + 60))
    for size in (1, 60, 61, 1):
        told = client.read((b":path", b"/" * size), *others)
        assert (FieldsTooLarge.word in told) == (size > 60), size


def test_nothing_long_is_kept_for_the_next_head() -> None:
    reader = RequestReader(b"https", LIMITS)
    reader.read((*BASIC, (b"x", b"a" * 2000)), True)
    assert reader._count == 0


def test_each_head_has_fields_of_its_own() -> None:
    reader = RequestReader(b"https", LIMITS)
    for _ in range(3):
        request = reader.read((*BASIC, *MORE), True)
        assert request.fields == [MORE[0], (b"cookie", b"a=1; b=2")]
        request.fields.append((b"x", b"1"))
