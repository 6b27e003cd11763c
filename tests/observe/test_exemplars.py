"""Exemplars: of each bucket one recent exchange, by its trace and the id of its request."""

from datetime import datetime

from porch import clock
from porch.errors import ConnectionRefused
from porch.observe import exemplars as exemplars_module
from porch.observe.ended import Batch
from porch.observe.exemplars import LONGEST, Exemplars
from porch.observe.recent import RecentTable
from porch.trace import Trace
from tests.support.ended import ENDPOINT, ended

ROUTE = "example.com/*"


def taken(seconds, name=b"id-1", **words):
    """One that took so long."""
    exchange = ended(**words)
    exchange.id = name
    exchange.ended = exchange.started + seconds
    return exchange


def shown(texts):
    """The buckets that have one."""
    return {bucket for bucket, text in enumerate(texts) if text}


def looked(*exchanges, table=None):
    table = table or RecentTable(2)
    table.row(1, 1).take(Batch(exchanges))
    exemplars = Exemplars(table)
    exemplars.look()
    return exemplars


def test_the_latest_of_a_bucket_stands_for_it_by_its_id_with_its_time():
    exemplars = looked(taken(0.02, b"one"), taken(0.021, b"two"), taken(7.5, b"slow"))
    assert shown(exemplars.whole[ROUTE]) == {4, 12}
    assert exemplars.whole[ROUTE][4].startswith(b' # {request_id="two"} 0.021000 ')
    assert exemplars.whole[ROUTE][12].startswith(b' # {request_id="slow"} 7.500000 ')
    assert exemplars.first[ROUTE, ENDPOINT][2].startswith(b' # {request_id="slow"} 0.003500 ')
    assert repr(exemplars) == "<Exemplars 1 routes, 1 endpoints>"


def test_its_moment_is_that_of_the_end_in_seconds_of_the_wall_clock():
    table = RecentTable(2)
    exemplars = looked(taken(0.02), table=table)
    ((line,), _) = table.since({})
    moment = float(exemplars.whole[ROUTE][4].split()[-1])
    assert moment == datetime.fromisoformat(line["time"]).timestamp()
    assert abs(moment - (clock.wall() - clock.monotonic() + 1000.02)) < 0.01


def test_a_trace_is_named_before_the_id_which_finds_it_where_nobody_kept_the_trace():
    exchange = taken(0.02)
    exchange.trace = Trace(0xABC, sampled=True)
    exemplars = looked(exchange)
    labels = f'{{trace_id="{0xABC:032x}",request_id="id-1"}}'
    assert exemplars.whole[ROUTE][4].startswith(f" # {labels} 0.02".encode())


def test_an_id_that_is_too_long_or_that_there_is_none_of_is_not_told():
    assert looked(taken(0.02, b"")).whole == {}
    assert looked(taken(0.02, b"x" * LONGEST)).whole == {}
    exchange = taken(0.02, b"x" * 100)
    exchange.trace = Trace(1, sampled=True)
    assert b"request_id" not in looked(exchange).whole[ROUTE][4]
    fits = LONGEST - len("request_id")
    assert looked(taken(0.02, b"x" * fits)).whole[ROUTE]


def test_what_was_answered_at_the_door_or_failed_has_one_of_its_whole_time_alone():
    failed = taken(0.02, error=ConnectionRefused("x"), status=502)
    at_door = taken(0.2, b"door", endpoint=None)
    exemplars = looked(failed, at_door)
    assert shown(exemplars.whole[ROUTE]) == {4, 7}
    assert exemplars.first == {}


def test_one_of_a_new_connection_is_of_those_alone_that_waited_for_it():
    new, again = taken(0.02, b"new"), taken(0.02, b"again")
    new.connected, again.connected = new.started + 0.008, again.started + 0.3
    again.reused = True
    exemplars = looked(new, again)
    assert shown(exemplars.connect[ROUTE]) == {3}
    assert exemplars.connect[ROUTE][3].startswith(b' # {request_id="new"} 0.008000 ')
    exemplars.keep(set())
    assert exemplars.connect == {}


def test_names_are_those_of_the_configuration_whatever_stands_in_them_or_in_targets():
    odd = 'a.test/"x"\\é\n*'
    target = b'/"route":"evil","endpoint":"e","total_ms":9.0'
    exemplars = looked(taken(0.02, route=odd, target=target))
    assert set(exemplars.whole) == {odd}
    assert set(exemplars.first) == {(odd, ENDPOINT)}


def test_a_look_takes_what_is_new_and_keeps_what_was_there():
    table = RecentTable(2)
    row = table.row(1, 1)
    row.take(Batch([taken(0.02, b"one")]))
    exemplars = Exemplars(table)
    exemplars.look()
    row.take(Batch([taken(0.3, b"two")]))
    exemplars.look()
    exemplars.look()
    assert b"one" in exemplars.whole[ROUTE][4]
    assert b"two" in exemplars.whole[ROUTE][8]


def test_of_very_many_the_newest_of_each_worker_are_looked_at(monkeypatch):
    monkeypatch.setattr(exemplars_module, "LOOKED_AT", 2000)
    table = RecentTable(3)
    for number in (1, 2):
        slow = [taken(3.0, b"slow") for _ in range(9)]
        last = taken(0.1 * number, b"last-%d" % number)
        table.row(number, 2).take(Batch([*slow[:3], taken(0.002, b"old"), *slow, last]))
    exemplars = Exemplars(table)
    exemplars.look()
    found = b"".join(exemplars.whole[ROUTE])
    assert b"last-1" in found
    assert b"last-2" in found
    assert b"old" not in found


def test_those_of_names_that_are_gone_are_gone():
    exemplars = looked(taken(0.02), taken(0.02, route="other.test"))
    exemplars.keep({("other.test", ENDPOINT)})
    assert set(exemplars.whole) == {"other.test"}
    assert set(exemplars.first) == {("other.test", ENDPOINT)}


def test_the_bucket_is_the_one_that_its_own_value_belongs_to():
    """A value that is rounded up over a bound would be refused in the bucket below."""
    exemplars = looked(taken(0.0249999999))
    (bucket,) = shown(exemplars.whole[ROUTE])
    text = exemplars.whole[ROUTE][bucket]
    assert (bucket, float(text.split()[2])) == (4, 0.025)
