"""Drain, weights, maintenance, canary and mirror: a real door of two workers, and real origins."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Client, Connection, Door, Origin, echo
from tests.support.chance import is_fair
from tests.support.echo import EchoOrigin
from tests.support.load import Load

TWO = "log = false\nworkers = 2\n"
PROMPT = 0.2
"""Seconds in which an order is in force in all workers."""
GET = b"GET %b HTTP/1.1\r\nHost: a.test\r\n\r\n"

Start = Callable[..., Door]
Connect = Callable[[Door], Client]


@pytest.fixture
def three() -> Iterator[list[EchoOrigin]]:
    with ExitStack() as stack:
        yield [stack.enter_context(EchoOrigin(mark)) for mark in (b"one", b"two", b"three")]


def pool_of(origins: list[EchoOrigin]) -> str:
    servers = ", ".join(f'"127.0.0.1:{each.port}"' for each in origins)
    return f'{TWO}[pool.api]\nservers = [{servers}]\n[routes]\n"*" = "api"\n'


def named(origin: EchoOrigin) -> str:
    return f"api/127.0.0.1:{origin.port}"


def marks(door: Door, count: int, path: bytes = b"/", fields: bytes = b"") -> Counter[bytes]:
    """Bodies of answers, on 8 connections, which both workers serve."""
    request = (GET % path)[:-2] + fields + b"\r\n"
    found: Counter[bytes] = Counter()
    clients = [Client(door) for _ in range(8)]
    try:
        for turn in range(count):
            _, head, body = clients[turn % 8].send(request).read_answer()
            found[body] += 1
            if b"connection: close" in head:  # of a worker that is about to end
                clients[turn % 8].close()
                clients[turn % 8] = Client(door)
    finally:
        for each in clients:
            each.close()
    return found


def statuses(clients: list[Client]) -> set[int]:
    return {each.send(GET % b"/").read_answer()[0] for each in clients}


def is_used(door: Door, origin: EchoOrigin) -> bool:
    before = origin.asked
    marks(door, 60)
    return origin.asked > before


# --- drain -------------------------------------------------------------------------------------


def test_a_drained_endpoint_gets_nothing_more_and_nobody_fails(
    door: Start, three: list[EchoOrigin]
) -> None:
    started = door(pool_of(three))
    with Load(started.port, callers=16, rate=300) as load:
        load.answers(100)
        (drained,) = started.ask("drain", endpoint=named(three[0]))["drained"]
        assert drained.startswith(named(three[0]))
        time.sleep(PROMPT)
        before = three[0].asked
        load.answers(300)
        assert three[0].asked == before
        assert "undrained" in started.ask("undrain", endpoint=named(three[0]))
        load.wait(lambda _: three[0].asked > before)
        assert load.finish().failed == []


def test_what_runs_there_is_finished_and_wait_waits_for_it(
    door: Start, three: list[EchoOrigin]
) -> None:
    started = door(pool_of(three[:2]))
    held = Client(started).send(GET % b"/held")
    started.wait_until(lambda: three[0].held or three[1].held, "the request")
    busy = three[0] if three[0].held else three[1]
    answer = started.ask("drain", endpoint=named(busy), wait=0.3)
    assert "1 still running there after 300ms; it stays drained" in str(answer["error"])
    threading.Timer(0.4, busy.release).start()
    ended = started.porch("drain", named(busy), "--wait", "--within", "20s")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert held.read_answer()[0] == 200
    held.close()


@pytest.mark.parametrize(
    "requests",
    [3000, pytest.param(100_000, marks=[pytest.mark.soak, pytest.mark.timeout(900)])],
)
def test_a_rolling_restart_with_drain_costs_no_request(door: Start, requests: int) -> None:
    origins = [EchoOrigin(mark) for mark in (b"one", b"two", b"three")]
    started = door(pool_of(origins))
    try:
        with Load(started.port, callers=32, rate=1500) as load:
            while load.tally.answered < requests:
                for place, each in enumerate([*origins]):
                    assert "drained" in started.ask("drain", endpoint=named(each), wait=20)
                    before = each.asked
                    load.answers(50)
                    assert each.asked == before
                    each.close()
                    origins[place] = EchoOrigin(b"again", each.port)
                    assert "undrained" in started.ask("undrain", endpoint=named(each))
                    load.wait(lambda _, new=origins[place]: new.asked > 10)  # type: ignore[misc]
            tally = load.finish()
    finally:
        for each in origins:
            each.close()
    assert tally.failed == []
    assert tally.closed == []
    assert tally.answered >= requests


def test_the_last_one_may_be_drained_and_that_is_said(
    door: Start, three: list[EchoOrigin], client: Connect
) -> None:
    started = door(f'{TWO}[routes]\n"*" = "127.0.0.1:{three[0].port}"\n')
    answer = started.ask("drain", endpoint=f"127.0.0.1:{three[0].port}")
    assert answer["warning"] == "nobody is left in *: answered 503"
    assert statuses([client(started) for _ in range(4)]) == {503}


def test_a_name_that_fits_several_or_none_is_told_what_there_is(
    door: Start, three: list[EchoOrigin]
) -> None:
    address = f"127.0.0.1:{three[0].port}"
    started = door(f'{TWO}[routes]\n"a.test" = "{address}"\n"b.test" = "{address}"\n')
    several = started.porch("drain", address)
    assert several.returncode == 1
    assert f"  a.test/{address}\n  b.test/{address}" in several.stderr
    assert started.porch("drain", address, "--all-pools").returncode == 0
    assert f"a.test/{address}" in started.porch("drain", "127.0.0.1:1").stderr
    assert len(started.ask("status")["orders"]) == 2


# --- kept --------------------------------------------------------------------------------------


def test_orders_outlive_reload_worker_upgrade_and_crash_until_they_are_undone(
    door: Start, three: list[EchoOrigin], tmp_path: Path
) -> None:
    config = pool_of(three)
    started = door(config)
    one = three[0]
    started.ask("drain", endpoint=named(one))
    started.ask("weight", endpoint=named(three[1]), weight=0)
    assert not is_used(started, one)
    started.write(config + "# changed\n")
    assert started.reload() == ""
    assert not is_used(started, one)
    before = {*started.workers}
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    started.wait_until(lambda: len({*started.workers} - before) == 2, "two new workers")
    assert not is_used(started, one)
    assert "upgraded" in started.ask("upgrade")
    assert not is_used(started, one)
    assert not is_used(started, three[1])
    started.process.kill()
    started.process.wait()
    again = Door(started.folder, started.file.read_text(encoding="utf-8"))
    try:
        again.wait_ready()
        assert f"still drained {named(one)}; porch undrain {named(one)} ends it" in again.errors
        assert not is_used(again, one)
        assert not is_used(again, three[1])
        again.ask("undrain", endpoint=named(one))
        again.ask("weight", endpoint=named(three[1]), weight=None)
        assert is_used(again, one)
        assert is_used(again, three[1])
        assert again.ask("status")["orders"] == []
    finally:
        again.stop()


def test_a_drained_endpoint_that_leaves_and_comes_again_is_still_drained(
    door: Start, three: list[EchoOrigin]
) -> None:
    started = door(pool_of(three))
    started.ask("drain", endpoint=named(three[0]))
    for config in (pool_of(three[1:]), pool_of(three)):
        started.write(config)
        assert started.reload() == ""
    assert not is_used(started, three[0])


# --- weight ------------------------------------------------------------------------------------


def test_a_weight_counts_in_all_workers_until_that_of_the_file_is_back(
    door: Start, three: list[EchoOrigin]
) -> None:
    started = door(pool_of(three[:2]))
    assert is_fair([*_shares(started, three).values()], [1, 1])
    assert started.porch("weight", named(three[0]), "3").returncode == 0
    assert is_fair([*_shares(started, three).values()], [3, 1])
    assert started.porch("weight", named(three[0]), "0").returncode == 0
    assert _shares(started, three)[b"one"] == 0
    assert started.porch("weight", named(three[0]), "file").returncode == 0
    assert is_fair([*_shares(started, three).values()], [1, 1])
    assert started.porch("weight", named(three[0]), "-1").returncode == 2
    assert started.porch("weight", named(three[0]), "1001").returncode == 1


def _shares(door: Door, three: list[EchoOrigin]) -> dict[bytes, int]:
    found = marks(door, 800)
    return {each.mark: found[each.mark] for each in three[:2]}


# --- maintenance -------------------------------------------------------------------------------


def test_maintenance_is_on_and_off_in_all_workers_when_the_command_is_back(
    door: Start, three: list[EchoOrigin]
) -> None:
    started = door(f'{TWO}[routes]\n"a.test" = "127.0.0.1:{three[0].port}"\n')
    clients = [Client(started) for _ in range(12)]
    assert statuses(clients) == {200}
    took = []
    for _ in range(5):
        for state, status in ((True, 503), (False, 200)):
            began = time.monotonic()
            started.ask("maintenance", route="a.test", on=state)
            took.append(time.monotonic() - began)
            assert statuses(clients) == {status}
    assert sorted(took)[len(took) // 2] < PROMPT, took
    for each in clients:
        each.close()


def test_a_page_a_time_and_those_who_work_on_it(
    door: Start, three: list[EchoOrigin], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    page.write_text("<h1>back at noon</h1>")
    started = door(
        f'trust = ["127.0.0.1"]\n{TWO}[routes]\n"a.test" = "127.0.0.1:{three[0].port}"\n'
    )
    options = ("--page", str(page), "--retry-after", "10m", "--for", "1s", "--allow", "10.0.0.0/8")
    assert started.porch("maintenance", "a.test", "on", *options).returncode == 0
    client = Client(started)
    status, head, body = client.send(GET % b"/").read_answer()
    assert (status, body) == (503, b"<h1>back at noon</h1>")
    assert b"\r\nretry-after: 1\r\n" in head.lower(), "no later than it is over"
    ours = b"GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: 10.1.2.3\r\n\r\n"
    assert client.send(ours).read_answer()[0] == 200
    started.wait_until(lambda: statuses([client]) == {200}, "the end by itself")
    assert "maintenance of a.test is over" in started.errors
    wrong = started.porch("maintenance", "a.tst", "on")
    assert "did you mean 'a.test'?" in wrong.stderr
    missing = started.porch("maintenance", "a.test", "on", "--page", str(tmp_path / "none"))
    assert (missing.returncode, statuses([client])) == (1, {200})
    client.close()


def test_maintenance_of_the_file_is_of_the_file(door: Start, client: Connect) -> None:
    started = door(f'{TWO}[routes]\n"a.test" = {{ to = ":1", maintenance = true }}\n')
    status, head, _ = client(started).send(GET % b"/").read_answer()
    assert status == 503
    assert b"\r\nretry-after: 600\r\n" in head.lower()
    said = started.porch("maintenance", "a.test", "off").stdout
    assert "the file has maintenance for it too" in said


# --- canary ------------------------------------------------------------------------------------


def canary_of(stable: int, canary: int, words: str) -> str:
    return (
        f'trust = ["127.0.0.1"]\n{TWO}[routes."a.test"]\nto = "127.0.0.1:{stable}"\n'
        f'canary = {{ to = "127.0.0.1:{canary}", {words} }}\n'
    )


def test_a_share_of_the_requests_goes_to_the_canary(door: Start, three: list[EchoOrigin]) -> None:
    stable, canary, _ = three
    words = 'share = "20%", sticky = false, header = { x-canary = "1" }, cookie = "canary"'
    started = door(canary_of(stable.port, canary.port, words))
    found = marks(started, 1500)
    assert is_fair([found[b"two"], found[b"one"]], [0.2, 0.8])
    assert marks(started, 24, fields=b"X-Canary: 1\r\n") == {b"two": 24}
    assert marks(started, 24, fields=b"Cookie: a=b; canary=always\r\n") == {b"two": 24}
    assert marks(started, 24, fields=b"Cookie: canary=never\r\n") == {b"one": 24}


def test_a_client_stays_where_it_is_in_all_workers(door: Start, three: list[EchoOrigin]) -> None:
    stable, canary, _ = three
    started = door(canary_of(stable.port, canary.port, 'share = "30%"'))
    places = Counter[bytes]()
    for number in range(200):
        fields = b"X-Forwarded-For: 192.0.2.%d\r\n" % number
        found = marks(started, 8, fields=fields)
        assert len(found) == 1
        places += Counter([*found])
    assert is_fair([places[b"two"], places[b"one"]], [0.3, 0.7])


def test_where_the_canary_refuses_nobody_sees_it(door: Start, three: list[EchoOrigin]) -> None:
    started = door(canary_of(three[0].port, 1, 'share = "100%"'))
    assert marks(started, 24) == {b"one": 24}


def failing(connection: Connection) -> None:
    while True:
        connection.read_head()
        connection.send(b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno")


def test_a_canary_that_fails_is_taken_back_by_itself_and_stays_back(
    door: Start, three: list[EchoOrigin], origin: Callable[..., Origin]
) -> None:
    bad = origin(failing)
    config = canary_of(
        three[0].port, bad.port, 'share = "50%", sticky = false, abort_if = "errors > 5% for 1s"'
    )
    started = door(config)

    def state() -> str:
        return str(started.ask("status")["canaries"][0]["state"])

    def is_back() -> bool:
        marks(started, 16)
        return state().startswith("back")

    assert state() == "on"
    started.wait_until(is_back, "the way back")
    assert "requests failed in" in state()
    assert "the canary of a.test was taken back" in started.errors
    assert marks(started, 80) == {b"one": 80}
    assert started.reload() == ""
    assert marks(started, 80) == {b"one": 80}
    started.write(config.replace("50%", "60%"))
    assert started.reload() == ""
    assert state() == "on", "it is another canary"
    assert b"no" in marks(started, 80)
    started.wait_until(is_back, "the way back of the other")
    assert started.porch("canary", "a.test", "on").returncode == 0
    assert state() == "on"
    assert b"no" in marks(started, 80)


# --- mirror ------------------------------------------------------------------------------------


def mirror_of(port: int, shadow: int, share: str = "100%") -> str:
    return (
        f'{TWO}[routes."*"]\nto = "127.0.0.1:{port}"\n'
        f'mirror = {{ to = "127.0.0.1:{shadow}", share = "{share}" }}\n'
    )


def test_copies_have_the_body_and_a_mark_and_their_answers_are_dropped(
    door: Start, origin: Callable[..., Origin], client: Connect
) -> None:
    seen: list[bytes] = []

    def shadow(connection: Connection) -> None:
        while True:
            head = connection.read_head()
            seen.append(head + b"|" + connection.read_body(head))
            connection.send(b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno")

    started = door(mirror_of(origin(echo).port, origin(shadow).port))
    sender = client(started)
    sender.send(b"POST /x?y HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\nabc")
    time.sleep(0.05)
    assert sender.send(b"def").read_answer()[2].endswith(b"abcdef")
    started.wait_until(lambda: seen, "the copy")
    assert seen[0].startswith(b"POST /x?y HTTP/1.1\r\n")
    assert seen[0].endswith(b"|abcdef")
    assert b"\r\nx-forwarded-mirror: 1" in seen[0].lower()
    assert b"\r\nhost: a.test" in seen[0].lower()


def hangs(connection: Connection) -> None:
    while True:
        connection.read()


def slow(connection: Connection) -> None:
    while True:
        connection.read_head()
        time.sleep(0.3)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def measured(door: Door) -> tuple[float, Any]:
    with Load(door.port, callers=16, rate=300) as load:
        load.answers(500)
        tally = load.finish()
    return tally.percentile(0.5), tally


@pytest.mark.parametrize("kind", ["dead", "hung", "slow"])
def test_a_shadow_in_trouble_costs_the_client_nothing(
    door: Start, three: list[EchoOrigin], origin: Callable[..., Origin], kind: str
) -> None:
    port = 1 if kind == "dead" else origin(hangs if kind == "hung" else slow).port
    plain = door(f'{TWO}[routes]\n"*" = "127.0.0.1:{three[0].port}"\n')
    without, _ = measured(plain)
    plain.stop()
    started = door(mirror_of(three[0].port, port))
    median, tally = measured(started)
    print(f"{kind}: p50 {median * 1000:.2f} ms, without a mirror {without * 1000:.2f} ms")
    assert tally.failed == []
    assert median < 3 * without + 0.003
    (mirror,) = started.ask("status")["mirrors"]
    assert mirror["pool"] == "* mirror"
    if kind != "dead":
        assert mirror["not_copied"] > 0


def test_explain_says_what_changes_mean_for_a_request(door: Start, three: list[EchoOrigin]) -> None:
    words = 'share = "100%", abort_if = "errors > 5% for 30s"'
    started = door(canary_of(three[0].port, three[1].port, words))
    started.ask("drain", endpoint=f"a.test/127.0.0.1:{three[0].port}")
    said = subprocess.run(
        [sys.executable, "-m", "porch", "explain", "GET", "http://a.test/"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        env=started.environ,
        cwd=started.folder,
    ).stdout
    assert f"canary    100% of the clients to 127.0.0.1:{three[1].port}; this one does" in said
    assert "abort     errors > 5% for 30s" in said
    assert f"now       drained a.test/127.0.0.1:{three[0].port} (porch undrain" in said
    assert f"asks      127.0.0.1:{three[1].port} of pool a.test canary" in said


def explained(started: Door, *words: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "porch", "explain", "GET", "http://a.test/", *words],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        env=started.environ,
        cwd=started.folder,
    ).stdout


def test_explain_asks_the_door_that_runs_and_moves_nothing(
    door: Start, three: list[EchoOrigin]
) -> None:
    started = door(pool_of(three))
    marks(started, 16)
    started.ask("drain", endpoint=named(three[0]))
    before = started.ask("status")["upstreams"]
    answers = [json.loads(explained(started, "--json")) for _ in range(2)]
    assert started.ask("status")["upstreams"] == before
    asked = [each["door"]["workers"] for each in answers]
    assert {len(each) for each in asked} == {2}
    assert len({worker["pid"] for each in asked for worker in each}) == 2
    for worker in asked[0]:
        (pool,) = worker["pools"]
        of = {each["endpoint"]: each["why"] for each in pool["endpoints"]}
        assert "drained: by porch drain" in "".join(of[f"127.0.0.1:{three[0].port}"])
        assert of[f"127.0.0.1:{three[1].port}"] == []
        assert f"127.0.0.1:{three[0].port}" not in pool["first"]
    assert "door      was not asked: this is what the file says" in explained(
        started, "--file-only"
    )
    assert "older" not in explained(started)
    started.file.write_text(started.file.read_text() + "# later\n")
    assert "older     the door runs an older file, loaded" in explained(started)
