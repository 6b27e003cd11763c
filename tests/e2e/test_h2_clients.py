"""HTTP/2 as real clients speak it: curl, httpx, h2load, Chromium, and one of the tests' own."""

import json
import re
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import trustme

from tests.e2e.conftest import Door, memory
from tests.e2e.test_browser import Browser
from tests.support.echo import EchoOrigin
from tests.support.h2_socket import H2Socket

AUTHORITY = trustme.CA()
MB = bytes(range(256)) * 4096
IMAGES = 200

PAGE = b"""<!doctype html><title>shop</title><body>%b<p id=told>waiting</p><script>
addEventListener("load", () => {
  const seen = performance.getEntriesByType("resource");
  const h2 = seen.filter(each => each.nextHopProtocol == "h2").length;
  const socket = new WebSocket("wss://" + location.host + "/socket");
  const say = text => { document.getElementById("told").textContent = h2 + " images, " + text; };
  say("no word");
  socket.onopen = () => socket.send(new Uint8Array(7));
  socket.onmessage = message => { say(message.data.size + " bytes"); };
  socket.onerror = () => { say("an error"); };
});
</script>"""


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    protocol_version = "HTTP/1.1"
    server: "Origin"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("priority", "")))
        if self.path == "/page":
            images = b"".join(b"<img src=/image/%d.svg>" % each for each in range(IMAGES))
            self._reply(PAGE % images, "text/html")
        elif self.path.startswith("/image/"):
            svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
            self._reply(svg, "image/svg+xml")
        elif self.path == "/trailers":
            self.send_response(200)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"2\r\nhi\r\n0\r\nx-sum: 42\r\n\r\n")
        else:
            self._reply(MB if self.path == "/mb" else b"hello")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self._reply(b"%d %b" % (len(body), b"same" if body == MB else b"other"))

    def _reply(self, content: bytes, kind: str = "text/plain") -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


class Origin(ThreadingHTTPServer):
    """asked: paths, each with its priority."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str]] = []
        self.port = self.server_address[1]

    def handle_error(self, *_: object) -> None:
        """A door that leaves in the middle of an answer is what some tests want."""


@pytest.fixture
def origin() -> Iterator[Origin]:
    made = Origin()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


@pytest.fixture
def secured(door: Callable[..., Door], tmp_path: Path) -> Callable[..., Door]:
    """Starts a door for a.test by HTTPS, before an origin's port."""
    made = AUTHORITY.issue_cert("a.test", key_type=trustme.KeyType.ECDSA)
    file = tmp_path / "a.pem"
    made.private_key_and_cert_chain_pem.write_to_path(file)

    def start(port: int, top: str = "") -> Door:
        return door(
            f'listen = ["https://127.0.0.1:0", "127.0.0.1:0"]\nworkers = 1\n{top}'
            f'[routes]\n"a.test" = "127.0.0.1:{port}"\n'
            f'"a.test/socket" = "127.0.0.1:{port}"\n'
            f'[site."a.test"]\ncert = "{file}"\nkey = "{file}"\n'
        )

    return start


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


# --- curl ------------------------------------------------------------------------------------


def curl(door: Door, authority: Path, path: str, *words: str, port: int = 0) -> str:
    """What curl says, and behind it the version it spoke and the status."""
    port = port or door.ports[0]
    ran = subprocess.run(
        [
            *("curl", "-sS", "--http2", "--cacert", str(authority), "-m", "20"),
            *("--resolve", f"a.test:{port}:127.0.0.1", "-w", "\n%{http_version} %{http_code}"),
            *(*words, f"https://a.test:{port}{path}"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr + door.errors
    return ran.stdout


@pytest.mark.system
def test_curl(secured, origin, authority, tmp_path):
    started = secured(origin.port)
    (tmp_path / "mb").write_bytes(MB)
    upload = f"@{tmp_path / 'mb'}"
    assert curl(started, authority, "/") == "hello\n2 200"
    assert curl(started, authority, "/", "-I").endswith("\n2 200")
    assert curl(started, authority, "/", "--data-binary", upload) == f"{len(MB)} same\n2 200"
    waits = ("-H", "expect: 100-continue")
    assert curl(started, authority, "/", *waits, "--data-binary", upload).endswith("same\n2 200")
    assert "x-sum: 42" in curl(started, authority, "/trailers", "-i")
    got = tmp_path / "got"
    curl(started, authority, "/mb", "-o", str(got))
    assert got.read_bytes() == MB
    assert curl(started, authority, "/", "--http1.1") == "hello\n1.1 200"
    started.stop()
    lines = [json.loads(line) for line in started.log.splitlines()]
    assert {line["version"] for line in lines} == {"2", "1.1"}


@pytest.mark.system
def test_without_tls_both_versions_are_spoken_where_h2c_says_so(door, origin):
    routes = f'[routes]\n"*" = "127.0.0.1:{origin.port}"\n'
    started = door(f"workers = 1\nlog = false\nh2c = true\n{routes}")

    def speak(*words: str) -> str:
        told = ("curl", "-sS", "-m", "20", "-w", " %{http_version} %{http_code}", *words)
        return subprocess.run(
            [*told, started.url], capture_output=True, text=True, check=False
        ).stdout

    assert speak("--http2-prior-knowledge") == "hello 2 200"
    assert speak("--http1.1") == "hello 1.1 200"
    assert speak("--http2") == "hello 1.1 200", "never by Upgrade"
    started.write(f"workers = 1\nlog = false\n{routes}")
    assert started.reload() == ""
    assert "hello" not in speak("--http2-prior-knowledge")
    assert speak("--http1.1") == "hello 1.1 200"


def test_a_host_may_do_without(secured, origin):
    started = secured(origin.port, "http2 = false\nlog = false\n")
    with httpx.Client(http2=True, verify=trusting()) as client:
        url = f"https://127.0.0.1:{started.ports[0]}/"
        sni = {"sni_hostname": "a.test"}
        got = client.get(url, headers={"host": "a.test"}, extensions=sni)
        assert (got.http_version, got.text) == ("HTTP/1.1", "hello")


# --- httpx, h2load -----------------------------------------------------------------------------


def test_httpx(secured, origin):
    started = secured(origin.port, "log = false\n")
    with httpx.Client(http2=True, verify=trusting()) as client:
        url = f"https://127.0.0.1:{started.ports[0]}"
        words = {"headers": {"host": "a.test"}, "extensions": {"sni_hostname": "a.test"}}
        for _ in range(3):
            got = client.get(f"{url}/mb", **words)
            assert (got.http_version, got.content) == ("HTTP/2", MB)
        assert client.post(f"{url}/", content=MB, **words).text == f"{len(MB)} same"
        assert client.head(f"{url}/mb", **words).headers["content-length"] == str(len(MB))
    assert started.ask("status")["workers"], started.errors


@pytest.mark.system
def test_h2load(secured):
    with EchoOrigin(b"hi") as echo:
        started = secured(echo.port, "log = false\n")
        port = started.ports[0]
        ran = subprocess.run(
            [
                *("h2load", "-n", "3000", "-c", "4", "-m", "32", "--connect-to"),
                *(f"127.0.0.1:{port}", f"https://a.test:{port}/"),
            ],
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert "3000 succeeded, 0 failed, 0 errored" in ran.stdout, ran.stdout + ran.stderr
        assert "status codes: 3000 2xx" in ran.stdout


# --- Chromium ----------------------------------------------------------------------------------


@pytest.mark.system
def test_a_browser_shows_a_page_of_many_images_over_one_connection(secured, origin, tmp_path):
    (tmp_path / "home").mkdir()
    with EchoOrigin(b"") as sockets:
        started = secured(origin.port)
        text = started.file.read_text().replace(
            f'"a.test/socket" = "127.0.0.1:{origin.port}"',
            f'"a.test/socket" = "127.0.0.1:{sockets.port}"',
        )
        started.write(text)
        assert started.reload() == ""
        browser = Browser(
            tmp_path / "home",
            "--ignore-certificate-errors",
            "--host-resolver-rules=MAP a.test 127.0.0.1",
            "--virtual-time-budget=10000",
        )
        page = browser.show(f"https://a.test:{started.ports[0]}/page")
    assert f"{IMAGES} images, 7 bytes" in page.text, page.text[-900:]
    started.stop()
    lines = [json.loads(line) for line in started.log.splitlines()]
    assert {line["version"] for line in lines} == {"2"}, "the WebSocket too, by RFC 8441"
    assert len([line for line in lines if line["target"].startswith("/image/")]) == IMAGES
    assert "101" in {str(line["status"]) for line in lines}
    priorities = {priority for _, priority in origin.asked}
    assert any(re.match(r"u=[0-6]", each) for each in priorities), priorities


# --- reload, upgrade, memory -------------------------------------------------------------------


def test_a_reload_closes_nothing_and_is_seen_by_the_next_request(secured, origin):
    started = secured(origin.port, "log = false\n")
    with H2Socket(started.ports[0], trusting()) as client:
        assert client.answered(client.asks(b"/")).body == b"hello"
        text = started.file.read_text()
        started.write(
            text.replace(f'"a.test" = "127.0.0.1:{origin.port}"', '"a.test" = "respond:204"')
        )
        assert started.reload() == ""
        assert client.answered(client.asks(b"/")).status == 204
        assert client.aways == []


def test_an_upgrade_says_goodbye_and_loses_nothing(secured):
    with EchoOrigin(b"late") as echo:
        started = secured(echo.port, "log = false\n")
        with H2Socket(started.ports[0], trusting()) as client:
            slow = client.asks(b"/held")
            started.wait_until(lambda: echo.held, "the request")
            ran = started.porch("upgrade")
            assert ran.returncode == 0, ran.stderr
            client.until(lambda: len(client.aways) == 2)
            assert client.aways == [((1 << 31) - 1, 0), (slow, 0)]
            echo.release()
            assert client.answered(slow).body == b"late"
            client.until_ended()
        with H2Socket(started.ports[0], trusting()) as again:
            assert again.answered(again.asks(b"/")).body == b"late"


def test_a_stop_serves_what_runs_and_closes_idle_connections(secured):
    with EchoOrigin(b"late") as echo:
        started = secured(echo.port, "log = false\n")
        with (
            H2Socket(started.ports[0], trusting()) as client,
            H2Socket(started.ports[0], trusting()) as idle,
        ):
            slow = client.asks(b"/held")
            started.wait_until(lambda: echo.held, "the request")
            idle.until(lambda: idle.far.remote_settings.max_concurrent_streams < 1000)
            started.process.terminate()
            idle.until_ended()
            assert len(idle.aways) == 2
            echo.release()
            assert client.answered(slow).body == b"late"
            client.until_ended()
        assert started.stop() == 0


def test_twenty_downloads_that_nobody_takes_keep_a_small_answer_no_longer(secured, origin):
    started = secured(origin.port, "log = false\n")
    with H2Socket(started.ports[0], trusting(), stream_window=65535) as client:
        client.takes = False
        for _ in range(20):
            client.opens(b"/mb")
        client.flush()
        client.until(lambda: sum(len(each.body) for each in client.answers.values()) >= 20 * 65535)
        for _ in range(5):
            time.sleep(0.1)  # so that what can be read of them is there
            began = time.monotonic()
            assert client.answered(client.asks(b"/")).body == b"hello"
            assert time.monotonic() - began < 2


def test_one_download_goes_on_beside_any_number_that_nobody_takes(secured, origin):
    started = secured(origin.port, "log = false\n")
    with H2Socket(started.ports[0], trusting(), stream_window=12288) as client:
        client.takes = False
        for _ in range(127):  # and one is as many as there may be
            client.opens(b"/mb")
        client.flush()
        while client.read(0.5):  # all that comes of them
            pass
        assert {each.status for each in client.answers.values()} == {200}
        number = client.asks(b"/mb")
        answer, taken = client.answers[number], 0
        while not answer.ended:
            assert client.read(5.0), f"nothing comes behind {taken} bytes"
            client.far.acknowledge_received_data(len(answer.body) - taken, number)
            taken = len(answer.body)
            client.flush()
        assert answer.body == MB


def test_streams_that_are_asked_for_and_not_read_cost_under_two_mebibytes(secured, origin):
    started = secured(origin.port, "log = false\n")
    (pid,) = started.workers
    with H2Socket(started.ports[0], trusting()) as client:
        for _ in range(20):
            client.answered(client.asks(b"/mb"))
    before = memory(pid)
    rounds = 4
    clients = [H2Socket(started.ports[0], trusting(), window=65535) for _ in range(rounds)]
    try:
        for client in clients:
            client.takes = False
            for _ in range(100):
                client.opens(b"/mb")
            client.flush()
            answers = client.answers.values()
            client.until(lambda got=answers: sum(len(each.body) for each in got) >= 65535)
        started.wait_until(lambda: len(origin.asked) >= 20 + 100 * rounds, "all requests")
        time.sleep(0.5)
        cost = (memory(pid) - before) / rounds
        assert cost < 2048, f"{cost:.0f} KiB a connection"
    finally:
        for client in clients:
            client.__exit__()


def test_an_idle_connection_over_tls_costs_at_most_forty_kibibytes(secured, origin):
    started = secured(origin.port, "log = false\n")
    (pid,) = started.workers
    context = trusting()
    kept: list[H2Socket] = []

    def connect(count: int) -> int:
        for _ in range(count):
            kept.append(H2Socket(started.ports[0], context))
            assert kept[-1].answered(kept[-1].asks(b"/")).body == b"hello"
        return memory(pid)

    try:
        before = connect(50)  # what is allocated once is there then
        cost = (connect(200) - before) / 200
        assert cost < 40, f"{cost:.0f} KiB a connection"
    finally:
        for each in kept:
            each.__exit__()
