"""A worker in this very process, on real loopback sockets: starts, reloads, stops."""

import asyncio
import os
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from porch.config.build import build
from porch.config.load import load, load_mapping
from porch.config.loaded import Loaded
from porch.config.logs import Logs
from porch.config.pools import pools
from porch.config.state import State
from porch.manage import worker as module
from porch.manage.worker import Worker
from porch.observe.messages import Messages

ANY = "127.0.0.1:0"
Then = Callable[[], Awaitable[None]]


class FakeOutput:
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines = b""

    def write(self, lines: bytes) -> None:
        self.lines += lines

    def close(self) -> None: ...


class Client:
    """A kept connection to the door."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def ask(self, host: str = "a.test") -> None:
        self._writer.write(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host.encode())

    async def status(self) -> int:
        """Of the next answer; 0 if the connection ends before it."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return 0
        length = next(
            (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-l")), b": 0"
        )
        await self._reader.readexactly(int(length.split(b":")[1]))
        return int(head.split(b" ")[1])

    async def get(self, host: str = "a.test") -> int:
        self.ask(host)
        return await self.status()

    def close(self) -> None:
        self._writer.close()


class Origin:
    """Answers 200 when `may_answer` is set. arrived: set when a request is there."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.arrived = asyncio.Event()
        self.connections = 0

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.arrived.set()
                await self.may_answer.wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except (asyncio.IncompleteReadError, ConnectionResetError):
            pass
        finally:
            writer.close()

    def close(self) -> None:
        self._server.close()


class Running:
    """A worker and the words it loads, which a test changes before a reload."""

    def __init__(self, folder: Path) -> None:
        self.words: dict[str, Any] = {
            "listen": [ANY],
            "routes": {"*": "respond:204"},
            "log": False,
            "grace": "20s",
        }
        self.file: Path | None = None
        self._base = folder
        self._output = FakeOutput()

    @property
    def said(self) -> str:
        return self._output.lines.decode()

    def load(self) -> Loaded:
        if self.file is not None:
            return load(self.file)
        loaded = load_mapping(self.words, "porch.toml")
        loaded.base = self._base
        return loaded

    def make(self) -> Worker:
        loaded, messages, self.state = self.load(), Messages(self._output), State(pools())
        built = build(loaded, self.state, Logs.open(loaded.config, loaded.base, messages))
        assert built is not None, loaded.report()
        self.worker = Worker(built, self.state, self.load, messages)
        return self.worker

    def serve(self, then: Then) -> None:
        """Serve while `then` runs; ended at once behind it if it did not."""

        async def main() -> None:
            ready = asyncio.Event()
            serving = asyncio.create_task(self.worker.serve(ready.set))
            await ready.wait()
            try:
                await then()
            finally:
                if not serving.done():
                    self.worker.stop()
                    self.worker.stop()
                await serving

        self.make().bind()
        asyncio.run(main())

    @property
    def ports(self) -> list[int]:
        return [int(each.rpartition(":")[2]) for each in self.worker.listening]

    async def connect(self, number: int = 0) -> Client:
        return await Client.connect(self.ports[number])


@pytest.fixture
def running(tmp_path: Path) -> Running:
    return Running(tmp_path)


async def until(true: Callable[[], object]) -> None:
    """Wait for what the loop is about to do."""
    while not true():  # noqa: ASYNC110  it is about what has no event
        await asyncio.sleep(0.001)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def taken() -> tuple[socket.socket, str]:
    """An address that somebody listens on."""
    sock = socket.create_server(("127.0.0.1", 0))
    return sock, f"127.0.0.1:{sock.getsockname()[1]}"


# --- the start -------------------------------------------------------------------------------


def test_every_address_is_served_even_two_that_the_system_chooses(running: Running) -> None:
    running.words["listen"] = [ANY, ANY]

    async def then() -> None:
        assert len(set(running.ports)) == 2
        for number in range(2):
            client = await running.connect(number)
            assert await client.get() == 204
            client.close()

    running.serve(then)


def test_an_address_that_cannot_be_bound_leaves_none_bound(running: Running) -> None:
    sock, address = taken()
    path = running._base / "sock"
    running.words["listen"] = [f"unix:{path}", address]
    worker = running.make()
    with sock, pytest.raises(OSError, match=f"{address} is in use"):
        worker.bind()
    worker.close()
    with socket.socket(socket.AF_UNIX) as probe, pytest.raises(ConnectionRefusedError):
        probe.connect(str(path))


def test_a_worker_that_never_served_gives_its_addresses_back(running: Running) -> None:
    worker = running.make()
    worker.bind()
    (port,) = running.ports
    assert is_open(port)
    worker.close()
    assert not is_open(port)
    assert worker.listening == []


def test_addresses_are_shown_as_written_with_the_ports_really_bound(running: Running) -> None:
    path = running._base / "sock"
    sock, fixed = taken()
    sock.close()
    running.words["listen"] = [ANY, fixed, f"unix:{path}"]
    worker = running.make()
    worker.bind()
    first, *others = worker.listening
    assert first.startswith("127.0.0.1:")
    assert not first.endswith(":0")
    assert others == [fixed, f"unix:{path}"]
    worker.close()


def test_status_says_what_runs(running: Running) -> None:
    async def then() -> None:
        client = await running.connect()
        assert await client.get() == 204
        status = running.worker.status()
        assert status["listening"] == [f"127.0.0.1:{running.ports[0]}"]
        assert (status["connections"], status["routes"]) == (1, ["*"])
        assert status["stopping"] is False
        assert str(status["memory"]).endswith(" KiB")
        running.worker.stop()
        assert running.worker.status()["stopping"] is True
        client.close()

    running.serve(then)


# --- reloads ---------------------------------------------------------------------------------


def test_a_reload_changes_the_routes_and_closes_no_connection(running: Running) -> None:
    async def then() -> None:
        client = await running.connect()
        assert await client.get() == 204
        running.words["routes"] = {"*": "respond:410", "b.test": "respond:418"}
        assert running.worker.reload() == {"loaded": "2 routes", "warnings": []}
        assert await client.get() == 410
        assert await client.get("b.test") == 418
        client.close()

    running.serve(then)
    assert "loaded again: 2 routes" in running.said


def test_a_running_exchange_keeps_its_route_and_the_others_their_endpoint(
    running: Running,
) -> None:
    async def then() -> None:
        origin = Origin()
        port = await origin.start()
        running.words["routes"] = {"*": f"127.0.0.1:{port}"}
        running.worker.reload()
        client = await running.connect()
        assert await client.get() == 200
        origin.may_answer.clear()
        origin.arrived.clear()
        client.ask()
        await origin.arrived.wait()
        running.words["routes"] = {"*": f"127.0.0.1:{port}", "b.test": "respond:418"}
        running.worker.reload()
        running.words["routes"] = {"*": f"127.0.0.1:{port}", "c.test": "respond:418"}
        running.worker.reload()
        origin.may_answer.set()
        assert await client.status() == 200
        assert await client.get() == 200
        assert origin.connections == 1
        running.words["routes"] = {"*": "respond:410"}
        running.worker.reload()
        assert await client.get() == 410
        client.close()
        origin.close()

    running.serve(then)


def test_a_reload_that_is_wrong_changes_nothing_and_says_why(running: Running) -> None:
    async def then() -> None:
        client = await running.connect()
        running.words = running.words | {"routes": {"*": "respond:410"}, "lisen": ":80"}
        answer = running.worker.reload()
        assert "did you mean 'listen'?" in str(answer["error"])
        assert str(answer["error"]).endswith("the running configuration stays.")
        assert await client.get() == 204
        client.close()

    running.serve(then)
    assert "reload refused" in running.said
    assert "did you mean 'listen'?" in running.said


def test_warnings_of_a_reload_are_told(running: Running) -> None:
    async def then() -> None:
        running.words["pool"] = {"x": {"servers": ":1"}}
        answer = running.worker.reload()
        assert answer["loaded"] == "1 route"
        assert answer["warnings"] == ["porch.toml  warning  pool.x: no route leads to the pool 'x'"]

    running.serve(then)
    assert "no route leads to the pool 'x'" in running.said


def test_new_addresses_open_and_those_that_are_gone_close(running: Running) -> None:
    async def then() -> None:
        client = await running.connect()
        (before,) = running.ports
        path = running._base / "sock"
        running.words["listen"] = [f"unix:{path}"]
        running.worker.reload()
        assert not is_open(before)
        assert await client.get() == 204  # came by the address that is gone
        reader, writer = await asyncio.open_unix_connection(path)
        assert await Client(reader, writer).get() == 204
        writer.close()
        assert running.worker.listening == [f"unix:{path}"]
        running.words["listen"] = [ANY]
        running.worker.reload()
        assert not path.exists()
        client.close()

    running.serve(then)


def test_an_address_that_stays_is_left_alone(running: Running) -> None:
    async def then() -> None:
        (before,) = running.ports
        running.words["listen"] = [ANY, ANY]
        running.worker.reload()
        assert running.ports[0] == before
        assert len(set(running.ports)) == 2
        running.words["listen"] = [ANY]
        running.worker.reload()
        assert running.ports == [before]
        client = await running.connect()
        assert await client.get() == 204
        client.close()

    running.serve(then)


def test_an_address_in_use_refuses_the_reload_whole(running: Running) -> None:
    async def then() -> None:
        sock, address = taken()
        path = running._base / "sock"
        with sock:
            running.words["listen"] = [ANY, f"unix:{path}", address]
            running.words["routes"] = {"*": "respond:410"}
            error = str(running.worker.reload()["error"])
        assert f"{address} is in use" in error
        assert "nothing was changed" in error
        with socket.socket(socket.AF_UNIX) as probe, pytest.raises(ConnectionRefusedError):
            probe.connect(str(path))
        client = await running.connect()
        assert await client.get() == 204
        client.close()

    running.serve(then)


def test_an_address_that_the_door_itself_holds_in_another_form_wants_a_restart(
    running: Running,
) -> None:
    sock, address = taken()
    sock.close()
    running.words["listen"] = [address]

    async def then() -> None:
        running.words["listen"] = [f":{address.partition(':')[2]}"]
        error = str(running.worker.reload()["error"])
        assert f"this door itself listens on {address}: restart it to change that" in error

    running.serve(then)


def certificate(folder: Path, authority: trustme.CA, name: str) -> None:
    made = authority.issue_cert(name)
    made.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    made.private_key_pem.write_to_path(folder / "key.pem")


async def shown(port: int, authority: trustme.CA) -> object:
    """The name in the certificate that the door shows."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.check_hostname = False
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    found = writer.get_extra_info("peercert")["subjectAltName"]
    writer.close()
    await writer.wait_closed()
    return found


def test_a_certificate_that_changed_is_served_by_listeners_that_stay(
    running: Running, tmp_path: Path
) -> None:
    authority = trustme.CA()
    certificate(tmp_path, authority, "a.test")
    running.words |= {
        "listen": [f"https://{ANY}"],
        "routes": {"a.test": "respond:204"},
        "site": {"a.test": {"cert": str(tmp_path / "cert.pem"), "key": str(tmp_path / "key.pem")}},
    }

    async def then() -> None:
        (port,) = running.ports
        assert await shown(port, authority) == (("DNS", "a.test"),)
        certificate(tmp_path, authority, "new.a.test")
        running.worker.reload()
        assert running.ports == [port]
        assert await shown(port, authority) == (("DNS", "new.a.test"),)

    running.serve(then)


# --- logs ------------------------------------------------------------------------------------


def lines(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


def test_a_log_that_cannot_be_opened_refuses_the_reload_whole(
    running: Running, tmp_path: Path
) -> None:
    running.words["log"] = "file:one"

    async def then() -> None:
        running.words |= {"log": ["file:two", "file:none/x"], "routes": {"*": "respond:410"}}
        error = str(running.worker.reload()["error"])
        assert error.startswith(f"{tmp_path}/none/x: No such file or directory\n")
        assert "nothing was changed" in error
        client = await running.connect()
        assert await client.get() == 204
        client.close()

    running.serve(then)
    assert (lines(tmp_path / "one"), lines(tmp_path / "two")) == (1, 0)


def test_another_log_takes_new_exchanges_and_the_old_one_those_that_run(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOG_DELAY", 0.001)
    running.words["log"] = "file:one"

    async def then() -> None:
        origin = Origin()
        origin.may_answer.clear()
        running.words["routes"]["b.test"] = f"127.0.0.1:{await origin.start()}"
        running.worker.reload()
        slow, quick = await running.connect(), await running.connect()
        slow.ask("b.test")
        await origin.arrived.wait()
        running.words["log"] = "file:two"
        running.worker.reload()
        assert await quick.get() == 204
        origin.may_answer.set()
        assert await slow.status() == 200
        slow.close()
        quick.close()
        await until(lambda: not running.worker._retired)
        assert (lines(tmp_path / "one"), lines(tmp_path / "two")) == (1, 1)
        origin.close()

    running.serve(then)


def test_a_log_that_was_moved_away_is_made_anew_by_a_reload(
    running: Running, tmp_path: Path
) -> None:
    running.words["log"] = "file:one"

    async def then() -> None:
        (tmp_path / "one").rename(tmp_path / "one.1")
        running.worker.reload()
        client = await running.connect()
        assert await client.get() == 204
        client.close()

    running.serve(then)
    assert (lines(tmp_path / "one"), lines(tmp_path / "one.1")) == (1, 0)


# --- watched files ---------------------------------------------------------------------------


def watched(running: Running, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that the worker watches, with a status to change."""
    monkeypatch.setattr(module, "WATCH_DELAY", 0.001)
    running.file = folder / "porch.toml"
    write(running.file, "respond:204")
    return running.file


def write(file: Path, target: str, more: str = "") -> None:
    file.write_text(
        f'listen = ["{ANY}"]\nlog = false\nwatch = true\n{more}\n[routes]\n"a.test" = "{target}"\n'
    )
    os.utime(file, ns=(hash((target, more)) % 10**15, hash((target, more)) % 10**15))


def test_a_watched_file_that_changed_is_loaded_once(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = watched(running, tmp_path, monkeypatch)

    async def then() -> None:
        write(file, "respond:410")
        await until(lambda: "loaded again" in running.said)
        client = await running.connect()
        assert await client.get() == 410
        client.close()
        await asyncio.sleep(0.01)

    running.serve(then)
    assert running.said.count("loaded again") == 1


def test_a_watched_file_that_is_wrong_is_said_once_and_noticed_when_mended(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = watched(running, tmp_path, monkeypatch)
    other = tmp_path / "more.toml"
    other.write_text("nonsense")

    async def then() -> None:
        write(file, "respond:204", 'include = "more.toml"')
        await until(lambda: "reload refused" in running.said)
        await asyncio.sleep(0.01)
        assert running.said.count("reload refused") == 1
        other.write_text('[routes]\n"b.test" = "respond:418"\n')
        await until(lambda: "loaded again: 2 routes" in running.said)

    running.serve(then)


def test_nothing_is_watched_unless_said(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = watched(running, tmp_path, monkeypatch)
    file.write_text(file.read_text().replace("watch = true\n", ""))

    async def then() -> None:
        write(file, "respond:410")
        await asyncio.sleep(0.01)

    running.serve(then)
    assert running.said == ""


# --- the end ---------------------------------------------------------------------------------


def busy(running: Running, then: Callable[[Client, Origin], Awaitable[None]]) -> None:
    """Serve, with an exchange under way whose origin waits."""

    async def before() -> None:
        origin = Origin()
        origin.may_answer.clear()
        running.words["routes"] = {"*": f"127.0.0.1:{await origin.start()}"}
        running.worker.reload()
        client = await running.connect()
        client.ask()
        await origin.arrived.wait()
        try:
            await then(client, origin)
        finally:
            origin.may_answer.set()
            client.close()
            origin.close()

    running.serve(before)


def test_sigterm_finishes_what_runs_and_accepts_nothing_more(running: Running) -> None:
    async def then(client: Client, origin: Origin) -> None:
        (port,) = running.ports
        idle = await running.connect()
        os.kill(os.getpid(), signal.SIGTERM)
        assert await idle.status() == 0
        assert not is_open(port)
        origin.may_answer.set()
        assert await client.status() == 200
        assert await client.status() == 0
        idle.close()

    busy(running, then)


def test_a_second_signal_ends_at_once(running: Running) -> None:
    async def then(client: Client, origin: Origin) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await until(lambda: running.worker.status()["stopping"])
        os.kill(os.getpid(), signal.SIGINT)
        assert await client.status() == 503
        assert not origin.may_answer.is_set()

    busy(running, then)


def test_grace_bounds_the_wait(running: Running) -> None:
    running.words["grace"] = "10ms"

    async def then(client: Client, origin: Origin) -> None:
        assert running.worker.stop() == {"stopping": "within 0.01 s"}
        assert await client.status() == 503
        assert not origin.may_answer.is_set()

    busy(running, then)


def test_sighup_loads_again(running: Running) -> None:
    async def then() -> None:
        running.words["routes"] = {"*": "respond:410"}
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: "loaded again" in running.said)
        client = await running.connect()
        assert await client.get() == 410
        client.close()

    running.serve(then)


def test_a_door_that_is_stopping_loads_nothing(running: Running) -> None:
    async def then(client: Client, origin: Origin) -> None:
        running.worker.stop()
        running.words["listen"] = [ANY, ANY]
        assert running.worker.reload() == {"error": "the door is stopping; nothing was changed."}
        assert len(running.worker.listening) <= 1

    busy(running, then)


def test_a_stop_before_the_start_does_nothing(running: Running) -> None:
    worker = running.make()
    worker.stop()
    worker.bind()
    (port,) = running.ports
    assert is_open(port)
    worker.close()
