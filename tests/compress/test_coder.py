"""What is promised of any coder."""

import gzip
import zlib

import brotli
import pytest
import zstandard

from porch.compress.coder import FAST, SMALL, USUAL, Coder


def reader(coding: bytes) -> "object":
    return {
        b"gzip": lambda: zlib.decompressobj(31).decompress,
        b"br": lambda: brotli.Decompressor().process,
        b"zstd": lambda: zstandard.ZstdDecompressor().decompressobj().decompress,
    }[coding]()


@pytest.mark.parametrize("effort", [FAST, USUAL, SMALL])
def test_each_piece_can_be_read_when_it_has_left(coder: Coder, effort: int) -> None:
    read, stream = reader(coder.name), coder.stream(effort)
    for number in range(50):
        piece = b"data: %d\n\n" % number
        assert read(stream.change(piece, False)) == piece  # type: ignore[operator]
    assert stream.change(b"", False) == b""
    assert read(stream.change(b"", True)) == b""  # type: ignore[operator]


def test_a_body_of_nothing_is_one(coder: Coder) -> None:
    coded = coder.stream(USUAL).change(b"", True)
    assert reader(coder.name)(coded) == b""  # type: ignore[operator]
    assert gzip.decompress(coded) == b"" if coder.name == b"gzip" else coded
