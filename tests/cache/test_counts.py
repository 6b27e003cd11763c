"""What the cache counts, summed up."""

from porch.cache import counts
from porch.cache.counts import FORWARDED, HIT, HIT_STALE, NOT_KEPT, OTHER, WIDTH, totals
from porch.shared import Cells


def test_each_count_has_a_cell_of_its_own():
    names = ("HIT", "HIT_STALE", "COLLAPSED", "VALIDATED", "KEPT", "FROM_STORE", "FROM_ORIGIN")
    plain = [getattr(counts, name) for name in (*names, "OTHER")]
    cells = [*plain, *FORWARDED.values(), *NOT_KEPT.values()]
    assert len({*cells}) == len(cells)
    assert max(cells) < WIDTH


def test_nothing_counted_has_no_ratio():
    found = totals(Cells(WIDTH).total)
    assert (found.requests, found.ratio, found.byte_ratio) == (0, None, None)
    assert (found.forwarded, found.not_kept) == ({}, {})


def test_a_request_counts_once_and_the_store_answered_hits_alone():
    cells = Cells(WIDTH)
    cells.own[HIT] = 5
    cells.own[HIT_STALE] = 1
    cells.own[counts.COLLAPSED] = 2
    cells.own[counts.VALIDATED] = 1  # one of those that were forwarded
    cells.own[FORWARDED["uri-miss"]] = 3
    cells.own[FORWARDED["stale"]] = 1
    found = totals(cells.total)
    assert found.requests == 12
    assert found.ratio == 0.5
    assert list(found.forwarded.items()) == [("uri-miss", 3), ("stale", 1)]


def test_bytes_and_reasons_are_told_the_most_first():
    cells = Cells(WIDTH)
    cells.own[counts.FROM_STORE] = 300
    cells.own[counts.FROM_ORIGIN] = 100
    cells.own[NOT_KEPT["set-cookie"]] = 2
    cells.own[OTHER] = 3
    found = totals(cells.total)
    assert found.byte_ratio == 0.75
    assert list(found.not_kept.items()) == [("other", 3), ("set-cookie", 2)]
