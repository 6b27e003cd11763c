"""The messages of the health protocol, against those of the official package."""

from typing import Any

import pytest
from grpc_health.v1 import health_pb2
from hypothesis import given
from hypothesis import strategies as st

from porch.http.grpc_health import CHECK, question, verdict
from porch.http.message import Field

WELL: list[Field] = [(b"grpc-status", b"0")]
MESSAGES: Any = health_pb2
"""Its types are made at run time."""


def framed(message: bytes) -> bytes:
    return b"\0" + len(message).to_bytes(4, "big") + message


def test_it_asks_the_service_of_the_package() -> None:
    service = MESSAGES.DESCRIPTOR.services_by_name["Health"]
    assert CHECK.decode() == f"/{service.full_name}/{service.methods_by_name['Check'].name}"


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_a_question_is_what_the_package_reads(service: str) -> None:
    asked = question(service)
    assert asked[0] == 0
    assert int.from_bytes(asked[1:5], "big") == len(asked) - 5
    assert MESSAGES.HealthCheckRequest.FromString(asked[5:]).service == service


@pytest.mark.parametrize("status", range(4))
def test_an_answer_is_read_as_the_package_wrote_it(status: int) -> None:
    message = MESSAGES.HealthCheckResponse(status=status)
    name = MESSAGES.HealthCheckResponse.ServingStatus.Name(status)
    said = verdict(WELL, framed(message.SerializeToString()))
    assert said == (None if name == "SERVING" else name)


def test_what_is_added_later_is_skipped() -> None:
    more = b"\x12\x03abc\x1d\0\0\0\0\x21\0\0\0\0\0\0\0\0\x28\x96\x01"
    assert verdict(WELL, framed(more + b"\x08\x01")) is None
    assert verdict(WELL, framed(b"\x08\x02\x08\x01" + more)) is None, "the last one counts"
    assert verdict(WELL, framed(b"\x08\x07")) == "status 7"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0\0\0\0",
        b"\0\0\0\0\2\x08",
        b"\0\0\0\0\1\x08\x01",
        b"\1\0\0\0\2\x08\x01",
        framed(b"\x08"),
        framed(b"\x08\x80"),
        framed(b"\x12\x05ab"),
        framed(b"\x0b"),
        framed(b"\x1d\0\0"),
        framed(b"\x08" + b"\xff" * 10 + b"\x01"),
        framed(b"\x08\x01") * 2,
        b"<html>",
    ],
)
def test_what_is_no_answer_is_no_good_one(body: bytes) -> None:
    assert verdict(WELL, body) == "the answer is no HealthCheckResponse"


@given(st.binary(max_size=40))
def test_no_answer_raises(body: bytes) -> None:
    verdict(WELL, framed(body))
    verdict(WELL, body)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([], "no grpc-status in the answer"),
        ([(b"grpc-status", b"12")], "UNIMPLEMENTED"),
        ([(b"grpc-status", b"5"), (b"grpc-message", b"no%20such")], "NOT_FOUND: no such"),
        ([(b"grpc-status", b"00")], "OK"),
    ],
)
def test_a_call_that_failed_says_why(fields: list[Field], said: str) -> None:
    assert verdict(fields, framed(b"\x08\x01")) == said
