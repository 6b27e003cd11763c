"""Lines that were lost, as the metrics have them."""

from types import SimpleNamespace

from porch.observe.ended import Batch
from porch.observe.exposition import PLAIN, Exposition
from porch.observe.lost import LINES_LOST, SPANS_LOST, Lost
from porch.observe.series import SeriesTable
from porch.observe.span_queue import SpanQueue
from porch.observe.traces import Traces


def test_lines_are_counted_by_log_and_once():
    table = SeriesTable(3)
    sinks = [SimpleNamespace(name=name, lost=0) for name in ("stdout", "/var/log/a.log")]
    rows = [table.row(number) for number in (1, 2)]
    workers = [Lost(LINES_LOST, sinks, lambda *name, row=row: row.of(name, 1)) for row in rows]

    def page() -> str:
        return Exposition().page(table.totals(), (), PLAIN).decode()

    assert 'porch_log_lines_lost_total{log="stdout"} 0\n' in page()
    sinks[1].lost = 7
    for each in workers:
        each.take(Batch([]))
        each.flush()
        each.flush()
    sinks[1].lost = 8
    workers[0].close()
    assert 'porch_log_lines_lost_total{log="/var/log/a.log"} 15\n' in page()
    assert 'porch_log_lines_lost_total{log="stdout"} 0\n' in page()
    assert repr(workers[0]) == "<Lost 8>"


def test_spans_are_counted_by_their_collector():
    table = SeriesTable(2)
    queue = SpanQueue("traces", lambda: lambda spans: "", lambda text: None)
    traces = Traces("http://127.0.0.1:4318", queue, 1.0)
    lost = Lost(SPANS_LOST, [traces], lambda *name: table.row(1).of(name, 1))
    queue.lose(3)
    lost.flush()
    page = Exposition().page(table.totals(), (), PLAIN).decode()
    assert 'porch_spans_lost_total{collector="http://127.0.0.1:4318"} 3\n' in page
