"""Bodies that somebody else has coded, also those that are made to do harm."""

import gzip
import zlib
from random import Random

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from porch.compress import decoder as module
from porch.compress.decoder import (
    CODINGS,
    FLOOR,
    STEP,
    Crowded,
    Damaged,
    Decoder,
    TooMuch,
    windows,
)

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
    made = [
        b"".join(decoder.steps(data[at : at + step], False)) for at in range(0, len(data), step)
    ]
    return b"".join([*made, whole(decoder, b"")])


def whole(decoder: Decoder, data: bytes) -> bytes:
    return b"".join(decoder.steps(data, True))


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
        whole(decoder, data)
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
        whole(Decoder(coding), CODERS[coding](TEXT) + b"\1\2\3 behind")


def test_nothing_at_all_is_an_empty_body() -> None:
    assert whole(Decoder(b"gzip"), b"") == b""


@pytest.mark.parametrize("coding", sorted(CODINGS))
def test_a_bound_is_kept(coding: bytes) -> None:
    data = CODERS[coding](TEXT)
    assert whole(Decoder(coding, len(TEXT)), data) == TEXT
    with pytest.raises(TooMuch):
        whole(Decoder(coding, len(TEXT) - 1), data)


@pytest.mark.parametrize("coding", sorted(CODINGS))
def test_a_bomb_is_stopped_before_it_is_all_there(coding: bytes) -> None:
    decoder = Decoder(coding)
    sizes: list[int] = []
    steps = decoder.steps(CODERS[coding](bytes(FLOOR * 4)), True)
    with pytest.raises(TooMuch):
        sizes.extend(map(len, steps))
    assert FLOOR - 2 * STEP < sum(sizes) <= FLOOR


@pytest.mark.parametrize("coding", sorted(CODINGS))
@pytest.mark.parametrize("body", [bytes(3 << 20), Random(1).randbytes(1000) * 3000])
def test_what_a_few_bytes_stand_for_comes_in_steps(coding: bytes, body: bytes) -> None:
    steps = list(Decoder(coding).steps(CODERS[coding](body), True))
    assert max(map(len, steps)) <= 2 * STEP
    assert b"".join(steps) == body


def test_a_block_of_four_bytes_is_decoded_alone() -> None:
    blocks = b"".join(
        (0x20000 << 3 | 2 | at // 63).to_bytes(3, "little") + b"a" for at in range(64)
    )
    frame = b"\x28\xb5\x2f\xfd" + bytes((0, 0x38)) + blocks
    steps = list(Decoder(b"zstd").steps(frame, True))
    assert max(map(len, steps)) <= 2 * STEP
    assert b"".join(steps) == b"a" * (64 << 17)


def test_a_frame_that_is_to_be_skipped_is() -> None:
    skipped = b"\x5a\x2a\x4d\x18\3\0\0\0abc"
    data = skipped + CODERS[b"zstd"](b"a") + skipped + CODERS[b"zstd"](TEXT)
    for step in (1, 5, 1000):
        assert fed(Decoder(b"zstd"), data, step) == b"a" + TEXT


def test_what_is_refused_keeps_nothing_of_the_body() -> None:
    decoder = Decoder(b"gzip", 100)
    with pytest.raises(TooMuch) as caught:
        whole(decoder, gzip.compress(bytes(50_000)))
    trace, context = caught.value.__traceback__, caught.value.__context__
    assert context is None
    while trace is not None:
        found = [each for each in trace.tb_frame.f_locals.values() if isinstance(each, bytes)]
        assert all(len(each) < 1000 for each in found)
        trace = trace.tb_next


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"gzip"])
def test_windows_of_all_bodies_have_a_bound_and_are_given_back(
    coding: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = windows.used
    monkeypatch.setattr(module, "ROOM", before + (1 << 20))
    coded = CODERS[coding](Random(5).randbytes(4 << 20))
    running = []
    crowded = 0
    for _ in range(40):
        decoder = Decoder(coding)
        decoder.give(coded, False)
        try:
            for _ in range(8):
                decoder.take()
        except Crowded:
            crowded += 1
        running.append(decoder)
        assert windows.used - before <= 1 << 20
    assert crowded == 8 if coding == b"gzip" else crowded >= 39
    for each in running:
        each.close()
        each.close()
    assert windows.used == before


def test_a_body_that_is_over_or_forgotten_has_no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    before = windows.used
    coded = brotli.compress(TEXT * 100)
    decoder = Decoder(b"br")
    assert b"".join(decoder.steps(coded, True)) == TEXT * 100
    assert windows.used == before
    forgotten = Decoder(b"br")
    forgotten.give(coded, False)
    forgotten.take()
    forgotten.take()
    assert windows.used > before
    del forgotten
    assert windows.used == before
