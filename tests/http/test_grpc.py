"""What a door reads of gRPC, and what it says."""

import inspect
from urllib.parse import unquote

import pytest
from grpc import StatusCode
from hypothesis import given
from hypothesis import strategies as st

from porch import errors
from porch.errors import (
    BadRequest,
    BodyTooLarge,
    CertificateRequired,
    ConnectionRefused,
    GatewayTimeout,
    InternalError,
    NoEndpoint,
    NoRoute,
    PoolFull,
    PorchError,
)
from porch.http.grpc import (
    GRPC,
    WEB,
    WEB_TEXT,
    CallFailed,
    DeadlineExceeded,
    call_kind,
    call_timeout,
    error_fields,
    name_of,
    spell_timeout,
    stands_for,
    status_of,
    unquote_message,
)
from porch.http.message import ResponseHead


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"application/grpc", GRPC),
        (b"application/grpc+proto", GRPC),
        (b"Application/GRPC+JSON", GRPC),
        (b"application/grpc; charset=utf-8", GRPC),
        (b"application/grpc+proto ;x", GRPC),
        (b"application/grpc-web", WEB),
        (b"application/grpc-web+proto", WEB),
        (b"application/grpc-web-text", WEB_TEXT),
        (b"application/grpc-web-text+proto", WEB_TEXT),
        (None, b""),
        (b"", b""),
        (b"application/json", b""),
        (b"application/grpcx", b""),
        (b"application/grpc+", b""),
        (b"application/grpc-webs", b""),
        (b" application/grpc", b""),
        (b"x/application/grpc", b""),
        (b"application/grpc, text/html", b""),
    ],
)
def test_a_call_is_known_by_its_content_type(said, kind):
    assert call_kind(said) == kind


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (b"1H", 3600),
        (b"2M", 120),
        (b"3S", 3),
        (b"250m", 0.25),
        (b"7u", 7e-6),
        (b"1n", 1e-9),
        (b"00000100m", 0.1),
        (b"99999999H", 99999999 * 3600),
        (b"0S", 0),
    ],
)
def test_a_deadline_is_digits_and_a_unit(said, seconds):
    assert call_timeout([(b"a", b"b"), (b"grpc-timeout", said)]) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "said",
    [
        *(b"", b"S", b"1", b"1s", b"1h", b"1 S", b" 1S", b"1S ", b"1S\n", b"-1S", b"+1S", b"1.5S"),
        *(b"123456789S", b"1SS", b"0x1S", b"1_0S", "\N{ARABIC-INDIC DIGIT ONE}S".encode()),
    ],
)
def test_a_deadline_that_is_none_is_refused(said):
    with pytest.raises(BadRequest):
        call_timeout([(b"grpc-timeout", said)])


def test_a_deadline_that_is_said_twice_is_refused():
    with pytest.raises(BadRequest):
        call_timeout([(b"grpc-timeout", b"1S"), (b"grpc-timeout", b"1S")])


def test_who_says_no_deadline_has_none():
    assert call_timeout([(b"te", b"trailers")]) is None


@given(st.floats(min_value=0, max_value=1e12))
def test_a_deadline_is_never_told_longer_than_it_is(seconds):
    said = spell_timeout(seconds)
    told = call_timeout([(b"grpc-timeout", said)])
    assert told is not None
    assert told <= seconds * (1 + 1e-9)
    if 1e-3 < seconds < 3e11:
        assert told > seconds * 0.99


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadRequest(), StatusCode.INTERNAL),
        (CertificateRequired(), StatusCode.PERMISSION_DENIED),
        (NoRoute(), StatusCode.UNIMPLEMENTED),
        (BodyTooLarge(), StatusCode.RESOURCE_EXHAUSTED),
        (PorchError("", 429), StatusCode.RESOURCE_EXHAUSTED),
        (PorchError("", 401), StatusCode.UNAUTHENTICATED),
        (InternalError(), StatusCode.INTERNAL),
        (ConnectionRefused(), StatusCode.UNAVAILABLE),
        (NoEndpoint(), StatusCode.UNAVAILABLE),
        (PoolFull(), StatusCode.UNAVAILABLE),
        (GatewayTimeout(), StatusCode.UNAVAILABLE),
        (DeadlineExceeded(), StatusCode.DEADLINE_EXCEEDED),
        (PorchError("", 418), StatusCode.UNKNOWN),
    ],
)
def test_each_error_has_its_status(error, status):
    assert status_of(error) == status.value[0]


KINDS = [
    *(
        each
        for _, each in inspect.getmembers(errors, inspect.isclass)
        if issubclass(each, PorchError)
    ),
    CallFailed,
    DeadlineExceeded,
]


@pytest.mark.parametrize("kind", KINDS)
def test_no_error_looks_as_if_all_were_well(kind):
    fields = dict(error_fields(kind("a detail")))
    assert fields[b"grpc-status"] != b"0"
    assert unquote(fields[b"grpc-message"].decode()) == f"{kind.word}: {kind.sentence}"


def test_the_message_is_percent_encoded():
    said = dict(error_fields(NoRoute(), "(100 % \N{SNOWMAN}\nand\tmore)"))[b"grpc-message"]
    assert said.endswith(b" (100 %25 %E2%98%83 and more)")
    assert unquote_message(said).endswith("(100 % \N{SNOWMAN} and more)")


@given(st.text(max_size=40))
def test_a_message_is_read_as_it_was_written(text):
    said = dict(error_fields(NoRoute(), text))[b"grpc-message"]
    assert all(0x20 <= byte <= 0x7E for byte in said)
    assert unquote(said.decode()) == unquote_message(said)


def test_a_message_that_is_encoded_badly_stays_as_it_is():
    assert unquote_message(b"100% %zz %4") == "100% %zz %4"


def test_who_is_to_come_again_is_told_when():
    assert (b"grpc-retry-pushback-ms", b"1000") in error_fields(NoEndpoint())
    assert b"grpc-retry-pushback-ms" not in dict(error_fields(NoRoute()))


@pytest.mark.parametrize("code", list(StatusCode))
def test_the_names_are_those_of_grpc(code):
    assert name_of(b"%d" % code.value[0]) == code.name


@pytest.mark.parametrize("said", [b"17", b"-1", b"", b"x", b"9999999", b"1.0"])
def test_a_status_that_there_is_not_is_shown_as_it_was_said(said):
    assert name_of(said) == f"grpc-status {said.decode()}"


@pytest.mark.parametrize(
    ("status", "said", "stands"),
    [
        (200, b"14", 503),
        (200, b"13", 500),
        (200, b"2", 500),
        (200, b"15", 500),
        (200, b"0", 200),
        (200, b"4", 200),
        (200, b"5", 200),
        (200, b"99", 200),
        (200, b"fourteen", 200),
        (200, b"14" * 500, 200),
        (404, b"14", 404),
        (200, None, 200),
    ],
)
def test_an_answer_of_fields_alone_stands_for_a_status_of_http(status, said, stands):
    fields = [] if said is None else [(b"grpc-status", said)]
    assert stands_for(ResponseHead(status, fields)) == stands
