"""Lines that were lost, as the metrics have them."""

from types import SimpleNamespace

from porch.observe.ended import Batch
from porch.observe.exposition import PLAIN, Exposition
from porch.observe.lost import LOST, Lost
from porch.observe.series import SeriesTable


def test_lines_are_counted_by_log_and_once():
    table = SeriesTable(3)
    sinks = [SimpleNamespace(name=name, lost=0) for name in ("stdout", "/var/log/a.log")]
    rows = [table.row(number) for number in (1, 2)]
    workers = [Lost(sinks, lambda name, row=row: row.of((LOST, name), 1)) for row in rows]

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
    assert repr(workers[0]) == "<Lost 8 lines>"
