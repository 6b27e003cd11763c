"""A token taken apart, before anything in it is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.shield.jwt_token import LONGEST, BadToken, taken_apart
from tests.support.tokens import b64, claims, signed, unsigned


def test_the_parts_of_a_token() -> None:
    token = taken_apart(signed())
    assert (token.algorithm, token.key_id) == ("RS256", "rsa")
    assert token.claims == claims()
    assert token.signed + b"." == signed()[: len(token.signed) + 1]
    assert len(token.signature) == 256


GOOD = {"alg": "RS256", "kid": "rsa"}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b".",
        b"..",
        b"...",
        b"a.b",
        b"a.b.c.d",
        b"a.b.c.d.e",
        b"." * 5000,
        b"x" * (LONGEST + 1),
        (unsigned(GOOD) + ".").encode(),
        (unsigned(GOOD) + ".====").encode(),
        (unsigned(GOOD) + ".c2ln.").encode(),
        (unsigned(GOOD) + ".a b").encode(),
        (unsigned(GOOD) + ".c2ln\n").encode(),
        (unsigned(GOOD) + ".c2l+").encode(),
        (unsigned(GOOD) + ".c2l/").encode(),
        (unsigned(GOOD) + ".c2lnZ").encode(),
        (unsigned(GOOD) + ".c2ln\xff").encode("latin-1"),
        (unsigned(GOOD) + ".YR").encode(),
    ],
)
def test_what_is_no_token(text: bytes) -> None:
    with pytest.raises(BadToken):
        taken_apart(text)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"[]",
        b'"alg"',
        b"null",
        b"{",
        b"\xff{}",
        b'{"alg":"RS256","alg":"none"}',
        b'{"alg":"none","alg":"RS256"}',
        b'{"alg":null}',
        b'{"alg":["RS256"]}',
        b'{"alg":1}',
        b"{}",
        b'{"alg":"RS256","kid":7}',
        b'{"alg":"RS256","kid":["rsa"]}',
        b'{"alg":"RS256","kid":"%s"}' % (b"x" * 257),
        b'{"alg":"RS256","crit":[]}',
        b'{"alg":"RS256","crit":["exp"],"exp":1}',
        b'{"alg":"RS256","b64":false,"crit":["b64"]}',
        b'{"alg":"RS256","b64":true}',
        b'{"alg":"dir","enc":"A256GCM"}',
        b'{"alg":"RS256","zip":"DEF"}',
        b'{"alg":"RS256","cty":"JWT"}',
        b'{"alg":"RS256","typ":"logout+jwt"}',
        b'{"alg":"RS256","typ":"dpop+jwt"}',
        b'{"alg":"RS256","typ":7}',
        b'{"alg":"RS256","x":NaN}',
        b'{"alg":"RS256","x":"' + b"y" * 3000 + b'"}',
    ],
)
def test_what_is_no_header(header: bytes) -> None:
    with pytest.raises(BadToken):
        taken_apart((unsigned(header) + ".c2ln").encode())


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"ann",
        b'"ann"',
        b'{"sub":"ann","sub":"admin"}',
        b'{"sub":"ann","a":{"x":1,"x":2}}',
        b'{"exp":Infinity}',
        b'{"exp":-Infinity}',
        b'{"exp":NaN}',
        b"\x1f\x8b\x08\x00",
        b"\xef\xbb\xbf{}",
        b'{"exp":' + b"9" * 5000 + b"}",
        b'{"a":' + b"[" * 2500 + b"]" * 2500 + b"}",
        b'{"sub":"\xed\xa0\x80"}',
    ],
)
def test_what_is_no_payload(payload: bytes) -> None:
    with pytest.raises(BadToken):
        taken_apart((unsigned(GOOD, payload) + ".c2ln").encode())


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "application/at+JWT"])
def test_types_of_access_tokens(kind: str) -> None:
    assert taken_apart((unsigned(GOOD | {"typ": kind}) + ".c2ln").encode()).algorithm == "RS256"


def test_why_it_is_none_says_nothing_of_it() -> None:
    text = (unsigned(b'{"alg":"RS256","kid":7,"x":"hunter2"}') + ".c2ln").encode()
    with pytest.raises(BadToken) as caught:
        taken_apart(text)
    assert "hunter2" not in str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_token_or_none(text: bytes) -> None:
    try:
        token = taken_apart(text)
    except BadToken:
        return
    parts = text.split(b".")
    assert [b64(token.signature).encode()] == parts[2:]
