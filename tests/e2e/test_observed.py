"""What a real door shows: metrics, the last exchanges, and the ids of requests."""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from tests.e2e.conftest import ROOT, Connection, Door, echo, is_ended
from tests.support.ports import free_port

CONFIG = """\
workers = 2
log = {log}
metrics = "127.0.0.1:{metrics}"
[routes]
"*" = "127.0.0.1:{port}"
"*/dead" = ["127.0.0.1:1", "127.0.0.1:2"]
"""


def get(url: str, **fields: str) -> tuple[int, str, Any]:
    request = urllib.request.Request(
        url, headers={k.replace("_", "-"): v for k, v in fields.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def sample(page: str, name: str) -> float:
    """The sum of all samples whose line begins so."""
    return sum(
        float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith(name)
    )


class Observed:
    """A door with metrics, before an origin that tells back what it was sent."""

    def __init__(
        self, door: Any, origin: Any, first: str = "", last: str = "", log: str = "false"
    ) -> None:
        self.metrics = free_port()
        self.origin = origin(echo)
        words = {"metrics": self.metrics, "port": self.origin.port, "log": log}
        self.config = first + CONFIG.format(**words) + last
        self.door: Door = door(self.config)
        self.url = f"http://127.0.0.1:{self.metrics}"

    def page(self, path: str = "/metrics", **fields: str) -> str:
        return get(self.url + path, **fields)[1]

    def requests(self) -> float:
        return sample(self.page(), "porch_requests_total")

    def ask(self, times: int, path: str = "/") -> None:
        for _ in range(times):
            get(self.door.url + path)

    def wait_for(self, count: float) -> None:
        self.door.wait_until(lambda: self.requests() == count, f"{count} requests in the metrics")


@pytest.fixture
def observed(door: Any, origin: Any) -> Observed:
    return Observed(door, origin)


def test_counts_are_those_of_all_workers_and_never_go_back(observed: Observed) -> None:
    observed.ask(20)
    observed.ask(2, "/dead")
    observed.wait_for(22)
    page = observed.page()
    assert 'porch_requests_total{route="*/dead",endpoint="127.0.0.1:' in page
    assert sample(page, 'porch_errors_total{route="*/dead",reason="destination_unavailable"}') == 2
    assert sample(page, 'porch_request_duration_seconds_count{route="*"}') == 20
    assert sample(page, "porch_worker_ready") == 2
    assert observed.door.reload() == ""
    observed.wait_for(22)
    for pid in workers_of(observed.door):
        os.kill(pid, signal.SIGKILL)
    observed.door.wait_until(
        lambda: sample(observed.page(), "porch_worker_ready") == 2, "other workers"
    )
    assert observed.requests() == 22
    observed.ask(5)
    observed.wait_for(27)
    ran = observed.door.porch("upgrade")
    assert ran.returncode == 0, ran.stderr
    observed.wait_for(27)
    observed.ask(3)
    observed.wait_for(30)


def workers_of(door: Door) -> list[int]:
    return [each["pid"] for each in door.ask("status")["workers"]]


def observer_of(door: Door) -> int:
    (pid,) = set(door.workers) - set(workers_of(door))
    return pid


def test_only_three_pages_are_there_whatever_the_host(observed: Observed) -> None:
    for path, status in (("/metrics", 200), ("/livez", 200), ("/readyz", 200), ("/", 404)):
        assert get(observed.url + path, Host="evil.test")[0] == status
    assert get(observed.url + "/metrics/../admin")[0] == 404
    with socket.create_connection(("127.0.0.1", observed.metrics), timeout=10) as client:
        client.sendall(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 405 ")


def test_open_metrics_is_given_to_who_names_it(observed: Observed) -> None:
    _, page, fields = get(
        observed.url + "/metrics", Accept="application/openmetrics-text;version=1.0.0"
    )
    assert fields["content-type"].startswith("application/openmetrics-text")
    assert page.endswith("# EOF\n")


def test_a_process_that_dies_is_replaced_and_serving_goes_on(observed: Observed) -> None:
    before = observer_of(observed.door)
    os.kill(before, signal.SIGKILL)
    observed.ask(3)
    observed.door.wait_until(lambda: is_ended(before), "its end")

    def is_back() -> bool:
        try:
            return observed.requests() == 3
        except OSError:
            return False

    observed.door.wait_until(is_back, "another one")
    assert "the process that serves metrics and admin has ended (-9)" in observed.door.errors


def test_a_door_that_drains_is_not_ready(observed: Observed) -> None:
    held = threading.Event()
    with observed.door.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\n12345")
        observed.door.wait_until(
            lambda: sample(observed.page(), "porch_in_flight") == 1, "the request"
        )
        observed.door.process.send_signal(signal.SIGTERM)
        observed.door.wait_until(
            lambda: get(observed.url + "/readyz")[:2] == (503, "the door is stopping\n"), "a 503"
        )
        assert get(observed.url + "/livez")[0] == 200
        client.sendall(b"67890")
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        held.set()
    assert observed.door.stop() == 0


def test_a_reload_moves_the_address_or_is_refused_where_another_has_it(
    observed: Observed,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        observed.door.write(observed.config.replace(str(observed.metrics), str(number)))
        refusal = observed.door.reload()
        assert f"127.0.0.1:{number} is in use by" in refusal
        assert sample(observed.page(), "porch_config_last_change_refused") == 1
    observed.door.write(observed.config.replace(str(observed.metrics), str(number)))
    assert observed.door.reload() == ""
    observed.url = f"http://127.0.0.1:{number}"

    def is_there() -> bool:
        try:
            return sample(observed.page(), "porch_config_changes_total") == 1
        except OSError:
            return False

    observed.door.wait_until(is_there, "the other address")
    with pytest.raises(OSError, match="refused"):
        get(f"http://127.0.0.1:{observed.metrics}/metrics")


def test_a_request_has_one_id_for_client_origin_log_and_trace(door: Any, origin: Any) -> None:
    def tell(connection: Connection) -> None:
        while True:
            head = connection.read_head()
            (told,) = re.findall(rb"(?im)^x-request-id: (\S+)", head)
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(told), told))

    started = door(f'workers = 2\n[routes]\n"*" = "127.0.0.1:{origin(tell).port}"\n')
    _, told, fields = get(started.url + "/x?token=hush", X_Request_ID="mine")
    name = fields["x-request-id"]
    assert told == name != "mine"
    started.wait_until(lambda: name in started.log, "its line")
    assert json.loads(started.log.splitlines()[0])["id"] == name
    shown = started.porch("trace", name)
    assert shown.returncode == 0, shown.stderr
    assert "/x?token=***" in shown.stdout
    assert "began to answer" in shown.stdout
    assert "hush" not in shown.stdout
    assert started.porch("trace", "nobody's").returncode == 1


def test_a_trace_context_passes_as_it_came(door: Any, origin: Any) -> None:
    """W3C Trace Context 3: whoever takes no part passes both fields on."""
    made = origin(echo)
    started = door(f'[routes]\n"*" = "127.0.0.1:{made.port}"\n')
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    get(started.url, traceparent=parent, tracestate="rojo=00f067aa0ba902b7,congo=t61")
    told = made.received.lower()
    assert f"\r\ntraceparent: {parent}\r\n".encode() in told
    assert b"\r\ntracestate: rojo=00f067aa0ba902b7,congo=t61\r\n" in told


SAVED = """\
workers = 2
[routes]
"*" = {{ to = ["127.0.0.1:{first}", "127.0.0.1:{then}"], balance = "first", retry = {retry} }}
"""


@pytest.mark.parametrize(
    ("kind", "word", "had"),
    [
        ("refuses", "connection_refused", "never connected"),
        ("is silent", "http_response_timeout", "connected at"),
        ("answers 503", "answer_refused", "connected at"),
    ],
)
def test_what_a_retry_has_saved_shows_both_attempts_with_times_and_reasons(
    door: Any, origin: Any, kind: str, word: str, had: str
) -> None:
    def fails(connection: Connection) -> None:
        connection.read_head()
        if kind == "is silent":
            connection.wait_closed()
        connection.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")

    first = free_port() if kind == "refuses" else origin(fails).port
    then = origin(echo).port
    retry = '{ on = [503], each = "300ms" }'
    started = door(SAVED.format(first=first, then=then, retry=retry))
    status, _, fields = get(f"{started.url}/saved")
    assert status == 200
    name = fields["x-request-id"]
    started.wait_until(lambda: started.porch("trace", name).returncode == 0, "its record")
    shown = started.porch("trace", name).stdout
    (failed,) = re.findall(rf"(?m)^ +(\S+ m?s)  127\.0\.0\.1:{first} failed, (.*)$", shown)
    assert failed[1].startswith(had)
    assert f": {word}" in failed[1]
    (began,) = re.findall(rf"(?m)^ +(\S+ m?s)  127\.0\.0\.1:{then} began to answer$", shown)
    assert "2 attempts in all" in shown
    assert re.search(r"(?m)^200 after ", shown)
    record = json.loads(started.porch("trace", name, "--json").stdout)
    ((endpoint, _, at, reason, _),) = record["tried"]
    assert (endpoint, reason) == (f"127.0.0.1:{first}", word)
    assert at <= record["first_byte_ms"] <= record["total_ms"], (failed, began)
    if kind == "is silent":
        assert 290 <= at < 2000


def test_a_trusted_proxys_id_is_kept_and_an_error_page_shows_it(door: Any) -> None:
    started = door('trust = ["127.0.0.0/8"]\n[routes]\n"*" = ["127.0.0.1:1", "127.0.0.1:2"]\n')
    status, page, fields = get(started.url, X_Request_ID="their-7", Accept="text/html")
    assert (status, fields["x-request-id"]) == (503, "their-7")
    assert "their-7" in page
    started.wait_until(
        lambda: started.porch("trace", "last-error").returncode == 0, "the last error"
    )
    shown = started.porch("trace", "last-error", "--json")
    record = json.loads(shown.stdout)
    assert record["id"] == "their-7"
    assert [each[3] for each in record["tried"]] == ["connection_refused"] * 2


def test_tail_shows_what_ends_in_all_workers_and_only_what_was_asked_for(
    observed: Observed,
) -> None:
    words = ["tail", "--route", "*/dead", "-n", "4", "--json"]
    shown: list[subprocess.CompletedProcess[str]] = []
    thread = threading.Thread(target=lambda: shown.append(observed.door.porch(*words)))
    thread.start()
    until = time.monotonic() + 30
    while thread.is_alive() and time.monotonic() < until:
        observed.ask(2)
        observed.ask(2, "/dead?token=hush")
    thread.join(30)
    (ran,) = shown
    assert ran.returncode == 0, ran.stderr
    records = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [each["route"] for each in records] == ["*/dead"] * 4
    assert all(each["target"] == "/dead?token=***" for each in records)


def test_handshakes_are_counted_by_what_they_agree_on_and_by_why_they_fail(
    door: Any, origin: Any, tmp_path: Path
) -> None:
    made = trustme.CA().issue_cert("a.localhost")
    made.private_key_and_cert_chain_pem.write_to_path(tmp_path / "a.pem")
    port = free_port()
    last = f'[site."a.localhost"]\ncert = "{tmp_path}/a.pem"\nkey = "{tmp_path}/a.pem"\n'
    first = f'listen = ["127.0.0.1:0", "https://127.0.0.1:{port}"]\n'
    observed = Observed(door, origin, first, last)
    for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
        shake_hands(port, version)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a.localhost\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 400 ")
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as client,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(client, server_hostname="a.localhost")
    socket.create_connection(("127.0.0.1", port), timeout=10).close()
    done = 'porch_tls_handshakes_total{version="%s",resumed="false",alpn="h2"}'
    failed = 'porch_tls_handshakes_failed_total{reason="%s"}'
    wanted = [done % "TLSv1.3", done % "TLSv1.2"]
    wanted += [failed % word for word in ("not_tls", "certificate_refused", "no_hello")]

    def found() -> list[float]:
        page = observed.page()
        return [sample(page, each) for each in wanted]

    observed.door.wait_until(lambda: found() == [1.0] * 5, "the handshakes")
    assert sample(observed.page(), "porch_connections_accepted_total") == 5
    for pid in workers_of(observed.door):
        os.kill(pid, signal.SIGKILL)
    observed.door.wait_until(
        lambda: sample(observed.page(), "porch_worker_ready") == 2, "other workers"
    )
    assert found() == [1.0] * 5


def test_a_loop_that_stands_still_is_seen_in_its_lag(observed: Observed) -> None:
    pid, _ = workers_of(observed.door)
    with observed.door.connect():  # so that clocks are looked at four times a second
        observed.door.wait_until(
            lambda: sample(observed.page(), "porch_loop_lag_seconds_count") > 4, "some looks"
        )
        os.kill(pid, signal.SIGSTOP)
        time.sleep(1.5)
        os.kill(pid, signal.SIGCONT)
        observed.door.wait_until(
            lambda: sample(observed.page(), "porch_loop_lag_seconds_sum") > 0.4, "the lag"
        )


CONTRIB = ROOT / "contrib"


def expressions() -> list[str]:
    """Those of the alerts, without what they are compared with, and those of the board."""
    rules = yaml.safe_load((CONTRIB / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
    board = json.loads((CONTRIB / "grafana" / "porch.json").read_text(encoding="utf-8"))
    alerts = [re.split(r" [<>] ", rule["expr"])[0] for rule in rules["groups"][0]["rules"]]
    panels = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return [*alerts, *(each.replace("$__rate_interval", "1m") for each in panels)]


@pytest.mark.system
@pytest.mark.timeout(300)
def test_prometheus_scrapes_it_and_every_expression_of_alerts_and_board_finds_something(
    door: Any, origin: Any, tmp_path: Path
) -> None:
    made = trustme.CA().issue_cert("a.localhost")
    made.private_key_and_cert_chain_pem.write_to_path(tmp_path / "a.pem")
    files = f'cert = "{tmp_path}/a.pem"\nkey = "{tmp_path}/a.pem"\n'
    secure = free_port()
    first = f'limit = "1000/s per client"\nlisten = ["127.0.0.1:0", "https://127.0.0.1:{secure}"]\n'
    last = f'[site."a.localhost"]\n{files}'
    observed = Observed(door, origin, first, last, log=f'"file:{tmp_path}/access.log"')
    observed.ask(10)
    observed.ask(2, "/dead")
    observed.wait_for(12)
    promtool("check", "rules", str(CONTRIB / "prometheus" / "alerts.yml"))
    promtool("check", "metrics", given=observed.page())
    port = free_port()
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        f"- {{job_name: porch, static_configs: [{{targets: ['127.0.0.1:{observed.metrics}']}}]}}\n"
    )
    scraping = subprocess.Popen(
        [
            needed("prometheus"),
            f"--config.file={tmp_path}/prometheus.yml",
            f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--enable-feature=exemplar-storage",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:

        def found(query: str) -> list[Any]:
            url = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(query)}"
            try:
                return json.loads(get(url)[1])["data"]["result"]
            except (OSError, LookupError, ValueError):
                return []

        def total() -> float:
            return sum(float(each["value"][1]) for each in found("sum(porch_requests_total)"))

        observed.door.wait_until(lambda: total() == 12, "the scrape", 60)
        for expression in expressions():
            observed.door.wait_until(
                lambda: shake_hands(secure) or found(expression),  # noqa: B023
                expression,
                30,
            )
        for name in ("porch_request_duration_seconds_bucket", "porch_first_byte_seconds_bucket"):
            ids = exemplars_of(f"http://127.0.0.1:{port}", name)
            assert ids
            for each in ids:
                shown = observed.door.porch("trace", each)
                assert shown.returncode == 0, shown.stderr
    finally:
        scraping.terminate()
        scraping.wait(30)


def shake_hands(port: int, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> None:
    """As a client that believes anybody does."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = version
    context.set_alpn_protocols(["h2"])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        context.wrap_socket(client, server_hostname="a.localhost").close()


def exemplars_of(prometheus: str, name: str) -> set[str]:
    """The ids of requests that Prometheus has kept for a histogram."""
    words = {"query": name, "start": str(time.time() - 600), "end": str(time.time() + 60)}
    url = f"{prometheus}/api/v1/query_exemplars?{urllib.parse.urlencode(words)}"
    series = json.loads(get(url)[1])["data"]
    return {each["labels"]["request_id"] for one in series for each in one["exemplars"]}


def promtool(*words: str, given: str = "") -> None:
    """It finds nothing to say."""
    ran = subprocess.run(
        [needed("promtool"), *words],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def needed(command: str) -> str:
    found = shutil.which(command)
    assert found is not None, f"{command} is missing; scripts/install-system installs it"
    return found


def test_an_exchange_can_be_looked_for_once_its_answer_is_out(door: Any, origin: Any) -> None:
    """What waits to be put away in a worker is asked for, and not only found a while later."""
    observed = Observed(door, origin)
    for number in range(12):
        path = "/dead" if number % 3 == 2 else "/"
        status, _, fields = get(observed.door.url + path)
        found = observed.door.ask("trace", id=fields["x-request-id"])
        assert (found["status"], found["id"]) == (status, fields["x-request-id"])
        if path == "/dead":
            assert observed.door.ask("trace", id="last-error")["id"] == found["id"]
