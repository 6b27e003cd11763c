"""Values of fields, damaged at random: what they are made of, and where parsers have erred."""

import random
import time
from collections.abc import Callable, Sequence

__all__ = ["damaged", "fields_of", "last"]

_PARTS = (
    *(b"", b" ", b"\t", b",", b", ", b";", b"; ", b"=", b":", b'"', b"\\", b"/", b"//", b"?", b"#"),
    *(b"&", b"%", b"%00", b"%2c", b"+", b"-", b"_", b".", b"..", b"@", b"*", b"~", b"[", b"]"),
    *(b"0", b"1", b"9", b"255", b"256", b"65535", b"65536", b"99999999999999999999", b"1e9"),
    *(b"a", b"A", b"z", b"null", b"none", b"\x00", b"\x7f", b"\x80", b"\xc0\xaf", b"\xff", b"\r\n"),
    *(b"\xd9\xa1", b"\xef\xbc\x91", b"::", b"::1", b"::ffff:1.2.3.4", b"%eth0", b"127.0.0.1"),
)


def damaged(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of `seeds`, with up to five damages; about every sixth whole."""
    found = chance.choice(seeds)
    for _ in range(chance.randrange(6)):
        at = chance.randrange(len(found) + 1)
        to = min(len(found), at + chance.choice((1, 1, 1, 2, 5, 20)))
        match chance.randrange(7):
            case 0:
                found = found[:at] + found[to:]
            case 1:
                found = found[:to] + found[at:]
            case 2:
                found = found[:at] + chance.choice(_PARTS) + found[to:]
            case 3:
                found = found[:at] + chance.choice(_PARTS) + found[at:]
            case 4:
                found = found[:at] + chance.randbytes(1) + found[at + 1 :]
            case 5:
                found = found[:at] + chance.choice(seeds)[at:]
            case _:
                found += chance.choice((b",", b", ", b";", b"; ", b"")) + chance.choice(seeds)
    return found[:9000]


def fields_of(
    chance: random.Random, seeds: dict[bytes, Sequence[bytes]], most: int = 4
) -> list[tuple[bytes, bytes]]:
    """Some fields with damaged values, as the decoder of a message lets them through."""
    names = chance.choices(list(seeds), k=chance.randrange(1, most + 1))
    values = [damaged(chance, seeds[each]).translate(None, b"\0\r\n").strip() for each in names]
    return list(zip(names, values, strict=True))


def last(kind: Callable[[random.Random], None], seconds: float, seed: int) -> int:
    """Rounds of `kind` until so many seconds are over. Returns their number."""
    until, number = time.monotonic() + seconds, seed
    while time.monotonic() < until:
        for _ in range(50):
            try:
                kind(random.Random(number))
            except BaseException as error:
                error.add_note(f"of round {number}")
                raise
            number += 1
    return number - seed
