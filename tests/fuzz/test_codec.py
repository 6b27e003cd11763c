"""Damaged messages: a decoder says what they mean or raises a PorchError, and nothing else.

However they are cut, they mean the same or fail alike, and what waits for more stays bounded.
"""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.http.h1 import Decoder, HeadLimits
from tests.support.codec import Event, answer_decoder, events, request_decoder
from tests.support.mutate import cut, damaged_answer, damaged_request


def check(make: Callable[[], Decoder], message: bytes, chance: random.Random) -> None:
    """The damaged message means one thing. The event for an error is the last of all."""
    whole = events(make(), [message])
    bytewise = events(make(), [message[at : at + 1] for at in range(len(message))])
    pieces = cut(chance, message)
    cut_up = events(make(), pieces)
    for found in (bytewise, cut_up):
        if fails(whole):
            assert fails(found), (message, pieces)
            assert begins_with(found[:-1], whole[:-1]), (message, pieces)
        else:
            assert found == whole, (message, pieces)


def fails(found: list[Event]) -> bool:
    return bool(found) and found[-1][0] == "error"


def begins_with(longer: list[Event], shorter: list[Event]) -> bool:
    """Whether everything of `shorter` is in `longer`, whose last data may be more.

    An error takes with it what came in one read with it, so that more is seen in smaller reads.
    """
    for number, event in enumerate(shorter):
        if number >= len(longer):
            return False
        found = longer[number]
        if event != found:
            last = number == len(shorter) - 1
            return last and event[0] == found[0] == "data" and found[1].startswith(event[1])
    return True


NARROW = HeadLimits(request_line=48, head=110, fields=5)

KINDS: dict[str, tuple[Callable[[], Decoder], Callable[[random.Random], bytes]]] = {
    "requests": (request_decoder, damaged_request),
    "answers": (answer_decoder, damaged_answer),
    "answers to HEAD": (lambda: answer_decoder(b"HEAD"), damaged_answer),
    "answers to an upgrade": (lambda: answer_decoder(upgrade=b"websocket"), damaged_answer),
    "requests as answers": (answer_decoder, damaged_request),
    "answers as requests": (request_decoder, damaged_answer),
    "requests in narrow limits": (lambda: request_decoder(NARROW), damaged_request),
    "answers in narrow limits": (lambda: answer_decoder(limits=NARROW), damaged_answer),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_damaged_messages_mean_one_thing_or_fail(kind: str, seed: int) -> None:
    make, damaged = KINDS[kind]
    chance = random.Random(f"{kind} {seed}")
    for _ in range(50):
        check(make, damaged(chance), chance)


@given(st.binary(max_size=60), st.integers())
def test_any_bytes_mean_one_thing_or_fail(message: bytes, seed: int) -> None:
    for make in (request_decoder, answer_decoder):
        check(make, message, random.Random(seed))


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", KINDS)
def test_very_many_damaged_messages_mean_one_thing_or_fail(kind: str) -> None:
    make, damaged = KINDS[kind]
    chance = random.Random(kind)
    for _ in range(100_000):
        check(make, damaged(chance), chance)


@pytest.mark.parametrize("seed", range(4))
def test_what_damages_messages_leaves_some_whole(seed: int) -> None:
    """Else the tests above would only try the refusals."""
    chance = random.Random(seed)
    found = [events(request_decoder(), [damaged_request(chance)]) for _ in range(100)]
    assert 20 < sum(map(fails, found)) < 80
