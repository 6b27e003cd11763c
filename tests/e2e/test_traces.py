"""A real door tells a real collector, which decodes what it is told."""

import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import Connection, echo
from tests.support.collector import Collector, Told, collecting
from tests.support.ports import free_port

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra porch[otel]")

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
UNSAMPLED = f"00-{TRACE}-{SPAN}-00"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


def get(url: str, **fields: str) -> int:
    request = urllib.request.Request(
        url, headers={name.replace("_", "-"): value for name, value in fields.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.read()
        return error.code


def config(collector: Collector, routes: str, words: str = "", top: str = "") -> str:
    return (
        f'workers = 1\nlog = false\n{top}traces = {{ to = "{collector.url}"{words} }}\n'
        f"[routes]\n{routes}\n"
    )


def spans(door: Any, collector: Collector, count: int) -> list[Told]:
    door.wait_until(lambda: len(collector.spans) >= count, f"{count} spans")
    assert len(collector.spans) == count
    return collector.spans


def told(received: bytes) -> tuple[str, str, str]:
    """The ids and the flags of the one `traceparent` that an origin was sent."""
    (found,) = re.findall(rb"(?im)^traceparent: 00-(\w{32})-(\w{16})-(\w\w)\r$", received)
    return tuple(part.decode() for part in found)  # type: ignore[return-value]


def test_a_trusted_parent_is_continued_and_the_origin_is_told_of_the_attempt(
    door: Any, origin: Any, collector: Collector
) -> None:
    made = origin(echo)
    started = door(
        config(collector, f'"*/a/*" = "127.0.0.1:{made.port}"', top='trust = ["127.0.0.0/8"]\n')
    )
    assert (
        get(started.url + "/a/b?token=hush&x=1", traceparent=PARENT, tracestate="congo=t61") == 200
    )
    server, client = spans(started, collector, 2)
    assert (server.kind, server.trace, server.parent) == ("server", TRACE, SPAN)
    assert (client.kind, client.trace, client.parent) == ("client", TRACE, server.span)
    assert told(made.received) == (TRACE, client.span, "01")
    assert b"\r\ntracestate: congo=t61\r\n" in made.received
    assert server.state == "congo=t61"
    assert server.name == "GET */a/*"
    found = server.attributes
    assert found["http.request.method"] == "GET"
    assert found["http.route"] == "*/a/*"
    assert found["http.response.status_code"] == 200
    assert (found["url.path"], found["url.query"]) == ("/a/b", "token=***&x=1")
    assert (found["server.address"], found["server.port"]) == ("127.0.0.1", started.port)
    assert (client.attributes["server.address"], client.attributes["server.port"]) == (
        "127.0.0.1",
        made.port,
    )
    assert [name for name, _ in client.events] == ["connected", "first byte"]
    moments = [server.start, client.start, *(at for _, at in client.events), client.end]
    assert moments == sorted(moments)
    assert server.end >= client.end
    assert abs(server.start / 1e9 - time.time()) < 60
    assert [server.is_error, client.is_error] == [False, False]
    assert server.resource["service.name"] == "porch"
    assert "hush" not in repr(collector.spans)
    (path, fields), *_ = collector.requests
    assert (path, fields["content-type"]) == ("/v1/traces", "application/x-protobuf")


def test_a_strangers_trace_is_linked_and_chooses_nothing(
    door: Any, origin: Any, collector: Collector
) -> None:
    made = origin(echo)
    started = door(config(collector, f'"*" = "127.0.0.1:{made.port}"'))
    assert get(started.url, traceparent=UNSAMPLED, tracestate="congo=t61") == 200
    server, client = spans(started, collector, 2)
    assert server.trace == client.trace != TRACE
    assert (server.parent, server.links) == ("", [TRACE])
    assert told(made.received) == (server.trace, client.span, "01")
    assert b"tracestate" not in made.received.lower()


def test_a_retry_is_two_attempts(door: Any, origin: Any, collector: Collector) -> None:
    made = origin(echo)
    started = door(
        config(
            collector,
            f'"*" = {{ to = ["127.0.0.1:1", "127.0.0.1:{made.port}"], balance = "first" }}',
        )
    )
    assert get(started.url) == 200
    spans(started, collector, 3)
    (server,) = collector.named("server")
    first, second = collector.named("client")
    assert first.parent == second.parent == server.span
    assert first.is_error
    assert first.attributes["error.type"] == "connection_refused"
    assert first.events == []
    assert second.attributes["http.request.resend_count"] == 1
    assert second.attributes["http.response.status_code"] == 200
    assert told(made.received)[1] == second.span
    assert not server.is_error


def test_what_goes_wrong_is_told_whatever_the_ratio_says(
    door: Any, origin: Any, collector: Collector
) -> None:
    made = origin(echo)
    routes = f'"*" = "127.0.0.1:{made.port}"\n"*/dead" = "127.0.0.1:1"'
    started = door(config(collector, routes, words=', ratio = "0%"'))
    assert get(started.url) == 200
    assert told(made.received)[2] == "00"
    assert get(started.url + "/dead") == 502
    server, client = spans(started, collector, 2)
    assert server.is_error
    assert server.attributes["error.type"] == "connection_refused"
    assert server.attributes["http.response.status_code"] == 502
    assert client.attributes["error.type"] == "connection_refused"
    assert server.message


def test_what_is_slow_is_told_whatever_the_ratio_says(
    door: Any, origin: Any, collector: Collector
) -> None:
    def slow(connection: Connection) -> None:
        while connection.read_head():
            time.sleep(0.15)
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    routes = f'"*" = "127.0.0.1:{origin(echo).port}"\n"*/slow" = "127.0.0.1:{origin(slow).port}"'
    started = door(config(collector, routes, words=', ratio = "0%", slower = "100ms"'))
    assert get(started.url) == 200
    assert get(started.url + "/slow") == 200
    server, _ = spans(started, collector, 2)
    assert server.attributes["url.path"] == "/slow"


def test_a_dead_collector_costs_no_exchange_anything_nor_the_stop(
    door: Any, origin: Any, collector: Collector
) -> None:
    collector.gate.clear()
    made = origin(echo)
    started = door(config(collector, f'"*" = "127.0.0.1:{made.port}"'))
    for _ in range(20):
        began = time.monotonic()
        assert get(started.url) == 200
        assert time.monotonic() - began < 1
    started.wait_until(lambda: collector.requests, "a request to the collector")
    began = time.monotonic()
    assert started.stop() == 0
    assert time.monotonic() - began < 5
    assert "spans were lost" in started.errors


def test_a_collector_that_refuses_is_told_of_once(
    door: Any, origin: Any, collector: Collector
) -> None:
    collector.status = 400
    made = origin(echo)
    started = door(config(collector, f'"*" = "127.0.0.1:{made.port}"'))
    assert get(started.url) == 200
    started.wait_until(lambda: "the others are lost" in started.errors, "the message")
    collector.status = 200
    again = "spans are taken again; 2 were lost"
    started.wait_until(lambda: get(started.url) == 200 and again in started.errors, "the end")
    assert started.errors.count("the others are lost") == 1
    assert "Traceback" not in started.errors


def test_the_store_asks_in_the_trace_of_who_wanted_it(
    door: Any, origin: Any, collector: Collector
) -> None:
    def answer(connection: Connection) -> None:
        while connection.read_head():
            connection.send(
                b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nhi"
            )

    made = origin(answer)
    started = door(config(collector, f'"*" = {{ to = "127.0.0.1:{made.port}", cache = true }}'))
    assert get(started.url + "/a", traceparent=PARENT) == 200
    server, client = spans(started, collector, 2)
    assert told(made.received) == (server.trace, client.span, "01")
    assert client.parent == server.span
    assert get(started.url + "/a") == 200
    spans(started, collector, 3)
    hit = collector.spans[2]
    assert (hit.kind, hit.parent) == ("server", "")
    assert hit.trace != server.trace


def test_an_internal_route_is_asked_in_the_trace_of_who_was_led_there(
    door: Any, origin: Any, collector: Collector
) -> None:
    def lead(connection: Connection) -> None:
        while connection.read_head():
            connection.send(
                b"HTTP/1.1 200 OK\r\nX-Accel-Redirect: /inside/a\r\nContent-Length: 0\r\n\r\n"
            )

    leads, made = origin(lead), origin(echo)
    routes = (
        f'"*" = {{ to = "127.0.0.1:{leads.port}", accel = true }}\n'
        f'"*/inside/*" = {{ to = "127.0.0.1:{made.port}", internal = true }}'
    )
    started = door(config(collector, routes))
    assert get(started.url) == 200
    server, first, second = spans(started, collector, 3)
    assert told(leads.received) == (server.trace, first.span, "01")
    assert told(made.received) == (server.trace, second.span, "01")
    assert first.parent == second.parent == server.span
    assert second.attributes["server.port"] == made.port


def test_a_reload_begins_and_ends_it(door: Any, origin: Any, collector: Collector) -> None:
    made = origin(echo)
    routes = f'"*" = "127.0.0.1:{made.port}"'
    started = door(f"workers = 1\nlog = false\n[routes]\n{routes}\n")
    assert get(started.url + "/1", traceparent=PARENT) == 200
    assert PARENT.encode() in made.received
    started.write(config(collector, routes))
    assert started.reload() == ""
    assert get(started.url + "/2") == 200
    spans(started, collector, 2)
    started.write(f"workers = 1\nlog = false\n[routes]\n{routes}\n")
    assert started.reload() == ""
    assert get(started.url + "/3") == 200
    assert started.stop() == 0
    assert [each.attributes["url.path"] for each in collector.named("server")] == ["/2"]


def test_a_key_of_the_collector_comes_from_the_environment(
    door: Any, origin: Any, collector: Collector
) -> None:
    made = origin(echo)
    words = ', headers = { x-key = "${COLLECTOR_KEY}" }, service = "shop"'
    text = config(collector, f'"*" = "127.0.0.1:{made.port}"', words)
    started = door(text, environ={"COLLECTOR_KEY": "hush"})
    assert get(started.url) == 200
    server, _ = spans(started, collector, 2)
    assert server.resource["service.name"] == "shop"
    assert collector.requests[0][1]["x-key"] == "hush"
    assert "hush" not in started.errors


def test_a_bucket_of_the_metrics_names_a_trace_that_the_collector_was_told(
    door: Any, origin: Any, collector: Collector
) -> None:
    made, port = origin(echo), free_port()
    top = f'metrics = "127.0.0.1:{port}"\n'
    started = door(config(collector, f'"*" = "127.0.0.1:{made.port}"', top=top))
    assert get(started.url + "/a") == 200
    server = spans(started, collector, 2)[0]
    accept = {"Accept": "application/openmetrics-text;version=1.0.0"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=accept)

    def is_there() -> bool:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return f'# {{trace_id="{server.trace}",request_id="'.encode() in answer.read()

    started.wait_until(is_there, "the exemplar")
