"""Lines of routes and endpoints, kept from page to page."""

import re
from collections.abc import Iterable
from typing import Any

import pytest

from porch.observe.ended import Batch
from porch.observe.exemplars import Exemplars
from porch.observe.meter import BUCKETS, HISTOGRAM, Meter
from porch.observe.recent import RecentTable
from porch.observe.request_lines import Histogram, RequestLines
from porch.observe.series import GONE, SeriesTable
from tests.support.ended import ended


class Counted:
    """One worker, and lines of what it counts."""

    def __init__(self, *, exemplars: bool = False) -> None:
        self.table, self.recent = SeriesTable(2), RecentTable(2)
        self.meter = Meter(self.table.row(1))
        self.ring = self.recent.row(1, 1)
        self.lines = RequestLines(Exemplars(self.recent) if exemplars else None)

    def end(self, *pairs: tuple[str, str | None], **words: Any) -> None:
        batch = Batch([ended(route=route, endpoint=each, **words) for route, each in pairs])
        self.ring.take(batch)
        self.meter.take(batch)
        self.meter.flush()

    def text(self) -> str:
        self.lines.take(self.table.totals())
        return b"".join(text for *_, lines in self.lines.families for text in lines).decode()


def samples(text: str, metric: str) -> dict[str, int]:
    found = re.findall(rf"(?m)^{metric}\{{(.*)\}} (\d+)", text)
    return {said: int(value) for said, value in found}


def test_families_stand_one_after_another_each_in_the_order_of_names() -> None:
    counted = Counted()
    counted.end(("b.test", "b:1"), ("a.test", "b:1"), ("a.test", "a:1"))
    names = [name for name, *_ in counted.lines.families]
    text = counted.text()
    places = [text.index(name) for name in names]
    assert places == sorted(places)
    assert [*samples(text, "porch_retries_total")] == [
        'route="a.test",endpoint="a:1"',
        'route="a.test",endpoint="b:1"',
        'route="b.test",endpoint="b:1"',
    ]
    assert repr(counted.lines) == "<RequestLines 2 routes, 3 pairs>"


def test_only_what_has_changed_is_made_again() -> None:
    counted = Counted()
    counted.end(("a.test", "a:1"), ("b.test", "b:1"))
    counted.text()
    before = [[*lines] for *_, lines in counted.lines.families]
    counted.end(("b.test", "b:1"))
    counted.text()
    after = [[*lines] for *_, lines in counted.lines.families]
    for old, new in zip(before, after, strict=True):
        assert new[0] is old[0]
    assert after[0][1] != before[0][1]
    assert after[-2][1] != before[-2][1]


def test_names_that_come_between_others_leave_their_lines_as_they_were() -> None:
    counted = Counted()
    counted.end(("a.test", "a:1"), ("c.test", "c:1"))
    counted.text()
    old = counted.lines.families[0][-1]
    kept = {text for text in old}
    counted.end(("b.test", "b:1"))
    text = counted.text()
    assert samples(text, "porch_requests_total") == {
        f'route="{each}.test",endpoint="{each}:1",code="2xx"': 1 for each in "abc"
    }
    assert kept < set(counted.lines.families[0][-1])
    assert samples(text, "porch_request_duration_seconds_count") == {
        f'route="{each}.test"': 1 for each in "abc"
    }


def test_so_many_are_prepared_at_a_time_and_a_page_makes_the_rest() -> None:
    counted = Counted()
    counted.end(*[(f"{at}.test", "a:1") for at in range(10)])
    totals = counted.table.totals()
    assert not counted.lines.prepare(totals, 4)
    assert not counted.lines.prepare(totals, 4)
    made = b"".join(counted.lines.families[0][-1]).decode()
    assert len(samples(made, "porch_requests_total")) == 8
    assert len(samples(counted.text(), "porch_requests_total")) == 10
    assert counted.lines.prepare(totals, 4)


def test_what_has_lines_already_is_not_prepared() -> None:
    counted = Counted()
    counted.end(("a.test", "a:1"))
    counted.text()
    counted.end(("a.test", "a:1"), ("b.test", "a:1"))
    assert counted.lines.prepare(counted.table.totals(), 4)
    made = b"".join(counted.lines.families[0][-1]).decode()
    assert [*samples(made, "porch_requests_total").values()] == [1, 1]
    assert [*samples(counted.text(), "porch_requests_total").values()] == [2, 1]


def test_a_route_counts_on_when_an_endpoint_of_it_is_given_back() -> None:
    counted = Counted()
    counted.end(("a.test", "a:1"), ("a.test", "b:1"), ("b.test", "b:1"))
    counted.text()
    counted.table.give_back(
        {
            ("requests", "a.test", "a:1"): ("requests", "a.test", GONE),
            ("requests", "b.test", "b:1"): None,
        }
    )
    counted.meter.flush()
    text = counted.text()
    assert samples(text, "porch_request_duration_seconds_count") == {'route="a.test"': 2}
    assert [*samples(text, "porch_retries_total")] == ['route="a.test",endpoint="b:1"']
    assert 'endpoint=""' not in text


def test_every_code_has_a_line_and_none_that_was_not() -> None:
    counted = Counted()
    for status in (0, 101, 200, 301, 404, 503, 503):
        counted.end(("a.test", "a:1"), status=status)
    counted.end(("b.test", "a:1"), status=404)
    found = samples(counted.text(), "porch_requests_total")
    assert found == {
        **{
            f'route="a.test",endpoint="a:1",code="{code}"': 1 + (code == "5xx")
            for code in ("none", "1xx", "2xx", "3xx", "4xx", "5xx")
        },
        'route="b.test",endpoint="a:1",code="4xx"': 1,
    }


def test_labels_may_have_anything_in_them() -> None:
    counted = Counted()
    odd = 'a"b\\c %d %% \x01 {} é/*'
    counted.end((odd, "a:1"))
    assert counted.text().count(r"a\"b\\c %d %% " + "\x01 {} é/*") == 4 + 3 * 16


def lines_of(histogram: Histogram, cells: Iterable[int], **words: Any) -> list[str]:
    return histogram.lines(b'a="1"', [*cells], **words).decode().splitlines()


def test_a_histogram_adds_up_its_buckets() -> None:
    found = lines_of(Histogram("x_seconds"), [1_500_000, *range(HISTOGRAM - 1)])
    assert found[0] == 'x_seconds_bucket{a="1",le="0.001"} 0'
    assert found[3] == 'x_seconds_bucket{a="1",le="0.01"} 6'
    assert found[-3] == 'x_seconds_bucket{a="1",le="+Inf"} 91'
    assert found[-2:] == ['x_seconds_sum{a="1"} 1.500000', 'x_seconds_count{a="1"} 91']


@pytest.mark.parametrize("bucket", [0, 5, 13])
def test_an_exemplar_stands_behind_the_count_of_its_bucket(bucket: int) -> None:
    plain = lines_of(Histogram("x"), range(HISTOGRAM))
    texts = [b" # here" if each == bucket else b"" for each in range(BUCKETS)]
    shown = lines_of(Histogram("x"), range(HISTOGRAM), exemplars=texts)
    plain[bucket] += " # here"
    assert shown == plain


def test_exemplars_are_those_of_the_ring() -> None:
    counted = Counted(exemplars=True)
    counted.end(("a.test", "a:1"), ("b.test", None))
    text = counted.text()
    said = ' # {request_id="5f1c2a3e-1b"} '
    assert text.count(said) == 4
    assert (
        f'porch_first_byte_seconds_bucket{{route="a.test",endpoint="a:1",le="0.005"}} 1{said}'
        in text
    )


def test_lines_that_were_made_ahead_have_their_exemplars_on_the_page() -> None:
    counted = Counted(exemplars=True)
    counted.end(("a.test", "a:1"))
    assert counted.lines.prepare(counted.table.totals(), 100)
    first = counted.text()
    assert first.count("# {") == 3, "to the end, to the first byte, and to a new connection"
    assert counted.text() == first, "they stay where nothing new has ended"
