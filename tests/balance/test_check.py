"""What a good answer is, how many failures it takes, and what is said of them."""

from typing import Any, cast

import pytest

from porch.balance.check import LONGEST, Check, Progress, words_of
from porch.balance.endpoint import Endpoint
from porch.client import Answer, AnswerTooLarge
from porch.errors import (
    BadGateway,
    ConnectFailed,
    ConnectionRefused,
    ConnectTimeout,
    GatewayTimeout,
    UpstreamStalled,
)
from porch.route.route import Connections

ANSWER = Answer(204, [(b"x-ready", b"yes")], b"all is ok")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({}, None),
        ({"statuses": ((200, 200), (204, 204))}, None),
        ({"statuses": ((200, 203),)}, "status 204"),
        ({"body": b"ok"}, None),
        ({"body": b"ready"}, 'the body is without "ready"'),
        ({"fields": {b"x-ready": b"yes"}}, None),
        ({"fields": {b"x-ready": True, b"x-gone": False}}, None),
        ({"fields": {b"x-ready": b"no"}}, "the field x-ready is yes"),
        ({"fields": {b"x-ready": False}}, "the field x-ready is yes"),
        ({"fields": {b"x-gone": True}}, "the field x-gone is missing"),
    ],
)
def test_an_answer_is_judged_by_status_fields_and_body(words: Any, why: str | None) -> None:
    assert Check(**words).judge(ANSWER) == why


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(200, [], b"\0\0\0\0\2\x08\x01", [(b"grpc-status", b"0")]), None),
        (Answer(200, [], b"\0\0\0\0\2\x08\x02", [(b"grpc-status", b"0")]), "NOT_SERVING"),
        (Answer(200, [(b"grpc-status", b"5")], b""), "NOT_FOUND"),
        (Answer(404, [(b"grpc-status", b"0")], b"\0\0\0\0\2\x08\x01"), "status 404"),
        (Answer(200, [(b"grpc-status", b"2"), (b"grpc-message", b"x" * 300)], b""), None),
    ],
)
def test_an_answer_of_gRPC_is_judged_by_its_status_and_message(
    answer: Answer, why: str | None
) -> None:
    found = Check(kind="grpc").judge(answer)
    if answer.get(b"grpc-message"):
        assert found is not None
        assert found.startswith("UNKNOWN: xxx")
        assert len(found) == LONGEST
    else:
        assert found == why


def progress(rise: int = 1, fall: int = 1) -> tuple[Progress, Endpoint]:
    endpoint = Endpoint("a:1", cast("Connections", None))
    return Progress(Check(rise=rise, fall=fall), endpoint), endpoint


def states(rise: int, fall: int, results: str) -> str:
    """In rotation (.) or out of it (x) after each good (+) or bad (-) check."""
    one, endpoint = progress(rise, fall)
    found = ""
    for each in results:
        one.note("status 500" if each == "-" else None)
        found += "x" if endpoint.out else "."
    return found


@pytest.mark.parametrize(
    ("rise", "fall", "results", "expected"),
    [
        (1, 1, "+-+-", ".x.x"),
        (1, 2, "-+-+--+", ".....x."),
        (2, 3, "---+-++-", "..xxxx.."),
        (3, 1, "-++-+++", "xxxxxx."),
    ],
)
def test_so_many_in_a_row_take_out_and_put_back(
    rise: int, fall: int, results: str, expected: str
) -> None:
    assert states(rise, fall, results) == expected


def test_one_that_was_found_out_stays_out_until_it_has_risen() -> None:
    one, endpoint = progress(rise=2, fall=5)
    endpoint.take_out("unhealthy", "status 500, 4 of 4")
    one.note(None)
    assert endpoint.out
    one.note("connection refused")
    assert endpoint.out["unhealthy"].text == "connection refused, 5 of 5"
    one.note(None)
    one.note(None)
    assert endpoint.out == {}


def test_a_check_puts_back_only_what_a_check_took_out() -> None:
    one, endpoint = progress()
    endpoint.take_out("drained", "by an operator")
    one.note("status 500")
    one.note(None)
    assert list(endpoint.out) == ["drained"]


def test_a_reason_is_one_line_that_fits_a_table() -> None:
    one, endpoint = progress()
    one.note("a\nb " + "c" * 5000)
    text = endpoint.out["unhealthy"].text
    assert text.startswith("a b ccc")
    assert len(text) < LONGEST + 20


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefused("a:1 refused the connection"), "connection refused"),
        (ConnectTimeout("x"), "no connection within 1.5 s"),
        (GatewayTimeout("x"), "no answer within 1.5 s"),
        (TimeoutError(), "no answer within 1.5 s"),
        (UpstreamStalled("x"), "no whole answer within 1.5 s"),
        (AnswerTooLarge("x"), "a body of more than 1 MB"),
        (ConnectFailed("a:1: No route to host"), "No route to host"),
        (BadGateway("a:1: the status line is malformed"), "the status line is malformed"),
        (ConnectFailed(), "destination_ip_unroutable"),
        (ValueError("no database"), "ValueError: no database"),
    ],
)
def test_what_went_wrong_is_said_in_words(error: Exception, words: str) -> None:
    assert words_of(error, 1.5) == words


def test_it_prints_how_far_it_is() -> None:
    one, _ = progress(fall=3)
    one.note("x")
    assert repr(one) == "<Progress a:1 0 good, 1 bad>"
