"""Connections of Porch's own questions that wait for the next one, over loopback."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from porch.client import Answer
from porch.errors import BadGateway, ConnectionLost, GatewayTimeout
from porch.forward import kept as module
from porch.forward.address import Address
from porch.forward.client import HttpClient
from porch.forward.resolve import Resolver

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Origin:
    """Answers each head with the next of `says`, and with the last one from then on; b"" closes.
    heads: that came, by the number of their connection. left: connections that have closed."""

    def __init__(self, *says: bytes) -> None:
        self.says = list(says)
        self.heads: list[tuple[int, bytes]] = []
        self.met = self.left = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = self.met
        self.met += 1
        self.writers.append(writer)
        try:
            while True:
                self.heads.append((number, await reader.readuntil(b"\r\n\r\n")))
                says = self.answer(self.heads[-1][1])
                if not says:
                    break
                writer.write(says)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self.left += 1
            writer.close()

    def answer(self, head: bytes) -> bytes:
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]

    @property
    def used(self) -> list[int]:
        return [number for number, _ in self.heads]


Act = Callable[[HttpClient], Awaitable[object]]


def run(origin: Origin, act: Act, keeps: int = 2) -> None:
    async def main() -> None:
        server = await asyncio.start_server(origin.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        client = HttpClient(Address(host="127.0.0.1", port=port), Resolver(), keeps=keeps)
        await act(client)
        assert client._kept is not None
        while (waits := client._kept.take()) is not None:
            waits.abandon()
        server.close()
        await until(lambda: origin.left == origin.met)

    asyncio.run(main())


async def ask(client: HttpClient, method: bytes = b"GET", timeout: float = 5.0) -> Answer:  # noqa: ASYNC109
    return await client.request(method, b"/", timeout=timeout, most_bytes=100)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


def test_the_next_question_goes_over_the_connection_of_the_last() -> None:
    origin = Origin(OK)

    async def act(client: HttpClient) -> None:
        for _ in range(5):
            assert (await ask(client)).body == b"ok"
        assert repr(client._kept) == "<Kept 1 of 2>"

    run(origin, act)
    assert origin.used == [0] * 5
    assert b"connection" not in origin.heads[0][1]


def test_answers_never_change_places_however_many_ask_at_once() -> None:
    class Naming(Origin):
        def answer(self, head: bytes) -> bytes:
            said = head.split(b" ")[1]
            return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(said), said)

    async def act(client: HttpClient) -> None:
        async def one(number: int) -> None:
            for each in range(10):
                target = b"/%d.%d" % (number, each)
                answer = await client.request(b"GET", target, timeout=5, most_bytes=100)
                assert answer.body == target

        await asyncio.gather(*(one(number) for number in range(20)))

    run(Naming(OK), act)


def test_no_more_wait_than_may() -> None:
    origin = Origin(OK)

    async def act(client: HttpClient) -> None:
        await asyncio.gather(*(ask(client) for _ in range(6)))
        assert repr(client._kept) == "<Kept 2 of 2>"
        await until(lambda: origin.left == 4)

    run(origin, act)


def test_one_that_has_closed_is_not_asked_and_one_that_closes_is_asked_again_elsewhere() -> None:
    origin = Origin(OK, b"", OK)

    async def act(client: HttpClient) -> None:
        await ask(client)
        assert (await ask(client)).body == b"ok"  # it closed without a word
        assert origin.used == [0, 0, 1]
        origin.writers[1].close()
        await until(lambda: repr(client._kept) == "<Kept 0 of 2>")
        await ask(client)

    run(origin, act)
    assert origin.used == [0, 0, 1, 2]


def test_a_new_one_that_closes_without_a_word_is_a_failure() -> None:
    origin = Origin(b"")

    async def act(client: HttpClient) -> None:
        with pytest.raises(ConnectionLost):
            await ask(client)

    run(origin, act)
    assert origin.used == [0]


@pytest.mark.parametrize(
    "says",
    [
        OK.replace(b"OK", b"OK\r\nconnection: close"),
        OK.replace(b"1.1", b"1.0"),
        OK + b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
    ],
)
def test_what_is_not_kept_or_says_more_than_announced_is_closed(says: bytes) -> None:
    origin = Origin(says)

    async def act(client: HttpClient) -> None:
        for _ in range(2):
            assert (await ask(client)).body == b"ok"

    run(origin, act)
    assert origin.used == [0, 1]


def test_what_comes_unasked_is_never_the_next_answer() -> None:
    origin = Origin(OK)

    async def act(client: HttpClient) -> None:
        await ask(client)
        origin.writers[0].write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
        await origin.writers[0].drain()
        assert (await ask(client)).body == b"ok"
        origin.writers[1].write(b"x")
        await until(lambda: repr(client._kept) == "<Kept 0 of 2>")

    run(origin, act)
    assert origin.used == [0, 1]


def test_garbage_and_silence_close_it() -> None:
    origin = Origin(OK, b"SSH-2.0\r\n\r\n", OK)

    async def act(client: HttpClient) -> None:
        await ask(client)
        with pytest.raises(BadGateway):
            await ask(client)
        await ask(client)
        origin.says = [b"HTTP/1.1 100 Continue\r\n\r\n"]
        with pytest.raises(GatewayTimeout):
            await ask(client, timeout=0.05)
        assert repr(client._kept) == "<Kept 0 of 2>"

    run(origin, act)
    assert origin.used == [0, 0, 1, 1]


def test_what_may_not_be_repeated_has_a_connection_of_its_own() -> None:
    origin = Origin(OK)

    async def act(client: HttpClient) -> None:
        await ask(client)
        await ask(client, b"POST")

    run(origin, act)
    assert origin.used == [0, 1]


def test_one_that_waited_for_long_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE", 0.02)
    origin = Origin(OK)

    async def act(client: HttpClient) -> None:
        await asyncio.gather(ask(client), ask(client))
        await until(lambda: origin.left == 2)
        assert repr(client._kept) == "<Kept 0 of 2>"

    run(origin, act)
