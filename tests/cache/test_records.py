"""Stored answers as bytes, and whether damage to them is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.cache.entry import encoded
from porch.cache.records import (
    FILE,
    RECORD,
    Record,
    cost_of,
    ident_of,
    list_variants,
    pack,
    pack_variants,
    position_of,
    unpack,
)
from porch.cache.store import Variant
from tests.support.storing import answer, key

IDENT = ident_of(RECORD, 77)


def packed(body: bytes = b"body", ident: bytes = IDENT) -> bytes:
    entry = answer("a", len(body))
    return pack(ident, Record(key("a"), entry, len(body), body, (9, True)), encoded(entry))


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=64), st.booleans())
def test_what_is_packed_is_unpacked(body: bytes, primary: bytes, is_purged: bool):
    entry = answer("a", len(body))
    value = pack(IDENT, Record(primary, entry, len(body), body, (9, is_purged)), encoded(entry))
    found = unpack(IDENT, memoryview(value))
    assert found is not None
    assert (found.primary, found.entry, found.size) == (primary, entry, len(body))
    assert (bytes(found.tail), found.moment, found.is_purged) == (body, 9, is_purged)


def test_every_flipped_bit_is_found():
    value = packed()
    for place in range(len(value) * 8):
        damaged = bytearray(value)
        damaged[place // 8] ^= 1 << place % 8
        assert unpack(IDENT, memoryview(damaged)) is None


def test_every_cut_is_found():
    value = packed()
    assert [unpack(IDENT, memoryview(value)[:end]) for end in range(len(value))] == [None] * len(
        value
    )


def test_a_record_in_the_place_of_another_is_found():
    assert unpack(ident_of(RECORD, 78), memoryview(packed())) is None


def test_idents_are_in_the_order_of_positions():
    positions = [0, 1, 255, 256, 1 << 40, (1 << 63) - 1]
    idents = [ident_of(RECORD, each) for each in positions]
    assert idents == sorted(idents)
    assert [position_of(each) for each in idents] == positions


@pytest.mark.parametrize("size", [0, 1500, 3000, 32768])
def test_a_record_costs_at_least_what_it_is(size: int):
    value = packed(bytes(size))
    assert len(value) < cost_of(IDENT, value) < len(value) * 1.6 + 4500


def test_a_file_costs_its_pages_and_one_for_its_record():
    ident = ident_of(FILE, 1)
    entry = answer("a", 10_000)
    value = pack(ident, Record(key("a"), entry, 10_000, bytes(4), (0, False)), encoded(entry))
    assert cost_of(ident, value) == 4 * 4096


VARIANTS = [Variant(IDENT, [(b"accept", b"x")], 1.5), Variant(b"f" + bytes(8), [], 2.5)]


def test_a_list_of_variants_comes_back():
    value = pack_variants(key("a"), VARIANTS)
    assert list_variants(key("a"), value) == VARIANTS
    assert list_variants(key("a"), memoryview(value)) == VARIANTS


def test_a_list_that_is_missing_damaged_or_anothers_is_empty():
    value = pack_variants(key("a"), VARIANTS)
    assert list_variants(key("a"), None) == []
    assert list_variants(key("a"), b"") == []
    assert list_variants(key("b"), value) == []
    for place in range(len(value)):
        damaged = bytearray(value)
        damaged[place] ^= 4
        assert list_variants(key("a"), bytes(damaged)) == []
