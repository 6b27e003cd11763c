"""What dictionaries (RFC 9842, `dcz`) would bring to a JSON API: what is left of an answer, and CPU
time of coding it, beside gzip and zstd as they are.

The dictionary is what the client has already: the same URL as it was before, with one record in
twenty changed; another page of the list; or a file that was trained on many pages and that clients
fetch once. Figures for docs/compression.md: `python bench/compression_dictionaries.py`. `dcb` is
not here: the library for brotli has no call for a dictionary (1.2).
"""

import json
from collections.abc import Callable
from random import Random

import zstandard
from harness.best import best
from harness.texts import article, words
from isal import igzip_lib

Encode = Callable[[bytes], bytes]

HEADER = 40
"""Bytes in front of each `dcz` answer, with the digest of its dictionary (RFC 9842 5)."""
LEVEL = 3
TRAINED = 32_768
"""Bytes of a trained dictionary."""
PATIENCE = 0.15
"""Seconds of CPU time for one cell; one call at least."""
SIZES = {"1 record": 1, "20 records": 20, "300 records": 300}


def records(draw: Random, count: int, first: int = 1) -> list[dict[str, object]]:
    """A page of a list of articles."""
    known = words(Random(1))
    return [article(draw, known, number) for number in range(first, first + count)]


def later(draw: Random, page: list[dict[str, object]]) -> list[dict[str, object]]:
    """The same page when one record in twenty has another price, but one at least."""
    changed = set(draw.sample(range(len(page)), max(1, len(page) // 20)))
    return [
        each | {"price": draw.randint(100, 99999) / 100} if n in changed else each
        for n, each in enumerate(page)
    ]


def encoded(page: list[dict[str, object]]) -> bytes:
    """As an API sends it."""
    return json.dumps(page).encode()


def raw(data: bytes) -> zstandard.ZstdCompressionDict:
    """An earlier answer as it is."""
    return zstandard.ZstdCompressionDict(data, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


def prepared(dictionary: zstandard.ZstdCompressionDict) -> Encode:
    """One that many answers are coded with."""
    dictionary.precompute_compress(level=LEVEL)
    return zstandard.ZstdCompressor(level=LEVEL, dict_data=dictionary).compress


def anew(data: bytes) -> Encode:
    """One that is this client's alone: it is read for each answer."""
    return lambda body: zstandard.ZstdCompressor(level=LEVEL, dict_data=raw(data)).compress(body)


def cost(encode: Encode, body: bytes) -> tuple[int, float]:
    """Bytes that are left, and microseconds of CPU time; the best call counts."""
    coded, took = best(lambda: encode(body), PATIENCE)
    return len(coded), took * 1e6


def main() -> None:
    """Print the table."""
    draw = Random(9842)
    samples: list[bytes | bytearray | memoryview] = [
        encoded(records(draw, 20, n * 20)) for n in range(300)
    ]
    trained = zstandard.train_dictionary(TRAINED, samples)
    names = ["gzip", "zstd", "the same before", "another page", "trained"]
    print("| answer of | plain |" + "".join(f" {name} |" for name in names))
    print("| --- | --: |" + " --: |" * len(names))
    for name, count in SIZES.items():
        page = records(draw, count, 7001)
        body, other = encoded(later(draw, page)), encoded(records(draw, count, 8001))
        coders: list[tuple[Encode, int]] = [
            (lambda data: bytes(igzip_lib.compress(data, 1, igzip_lib.COMP_GZIP)), 0),
            (zstandard.ZstdCompressor(level=LEVEL).compress, 0),
            (anew(encoded(page)), HEADER),
            (anew(other), HEADER),
            (prepared(trained), HEADER),
        ]
        cells = []
        for encode, more in coders:
            left, took = cost(encode, body)
            cells.append(f"{left + more:,} · {took:,.0f}")
        print(f"| {name} | {len(body):,} |" + "".join(f" {cell} |" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
