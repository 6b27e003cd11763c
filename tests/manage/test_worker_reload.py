"""A worker's reloads: what changes, what stays, and that a wrong one does nothing."""

import asyncio
import os
import socket
import ssl
from pathlib import Path

import pytest
import trustme

from porch.manage import worker as module
from tests.manage.conftest import ANY, Client, Origin, Running, is_open, taken, until

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
