"""gRPC through a door: the official client over TLS, the official server behind h2c."""

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests.e2e.conftest import PATIENCE, Door
from tests.support.grpc_origin import SERVICE, GrpcOrigin
from tests.support.ports import free_port

Code = grpc.StatusCode
Make = Callable[..., Any]
PB: Any = health_pb2
"""Its types are made at run time."""


@pytest.fixture
def origin() -> Iterator[GrpcOrigin]:
    made = GrpcOrigin()
    yield made
    made.close()


class Front:
    """A door for a.test, and channels to it."""

    def __init__(self, door: Make, folder: Path, routes: str, words: str = "") -> None:
        authority = trustme.CA()
        certificate = authority.issue_cert("a.test")
        cert, key = folder / "cert.pem", folder / "key.pem"
        certificate.cert_chain_pems[0].write_to_path(cert)
        certificate.private_key_pem.write_to_path(key)
        self._roots = authority.cert_pem.bytes()
        self.door: Door = door(
            f'listen = ["https://127.0.0.1:0"]\n{words}\n[site."a.test"]\ncert = "{cert}"\n'
            f'key = "{key}"\n[routes]\n{routes}\n'
        )

    def channel(self) -> Any:
        """A connection of its own. In a running loop."""
        return grpc.aio.secure_channel(
            f"127.0.0.1:{self.door.port}",
            grpc.ssl_channel_credentials(self._roots),
            options=[
                ("grpc.ssl_target_name_override", "a.test"),
                ("grpc.use_local_subchannel_pool", 1),
                ("grpc.enable_retries", 0),
            ],
        )

    def run(self, story: Callable[["Far"], Awaitable[None]]) -> None:
        """A story over one channel."""

        async def main() -> None:
            async with asyncio.timeout(60), self.channel() as channel:
                await story(Far(channel))

        asyncio.run(main())

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.door.log.splitlines()]


class Far:
    """The service behind the door."""

    def __init__(self, channel: Any) -> None:
        self.channel = channel

    def unary(self, name: str, request: bytes = b"", **words: Any) -> Any:
        return self.channel.unary_unary(f"/{SERVICE}/{name}")(request, **words)

    def up(self, name: str, requests: AsyncIterator[bytes], **words: Any) -> Any:
        return self.channel.stream_unary(f"/{SERVICE}/{name}")(requests, **words)

    def down(self, name: str, request: bytes = b"", **words: Any) -> Any:
        return self.channel.unary_stream(f"/{SERVICE}/{name}")(request, **words)

    def both(self, name: str = "Both", **words: Any) -> Any:
        return self.channel.stream_stream(f"/{SERVICE}/{name}")(**words)

    async def given_up(self, count: int) -> None:
        """Until the server has seen so many streams given up."""
        until = time.monotonic() + PATIENCE
        while int(await self.unary("GivenUp")) != count:
            assert time.monotonic() < until, "the server never saw it"
            await asyncio.sleep(0.02)


@pytest.fixture
def front(door: Make, tmp_path: Path, origin: GrpcOrigin) -> Front:
    return Front(door, tmp_path, f'"*" = "h2c://127.0.0.1:{origin.port}"')


async def failed(call: Any) -> grpc.aio.AioRpcError:
    """The error that a call ends with."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await (call if isinstance(call, Awaitable) else read_all(call))
    return caught.value


async def read_all(call: Any) -> None:
    while await call.read() is not grpc.aio.EOF:
        pass


async def numbers(count: int, size: int = 1) -> AsyncIterator[bytes]:
    for number in range(count):
        yield bytes((number % 256,)) * size


def test_the_four_kinds_of_calls(front: Front) -> None:
    async def story(far: Far) -> None:
        assert await far.unary("Echo", b"hello") == b"hello"
        assert await far.unary("Echo", b"") == b""
        big = bytes(range(256)) * 8192
        assert await far.unary("Echo", big) == big
        assert await far.up("Up", numbers(100, 10_000)) == b"100 1000000"
        assert [each async for each in far.down("Down", b"5")] == [b"%d" % n for n in range(5)]
        call = far.both()
        for word in (b"one", b"two", b"x" * 200_000):
            await call.write(word)
            assert await call.read() == word
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is Code.OK

    front.run(story)


def test_binary_metadata_passes_both_ways(front: Front) -> None:
    async def story(far: Far) -> None:
        value = bytes(range(256))
        call = far.unary("Echo", b"a", metadata=[("x-bin", value)])
        assert await call == b"a"
        assert dict(await call.initial_metadata())["x-bin"] == value
        assert dict(await call.trailing_metadata())["y-bin"] == value[::-1]

    front.run(story)


def test_each_status_of_the_server_comes_through(front: Front) -> None:
    async def story(far: Far) -> None:
        for code in set(Code) - {Code.OK}:
            said = b"%d" % code.value[0]
            error = await failed(far.unary("Fail", said))
            assert (error.code(), error.details()) == (code, "said so, 100 %: \N{SNOWMAN}")
            call = far.down("FailLater", said)
            assert await call.read() == b"one"
            error = await failed(call)
            assert (error.code(), error.details()) == (code, "later")

    front.run(story)


def test_a_server_has_what_is_left_of_the_deadline(front: Front) -> None:
    async def story(far: Far) -> None:
        assert 8 < float(await far.unary("Left", timeout=10)) <= 10
        assert await far.unary("Left") == b"none"

    front.run(story)


def test_a_deadline_that_passes_is_one_on_both_sides(front: Front) -> None:
    async def story(far: Far) -> None:
        error = await failed(far.down("Hang", timeout=0.5))
        assert error.code() is Code.DEADLINE_EXCEEDED
        call = far.down("Hang", b"one", timeout=0.5)
        assert await call.read() == b"one"
        assert (await failed(call)).code() is Code.DEADLINE_EXCEEDED
        await far.given_up(2)

    front.run(story)


def test_a_client_that_does_not_keep_its_deadline_is_told_of_it(front: Front) -> None:
    """Its own library knows nothing of it: the door says it, or the server, who is first."""

    async def story(far: Far) -> None:
        error = await failed(far.down("Hang", metadata=[("grpc-timeout", "300m")]))
        assert error.code() is Code.DEADLINE_EXCEEDED
        call = far.down("Hang", b"one", metadata=[("grpc-timeout", "300m")])
        assert await call.read() == b"one"
        error = await failed(call)
        assert error.code() is Code.DEADLINE_EXCEEDED
        await far.given_up(2)

    front.run(story)


def test_a_client_that_gives_up_is_seen_by_the_server(front: Front) -> None:
    async def story(far: Far) -> None:
        calls = [far.down("Hang", b"one") for _ in range(5)]
        for call in calls:
            assert await call.read() == b"one"
            call.cancel()
        await far.given_up(5)
        await far.channel.close()

    front.run(story)
    front.door.wait_until(lambda: len(front.logged()) >= 6, "the log")
    words = [line["reason"] for line in front.logged() if line["target"].endswith("/Hang")]
    assert words == ["client_gone"] * 5


def test_a_server_that_dies_is_unavailable(front: Front, origin: GrpcOrigin) -> None:
    async def story(far: Far) -> None:
        call = far.down("Die")
        assert await call.read() == b"one"
        error = await failed(call)
        assert error.code() is Code.UNAVAILABLE
        assert error.details().startswith("http_response_incomplete: ")
        error = await failed(far.unary("Echo", b"a"))
        assert error.code() is Code.UNAVAILABLE
        assert "connection_refused: Nothing listens" in error.details()
        assert error.trailing_metadata()["proxy-status"] == "porch; error=connection_refused"

    front.run(story)


def test_errors_of_the_door_have_their_status(
    door: Make, tmp_path: Path, origin: GrpcOrigin
) -> None:
    to = f"h2c://127.0.0.1:{origin.port}"
    routes = (
        f'"*" = "h2c://127.0.0.1:{free_port()}"\n'
        f'"a.test/test.Calls/Up" = {{ to = "{to}", limits.body = "1kB" }}\n'
        f'"a.test/test.Calls/Left" = {{ to = "127.0.0.1:80", maintenance = true }}'
    )
    front = Front(door, tmp_path, routes)

    async def story(far: Far) -> None:
        assert (await failed(far.unary("Echo"))).code() is Code.UNAVAILABLE
        for _ in range(5):
            error = await failed(far.up("Up", numbers(10, 1000)))
            if (
                error.details() != "Internal error from Core"
            ):  # of grpcio: it wrote to an ended call
                break
        assert error.code() is Code.RESOURCE_EXHAUSTED
        assert error.details().startswith("http_request_body_size: ")
        error = await failed(far.unary("Left"))
        assert error.code() is Code.UNAVAILABLE
        assert error.trailing_metadata()["grpc-retry-pushback-ms"] == "600000"

    front.run(story)


def test_a_host_without_a_route_is_unimplemented(door: Make, tmp_path: Path) -> None:
    front = Front(door, tmp_path, '"a.test/other" = "h2c://127.0.0.1:1"')

    async def story(far: Far) -> None:
        error = await failed(far.unary("Echo"))
        assert (error.code(), error.details()[:9]) == (Code.UNIMPLEMENTED, "no-route:")

    front.run(story)


@pytest.mark.parametrize(("count", "words"), [(10, ""), (1, "limits.streams = 1000")])
def test_a_thousand_streams_at_once(
    door: Make, tmp_path: Path, origin: GrpcOrigin, count: int, words: str
) -> None:
    """Over so many connections."""
    front = Front(door, tmp_path, f'"*" = "h2c://127.0.0.1:{origin.port}"', words=words)

    async def main() -> None:
        channels = [front.channel() for _ in range(count)]
        try:
            async with asyncio.timeout(60):
                calls = [Far(each).both() for each in channels for _ in range(1000 // count)]
                await asyncio.gather(*(call.write(b"first") for call in calls))
                firsts = await asyncio.gather(*(call.read() for call in calls))
                assert set(firsts) == {b"first"}, "all of them are open now"
                for number, call in enumerate(calls):
                    await call.write(b"%d" % number)
                seconds = await asyncio.gather(*(call.read() for call in calls))
                assert seconds == [b"%d" % number for number in range(len(calls))]
                await asyncio.gather(*(call.done_writing() for call in calls))
                codes = await asyncio.gather(*(call.code() for call in calls))
                assert set(codes) == {Code.OK}
        finally:
            for each in channels:
                await each.close()

    asyncio.run(main())


def test_calls_that_are_given_up_after_a_while_end_no_connection(front: Front) -> None:
    """Of one client of an origin that is slow: more of them than resets that are rapid may be."""

    async def story(far: Far) -> None:
        watch = far.both()
        await watch.write(b"a")
        assert await watch.read() == b"a"
        for _ in range(6):
            calls = [far.both() for _ in range(120)]
            await asyncio.gather(*(call.write(b"b") for call in calls))
            await asyncio.gather(*(call.read() for call in calls))
            await asyncio.sleep(0.4)
            for call in calls:
                call.cancel()
        await watch.write(b"c")
        assert await watch.read() == b"c"

    front.run(story)


def test_ten_thousand_messages_in_a_stream(front: Front) -> None:
    async def story(far: Far) -> None:
        got = 0
        async for each in far.down("Down", b"10000"):
            assert each == b"%d" % got
            got += 1
        assert got == 10_000
        assert await far.up("Up", numbers(10_000, 50)) == b"10000 500000"

    front.run(story)


def test_a_stream_that_is_not_read_waits_and_goes_on(front: Front) -> None:
    async def story(far: Far) -> None:
        call = far.down("Down", b"400 50000")
        await asyncio.sleep(1)
        for number in range(400):
            assert await call.read() == (b"%d" % number).ljust(50_000)
        assert await call.read() is grpc.aio.EOF

    front.run(story)


def test_reflection_and_health_pass(front: Front) -> None:
    async def story(far: Far) -> None:
        stub = reflection_pb2_grpc.ServerReflectionStub(far.channel)
        ask = reflection_pb2.ServerReflectionRequest(list_services="")  # type: ignore[attr-defined]
        answers = [each async for each in stub.ServerReflectionInfo(iter([ask]))]
        names = {each.name for each in answers[0].list_services_response.service}
        assert "grpc.health.v1.Health" in names
        health = health_pb2_grpc.HealthStub(far.channel)
        answer = await health.Check(PB.HealthCheckRequest(service=SERVICE))
        assert answer.status == PB.HealthCheckResponse.SERVING

    front.run(story)


def test_a_pool_is_checked_by_the_health_protocol(door: Make, tmp_path: Path) -> None:
    one, two = GrpcOrigin(), GrpcOrigin()
    try:
        health = f'{{ kind = "grpc", service = "{SERVICE}", every = "100ms", fall = 1 }}'
        to = [f"h2c://127.0.0.1:{each.port}" for each in (one, two)]
        front = Front(door, tmp_path, f'"*" = {{ to = {json.dumps(to)}, health = {health} }}')

        def standing() -> list[str]:
            return [each["state"] for each in front.door.ask("status")["upstreams"]]

        async def set_health(status: int) -> None:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{one.port}") as channel:
                await Far(channel).unary("Health", b"%d" % status)

        asyncio.run(set_health(2))
        front.door.wait_until(
            lambda: "NOT_SERVING, 1 of 1" in standing()[0] and standing()[1] == "up",
            "that it is out",
        )
        asyncio.run(set_health(1))
        front.door.wait_until(lambda: standing() == ["up", "up"], "that it is back")
    finally:
        one.close()
        two.close()


@pytest.mark.parametrize("scheme", ["https", "h2"])
def test_the_server_may_speak_TLS(door: Make, tmp_path: Path, scheme: str) -> None:
    authority = trustme.CA()
    files = [tmp_path / name for name in ("ca", "origin-cert", "origin-key")]
    issued = authority.issue_cert("origin.test")
    authority.cert_pem.write_to_path(files[0])
    issued.cert_chain_pems[0].write_to_path(files[1])
    issued.private_key_pem.write_to_path(files[2])
    secured = GrpcOrigin(*files[1:])
    try:
        words = (
            f'tls = {{ ca = "{files[0]}", server_name = "origin.test" }}, '
            'health = { kind = "grpc", every = "100ms", fall = 1 }'
        )
        to = f"{scheme}://127.0.0.1:{secured.port}"
        front = Front(door, tmp_path, f'"*" = {{ to = "{to}", {words} }}')

        async def story(far: Far) -> None:
            assert await far.unary("Echo", b"hello") == b"hello"
            await asyncio.sleep(0.5)
            assert [each["state"] for each in front.door.ask("status")["upstreams"]] == ["up"]

        front.run(story)
    finally:
        secured.close()


def test_a_stop_tells_streams_that_outlast_it(
    door: Make, tmp_path: Path, origin: GrpcOrigin
) -> None:
    route = f'"*" = "h2c://127.0.0.1:{origin.port}"'
    front = Front(door, tmp_path, route, words='grace = "300ms"')

    async def story(far: Far) -> None:
        call = far.down("Hang", b"one")
        assert await call.read() == b"one"
        front.door.process.send_signal(signal.SIGTERM)
        error = await failed(call)
        assert error.code() is Code.UNAVAILABLE
        assert error.details().startswith("proxy_shutdown: ")

    front.run(story)


def test_a_drain_lets_streams_end(front: Front) -> None:
    async def story(far: Far) -> None:
        call = far.both()
        await call.write(b"a")
        assert await call.read() == b"a"
        front.door.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        await call.write(b"b")
        assert await call.read() == b"b"
        await call.done_writing()
        assert await call.code() is Code.OK

    front.run(story)
    assert front.door.process.wait(PATIENCE) == 0


def test_a_browser_calls_too(door: Make, tmp_path: Path, origin: GrpcOrigin) -> None:
    """gRPC-Web, as fetch sends it over HTTP/1.1."""
    started = door(f'[routes]\n"*" = {{ to = "h2c://127.0.0.1:{origin.port}", grpc_web = true }}')
    message = b"\0\0\0\0\5hello"
    answer = httpx.post(
        f"{started.url}/{SERVICE}/Echo",
        content=message,
        headers={"content-type": "application/grpc-web+proto", "x-grpc-web": "1"},
    )
    assert answer.headers["content-type"] == "application/grpc-web"
    assert answer.content.startswith(message + b"\x80\0\0\0")
    assert b"grpc-status: 0\r\n" in answer.content
    answer = httpx.post(
        f"{started.url}/{SERVICE}/Fail",
        content=b"\0\0\0\0\1\x35",
        headers={"content-type": "application/grpc-web+proto"},
    )
    assert (answer.status_code, answer.headers["grpc-status"]) == (200, "5")


def test_the_example_of_the_page_does_what_it_says(door: Make, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "http2.md").read_text(encoding="utf-8")
    page = page.partition("\n## gRPC\n")[2]
    server, client = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    config = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[0]
    port = free_port()
    assert ":50051" in server
    assert ":50051" in config
    (tmp_path / "server.py").write_text(server.replace(":50051", f":{port}"))
    running = subprocess.Popen([sys.executable, tmp_path / "server.py"])
    try:
        config = config.replace("127.0.0.1:8080", "127.0.0.1:0").replace(":50051", f":{port}")
        started = door(config)
        (tmp_path / "client.py").write_text(client.replace(":8080", f":{started.port}"))
        started.wait_until(lambda: _is_open(port), "the start of the server")
        said = subprocess.run(
            [sys.executable, tmp_path / "client.py"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
    finally:
        running.kill()
        running.wait()
    lines = said.splitlines()
    assert lines[:2] == ["b'hello world'", "b'0' b'1' b'2'"]
    assert len(lines) == 3
    for line in lines:
        assert f"`{line}`" in page


def _is_open(port: int) -> bool:
    with socket.socket() as made:
        return made.connect_ex(("127.0.0.1", port)) == 0
