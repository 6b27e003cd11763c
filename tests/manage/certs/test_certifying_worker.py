"""Certificates in a worker: shown by real handshakes."""

import asyncio
import ssl
from pathlib import Path

import pytest

from tests.manage.certs.test_certifying import HOST, keepers, put
from tests.manage.conftest import ANY, Running, until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


async def handshake(port: int, name: str = HOST) -> bytes:
    """The certificate that is shown; empty for none."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        _, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname=name
        )
    except (OSError, ssl.SSLError):
        return b""
    found: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return found


@pytest.fixture
def secure(running: Running, folder: Path) -> Running:
    running.words |= {
        "listen": [ANY, "https://" + ANY],
        "routes": {HOST: "respond:204"},
        "store": str(folder),
    }
    return running


def test_a_worker_serves_what_it_gets_and_a_reload_to_another_store(
    secure: Running, folder: Path, tmp_path: Path
) -> None:
    async def then() -> None:
        assert (await secure.hear("certified"))[1] == [HOST]
        assert await handshake(secure.port(1)) == b""
        secure.channel.send("certified", [HOST])
        while not (first := await handshake(secure.port(1))):
            pass
        put(tmp_path / "other", HOST)
        secure.words["store"] = str(tmp_path / "other")
        await secure.reload()
        second = await handshake(secure.port(1))
        assert second not in (b"", first)
        secure.words["routes"] = {"*": "respond:204"}
        secure.words["listen"] = [ANY]
        await secure.reload()
        await until(lambda: not keepers())

    secure.serve(then)


def test_a_worker_with_a_broken_store_serves_all_the_same(secure: Running, folder: Path) -> None:
    folder.write_text("")

    async def then() -> None:
        client = await secure.connect()
        assert await client.get() == 204
        await secure.reload()
        assert await client.get() == 204
        client.close()

    secure.serve(then)
    assert secure.said.count("no certificates but those given: ") == 1


def test_a_worker_that_ends_ends_its_keeper(secure: Running) -> None:
    async def then() -> None:
        await secure.hear("certified")

    secure.serve(then)
    for each in keepers():
        each.join(10)
    assert keepers() == []
