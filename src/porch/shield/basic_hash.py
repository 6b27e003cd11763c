"""Hashes of passwords: argon2id and bcrypt. All others are refused, and said why."""

import re

__all__ = ["MEMORY", "kind_of", "make_hash", "review_hash", "verify"]

MEMORY = 19 * 1024
"""KiB that one verification of what `make_hash` makes takes; with two passes it is the least that
OWASP recommends. A door verifies each user's once a minute."""

_ARGON2ID = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$[A-Za-z0-9+/]{11,86}\$"
    r"[A-Za-z0-9+/]{16,172}\Z"
)
_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}\Z")
_MOST_MEMORY = 512 * 1024
_MOST_TIME = 4 * 1024 * 1024
"""KiB times passes: about a second."""
_COSTS = range(4, 16)
_WAY_OUT = "`porch password` makes one that can be used"
_OTHERS = (
    ("$apr1$", "it is APR1 (MD5), which a graphics card tries by the million"),
    ("$1$", "it is MD5, which a graphics card tries by the million"),
    ("$5$", "it is SHA-256 crypt, which needs no memory and is tried fast"),
    ("$6$", "it is SHA-512 crypt, which needs no memory and is tried fast"),
    ("{SHA", "it is SHA-1 or another plain digest, which is tried by the billion"),
    ("{SSHA", "it is a salted SHA-1, which is tried by the billion"),
    ("$argon2i$", "it is argon2i; argon2id is the one for passwords (RFC 9106)"),
    ("$argon2d$", "it is argon2d; argon2id is the one for passwords (RFC 9106)"),
)


def review_hash(text: str) -> None:
    """Raise ValueError with a sentence, in which the text is not, for what is no hash to use."""
    if (argon := _ARGON2ID.match(text)) is not None:
        memory, passes, lanes = map(int, argon.groups())
        if not 8 * lanes <= memory <= _MOST_MEMORY or memory * passes > _MOST_TIME or not passes:
            raise ValueError(f"each login with it would take too long, or no time; {_WAY_OUT}")
        return
    if (bcrypt := _BCRYPT.match(text)) is not None:
        if int(bcrypt[1]) not in _COSTS:
            raise ValueError(f"its cost is {bcrypt[1]}; write one up to {_COSTS[-1]}; {_WAY_OUT}")
        return
    why = next((why for start, why in _OTHERS if text.startswith(start)), "")
    raise ValueError(f"{why or 'it is no hash of a password (argon2id, bcrypt)'}; {_WAY_OUT}")


def kind_of(hashed: str) -> str:
    """By what a hash is made and what it costs: those of a kind take as long as each other."""
    bcrypt = _BCRYPT.match(hashed)
    return (
        f"bcrypt {bcrypt[1]}"
        if bcrypt is not None
        else hashed.rpartition("$")[0].rpartition("$")[0]
    )


def verify(hashed: str, password: bytes) -> bool:
    """Whether it is of this password. Takes long, without the interpreter's lock for most of it.

    bcrypt has no more than 72 bytes of a password: a longer one does not hold.
    """
    if hashed.startswith("$argon2id$"):
        import argon2  # late: who has no passwords needs it not

        try:
            return argon2.PasswordHasher().verify(hashed, password)
        except argon2.exceptions.VerifyMismatchError:
            return False
    import bcrypt

    if len(password) > 72 or b"\0" in password:
        return False
    return bcrypt.checkpw(password, hashed.encode())


def make_hash(password: bytes) -> str:
    """argon2id, with a salt of its own."""
    import argon2

    hasher = argon2.PasswordHasher(time_cost=2, memory_cost=MEMORY, parallelism=1)
    return hasher.hash(password)
