"""The admin door of a real door: what it changes, whom it lets in, and what it never tells."""

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.e2e.conftest import Connection, Door, children, echo, is_ended
from tests.support.ports import free_port

ANN, BOB = "ann-4Q3kJ9Zb7mT1xWc8Vd2R", "bob-8Lr5Nf0Yh6Gs3Pa9Ke4U"
CONFIG = """\
listen = "127.0.0.1:0"
workers = 2
log = false
metrics = "127.0.0.1:{metrics}"
[admin]
listen = "127.0.0.1:{admin}"
tokens = {{ ann = "file:{token}" }}
[routes]
"*" = "127.0.0.1:{port}"
"""


class Steered:
    """A door with an admin door, whose token stands in a file beside the configuration."""

    def __init__(self, door: Any, port: int, folder: Path, more: str = "") -> None:
        """more: words of admin."""
        self.admin, self.metrics, self.port = free_port(), free_port(), port
        self.token = folder / "token"
        self.token.write_text(ANN)
        self.door: Door = door(self.config().replace("[routes]", f"{more}[routes]"))

    def config(self, **others: int) -> str:
        words = {"admin": self.admin, "metrics": self.metrics, "port": self.port}
        return CONFIG.format(**words | {"token": self.token} | others)

    def ask(
        self, path: str, words: object = None, token: str = ANN, port: int = 0, **fields: str
    ) -> tuple[int, Any, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port or self.admin}{path}",
            data=None if words is None else json.dumps(words).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            | {name.replace("_", "-"): value for name, value in fields.items()},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null"), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null"), error.headers

    @property
    def observer(self) -> int:
        """The process that serves it."""
        workers = {each["pid"] for each in self.door.ask("status")["workers"]}
        (found,) = [pid for pid in children(self.door.process.pid) if pid not in workers]
        return found


@pytest.fixture
def steered(door: Any, origin: Any, tmp_path: Path) -> Steered:
    return Steered(door, origin(echo).port, tmp_path)


def test_it_says_where_it_is_and_answers_as_the_control_socket_does(steered: Steered) -> None:
    url = f"http://127.0.0.1:{steered.admin}/"
    assert f"porch: admin on {url}" in steered.door.errors
    told = steered.door.ask("status")
    assert told["observed"]["admin"] == [url]
    status, answer, fields = steered.ask("/v1/status")
    assert status == 200
    assert answer["configuration"] == told["configuration"]
    assert fields["ETag"]
    assert steered.ask("/v1/status", token=BOB)[0] == 401
    assert f"admin on {url}" in steered.door.porch("status").stdout


def test_what_was_refused_of_whom_and_why_is_in_the_audit_once(
    door: Any, origin: Any, tmp_path: Path
) -> None:
    steered = Steered(door, origin(echo).port, tmp_path, "read_only = true\n")
    for _ in range(20):
        assert steered.ask("/v1/stop", {})[0] == 403
    steered.door.stop()  # what was counted is written down by then
    shown = steered.door.porch("audit", "--who", "ann*").stdout.split("\n")
    heads = [each.partition("Z  ")[2] for each in shown if "Z  " in each]
    assert heads[0] == "stop, refused"
    assert shown[1:3] == [
        "    by ann by token from 127.0.0.1",
        "    | the admin door is read only (read_only of admin); a command can do it",
    ]
    assert len(heads) <= 2, "the rest is counted"


def test_an_endpoint_is_drained_and_the_change_holds_to_its_revision(steered: Steered) -> None:
    before = steered.ask("/v1/status")[2]["ETag"]
    endpoint = {"endpoint": f"127.0.0.1:{steered.port}"}
    status, answer, fields = steered.ask("/v1/drain", endpoint, If_Match=before)
    assert (status, len(answer["drained"])) == (200, 1), answer
    assert fields["ETag"] != before
    assert steered.door.ask("orders")["orders"], "it holds for the door, not for this way in"
    status, answer, _ = steered.ask("/v1/undrain", endpoint, If_Match=before)
    assert (status, "error" in answer) == (412, True)
    assert steered.ask("/v1/undrain", endpoint)[0] == 200
    assert steered.ask("/v1/drain", {"endpoint": 7})[0] == 400
    assert steered.ask("/v1/drain", {"endpoint": "no.such:1"})[0] == 404


def test_a_reload_with_another_token_lets_in_the_new_one_alone_and_drops_nobody_elsewhere(
    steered: Steered, client: Any
) -> None:
    steady = client(steered.door)
    scrape = http.client.HTTPConnection("127.0.0.1", steered.metrics, timeout=10)
    scrape.request("GET", "/livez")
    assert scrape.getresponse().read() == b"ok\n"
    held, port = scrape.sock, scrape.sock.getsockname()[1]
    waiting = socket.create_connection(("127.0.0.1", steered.admin), 10)
    observer = steered.observer
    steered.token.write_text(BOB)
    assert steered.door.reload() == ""
    with contextlib.suppress(OSError, http.client.HTTPException):  # one of before the change
        steered.ask("/v1/status", token=BOB)
    steered.door.wait_until(lambda: steered.ask("/v1/status", token=BOB)[0] == 200, "the change")
    assert steered.ask("/v1/status", token=ANN)[0] == 401
    with waiting, contextlib.suppress(ConnectionResetError):
        assert waiting.recv(1) == b"", "its connections end"
    assert steered.observer == observer, "it is the same process"
    scrape.request("GET", "/livez")
    assert scrape.getresponse().read() == b"ok\n"
    assert (scrape.sock, scrape.sock.getsockname()[1]) == (held, port)
    scrape.close()
    steady.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
    assert steady.read_answer()[0] == 200


def test_behind_the_answer_of_a_reload_nothing_is_changed_by_what_held_before(
    steered: Steered,
) -> None:
    """Asked on a connection that was let in by that: the next thing that is said on it."""
    endpoint = {"endpoint": f"127.0.0.1:{steered.port}"}
    text = steered.config()
    for turn in range(6):
        asking = http.client.HTTPConnection("127.0.0.1", steered.admin, timeout=30)
        shown = {"Authorization": f"Bearer {ANN}", "Content-Type": "application/json"}
        steered.door.wait_until(lambda: is_done(steered, "/v1/undrain", endpoint), "the rules")
        steered.door.write(text.replace("[admin]", "[admin]\nread_only = true"))
        if turn % 2:
            asking.request("GET", "/v1/session", headers=shown)
            asking.getresponse().read()
            assert steered.door.reload() == ""
        else:
            asking.request("POST", "/v1/reload", "{}", shown)
            answer = asking.getresponse()
            assert (answer.status, "loaded" in json.loads(answer.read())) == (200, True)
        with contextlib.suppress(OSError, http.client.HTTPException):
            asking.request("POST", "/v1/drain", json.dumps(endpoint), shown)
            answer = asking.getresponse()
            assert answer.status in (403, 503), answer.read()
        asking.close()
        assert steered.door.ask("orders")["orders"] == []
        steered.door.write(text)
        assert steered.door.reload() == ""


def test_a_reload_with_another_address_is_there_and_no_more_at_the_old_one(
    steered: Steered,
) -> None:
    other = free_port()
    steered.door.write(steered.config(admin=other))
    assert steered.door.reload() == ""
    steered.door.wait_until(lambda: answers(steered, other), "the new address")
    steered.door.wait_until(lambda: not answers(steered, steered.admin), "the end of the old one")
    assert steered.door.ask("status")["observed"]["admin"] == [f"http://127.0.0.1:{other}/"]


def answers(steered: Steered, port: int) -> bool:
    return is_done(steered, "/v1/status", None, port)


def is_done(steered: Steered, path: str, words: object, port: int = 0) -> bool:
    """Connections of before a change end with it, in the middle of a question too."""
    try:
        return steered.ask(path, words, port=port)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def test_a_reload_that_opens_it_to_nobody_in_particular_is_refused_and_nothing_changes(
    steered: Steered,
) -> None:
    steered.door.write(steered.config().replace("tokens =", "hosts = [] #"))
    assert "token or a client certificate" in steered.door.reload()
    assert steered.ask("/v1/status")[0] == 200


def test_when_its_process_dies_what_was_asked_for_is_done_and_another_takes_its_place(
    door: Any, origin: Any, tmp_path: Path
) -> None:
    held = threading.Event()

    def slow(connection: Connection) -> None:
        connection.read_head()
        held.wait(30)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    steered = Steered(door, origin(slow).port, tmp_path)
    with socket.create_connection(("127.0.0.1", steered.door.port), 30) as running:
        running.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        raised: list[BaseException] = []

        def drain() -> None:
            try:
                words = {"endpoint": f"127.0.0.1:{steered.port}", "wait": 20}
                steered.ask("/v1/drain", words)
            except (OSError, http.client.HTTPException) as error:
                raised.append(error)

        steered.door.wait_until(
            lambda: sum(e["running"] for e in steered.door.ask("status")["upstreams"]) == 1,
            "the request",
        )
        asking = threading.Thread(target=drain)
        asking.start()
        steered.door.wait_until(lambda: steered.door.ask("orders")["orders"], "the order")
        observer = steered.observer
        os.kill(observer, signal.SIGKILL)
        asking.join(30)
        assert raised, "who asked has noticed"
        steered.door.wait_until(lambda: is_ended(observer), "its end")
        held.set()
        assert b" 200 " in running.recv(4096)
    steered.door.wait_until(lambda: answers(steered, steered.admin), "the next one")
    assert steered.door.ask("orders")["orders"], "the order holds"
    assert steered.door.process.poll() is None
    assert "Traceback" not in steered.door.errors


@pytest.mark.timeout(240)
@pytest.mark.parametrize("is_kept", [False, True], ids=["close", "keep-alive"])
def test_an_upgrade_is_answered_each_time_and_the_next_version_says_when_it_serves(
    steered: Steered, is_kept: bool
) -> None:
    for _ in range(2):
        observer = steered.observer
        asking = http.client.HTTPConnection("127.0.0.1", steered.admin, timeout=30)
        shown = {"Authorization": f"Bearer {ANN}", "Content-Type": "application/json"}
        if not is_kept:
            shown["Connection"] = "close"
        asking.request("POST", "/v1/upgrade", "{}", shown)
        answer = asking.getresponse()
        told = json.loads(answer.read())
        asking.close()
        assert (answer.status, told["begun"]) == (202, "upgrade"), told
        steered.door.wait_until(
            lambda: (
                answers(steered, steered.admin)
                and steered.ask("/v1/audit")[1]["entries"][-1]["outcome"] == "done"
            ),
            "the next version",
            patience=60.0,
        )
        assert is_ended(observer)
        entry = steered.ask("/v1/audit")[1]["entries"][-1]
        assert (entry["what"], entry["who"]) == ("upgrade", "ann by token from 127.0.0.1")
    assert "Traceback" not in steered.door.errors


def test_over_https_it_answers_and_a_certificate_that_is_renewed_is_used(
    door: Any, origin: Any, tmp_path: Path
) -> None:
    ca = trustme.CA()
    context = ssl.create_default_context()
    ca.configure_trust(context)

    def write() -> None:
        made = ca.issue_cert("127.0.0.1")
        made.private_key_pem.write_to_path(tmp_path / "door.key")
        (tmp_path / "door.key").chmod(0o600)
        made.cert_chain_pems[0].write_to_path(tmp_path / "door.pem")

    def shown() -> bytes | None:
        with contextlib.suppress(OSError):  # connections of before a change end with it
            return served()
        return first

    def served() -> bytes | None:
        address = ("127.0.0.1", steered.admin)
        with (
            socket.create_connection(address, 10) as sock,
            context.wrap_socket(sock, server_hostname="127.0.0.1") as wrapped,
        ):
            fields = f"Host: 127.0.0.1\r\nAuthorization: Bearer {ANN}\r\nConnection: close\r\n"
            wrapped.sendall(f"GET /v1/session HTTP/1.1\r\n{fields}\r\n".encode())
            answer = wrapped.recv(65536)
            if not answer:
                raise ConnectionResetError
            assert answer.startswith(b"HTTP/1.1 200 ")
            return wrapped.getpeercert(binary_form=True)

    write()
    files = f'cert = "{tmp_path}/door.pem"\nkey = "{tmp_path}/door.key"\n'
    steered = Steered(door, origin(echo).port, tmp_path, more=files)
    first = served()
    write()
    steered.door.wait_until(lambda: shown() != first, "the new one")
    assert "Traceback" not in steered.door.errors


def test_what_else_is_waited_for_is_told_of_an_upgrade(
    door: Any, origin: Any, tmp_path: Path
) -> None:
    def silent(connection: Connection) -> None:
        connection.read_head()
        connection.read_head()

    steered = Steered(door, origin(silent).port, tmp_path)
    with socket.create_connection(("127.0.0.1", steered.door.port), 30) as running:
        running.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        steered.door.wait_until(
            lambda: sum(e["running"] for e in steered.door.ask("status")["upstreams"]) == 1,
            "the request",
        )
        found: list[Any] = []
        words = {"endpoint": f"127.0.0.1:{steered.port}", "wait": 60}
        asking = threading.Thread(target=lambda: found.append(steered.ask("/v1/drain", words)))
        asking.start()
        steered.door.wait_until(lambda: steered.door.ask("orders")["orders"], "the order")
        assert steered.door.porch("upgrade").returncode == 0
        asking.join(30)
        assert found[0][0] == 503
        assert "/v1/orders" in found[0][1]["error"]
    assert steered.door.ask("orders")["orders"], "it holds"


def test_a_silent_supervisor_costs_only_answers(steered: Steered) -> None:
    """It is told of in time by the tests of the relay; here nothing else is lost."""
    os.kill(steered.door.process.pid, signal.SIGSTOP)
    try:
        assert steered.ask("/v1/session")[0] == 200
        with urllib.request.urlopen(f"{steered.door.url}/x", timeout=10) as answer:
            assert answer.status == 200
    finally:
        os.kill(steered.door.process.pid, signal.SIGCONT)
    assert steered.ask("/v1/status")[0] == 200


def test_no_token_is_told_by_anything(steered: Steered) -> None:
    door = steered.door
    steered.ask("/v1/status", token="guess-" + "g" * 40)
    assert steered.ask("/v1/drain", {"endpoint": f"127.0.0.1:{steered.port}"})[0] == 200
    audit = steered.ask("/v1/audit")[1]
    assert "ann by token from 127.0.0.1" in json.dumps(audit)
    told = [
        door.porch(*words).stdout + door.porch(*words).stderr
        for words in (
            ("status", "--json"),
            ("explain", "GET", "http://a.test/"),
            ("check", str(door.file)),
        )
    ]
    steered.token.write_text(BOB)
    told += [json.dumps(door.ask("diff"))]
    assert "admin.tokens" in told[-1]
    for path in (
        "/v1/status",
        "/v1/diff",
        "/v1/orders",
        "/v1/audit",
        "/v1/openapi.json",
        "/v1/totals",
    ):
        told.append(json.dumps(steered.ask(path)[1]))
    told += [door.errors, door.log]
    for secret in (ANN, BOB, "guess-"):
        assert not any(secret in text for text in told)
    for file in door.folder.rglob("*"):
        if file.is_file() and file != steered.token:
            assert ANN.encode() not in file.read_bytes(), file


def test_doctor_says_who_can_reach_it(steered: Steered) -> None:
    assert "for 1 token" in steered.door.porch("doctor").stdout


def test_a_unix_socket_is_reached_through_a_tunnel_by_its_name_there(
    door: Any, origin: Any, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(ANN)
    path = tmp_path / "admin.sock"
    words = {"metrics": free_port(), "port": origin(echo).port, "token": tmp_path / "token"}
    config = CONFIG.format(admin=0, **words)
    running: Door = door(config.replace('"127.0.0.1:0"\ntokens', f'"unix:{path}"\ntokens'))
    assert f"admin on unix:{path}" in running.errors
    with socket.socket(socket.AF_UNIX) as sock:
        until = time.monotonic() + 10
        while not path.exists() and time.monotonic() < until:
            time.sleep(0.01)
        sock.settimeout(10)
        sock.connect(str(path))
        shown = f"Authorization: Bearer {ANN}\r\nConnection: close"
        sock.sendall(
            f"GET /v1/session HTTP/1.1\r\nHost: localhost:8000\r\n{shown}\r\n\r\n".encode()
        )
        assert sock.recv(65536).startswith(b"HTTP/1.1 200 ")
