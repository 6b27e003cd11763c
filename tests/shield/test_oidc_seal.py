"""What is sealed opens for its purpose and its host alone, and changed not at all."""

import secrets

import pytest

from porch.shield.oidc_seal import LONGEST, Sealer, b64

KEY = secrets.token_bytes(32)
SEALER = Sealer(KEY, "session x")
CONTENT = {"c": {"sub": "ann"}, "t": [1.5, 2, 3]}
SEALED = SEALER.seal(CONTENT, b"a.test")


def test_what_is_sealed_opens_with_the_same_key() -> None:
    assert SEALER.open(SEALED, b"a.test") == CONTENT
    assert Sealer(KEY, "session x").open(SEALED, b"a.test") == CONTENT, "after a restart"


def test_nobody_can_read_it_and_no_two_are_the_same() -> None:
    assert b"ann" not in SEALED
    assert b64(b"ann")[:3] not in SEALED
    assert SEALER.seal(CONTENT, b"a.test") != SEALED
    assert set(SEALED) <= set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_it_opens_for_no_other_host_purpose_or_key() -> None:
    assert SEALER.open(SEALED, b"b.test") is None
    assert SEALER.open(SEALED, b"") is None
    assert Sealer(KEY, "login x").open(SEALED, b"a.test") is None
    assert Sealer(secrets.token_bytes(32), "session x").open(SEALED, b"a.test") is None
    assert Sealer(KEY, "session ").open(Sealer(KEY, "session").seal({}, b" a"), b"a") is None


def test_no_byte_of_it_can_be_changed() -> None:
    for at in range(len(SEALED)):
        other = b"A" if SEALED[at : at + 1] != b"A" else b"Q"
        assert SEALER.open(SEALED[:at] + other + SEALED[at + 1 :], b"a.test") is None


@pytest.mark.parametrize(
    "text", [b"", b"A", b"AAAA", b"=", b"\xff" * 40, b"A" * 60, SEALED[:-1], b"x" + SEALED]
)
def test_what_is_no_seal_is_refused(text: bytes) -> None:
    assert SEALER.open(text, b"a.test") is None


@pytest.mark.parametrize("size", [1, 2, 3])
def test_nor_is_another_spelling_of_the_same_bytes(size: int) -> None:
    """Letters of plain Base64, `=`, and bits of the last letter that mean nothing."""
    sealed = SEALER.seal({"c": "x" * size}, b"a.test")
    while not {b"-"[0], b"_"[0]} & {*sealed}:
        sealed = SEALER.seal({"c": "x" * size}, b"a.test")
    plain = sealed.translate(bytes.maketrans(b"-_", b"+/"))
    ends = [bytes((each,)) for each in range(128) if each != sealed[-1]]
    for other in (plain, sealed + b"=", sealed + b"==", *(sealed[:-1] + each for each in ends)):
        assert SEALER.open(other, b"a.test") is None, other
    assert SEALER.open(sealed, b"a.test") is not None


def test_what_is_too_long_is_not_looked_at() -> None:
    long = SEALER.seal({"c": "x" * LONGEST}, b"a.test")
    assert SEALER.open(long, b"a.test") is None
