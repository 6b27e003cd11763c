"""What an operator has a running door say for some minutes: a real door of two workers."""

import json
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Client, Door, Origin, echo

Start = Callable[..., Door]
GET = b"GET %b HTTP/1.1\r\nHost: a.test\r\n\r\n"


def config(port: int) -> str:
    return (
        f'workers = 2\nlog = false\n[routes]\n"*" = "127.0.0.1:{port}"\n'
        f'"*/two/*" = {{ to = ["127.0.0.1:{port}", "127.0.0.1:1"], cache = true }}\n'
    )


def get(door: Door, path: bytes, times: int = 1) -> bytes:
    """On a connection of its own each. The last head."""
    head = b""
    for _ in range(times):
        client = Client(door)
        _, head, _ = client.send(GET % path).read_answer()
        client.close()
    return head


def request_id(head: bytes) -> str:
    (line,) = [each for each in head.lower().split(b"\r\n") if each.startswith(b"x-request-id")]
    return line.partition(b":")[2].strip().decode()


def debug_lines(door: Door) -> list[str]:
    return [line for line in door.errors.splitlines() if " debug " in line]


def test_all_workers_say_more_for_a_while_and_a_new_one_too(
    door: Start, origin: Callable[..., Origin]
) -> None:
    started = door(config(origin(echo).port))
    get(started, b"/", 8)
    assert debug_lines(started) == []
    assert started.porch("log-level", "debug", "--for", "1h").returncode == 0
    assert started.ask("status")["log_level"].startswith("debug for 3")
    assert "log level debug for 3" in started.porch("status").stdout
    name = request_id(get(started, b"/two/x", 8))
    started.wait_until(lambda: name in started.errors, "the line of a request")
    (line,) = [each for each in debug_lines(started) if name in each]
    assert "GET a.test/two/x" in line
    assert "cache Porch; " in line
    started.wait_until(
        lambda: "connect 127.0.0.1:1: connection_refused" in started.errors, "the refused dial"
    )
    assert "endpoint */two/*/127.0.0.1:1: out, refused: connection_refused" in started.errors
    before = started.workers
    os.kill(before[0], signal.SIGKILL)
    started.wait_until(
        lambda: len({*started.workers} - {*before}) == 1 and len(started.workers) == 2, "another"
    )
    os.kill(before[1], signal.SIGKILL)
    started.wait_until(lambda: not {*started.workers} & {*before}, "two others")
    time.sleep(0.5)
    name = request_id(get(started, b"/two/new"))
    started.wait_until(lambda: name in started.errors, "the line of a new worker")
    assert started.porch("log-level", "normal").returncode == 0
    assert started.ask("status")["log_level"] == "normal"
    count = len(debug_lines(started))
    name = request_id(get(started, b"/two/later", 4))
    time.sleep(0.5)
    assert len(debug_lines(started)) == count


def test_it_goes_back_by_itself(door: Start, origin: Callable[..., Origin]) -> None:
    started = door(config(origin(echo).port))
    assert started.porch("log-level", "debug", "--for", "1s").returncode == 0
    started.wait_until(lambda: "the log level is normal again" in started.errors, "its end")
    assert started.ask("status")["log_level"] == "normal"
    count = len(debug_lines(started))
    get(started, b"/two/x", 8)
    time.sleep(0.5)
    assert len(debug_lines(started)) == count
    assert "above 0" in started.porch("log-level", "debug", "--for", "0s").stderr
    assert "at most 3600" in started.porch("log-level", "debug", "--for", "2h").stderr
    audited = [each["who"] for each in started.ask("audit")["entries"]]
    assert "the door: its time is over" in audited


def test_a_client_is_captured_in_all_workers_and_by_http_2_too(
    door: Start, origin: Callable[..., Origin]
) -> None:
    started = door("h2c = true\n" + config(origin(echo).port))
    found = started.ask("capture", client="127.0.0.1")["capture"]
    assert found["by"].startswith(pwd.getpwuid(os.geteuid()).pw_name)
    assert "the heads of 127.0.0.1 are captured" in started.porch("status").stdout
    names = {request_id(get(started, b"/x?token=swordfish")) for _ in range(8)}
    url = f"http://127.0.0.1:{started.port}/h2"
    secret = ("-H", "Authorization: Bearer swordfish")
    curl = ("curl", "-s", "-o", os.devnull, "--http2-prior-knowledge", *secret, url)
    subprocess.run(curl, check=True, timeout=20)

    def heads() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = started.ask("captured")["heads"]
        return found

    started.wait_until(lambda: len(heads()) >= 45, "the heads")
    assert names <= {each["id"] for each in heads()}
    (h2,) = [each for each in heads() if each["what"] == "asked" and each["line"] == "GET /h2"]
    assert ["authorization", "(16 bytes)"] in h2["fields"]
    assert "swordfish" not in json.dumps(heads())
    assert "is captured already" in started.porch("capture", "127.0.0.1").stderr
    assert started.porch("capture", "--end").returncode == 0
    before = len(heads())
    get(started, b"/x", 4)
    time.sleep(0.3)
    assert len(heads()) == before
    assert started.ask("status")["capture"] is None
    assert all("swordfish" not in each.read_text("utf-8", "replace") for each in files(started))


def files(door: Door) -> list[Path]:
    """Nothing of it is on disk."""
    return [each for each in door.folder.rglob("*") if each.is_file() and each.suffix != ".toml"]


def test_the_command_shows_heads_as_they_come_and_a_reload_goes_on_with_it(
    door: Start, origin: Callable[..., Origin]
) -> None:
    started = door(config(origin(echo).port))
    words = [sys.executable, "-m", "porch", "capture", "127.0.0.1", "--config", str(started.file)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=started.environ) as command:
        started.wait_until(lambda: started.ask("status")["capture"], "the capture")
        get(started, b"/one")
        assert command.stdout is not None
        assert b"asked  GET /one" in command.stdout.readline()
        started.write(config(origin(echo).port) + "# later\n")
        started.reload()
        get(started, b"/two")
        while b"asked  GET /two" not in (line := command.stdout.readline()):
            assert line, "it has ended"
        command.send_signal(signal.SIGINT)
        command.stdout.read()
    assert command.returncode == 0
    assert started.ask("status")["capture"] is None
    assert "captured no more" in started.errors
