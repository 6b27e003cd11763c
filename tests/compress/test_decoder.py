"""Bodies that somebody else has coded, also those that are made to do harm."""

import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from porch.compress import decoder as module
from porch.compress.decoder import CODINGS, FLOOR, Damaged, Decoder, TooMuch

CODERS = {
    b"gzip": gzip.compress,
    b"x-gzip": gzip.compress,
    b"deflate": zlib.compress,
    b"br": brotli.compress,
    b"zstd": zstandard.ZstdCompressor().compress,
}
ALL = st.sampled_from(sorted(CODINGS))
TEXT = b"the same words again and again, " * 500


def fed(decoder: Decoder, data: bytes, step: int) -> bytes:
    made = [decoder.change(data[at : at + step], False) for at in range(0, len(data), step)]
    return b"".join([*made, decoder.change(b"", True)])


@given(ALL, st.binary(max_size=3000) | st.just(TEXT), st.integers(1, 600))
def test_any_body_comes_back_in_any_pieces(coding: bytes, body: bytes, step: int) -> None:
    assert fed(Decoder(coding), CODERS[coding](body), step) == body


@given(st.binary(min_size=1, max_size=3000), st.integers(1, 600))
def test_deflate_of_those_who_read_it_literally_is_read_too(body: bytes, step: int) -> None:
    bare = zlib.compressobj(wbits=-15)
    data = bare.compress(body) + bare.flush()
    assert fed(Decoder(b"deflate"), data, step) == body


def test_members_and_frames_may_stand_behind_each_other() -> None:
    assert fed(Decoder(b"gzip"), gzip.compress(b"a") + gzip.compress(b"b"), 7) == b"ab"
    twice = CODERS[b"zstd"](b"a") + CODERS[b"zstd"](b"b")
    assert fed(Decoder(b"zstd"), twice, 5) == b"ab"


@given(ALL, st.binary(min_size=1, max_size=300))
def test_rubbish_is_damaged_or_a_body_and_nothing_else(coding: bytes, data: bytes) -> None:
    decoder = Decoder(coding)
    try:
        decoder.change(data, True)
    except (Damaged, TooMuch):
        return
    assert True


@pytest.mark.parametrize("coding", sorted(CODINGS))
def test_what_is_cut_off_is_damaged(coding: bytes) -> None:
    data = CODERS[coding](TEXT)
    with pytest.raises(Damaged):
        fed(Decoder(coding), data[: len(data) // 2], 64)


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"deflate"])
def test_what_stands_behind_is_damage(coding: bytes) -> None:
    with pytest.raises(Damaged):
        Decoder(coding).change(CODERS[coding](TEXT) + b"\1\2\3 behind", True)


def test_nothing_at_all_is_an_empty_body() -> None:
    assert Decoder(b"gzip").change(b"", True) == b""


@pytest.mark.parametrize("coding", sorted(CODINGS))
def test_a_bound_is_kept(coding: bytes) -> None:
    data = CODERS[coding](TEXT)
    assert Decoder(coding, len(TEXT)).change(data, True) == TEXT
    with pytest.raises(TooMuch):
        Decoder(coding, len(TEXT) - 1).change(data, True)


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"zstd"])
def test_a_bomb_is_stopped_before_it_is_all_there(
    coding: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = CODERS[coding](bytes(FLOOR * 4))
    sizes: list[int] = []
    made = module._decoder(coding)
    feed = made.feed
    monkeypatch.setattr(module, "_decoder", lambda _: made)
    decoder = Decoder(coding)

    def noting(data: bytes, most: int) -> bytes:
        found = feed(data, most)
        sizes.append(len(found))
        return found

    monkeypatch.setattr(type(made), "feed", lambda self, data, most: noting(data, most))
    with pytest.raises(TooMuch):
        decoder.change(bomb, True)
    assert sum(sizes) < FLOOR * 1.6
