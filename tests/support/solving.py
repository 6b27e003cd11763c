"""A client that does what the page of a challenge has browsers do."""

import hashlib
import re
from itertools import count

__all__ = ["puzzle_in", "solve"]


def puzzle_in(page: bytes) -> tuple[bytes, int]:
    """The puzzle of a page, and how many bits are to be zero."""
    found = re.search(rb'data-puzzle="([^"]+)" data-bits="(\d+)"', page)
    assert found is not None, page[:500]
    return found[1], int(found[2])


def solve(puzzle: bytes, bits: int) -> bytes:
    """The proof."""
    for number in count():
        proof = b"%b.%d" % (puzzle, number)
        if int.from_bytes(hashlib.sha256(proof).digest(), "big") >> (256 - bits) == 0:
            return proof
    raise AssertionError
