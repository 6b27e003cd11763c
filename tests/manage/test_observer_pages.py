"""The pages of the metrics address."""

from types import SimpleNamespace
from typing import Any

import pytest

from porch.filter import SUSPEND, Response
from porch.manage import observer_pages
from porch.manage.facts import Facts
from porch.manage.observer_pages import LASTS, Pages
from porch.observe.ended import Batch
from porch.observe.exposition import Exposition
from porch.observe.meter import Meter
from porch.observe.recent import RecentTable
from porch.observe.series import SeriesTable
from porch.shared import SharedTable
from tests.support.ended import ended
from tests.support.network import FakeClock

FACTS = Facts(
    version="1",
    since=0.0,
    loaded_at=0.0,
    trouble="",
    changes=0,
    refused=False,
    workers=[],
    endpoints=[],
    ends={},
)
STOPPING = Facts(**{name: getattr(FACTS, name) for name in FACTS.__slots__} | {"trouble": "stops"})


def some_tables() -> Any:
    return SimpleNamespace(series=SeriesTable(2), recent=RecentTable(2))


class Asked:
    """A supervisor that says this, or nothing (None)."""

    def __init__(self, *facts: Facts | None) -> None:
        self.facts = list(facts)
        tables = some_tables()
        self.series = tables.series
        self.pages = Pages(self.ask, SharedTable(2, 200), tables)

    def ask(self, tell: Any) -> None:
        tell(self.facts.pop(0))

    def get(self, target: bytes, method: bytes = b"GET", accept: bytes = b"*/*") -> Response:
        answers: list[Response] = []
        exchange: Any = ended(target, method=method, fields=[(b"accept", accept)])
        fake = SimpleNamespace(request=exchange.request, ended=0.0, resume=answers.append)
        result = self.pages.on_request(fake)  # type: ignore[arg-type]
        if result is not SUSPEND:
            assert isinstance(result, Response)
            return result
        (answer,) = answers
        return answer


def test_metrics_tell_what_was_counted() -> None:
    asked = Asked(FACTS)
    meter = Meter(asked.series.row(1))
    meter.take(Batch([ended()]))
    meter.flush()
    answer = asked.get(b"/metrics?x=1")
    assert answer.status == 200
    assert b'code="2xx"} 1\n' in answer.body
    assert b'porch_build_info{version="1"} 1\n' in answer.body


def test_a_silent_supervisor_is_not_alive_but_what_workers_count_is_told() -> None:
    asked = Asked(None, FACTS, None, None, None)
    assert asked.get(b"/metrics").status == 503
    assert asked.get(b"/metrics").status == 200
    assert asked.get(b"/metrics").status == 200
    assert asked.get(b"/livez").status == 503
    assert asked.get(b"/readyz").status == 503


def test_a_page_is_made_once_a_second_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeClock(monkeypatch)
    asked = Asked(*[FACTS] * 104)
    first = asked.get(b"/metrics")
    meter = Meter(asked.series.row(1))
    meter.take(Batch([ended()]))
    meter.flush()
    assert all(asked.get(b"/metrics").body is first.body for _ in range(100))
    fake.advance(LASTS - 0.01)
    assert asked.get(b"/metrics").body is first.body
    fake.advance(0.02)
    assert b'code="2xx"} 1\n' in asked.get(b"/metrics").body


def test_who_takes_another_kind_gets_no_page_of_the_first() -> None:
    asked = Asked(FACTS, FACTS)
    plain = asked.get(b"/metrics")
    other = asked.get(b"/metrics", accept=b"application/openmetrics-text")
    assert plain.fields[0] != other.fields[0]
    assert plain.body != other.body


def test_one_that_drains_is_alive_and_not_ready() -> None:
    asked = Asked(STOPPING, STOPPING, FACTS)
    assert asked.get(b"/livez").status == 200
    answer = asked.get(b"/readyz")
    assert (answer.status, answer.body) == (503, b"stops\n")
    assert asked.get(b"/readyz").status == 200


@pytest.mark.parametrize(
    "target", [b"/", b"/metrics/", b"/Metrics", b"/metrics/x", b"*", b"//metrics"]
)
def test_nothing_else_is_there(target: bytes) -> None:
    assert Asked().get(target).status == 404


def test_nothing_is_changed_by_any_method() -> None:
    for method in (b"POST", b"DELETE", b"OPTIONS", b"PUT"):
        for target in (b"/metrics", b"/", b"*"):
            answer = Asked().get(target, method)
            assert (answer.status, (b"allow", b"GET, HEAD") in answer.fields) == (405, True)


def test_who_has_left_meanwhile_gets_nothing() -> None:
    waiting: list[Any] = []
    pages = Pages(waiting.append, SharedTable(2, 200), some_tables())
    exchange: Any = SimpleNamespace(request=ended(b"/livez").request, ended=1.0)
    assert pages.on_request(exchange) is SUSPEND
    waiting[0](FACTS)


def test_lines_of_new_names_are_made_before_anybody_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = FakeClock(monkeypatch)
    monkeypatch.setattr(observer_pages, "AHEAD", 4)
    made: list[tuple[int, bool]] = []

    class Watched(Exposition):
        def prepare(self, totals: Any, kind: bytes, most: int) -> bool:
            is_all = super().prepare(totals, kind, most)
            made.append((most, is_all))
            return is_all

    monkeypatch.setattr(observer_pages, "Exposition", Watched)
    asked = Asked(FACTS)
    meter = Meter(asked.series.row(1))
    meter.take(Batch([ended(route=f"{at}.test") for at in range(10)]))
    meter.flush()
    for _ in range(20):
        asked.pages.tick()
        clock.advance(LASTS)
    assert made == [(4, False), (4, False), (4, True)]
    page = asked.get(b"/metrics").body
    assert page.count(b"porch_retries_total{") == 10


def test_no_more_than_a_share_of_a_processor_goes_into_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = FakeClock(monkeypatch)
    used = iter(range(1000))
    monkeypatch.setattr("porch.clock.cpu", lambda: float(next(used)))
    asked = Asked(FACTS)
    meter = Meter(asked.series.row(1))
    looks = []
    monkeypatch.setattr(type(asked.series), "totals", lambda self: looks.append(1) or {})
    monkeypatch.setattr(Exposition, "prepare", lambda *_: False)
    meter.take(Batch([ended()]))
    meter.flush()
    for _ in range(40):
        asked.pages.tick()
        clock.advance(0.5)
    assert len(looks) == 2
