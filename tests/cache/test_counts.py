"""What the cache counts, summed up."""

from typing import Any

import pytest

from porch.cache import counts
from porch.cache.counts import FORWARDED, HIT, HIT_STALE, NOT_KEPT, OTHER, WIDTH, count, totals
from porch.cache.status_field import CacheStatus
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


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        ({"hit": True, "ttl": 3.0}, ("HIT", "FROM_STORE")),
        ({"hit": True}, ("HIT", "FROM_STORE")),
        ({"hit": True, "ttl": 0.0}, ("HIT_STALE", "FROM_STORE")),
        ({"hit": True, "ttl": -3.0, "detail": b"connection_refused"}, ("HIT_STALE", "FROM_STORE")),
        ({"fwd": "uri-miss", "collapsed": True, "stored": True}, ("COLLAPSED", "FROM_STORE")),
        ({"fwd": "uri-miss", "stored": True}, ("uri-miss", "KEPT", "FROM_ORIGIN")),
        ({"fwd": "stale", "fwd_status": 304, "stored": True}, ("stale", "VALIDATED", "KEPT")),
        ({"fwd": "vary-miss", "detail": b"set-cookie"}, ("vary-miss", "not set-cookie")),
        ({"fwd": "uri-miss", "collapsed": True, "detail": b"private"}, ("uri-miss", "not private")),
        ({"fwd": "uri-miss", "detail": b"what"}, ("uri-miss", "OTHER")),
        ({"fwd": "method"}, ("method", "FROM_ORIGIN")),
    ],
)
def test_a_request_is_counted_by_what_its_cache_status_says(
    told: dict[str, Any], counted: tuple[str, ...]
) -> None:
    own = Cells(WIDTH).own
    count(own, CacheStatus(**told), 1)
    places = {**FORWARDED, **{f"not {word}": cell for word, cell in NOT_KEPT.items()}}
    for name in counted:
        assert own[places[name] if name in places else getattr(counts, name)] == 1
    assert totals(lambda cell: own[cell]).requests == 1
    assert own[counts.FROM_STORE] + own[counts.FROM_ORIGIN] == 1
