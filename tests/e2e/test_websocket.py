"""What real WebSockets on both sides of a door see when it stops."""

import asyncio
import signal
import ssl

import pytest
import trustme
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from tests.e2e.conftest import PATIENCE

ROUTE = 'grace = "500ms"\n[routes]\n"*" = "127.0.0.1:{port}"\n'


def _secured(folder) -> tuple[str, ssl.SSLContext]:
    """Words of a configuration that serves a.test over TLS, and a client's context for it."""
    authority = trustme.CA()
    certificate = authority.issue_cert("a.test")
    cert, key = folder / "cert.pem", folder / "key.pem"
    certificate.cert_chain_pems[0].write_to_path(cert)
    certificate.private_key_pem.write_to_path(key)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return f'[site."a.test"]\ncert = "{cert}"\nkey = "{key}"\n', context


class Talk:
    """A client and an origin that echoes, joined by a door. seen: how each side's connection
    ended, by its own library: (code and reason it was sent, whether it agreed)."""

    def __init__(self) -> None:
        self.seen = {}
        self.ended = asyncio.Event()

    def note(self, who, closed: ConnectionClosed) -> None:
        self.seen[who] = closed.rcvd and (closed.rcvd.code, closed.rcvd.reason, bool(closed.sent))

    async def echo(self, connection) -> None:
        try:
            while True:
                await connection.send(await connection.recv())
        except ConnectionClosed as closed:
            self.note("origin", closed)
        self.ended.set()


async def _stopped(door, folder, tls: bool) -> dict:
    """A door is stopped under a WebSocket that stays: what both ends see."""
    talk = Talk()
    async with serve(talk.echo, "127.0.0.1", 0) as origin:
        text = ROUTE.format(port=origin.sockets[0].getsockname()[1])
        words, context = _secured(folder)
        if tls:
            text = f'listen = ["https://127.0.0.1:0"]\n{text}{words}'
        started = await asyncio.to_thread(door, text)
        secured = {"ssl": context, "server_hostname": "a.test"} if tls else {}
        async with connect(
            f"ws{'s' * tls}://a.test/ws", host="127.0.0.1", port=started.port, **secured
        ) as client:
            for word in ("one", b"x" * 70_000):
                await client.send(word)
                assert await client.recv() == word
            started.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(PATIENCE):
                try:
                    await client.recv()
                except ConnectionClosed as closed:
                    talk.note("client", closed)
                await talk.ended.wait()
    assert await asyncio.to_thread(started.process.wait, PATIENCE) == 0
    return talk.seen


@pytest.mark.parametrize("tls", [False, True])
def test_both_ends_are_told_when_the_grace_is_over(door, tmp_path, tls):
    seen = asyncio.run(_stopped(door, tmp_path, tls))
    assert seen["client"] == (1012, "proxy_shutdown", True)
    assert seen["origin"] == (1001, "proxy_shutdown", True)
