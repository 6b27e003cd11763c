"""The exposition: what Prometheus reads; a parser of its own reads it in tests/system too."""

import os
import re
from array import array
from pathlib import Path

import pytest

from porch import clock
from porch.errors import ConnectionRefused
from porch.listen.handshake_ends import WORDS
from porch.manage.columns import CACHE
from porch.manage.facts import Facts, WorkerFacts
from porch.manage.measures import Measures
from porch.observe.ended import Batch
from porch.observe.exemplars import Exemplars
from porch.observe.exposition import (
    ACCEPTED,
    HANDSHAKES,
    HANDSHAKES_FAILED,
    LAG,
    OPEN_METRICS,
    PLAIN,
    Exposition,
    Family,
    content_type,
)
from porch.observe.label_texts import labels
from porch.observe.lost import LINES_LOST, SPANS_LOST
from porch.observe.meter import HISTOGRAM, REQUESTS, TOTAL, WIDTH, Meter
from porch.observe.recent import RecentTable
from porch.observe.series import SeriesTable
from porch.shared import SharedTable
from tests.support.ended import ENDPOINT, ended

SAMPLE = re.compile(r'[a-z_]+(\{([a-z_]+="(\\.|[^"\\\n])*",?)*\})? [0-9.]+\Z')


def page(*exchanges, families=(), kind=PLAIN):
    table = SeriesTable(2)
    meter = Meter(table.row(1))
    meter.take(Batch(exchanges))
    meter.flush()
    row = table.row(1)
    row.of((LINES_LOST, "stdout"), 1)
    row.of((SPANS_LOST, "http://127.0.0.1:4318"), 1)
    row.of((HANDSHAKES, "TLSv1.3", "true", "h2"), 1)[0] = 7
    row.of((HANDSHAKES_FAILED, "timeout"), 1)
    row.of((ACCEPTED, "0", ":80"), 1)[0] = 9
    row.of((LAG, "0"), HISTOGRAM)[:3] = array("q", [2500, 3, 1])
    return Exposition().page(table.totals(), families, kind).decode()


def test_a_request_is_counted_by_route_endpoint_and_code():
    text = page(ended(), ended(status=404), ended(status=404))
    labels = 'route="example.com/*",endpoint="10.0.0.11:8000"'
    assert f'porch_requests_total{{{labels},code="2xx"}} 1\n' in text
    assert f'porch_requests_total{{{labels},code="4xx"}} 2\n' in text
    assert f"porch_response_body_bytes_total{{{labels}}} 936\n" in text
    assert 'code="5xx"' not in text


def test_buckets_hold_all_below_them_and_end_with_all():
    text = page(ended(), ended())
    name = 'porch_request_duration_seconds_bucket{route="example.com/*",le="%s"} %d\n'
    assert name % ("0.01", 0) in text
    assert name % ("0.025", 2) in text
    assert name % ("+Inf", 2) in text
    assert 'porch_request_duration_seconds_count{route="example.com/*"} 2\n' in text
    (total,) = re.findall(r'duration_seconds_sum\{route="example.com/\*"\} (.*)\n', text)
    assert 0.02419 < float(total) < 0.02421


def test_durations_of_a_route_are_those_of_all_its_endpoints():
    text = page(ended(endpoint="a:1"), ended(endpoint="b:2"))
    assert 'porch_request_duration_seconds_count{route="example.com/*"} 2\n' in text
    for endpoint in ("a:1", "b:2"):
        assert (
            f'porch_first_byte_seconds_count{{route="example.com/*",endpoint="{endpoint}"}} 1'
            in text
        )


@pytest.mark.parametrize("kind", [PLAIN, OPEN_METRICS])
def test_every_line_is_of_the_format_and_each_family_stands_together(kind):
    families = [
        Family(name="porch_up", kind="gauge", says="Whether.", samples=[(labels(pool="a"), 1)]),
        Family(name="porch_ticks", kind="counter", says="How often.", samples=[("", 2.5)]),
    ]
    text = page(ended(route='a"b\\c\nd %d %s é/*'), families=families, kind=kind)
    seen: list[str] = []
    for line in text.splitlines():
        if line.startswith("# HELP "):
            assert line.split()[2] not in seen
            seen.append(line.split()[2])
        elif not line.startswith("#"):
            assert SAMPLE.match(line), line
            assert line.startswith(seen[-1]), line
    assert r'route="a\"b\\c\nd %d %s é/*"' in text
    assert ("# EOF\n" in text) is (kind is OPEN_METRICS)


def test_open_metrics_names_a_counter_without_total_and_says_units():
    plain, open_metrics = page(ended()), page(ended(), kind=OPEN_METRICS)
    assert "# TYPE porch_requests_total counter\n" in plain
    assert "# TYPE porch_requests counter\n" in open_metrics
    assert "# UNIT porch_first_byte_seconds seconds\n" in open_metrics
    assert "# UNIT" not in plain
    assert open_metrics.endswith("# EOF\n")


def test_what_workers_count_of_themselves_is_told():
    text = page()
    assert 'porch_tls_handshakes_total{version="TLSv1.3",resumed="true",alpn="h2"} 7\n' in text
    assert 'porch_tls_handshakes_failed_total{reason="timeout"} 0\n' in text
    assert 'porch_connections_accepted_total{worker="0",listener=":80"} 9\n' in text
    assert 'porch_loop_lag_seconds_bucket{worker="0",le="0.001"} 3\n' in text
    assert 'porch_loop_lag_seconds_bucket{worker="0",le="+Inf"} 4\n' in text
    assert 'porch_loop_lag_seconds_sum{worker="0"} 0.002500\n' in text
    assert 'porch_loop_lag_seconds_count{worker="0"} 4\n' in text


def test_a_text_is_used_again_until_its_counts_change():
    table = SeriesTable(2)
    cells = table.row(1).of((REQUESTS, "r", "e"), WIDTH)
    cells[2] = cells[TOTAL + 1] = 1
    exposition = Exposition()
    first = exposition.page(table.totals(), (), PLAIN)
    assert exposition.page(table.totals(), (), PLAIN) == first
    cells[2] = 2
    assert b'code="2xx"} 2' in exposition.page(table.totals(), (), PLAIN)


def test_when_the_machines_time_jumps_nothing_is_negative_and_no_count_goes_back(monkeypatch):
    series, recent = SeriesTable(2), RecentTable(2)
    observers = Meter(series.row(1)), recent.row(1, 1)
    exposition = Exposition(Exemplars(recent))
    before: dict[str, float] = {}
    for number, wall in enumerate((1.7e9, 1.7e9 - 86_400, 4e9, 1.0, 1.7e9)):
        monkeypatch.setattr(clock, "wall", lambda: wall)  # noqa: B023
        exchange = ended()
        exchange.started, exchange.ended = 1000.0 + number, 1000.0 + number + 0.0121
        exchange.first_byte = exchange.connected = exchange.started + 0.002
        for each in observers:
            each.take(Batch([exchange]))
            each.flush()
        text = exposition.page(series.totals(), (), OPEN_METRICS).decode()
        lines = [line.partition(" # ") for line in text.splitlines() if line[0] != "#"]
        assert sum(bool(exemplar) for _, _, exemplar in lines) == 3
        now = {name: float(value) for name, _, value in (each[0].rpartition(" ") for each in lines)}
        assert min(now.values()) >= 0
        assert all(value >= before.get(name, 0) for name, value in now.items())
        before = now
    (total,) = (value for name, value in before.items() if "duration_seconds_sum" in name)
    assert abs(total - 5 * 0.0121) < 1e-5


def test_exemplars_stand_in_open_metrics_alone_also_when_both_are_asked_for():
    series, recent = SeriesTable(2), RecentTable(2)
    batch = Batch([ended()])
    meter = Meter(series.row(1))
    for each in (meter, recent.row(1, 1)):
        each.take(batch)
    meter.flush()
    exposition = Exposition(Exemplars(recent))
    shown = exposition.page(series.totals(), (), OPEN_METRICS).decode()
    plain = exposition.page(series.totals(), (), PLAIN).decode()
    labels = 'route="example.com/*"'
    said = '# {request_id="5f1c2a3e-1b"}'
    assert f'porch_request_duration_seconds_bucket{{{labels},le="0.025"}} 1 {said} 0.0121' in shown
    first = f'porch_first_byte_seconds_bucket{{{labels},endpoint="{ENDPOINT}",le="0.005"}}'
    assert f"{first} 1 {said} 0.0035" in shown
    assert f"{first} 1\n" in plain
    assert "request_id" not in plain
    assert exposition.page(series.totals(), (), OPEN_METRICS).decode() == shown


def test_a_scraper_that_names_open_metrics_gets_it():
    assert content_type(None) == content_type(b"text/plain") == PLAIN
    accept = b"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.4"
    assert content_type(accept) == OPEN_METRICS


def test_every_reason_of_a_handshake_is_explained():
    text = DOCS.read_text(encoding="utf-8")
    rows = re.findall(
        r"(?m)^\|(.*?)\|", text.partition("### Why handshakes fail")[2].partition("##")[0]
    )
    told = {word for first in rows for word in re.findall(r"`(\w+)`", first)}
    assert told == set(WORDS)


DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_page_names_every_metric_with_its_labels():
    facts = Facts(
        version="1",
        since=0.0,
        loaded_at=0.0,
        trouble="",
        changes=0,
        refused=False,
        workers=[WorkerFacts(slot=0, pid=os.getpid(), row=1, is_ready=True)],
        endpoints=[
            ("p", "a", 100, True, "endpoint"),
            ("p", "a", 100, True, "limit"),
        ],
        ends={"a.test": 1.0},
    )
    counts = SharedTable(2, 200)
    counts.rows[0][CACHE : CACHE + 47] = array("q", [1] * 47)
    failed = ended(error=ConnectionRefused("x"), status=502)
    text = page(ended(), failed, families=Measures(counts).of(facts))
    told = {}
    for name, said in re.findall(r"(?m)^(porch_\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? ", text):
        found = re.findall(r'(\w+)="', said)
        told.setdefault(name, set()).update(found)
    rows = re.findall(r"(?m)^\| `(porch_\w+)` \| ([\w, ]*?) ?\|", DOCS.read_text(encoding="utf-8"))
    assert {name: set(filter(None, words.split(", "))) for name, words in rows} == told
