"""What was wrong with an outcome, in words, and how bad it is.

A finding of any kind but PROMISE is unacceptable from any door; PROMISE is what Porch promises
beyond the RFC, or a valid message refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

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
    Spoiled,
    Switched,
    Unfinished,
)
from tests.smuggling.play import Outcome, Seen
from tests.smuggling.strict import Fields, Request, Response
from tests.smuggling.wire import Answer

__all__ = ["Finding", "Kind", "judge_request", "judge_response"]


class Kind(StrEnum):
    """How bad, worst first."""

    SMUGGLED = "smuggled"
    """What hid inside a message was taken for one of its own."""
    MALFORMED = "malformed"
    """Bytes that are no HTTP were passed on."""
    CONTINUED = "continued"
    """The connection went on after an error of framing."""
    CONFUSED = "confused"
    """Not one answer a message, or another body than was sent."""
    TRUNCATED = "truncated"
    """A broken message looked whole."""
    ACCEPTED = "accepted"
    """Taken, though it has to be refused."""
    CROSSED = "crossed"
    """A field crossed that must not, or was lost."""
    PROMISE = "promise"
    """Other than Porch promises."""


STRICTER = frozenset((Kind.CONTINUED, Kind.CONFUSED, Kind.TRUNCATED, Kind.ACCEPTED, Kind.CROSSED))
"""Of these only Porch is guilty where the rule is ours."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was wrong."""

    kind: Kind
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


def judge_request(case: RequestCase, outcome: Outcome) -> list[Finding]:
    """What a door did wrong with a hostile request; nothing is right."""
    found = [*_whole(outcome), *_origin_side(case, outcome), *_client_side(case, outcome)]
    return _weigh(found, case.ours)


def judge_response(case: ResponseCase, outcome: Outcome) -> list[Finding]:
    """What a door did wrong with a hostile answer; nothing is right."""
    found = [*_whole(outcome), *_answer(case, outcome), *_afterwards(case, outcome)]
    return _weigh(found, case.ours)


def _weigh(found: list[Finding], ours: bool) -> list[Finding]:
    if ours:
        found = [
            Finding(Kind.PROMISE, each.text) if each.kind in STRICTER else each for each in found
        ]
    return found


def _whole(outcome: Outcome) -> Iterator[Finding]:
    """What is wrong whatever the case."""
    for seen in outcome.seen:
        if seen.fault:
            yield Finding(Kind.MALFORMED, f"the origin got no HTTP ({seen.fault}): {seen.rest!r}")
    if b"/smuggled" in outcome.targets:
        yield Finding(Kind.SMUGGLED, "the origin was asked for what hid inside the message")
    if outcome.answers.fault:
        yield Finding(
            Kind.MALFORMED,
            f"the client got no HTTP ({outcome.answers.fault}): {outcome.answers.rest[:200]!r}",
        )
    if not outcome.fenced:
        yield Finding(Kind.CONFUSED, "a request behind the case did not get its own answer")


# --- requests ------------------------------------------------------------------------------------


def _origin_side(case: RequestCase, outcome: Outcome) -> Iterator[Finding]:
    """Whether the origin got what it should, and not a byte more."""
    requests = [request for each in outcome.seen for request in each.requests]
    requests = [request for request in requests if request.target != b"/smuggled"]
    for fate in case.fates:
        if isinstance(fate, Accepted):
            if not requests or requests[0].target == b"/behind":
                yield Finding(Kind.PROMISE, f"the origin never got {fate.target!r}")
            else:
                yield from _compare_request(fate, requests.pop(0))
    last = case.fates[-1]
    behind = [request for request in requests if request.target == b"/behind"]
    surplus = [request for request in requests if request.target != b"/behind"]
    if surplus:
        what = f"{surplus[0].method!r} {surplus[0].target!r}"
        if isinstance(last, Unfinished):
            yield Finding(Kind.TRUNCATED, f"the origin got it as a whole request: {what}")
        elif isinstance(last, Refused | BrokenOff):
            yield Finding(Kind.ACCEPTED, f"the origin got it: {what}")
        else:
            yield Finding(Kind.CONFUSED, f"the origin got one request more: {what}")
    if len(behind) > last.kept:
        yield Finding(Kind.CONTINUED, "what stood behind it was served")
    if last.kept and not behind:
        yield Finding(Kind.PROMISE, "the request behind it was not served")
    yield from _beginnings(last, outcome.seen)


def _beginnings(last: RequestFate, seen: tuple[Seen, ...]) -> Iterator[Finding]:
    partly = isinstance(last, BrokenOff | Unfinished) or (
        isinstance(last, Answered) and last.partly
    )
    for each in seen:
        if each.rest and not each.fault and not partly:
            yield Finding(Kind.ACCEPTED, f"the beginning reached the origin: {each.rest[:200]!r}")
        elif each.rest and not each.ended:
            yield Finding(Kind.CONTINUED, "the origin still waits for the rest of a broken message")


def _compare_request(fate: Accepted, request: Request) -> Iterator[Finding]:
    if (request.method, request.target) != (fate.method, fate.target):
        yield Finding(
            Kind.CONFUSED,
            f"the origin got {request.method!r} {request.target!r}, not"
            f" {fate.method!r} {fate.target!r}",
        )
    if request.body != fate.body:
        yield Finding(Kind.CONFUSED, f"the origin got the body {request.body[:200]!r}")
    if request.trailers != fate.trailers:
        yield Finding(Kind.CROSSED, f"the origin got the trailers {request.trailers!r}")
    yield from _compare_fields(request, fate.has, fate.lacks)


def _compare_fields(
    message: Request | Response, has: Fields, lacks: tuple[bytes, ...]
) -> Iterator[Finding]:
    for name, value in has:
        if message.values(name) != [value]:
            yield Finding(Kind.CROSSED, f"{name!r} is {message.values(name)!r}, not {value!r}")
    for name in lacks:
        if message.values(name):
            yield Finding(Kind.CROSSED, f"{name!r} is there: {message.values(name)!r}")


def _client_side(case: RequestCase, outcome: Outcome) -> Iterator[Finding]:
    """Whether the client got one answer a message, in order, and the close where it belongs."""
    answers = list(outcome.answers.whole)
    last = case.fates[-1]
    for fate in case.fates:
        if not answers:
            if not isinstance(fate, Unfinished):
                yield Finding(Kind.PROMISE, f"no answer to {fate}; the end was {outcome.ended!r}")
        elif not (isinstance(fate, Unfinished) and answers[0].final.status >= 400):
            yield from _compare_answer(fate, answers.pop(0))
        else:
            answers.pop(0)
    if last.kept and answers:
        behind = answers.pop(0).final
        if behind.body != b"GET /behind":
            yield Finding(Kind.CONFUSED, f"the request behind it got {behind.body[:100]!r}")
    if answers:
        kind = Kind.CONFUSED if last.kept else Kind.CONTINUED
        yield Finding(kind, f"one answer too many: {answers[0].final.status}")
    elif outcome.answers.rest and not outcome.answers.fault:
        yield Finding(Kind.CONFUSED, f"bytes behind the answers: {outcome.answers.rest[:200]!r}")
    if not outcome.ended and not isinstance(last, Unfinished):
        yield Finding(Kind.PROMISE, "the connection stayed open")


def _compare_answer(fate: RequestFate, answer: Answer) -> Iterator[Finding]:
    final = answer.final
    if isinstance(fate, Accepted):
        said = fate.method + b" " + fate.target
        if final.status != 200:
            yield Finding(Kind.PROMISE, f"{said!r} was answered {final.status}")
        elif fate.method != b"HEAD" and final.body != said:
            yield Finding(Kind.CONFUSED, f"{said!r} got the answer {final.body[:100]!r}")
        if answer.interims and not fate.interim:
            yield Finding(Kind.CONFUSED, f"interim answers {answer.interims} to HTTP/1.0")
    elif isinstance(fate, Refused) and answer.interims:
        yield Finding(Kind.PROMISE, "a body that is refused was asked for")
    if isinstance(fate, Refused | BrokenOff | Answered) and final.status not in fate.statuses:
        taken = final.status < 300 and not isinstance(fate, Answered)
        kind = Kind.ACCEPTED if taken else Kind.PROMISE
        yield Finding(kind, f"answered {final.status}, not one of {sorted(fate.statuses)}")


# --- responses -----------------------------------------------------------------------------------


def _answer(case: ResponseCase, outcome: Outcome) -> Iterator[Finding]:
    """Whether the client got of the hostile answer what it should."""
    fate = case.fate
    whole = outcome.answers.whole
    if isinstance(fate, Spoiled):
        yield from _spoiled(outcome)
        return
    if not whole:
        yield Finding(Kind.PROMISE, f"no whole answer; the end was {outcome.ended!r}")
        return
    final = whole[0].final
    if isinstance(fate, Replaced):
        if _is_origins(final) or final.status < 300:
            yield Finding(Kind.ACCEPTED, f"the answer was passed on: {final.status}")
        elif final.status not in fate.statuses:
            yield Finding(Kind.PROMISE, f"answered {final.status}")
    elif isinstance(fate, Switched):
        if final.status != 101 or outcome.answers.rest != fate.data:
            yield Finding(
                Kind.PROMISE, f"not switched: {final.status} {outcome.answers.rest[:100]!r}"
            )
        return
    elif final.status in (502, 503) and fate.status != final.status:
        yield Finding(Kind.PROMISE, f"a valid answer was replaced by {final.status}")
    else:
        yield from _compare_passed(fate, final)
    if fate.interims is not None and whole[0].interims != fate.interims:
        yield Finding(Kind.CONFUSED, f"the interim answers were {whole[0].interims}")


def _compare_passed(fate: Passed, final: Response) -> Iterator[Finding]:
    if final.status != fate.status:
        yield Finding(Kind.CONFUSED, f"the status became {final.status}")
    if final.body != fate.body:
        yield Finding(Kind.CONFUSED, f"the client got the body {final.body[:200]!r}")
    if final.trailers != fate.trailers:
        yield Finding(Kind.CROSSED, f"the client got the trailers {final.trailers!r}")
    yield from _compare_fields(final, fate.has, fate.lacks)


def _spoiled(outcome: Outcome) -> Iterator[Finding]:
    whole = outcome.answers.whole
    if whole and (_is_origins(whole[0].final) or whole[0].final.status < 300):
        yield Finding(Kind.TRUNCATED, f"it looks whole: {whole[0].final.body[:100]!r}")
    if not whole and not outcome.ended:
        yield Finding(Kind.PROMISE, "the client is left waiting for the rest")


def _is_origins(answer: Response) -> bool:
    return bool(answer.values(b"x-origin")) or b"hello" in answer.body


def _afterwards(case: ResponseCase, outcome: Outcome) -> Iterator[Finding]:
    """Whether the next request got its own answer, by a connection that is fit for it."""
    fate = case.fate
    poison = b"poison"
    told = [answer.final for answer in outcome.answers.whole]
    after = outcome.next_answers
    assert after is not None
    told += [answer.final for answer in after.whole]
    if any(poison in each.body or each.values(b"x-poison") for each in told):
        yield Finding(Kind.SMUGGLED, "an answer that nobody asked for was given to somebody")
    elif len(after.whole) != 1 or after.whole[0].final.body != b"GET /next":
        said = [(each.final.status, each.final.body[:60]) for each in after.whole]
        yield Finding(Kind.CONFUSED, f"the next request got {said!r}")
    elif after.rest and not isinstance(fate, Switched):
        yield Finding(Kind.CONFUSED, f"bytes behind the answers: {after.rest[:200]!r}")
    asked = outcome.targets.count(b"/case")
    if asked > 1:
        kind = Kind.PROMISE if case.method in (b"GET", b"HEAD") else Kind.CONFUSED
        yield Finding(kind, f"the origin was asked {asked} times")
    thrown = not isinstance(fate, Passed) or fate.thrown
    for seen in outcome.seen:
        targets = [request.target for request in seen.requests]
        if thrown and b"/case" in targets and targets[-1] != b"/case":
            yield Finding(Kind.CONTINUED, "the origin's connection served again")
