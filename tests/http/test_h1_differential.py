"""What our decoders take, other parsers take with the same meaning and up to the same byte.

Ours are to be the strictest: the other way round is no error. Where the others refuse what the
RFCs allow, the reason stands in EXPLAINED.
"""

import random
import re
from collections.abc import Callable

import pytest

from porch.errors import PorchError
from porch.http.fields import HOP_BY_HOP
from porch.http.h1 import Decoder
from porch.http.message import Field, RequestHead, ResponseHead, Trailers
from tests.support.codec import answer_decoder, request_decoder
from tests.support.messages import ANSWERS, REQUESTS
from tests.support.mutate import damaged_answer, damaged_request
from tests.support.oracles import ANSWERS_BY, REQUESTS_BY, Meaning, Oracle

OTHERS: dict[str, tuple[Oracle, bool]] = {
    **{f"requests by {name}": (oracle, True) for name, oracle in REQUESTS_BY.items()},
    **{f"answers by {name}": (oracle, False) for name, oracle in ANSWERS_BY.items()},
}

METHODS = b"GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|LINK|MOVE|LOCK|BIND|COPY"
SPACED_EXTENSION = re.compile(
    rb".*chunked.*\r\n[0-9a-f]+[ \t]*(?:;[^\r]*)?;[ \t]", re.DOTALL | re.IGNORECASE
)
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"

EXPLAINED: dict[str, tuple[str, re.Pattern[bytes], bytes]] = {
    "it knows a list of methods, RFC 9110 9.1 does not": (
        "requests by llhttp",
        re.compile(rb"(?:\r\n)?(?!(?:%b) )" % METHODS),
        b"PURR / HTTP/1.1\r\nhost: a.test\r\n\r\n",
    ),
    "it heeds Upgrade in HTTP/1.0, RFC 9110 7.8 ignores it": (
        "requests by llhttp",
        re.compile(rb"[^\n]* HTTP/1\.0\r\n.*upgrade", re.DOTALL),
        b"GET / HTTP/1.0\r\nconnection: upgrade\r\nupgrade: x\r\ncontent-length: 1\r\n\r\n!",
    ),
    "it takes a body behind Upgrade for a tunnel; we ignore the Upgrade and don't forward it": (
        "requests by llhttp",
        re.compile(rb".*upgrade.*content-length|.*content-length.*upgrade", re.DOTALL | re.I),
        b"GET / HTTP/1.1\r\nhost: a.test\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        b"content-length: 1\r\n\r\n!",
    ),
    "it knows no white space around the semicolon of an extension, RFC 9112 7.1.1 does": (
        "requests by llhttp",
        re.compile(rb".*chunked.*\r\n[0-9a-f]+(?:[ \t]+;|;[ \t]|;[^\r]*[ \t])", re.DOTALL | re.I),
        b"POST / HTTP/1.1\r\nhost: a.test\r\ntransfer-encoding: chunked\r\n\r\n0 ;a\r\n\r\n",
    ),
    "it takes no empty line before a request, RFC 9112 2.2 does": (
        "requests by h11",
        re.compile(rb"\r\n"),
        b"\r\nGET / HTTP/1.1\r\nhost: a.test\r\n\r\n",
    ),
    "it takes no space before a request's chunk extension, RFC 9112 7.1.1 does": (
        "requests by llhttp",
        SPACED_EXTENSION,
        b"POST / HTTP/1.1\r\nhost: a.test\r\n" + CHUNKED[17:] + b"0; 1\r\n\r\n",
    ),
    "it takes no space before a chunk extension, RFC 9112 7.1.1 does": (
        "answers by llhttp",
        SPACED_EXTENSION,
        CHUNKED + b"0; 1\r\n\r\n",
    ),
}
"""Why another differs: which, on what messages, and one of them."""


def explained(by: str, message: bytes) -> bool:
    return any(name == by and what.match(message) for name, what, _ in EXPLAINED.values())


def ours(decoder: Decoder, stream: bytes) -> Meaning | None:
    """The first message, an interim answer not counted, as our decoder reads it."""
    meaning = Meaning()
    try:
        piece = decoder.decode(stream)
        while piece is not None:
            head, body, end = piece
            if isinstance(head, RequestHead):
                meaning.line = (head.method, head.target)
                meaning.fields = head.fields
            elif isinstance(head, ResponseHead):
                meaning.line = (b"%d" % head.status,)
                meaning.fields = head.fields
            elif isinstance(head, Trailers):
                meaning.trailers = head.fields
            meaning.body += body
            if end:
                meaning.size = len(stream) - len(decoder.rest)
                return meaning
            piece = decoder.decode(b"") if decoder.rest else None
    except PorchError:
        return None
    return None


CONSUMED = HOP_BY_HOP | {b"host", b"content-length", b"expect", b"date"}


def end_to_end(fields: list[Field]) -> list[Field]:
    """The fields that a codec does not consume, by RFC 9110 7.6.1."""
    named = {
        each.strip(b" \t").lower()
        for name, value in fields
        if name == b"connection"
        for each in value.split(b",")
    }
    return [field for field in fields if field[0] not in CONSUMED | named]


def origin_form(target: bytes) -> bytes:
    """The target without scheme and authority, which our decoder takes off (RFC 9112 3.2.2)."""
    found = re.match(rb"(?i)https?://[^/?]*(.*)", target)
    if found is None:
        return target
    return found[1] if found[1].startswith(b"/") else b"/" + found[1]


def differences(mine: Meaning, theirs: Meaning | None) -> str:
    """How two readings of one message differ; "" if they don't."""
    if theirs is None:
        return "it is refused"
    if (*theirs.line[:-1], origin_form(theirs.line[-1])) != mine.line:
        return f"line {theirs.line}"
    if end_to_end(theirs.fields) != end_to_end(mine.fields):
        return f"fields {theirs.fields}"
    if theirs.body != mine.body:
        return f"body {theirs.body!r}"
    if theirs.size != mine.size:
        return f"the end is {theirs.size - mine.size} bytes further"
    if not all(field in theirs.trailers for field in mine.trailers):
        return f"trailers {theirs.trailers}"
    return ""


def compare(by: str, message: bytes) -> bool:
    """Whether our decoder takes the message; fails if the other then says something else."""
    oracle, is_request = OTHERS[by]
    make: Callable[[], Decoder] = request_decoder if is_request else answer_decoder
    mine = ours(make(), message)
    if mine is None:
        return False
    found = differences(mine, oracle(message))
    assert not found or explained(by, message), f"{by}: {found}\n{message!r}\nours {mine}"
    return True


@pytest.mark.parametrize("by", OTHERS)
def test_others_read_valid_messages_as_we_do(by: str) -> None:
    valid = REQUESTS if OTHERS[by][1] else ANSWERS
    for message, _ in valid.values():
        assert compare(by, message), message


def compare_damaged(by: str, chance: random.Random, count: int) -> int:
    """How many damaged messages our decoder takes; fails if another means something else."""
    damaged = damaged_request if OTHERS[by][1] else damaged_answer
    return sum(compare(by, damaged(chance)) for _ in range(count))


@pytest.mark.parametrize("by", OTHERS)
@pytest.mark.parametrize("seed", range(4))
def test_others_read_what_we_take_as_we_do(by: str, seed: int) -> None:
    taken = compare_damaged(by, random.Random(seed), 100)
    assert 20 <= taken <= 80, "the messages are too damaged, or too little"


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("by", OTHERS)
def test_others_read_very_much_of_what_we_take_as_we_do(by: str) -> None:
    assert compare_damaged(by, random.Random(by), 200_000)


@pytest.mark.parametrize("reason", EXPLAINED)
def test_an_explained_difference_still_exists(reason: str) -> None:
    by, what, example = EXPLAINED[reason]
    oracle, is_request = OTHERS[by]
    mine = ours(request_decoder() if is_request else answer_decoder(), example)
    assert mine is not None
    assert differences(mine, oracle(example))
    assert what.match(example)
