"""Pieces in a file without a name."""

import os

from porch.manage.parcel import Parcel, unwrapped


def test_what_was_put_in_comes_out_piece_by_piece_and_nothing_stays_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    pieces = [b"a", b"", b"c" * 300_000]
    parcel = Parcel(pieces)
    copy = os.dup(parcel.descriptor)
    parcel.close()
    parcel.close()  # a second time does nothing
    assert [*unwrapped(copy)] == pieces
    assert len(os.listdir("/proc/self/fd")) == before


def test_two_who_read_at_once_do_not_disturb_each_other() -> None:
    parcel = Parcel([b"a", b"b"])
    one, other = unwrapped(os.dup(parcel.descriptor)), unwrapped(os.dup(parcel.descriptor))
    assert [next(one), next(other), next(other), next(one)] == [b"a", b"a", b"b", b"b"]
    one.close()  # type: ignore[attr-defined]
    other.close()  # type: ignore[attr-defined]
    parcel.close()


def test_who_gives_up_half_way_leaves_nothing_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    parcel = Parcel([b"a", b"b"])
    pieces = unwrapped(parcel.descriptor)
    next(pieces)
    del pieces
    assert len(os.listdir("/proc/self/fd")) == before
