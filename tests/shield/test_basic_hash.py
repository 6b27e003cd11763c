"""Hashes of passwords."""

import bcrypt
import pytest

from porch.shield.basic_hash import make_hash, review_hash, verify

ARGON = make_hash(b"s3cret")
BCRYPT = bcrypt.hashpw(b"s3cret", bcrypt.gensalt(4)).decode()
HTPASSWD = BCRYPT.replace("$2b$", "$2y$")


@pytest.mark.parametrize("hashed", [ARGON, BCRYPT, HTPASSWD])
def test_a_password_holds_for_its_hash_alone(hashed: str) -> None:
    review_hash(hashed)
    assert verify(hashed, b"s3cret")
    for wrong in (b"", b"s3cre", b"s3crett", b"S3CRET", b"s3cret\0", b"\xff" * 72, hashed.encode()):
        assert not verify(hashed, wrong)


def test_bcrypt_takes_no_password_for_its_beginning() -> None:
    hashed = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert verify(hashed, b"x" * 72)
    assert not verify(hashed, b"x" * 73)


def test_each_hash_has_a_salt_of_its_own() -> None:
    assert make_hash(b"x") != make_hash(b"x")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("$apr1$R9xMcBgW$ZQo8pVJzQ1lXnLrGUMMBz/", "APR1"),
        ("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "SHA-1"),
        ("{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "SHA-1"),
        ("$1$abc$def", "MD5"),
        ("$5$abc$def", "SHA-256"),
        ("$6$abc$def", "SHA-512"),
        (ARGON.replace("argon2id", "argon2i"), "argon2i;"),
        (ARGON.replace("argon2id", "argon2d"), "argon2d;"),
        ("hunter2", "no hash"),
        ("", "no hash"),
        (ARGON + "\n", "no hash"),
        (ARGON.replace("m=19456", "m=4194304"), "too long"),
        (ARGON.replace("t=2", "t=999"), "too long"),
        (ARGON.replace("t=2", "t=0"), "no time"),
        (BCRYPT.replace("$04$", "$31$"), "cost is 31"),
    ],
)
def test_what_is_tried_fast_or_too_slowly_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="porch password") as caught:
        review_hash(text)
    assert why in str(caught.value)
    assert not text.strip() or text.strip() not in str(caught.value)
