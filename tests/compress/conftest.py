"""Decoders that are not the coders' own, where there are such."""

import gzip
from collections.abc import Callable

import brotli
import pytest
import zstandard

from porch.compress.coder import Coder
from porch.compress.workshop import Workshop

__all__ = ["CODINGS", "decoded"]

CODINGS = (b"gzip", b"br", b"zstd")
_DECODERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": gzip.decompress,
    b"br": brotli.decompress,
    b"zstd": lambda data: zstandard.ZstdDecompressor().stream_reader(data).read(),
}


def decoded(coding: bytes, data: bytes) -> bytes:
    """Of a whole body."""
    return _DECODERS[coding](data)


@pytest.fixture(params=CODINGS, ids=lambda each: each.decode())
def coder(request: pytest.FixtureRequest) -> Coder:
    return Workshop().coders[request.param]
