"""Retries over real sockets: what clients get, and what origins see, with two workers."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.e2e.conftest import PATIENCE, Door

Start = Callable[..., Door]
Answer = Callable[["Origin", str], tuple[float, int]]
"""(origin, path) -> (seconds until it answers, the status)."""


class Origin(ThreadingHTTPServer):
    """seen: "METHOD /path" of all that came, in order. lost: those whose client had gone."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.seen: list[str] = []
        self.lost: list[str] = []

    @property
    def to(self) -> str:
        return f'"127.0.0.1:{self.server_port}"'

    def handle_error(self, request: object, client_address: object) -> None:
        """The door closes what it does not want any more."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Origin

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        said = f"{self.command} {self.path}"
        self.server.seen.append(said)
        seconds, status = self.server.answer(self.server, self.path)
        time.sleep(seconds)
        if seconds:
            self.connection.setblocking(False)
            try:
                if self.connection.recv(1) == b"":
                    self.server.lost.append(said)
            except BlockingIOError:
                pass
            self.connection.setblocking(True)
        body = b"from %d" % self.server.server_port
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


@contextmanager
def serving(*answers: Answer) -> Iterator[list[Origin]]:
    with ExitStack() as stack:
        origins = [stack.enter_context(Origin(each)) for each in answers]
        for each in origins:
            threading.Thread(target=each.serve_forever, args=(0.01,), daemon=True).start()
            stack.callback(each.shutdown)
        yield origins


def route(origins: list[Origin], retry: str) -> str:
    to = ", ".join(each.to for each in origins)
    return f'workers = 2\n[routes]\n"*" = {{ to = [{to}], retry = {retry}, eject = false }}\n'


def ask(door: Door, method: str, path: str, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=PATIENCE)
    try:
        connection.request(method, path, b"ab" if method != "GET" else None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def good(origin: Origin, path: str) -> tuple[float, int]:
    return 0.0, 200


def bad(origin: Origin, path: str) -> tuple[float, int]:
    return 0.0, 503


def slow(origin: Origin, path: str) -> tuple[float, int]:
    return 2.5, 200


def test_a_chosen_status_is_never_seen_and_no_post_runs_twice(door: Start) -> None:
    with serving(bad, good) as origins:
        started = door(route(origins, "{ on = [503] }"))
        gets = [ask(started, "GET", f"/g{n}")[0] for n in range(20)]
        keyed = [
            ask(started, "POST", f"/k{n}", **{"Idempotency-Key": f'"{n}"'})[0] for n in range(20)
        ]
        posts = [ask(started, "POST", f"/p{n}")[0] for n in range(20)]
        assert set(gets) == set(keyed) == {200}
        assert set(posts) == {200, 503}, "an origin's own answer is what the client gets"
        seen = [each for origin in origins for each in origin.seen if each.startswith("POST /p")]
        assert sorted(seen) == sorted(f"POST /p{n}" for n in range(20))


def test_the_load_of_a_storm_is_bounded_over_all_workers(door: Start) -> None:
    count = 600
    with serving(bad, bad, bad) as origins:
        started = door(route(origins, '{ on = [503], backoff = "0s" }'))
        began = time.monotonic()
        shares = [range(at, count, 6) for at in range(6)]
        got: list[int] = []
        threads = [
            threading.Thread(
                target=lambda of=of: got.extend(ask(started, "GET", f"/{n}")[0] for n in of)  # type: ignore[misc]
            )
            for of in shares
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        load = sum(len(origin.seen) for origin in origins)
        windows = (time.monotonic() - began) // 9 + 1
    assert got == [503] * count
    assert count < load <= 1.2 * count + 100 * windows
    started.wait_until(lambda: "retry_budget_spent" in started.log, "the word in the log")


def test_the_first_of_two_is_heard_and_the_other_is_closed(door: Start) -> None:
    with serving(slow, good) as origins:
        started = door(route(origins, '{ hedge = "100ms" }'))
        took = []
        for n in range(6):
            began = time.monotonic()
            assert ask(started, "GET", f"/{n}") == (200, b"from %d" % origins[1].server_port)
            took.append(time.monotonic() - began)
        assert max(took) < 2.0
        first = list(origins[0].seen)
        assert first, "the slow one was asked as well"
        started.wait_until(lambda: origins[0].lost == first, "the close of those that lost")


def test_a_slow_post_is_waited_for(door: Start) -> None:
    with serving(slow, slow) as origins:
        started = door(route(origins, '{ hedge = "50ms", each = "300ms", total = "1s" }'))
        assert ask(started, "POST", "/p")[0] == 200
        assert [each for origin in origins for each in origin.seen] == ["POST /p"]
