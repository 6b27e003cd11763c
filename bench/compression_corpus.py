"""What each coder and level brings: the share of bytes that is left, and megabytes of CPU time a
second, over texts of the kinds that sites send.

The texts are made here, from a seed, so that everybody has the same. Lines for
docs/compression.md: `python bench/compression_corpus.py`; `--quick` for one size alone.
"""

import argparse
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
import zstandard
from harness.best import best
from harness.texts import KINDS, text
from isal import igzip_lib

SIZES = {"1 KB": 1_000, "10 KB": 10_000, "100 KB": 100_000, "1 MB": 1_000_000, "10 MB": 10_000_000}
PATIENCE = 0.15
"""Seconds of CPU time for one cell; one call at least."""
SLOWEST = 2_000_000
"""Bytes of the largest text that levels for the background are tried on."""
Encode = Callable[[bytes], bytes]


def zstd(level: int) -> Encode:
    """With one context for all."""
    return zstandard.ZstdCompressor(level=level).compress


def coders() -> dict[str, tuple[Encode, bool]]:
    """Name -> the coder, and whether it is for the background alone."""
    found: dict[str, tuple[Encode, bool]] = {}
    for level in (0, 1, 2, 3):
        found[f"gzip, ISA-L {level}"] = _isal(level), False
    for level in (1, 6, 9):
        found[f"gzip, zlib {level}"] = _zlib(level), level == 9
    for level in (1, 3, 5, 9, 19):
        found[f"zstd {level}"] = zstd(level), level > 5
    for quality in (1, 4, 5, 9, 11):
        found[f"br {quality}"] = _brotli(quality), quality > 5
    return found


def _isal(level: int) -> Encode:
    return lambda data: bytes(igzip_lib.compress(data, level, igzip_lib.COMP_GZIP))


def _zlib(level: int) -> Encode:
    return lambda data: zlib.compress(data, level, 31)


def _brotli(quality: int) -> Encode:
    return lambda data: bytes(brotli.compress(data, quality=quality, lgwin=18))


def measure(encode: Encode, data: bytes) -> tuple[float, float]:
    """The share of bytes that is left, and MB/s of CPU time; the best call counts."""
    coded, took = best(lambda: encode(data), PATIENCE)
    return len(coded) / len(data), len(data) / max(took, 1e-9) / 1e6


def table(title: str, columns: dict[str, bytes]) -> None:
    """One of the docs."""
    print(f"\n| {title} |" + "".join(f" {name} |" for name in columns))
    print("| --- |" + " --- |" * len(columns))
    for name, (encode, is_slow) in coders().items():
        cells = []
        for data in columns.values():
            if is_slow and len(data) > SLOWEST:
                cells.append("")
                continue
            share, speed = measure(encode, data)
            cells.append(f"{share:.1%} · {speed:,.0f}")
        print(f"| {name} |" + "".join(f" {cell} |" for cell in cells), flush=True)


def main() -> None:
    """Print the tables."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--quick", action="store_true", help="100 KB alone")
    quick = words.parse_args().quick
    table("100 KB of", {kind: text(kind, SIZES["100 KB"]) for kind in KINDS})
    if not quick:
        table("JSON of", {name: text("JSON", size) for name, size in SIZES.items()})
        table("HTML of", {name: text("HTML", size) for name, size in SIZES.items()})


if __name__ == "__main__":
    main()
