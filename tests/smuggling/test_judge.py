"""The judge finds each kind of wrong, and nothing where all is well."""

from dataclasses import replace

import pytest

from tests.smuggling.case import (
    Accepted,
    Answered,
    BrokenOff,
    Passed,
    Refused,
    Replaced,
    RequestCase,
    RequestFate,
    ResponseCase,
    ResponseFate,
    Spoiled,
    Switched,
    Unfinished,
    request,
    response,
)
from tests.smuggling.judge import Finding, Kind, judge_request, judge_response
from tests.smuggling.play import Outcome, Seen
from tests.smuggling.strict import Malformed, read_request
from tests.smuggling.wire import read_answers

BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
CASE = request()
BEHIND = request(start=b"GET /behind HTTP/1.1")
SMUGGLED = request(start=b"GET /smuggled HTTP/1.1")
NEXT = request(start=b"GET /next HTTP/1.1")


def _ok(said: bytes = b"GET /case") -> bytes:
    return response(b"Content-Length: %d" % len(said), body=said)


def _seen(data: bytes, ended: str = "eof") -> Seen:
    requests, fault = [], ""
    try:
        while (read := read_request(data)) is not None:
            requests.append(read)
            data = data[read.size :]
    except Malformed as error:
        fault = str(error)
    return Seen(requests=tuple(requests), rest=data, fault=fault, ended=ended)


def _outcome(got: bytes, *origin: bytes, ended: str = "eof", fenced: bool = True) -> Outcome:
    return Outcome(
        answers=read_answers(got, [], ended == "eof"),
        ended=ended,
        seen=tuple(_seen(data) for data in origin),
        fenced=fenced,
    )


def _request(fate: RequestFate, outcome: Outcome, ours: bool = False) -> list[Finding]:
    case = RequestCase(name="a", sent=b"", rfc="9112 1", why="B.", fates=(fate,), ours=ours)
    return judge_request(case, outcome)


def _response(fate: ResponseFate, outcome: Outcome, next_got: bytes | None = None) -> list[Finding]:
    case = ResponseCase(name="a", sent=b"", rfc="9112 1", why="B.", fate=fate)
    next_got = _ok(b"GET /next") if next_got is None else next_got
    return judge_response(case, replace(outcome, next_answers=read_answers(next_got, [], True)))


@pytest.mark.parametrize(
    ("fate", "outcome"),
    [
        (Refused(), _outcome(BAD)),
        (BrokenOff(), _outcome(BAD)),
        (BrokenOff(), _outcome(BAD, CASE[:-2])),
        (Unfinished(), _outcome(b"", CASE[:-2])),
        (Unfinished(), _outcome(BAD)),
        (Answered(statuses=frozenset((400,))), _outcome(BAD + _ok(b"GET /behind"), BEHIND)),
        (Accepted(), _outcome(_ok() + _ok(b"GET /behind"), CASE + BEHIND)),
        (Accepted(), _outcome(_ok() + _ok(b"GET /behind"), CASE, BEHIND)),
        (Accepted(kept=False), _outcome(_ok(), CASE)),
        (Accepted(has=((b"host", b"a.test"),), kept=False), _outcome(_ok(), CASE)),
    ],
)
def test_nothing_is_found_where_all_is_well(fate: RequestFate, outcome: Outcome) -> None:
    assert _request(fate, outcome) == []


@pytest.mark.parametrize(
    ("fate", "outcome", "kind"),
    [
        (Refused(), _outcome(BAD, SMUGGLED), Kind.SMUGGLED),
        (Accepted(kept=False), _outcome(_ok(), CASE + SMUGGLED), Kind.SMUGGLED),
        (Refused(), _outcome(BAD, b"GET /case HTTP/1.1\r\nX : y\r\n"), Kind.ACCEPTED),
        (Refused(), _outcome(BAD, b"GET /case HTTP/1.1\r\nX : y\r\n\r\n"), Kind.MALFORMED),
        (Refused(), _outcome(b"hello\r\n\r\n"), Kind.MALFORMED),
        (Refused(), _outcome(BAD, BEHIND), Kind.CONTINUED),
        (Refused(), _outcome(BAD + BAD), Kind.CONTINUED),
        (Refused(), _outcome(_ok(), CASE), Kind.ACCEPTED),
        (Refused(), _outcome(BAD, CASE[:9]), Kind.ACCEPTED),
        (Refused(), _outcome(BAD, ended=""), Kind.PROMISE),
        (Refused(), _outcome(b""), Kind.PROMISE),
        (Refused(), _outcome(b"HTTP/1.1 501 X\r\nContent-Length: 0\r\n\r\n"), Kind.PROMISE),
        (Refused(), _outcome(BAD, fenced=False), Kind.CONFUSED),
        (Refused(), _outcome(b"HTTP/1.1 100 X\r\n\r\n" + BAD), Kind.PROMISE),
        (BrokenOff(), _outcome(BAD, CASE), Kind.ACCEPTED),
        (Unfinished(), _outcome(b"", CASE), Kind.TRUNCATED),
        (Answered(statuses=frozenset((400,))), _outcome(BAD), Kind.PROMISE),
        (Accepted(), _outcome(_ok(), CASE), Kind.PROMISE),
        (Accepted(kept=False), _outcome(_ok() + _ok(), CASE), Kind.CONTINUED),
        (Accepted(kept=False), _outcome(_ok(), CASE + CASE), Kind.CONFUSED),
        (Accepted(kept=False), _outcome(_ok(), CASE, BEHIND), Kind.CONTINUED),
        (Accepted(kept=False), _outcome(_ok(b"GET /other"), CASE), Kind.CONFUSED),
        (Accepted(kept=False, body=b"a"), _outcome(_ok(), CASE), Kind.CONFUSED),
        (Accepted(kept=False, target=b"/x"), _outcome(_ok(b"GET /x"), CASE), Kind.CONFUSED),
        (Accepted(kept=False, lacks=(b"host",)), _outcome(_ok(), CASE), Kind.CROSSED),
        (Accepted(kept=False, has=((b"x", b"y"),)), _outcome(_ok(), CASE), Kind.CROSSED),
        (Accepted(kept=False, trailers=((b"x", b"y"),)), _outcome(_ok(), CASE), Kind.CROSSED),
        (Accepted(kept=False), _outcome(BAD), Kind.PROMISE),
        (
            Accepted(kept=False, interim=False),
            _outcome(b"HTTP/1.1 100 X\r\n\r\n" + _ok(), CASE),
            Kind.CONFUSED,
        ),
    ],
)
def test_what_is_wrong_with_a_request_is_found(
    fate: RequestFate, outcome: Outcome, kind: Kind
) -> None:
    assert kind in {finding.kind for finding in _request(fate, outcome)}


def test_a_broken_message_that_is_left_hanging_at_the_origin_is_found() -> None:
    outcome = replace(_outcome(BAD), seen=(_seen(CASE[:-2], ended=""),))
    assert [finding.kind for finding in _request(BrokenOff(), outcome)] == [Kind.CONTINUED]


def test_where_the_rule_is_ours_to_accept_breaks_only_a_promise() -> None:
    outcome = _outcome(_ok() + _ok(b"GET /behind"), CASE + BEHIND)
    assert {each.kind for each in _request(Refused(), outcome, ours=True)} == {Kind.PROMISE}


def test_where_the_rule_is_ours_what_is_malformed_is_still_unacceptable() -> None:
    outcome = _outcome(_ok(), b"GET /case HTTP/1.1\r\nX : y\r\n\r\n")
    assert Kind.MALFORMED in {each.kind for each in _request(Refused(), outcome, ours=True)}


HELLO = _ok(b"hello")
BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("fate", "outcome"),
    [
        (Passed(), _outcome(HELLO, CASE + NEXT)),
        (Passed(thrown=True), _outcome(HELLO, CASE, NEXT)),
        (Replaced(), _outcome(BAD_GATEWAY, CASE, NEXT)),
        (Spoiled(), _outcome(BAD_GATEWAY, CASE, NEXT)),
        (Spoiled(), _outcome(HELLO[:-1], CASE, NEXT)),
        (Switched(data=b"x"), _outcome(b"HTTP/1.1 101 X\r\n\r\nx", CASE, NEXT)),
        (Passed(interims=(103,)), _outcome(b"HTTP/1.1 103 X\r\n\r\n" + HELLO, CASE, NEXT)),
    ],
)
def test_nothing_is_found_where_the_answer_is_well(fate: ResponseFate, outcome: Outcome) -> None:
    assert _response(fate, outcome) == []


@pytest.mark.parametrize(
    ("fate", "outcome", "next_got", "kind"),
    [
        (Passed(), _outcome(HELLO, CASE), _ok(b"poison"), Kind.SMUGGLED),
        (Replaced(), _outcome(_ok(b"poison"), CASE), None, Kind.SMUGGLED),
        (Passed(), _outcome(HELLO, CASE), _ok(b"hello"), Kind.CONFUSED),
        (Passed(), _outcome(HELLO, CASE), b"", Kind.CONFUSED),
        (Passed(), _outcome(HELLO, CASE), _ok(b"GET /next") + b"x", Kind.CONFUSED),
        (Passed(), _outcome(_ok(b"hell"), CASE), None, Kind.CONFUSED),
        (Passed(status=201), _outcome(HELLO, CASE), None, Kind.CONFUSED),
        (Passed(), _outcome(b"HTTP/1.1 103 X\r\n\r\n" + HELLO, CASE), None, Kind.CONFUSED),
        (Passed(), _outcome(BAD_GATEWAY, CASE), None, Kind.PROMISE),
        (Passed(), _outcome(HELLO[:-1], CASE), None, Kind.PROMISE),
        (Passed(), _outcome(b"\0" + HELLO, CASE), None, Kind.MALFORMED),
        (Passed(), _outcome(HELLO, CASE + CASE), None, Kind.PROMISE),
        (Passed(lacks=(b"content-length",)), _outcome(HELLO, CASE), None, Kind.CROSSED),
        (Passed(thrown=True), _outcome(HELLO, CASE + NEXT), None, Kind.CONTINUED),
        (Replaced(), _outcome(HELLO, CASE, NEXT), None, Kind.ACCEPTED),
        (Replaced(), _outcome(BAD_GATEWAY, CASE + NEXT), None, Kind.CONTINUED),
        (Replaced(), _outcome(b"", CASE, NEXT), None, Kind.PROMISE),
        (Spoiled(), _outcome(HELLO, CASE, NEXT), None, Kind.TRUNCATED),
        (Spoiled(), _outcome(HELLO[:-1], CASE, NEXT, ended=""), None, Kind.PROMISE),
        (Switched(data=b"x"), _outcome(HELLO, CASE, NEXT), None, Kind.PROMISE),
    ],
)
def test_what_is_wrong_with_an_answer_is_found(
    fate: ResponseFate, outcome: Outcome, next_got: bytes | None, kind: Kind
) -> None:
    assert kind in {finding.kind for finding in _response(fate, outcome, next_got)}
