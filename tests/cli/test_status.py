"""`porch status` as a person sees it."""

import json
from pathlib import Path
from typing import Any

import pytest

from porch.cli.status import MOST, lines, show_status

STATUS: dict[str, Any] = {
    "version": "1.2",
    "pid": 7,
    "since": "2026-01-01T00:00:00Z",
    "stopping": False,
    "stopping_since": None,
    "configuration": {"file": "p.toml", "hash": "abc", "routes": 2, "loaded": "now"},
    "listening": [":80"],
    "observed": {"metrics": [], "admin": ["http://127.0.0.1:9146/"]},
    "cut": {"client_flood": 0, "http_request_error": 0, "proxy_header_error": 0},
    "turned_away": {"low": 0, "normal": 0, "high": 0},
    "workers": [
        {
            "pid": 8,
            "state": "serving",
            "connections": 3,
            "running": 1,
            "requests": 12,
            "cpu_seconds": 1.25,
            "memory": 36_000_000,
            "since": "then",
        }
    ],
    "upstreams": [
        {"pool": "*", "endpoint": "a:1", "state": "up", "running": 0, "requests": 9},
        {
            "pool": "*",
            "endpoint": "b:1",
            "speaks": "HTTP/2",
            "state": "dns_error",
            "running": 0,
            "requests": 3,
        },
    ],
    "more_upstreams": 0,
    "orders": [],
    "log_level": "normal",
    "capture": None,
    "canaries": [],
    "mirrors": [],
    "limits": [],
    "discovery": [],
}


def test_it_is_short_and_what_is_in_trouble_comes_first() -> None:
    assert list(lines(STATUS)) == [
        "porch 1.2, process 7, up since 2026-01-01T00:00:00Z",
        "p.toml (abc), 2 routes, loaded now",
        "listening on :80",
        "admin on http://127.0.0.1:9146/",
        "",
        "worker  state    clients  running  requests  cpu    memory  since",
        "8       serving  3        1        12        1.2 s  36 MB   then",
        "",
        "pool  endpoint      state      running  requests",
        "*     b:1 (HTTP/2)  dns_error  0        3",
        "*     a:1           up         0        9",
    ]


def test_connections_that_were_cut_are_told_by_their_reason_words() -> None:
    cut = {"client_flood": 2, "http_request_error": 0}
    assert "connections that were cut: 2 client_flood" in [*lines(STATUS | {"cut": cut})]


def test_requests_that_a_busy_worker_refused_are_told_by_importance() -> None:
    away = {"low": 120, "normal": 3, "high": 0}
    told = "requests refused while a worker was busy, by importance: 120 low, 3 normal"
    assert told in [*lines(STATUS | {"turned_away": away})]


def test_what_operators_have_said_stands_behind_with_the_way_out() -> None:
    orders = [{"order": "drained api/a:1", "since": "then", "undo": "porch undrain api/a:1"}]
    canaries = [{"route": "*", "to": "c:1", "who": "5% of the clients", "state": "on"}]
    mirrors = [{"pool": "* mirror", "not_copied": 7}, {"pool": "b mirror", "not_copied": 0}]
    changed = STATUS | {"orders": orders, "canaries": canaries, "mirrors": mirrors}
    assert list(lines(changed))[-8:] == [
        "",
        "order            since  undo",
        "drained api/a:1  then   porch undrain api/a:1",
        "",
        "route  to   who                state",
        "*      c:1  5% of the clients  on",
        "",
        "* mirror: 7 requests were not copied",
    ]


def test_limits_that_refused_somebody_are_told() -> None:
    limits = [
        {"limit": "a.test: client", "refused": 7, "would_refuse": 0},
        {"limit": "a.test: host", "refused": 0, "would_refuse": 0},
    ]
    assert list(lines(STATUS | {"limits": limits}))[-3:] == [
        "",
        "limit           refused  would refuse",
        "a.test: client  7        0",
    ]


def test_where_endpoints_are_found_has_the_age_of_its_list_and_its_trouble() -> None:
    source = {
        "source": "dns:a.test:80",
        "pools": ["*", "b.test"],
        "endpoints": 3,
        "since": "2026-01-01T12:03:00Z",
        "trouble": "DNS knows no such name",
        "trouble_since": "2026-01-01T12:10:00Z",
    }
    unheard = source | {"since": None, "endpoints": 0, "trouble": "", "trouble_since": None}
    assert list(lines(STATUS | {"discovery": [source, unheard]}))[-5:] == [
        "",
        "dns:a.test:80 for *, b.test: 3 found, list of 2026-01-01T12:03:00Z",
        "  trouble since 2026-01-01T12:10:00Z: DNS knows no such name",
        "",
        "dns:a.test:80 for *, b.test: 0 found",
    ]


def test_many_endpoints_are_counted() -> None:
    many = STATUS | {"upstreams": STATUS["upstreams"] * MOST}
    assert list(lines(many))[-1].startswith(f"and {MOST} more")


def test_json_is_the_whole_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("porch.cli.ask.answer_of", lambda *_: STATUS)
    assert show_status(Path("p.toml"), as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == STATUS


def test_no_answer_is_exit_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("porch.cli.ask.answer_of", lambda *_: None)
    assert show_status(Path("p.toml"), as_json=False) == 1


def test_a_log_level_that_is_not_the_usual_one_is_told() -> None:
    loud = STATUS | {"log_level": "debug for 245 s more"}
    told = "log level debug for 245 s more; porch log-level normal ends it"
    assert told in list(lines(loud))
    assert not any("log level" in line for line in lines(STATUS))


def test_a_capture_is_told_with_who_began_it() -> None:
    found = {"client": "192.0.2.7", "seconds_left": 540, "heads": 12, "by": "ann"}
    told = (
        "the heads of 192.0.2.7 are captured for 540 s more, 12 heads so far, begun by ann; porch "
        "capture --end ends it"
    )
    assert told in list(lines(STATUS | {"capture": found}))


def test_a_door_that_stops_says_since_when_it_does_and_since_when_it_was_up() -> None:
    first, *_ = lines(STATUS | {"stopping": True, "stopping_since": "2026-01-02T00:00:00Z"})
    assert first == (
        "porch 1.2, process 7, up since 2026-01-01T00:00:00Z, stopping since 2026-01-02T00:00:00Z"
    )
