"""GrpcOrigin: a server of the official grpcio, in a process of its own.

Messages are bytes as they are. Run as a module it is that process.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

__all__ = ["SERVICE", "GrpcOrigin"]

SERVICE = "test.Calls"


class GrpcOrigin:
    """One that runs, on a port of 127.0.0.1. pair: files of a certificate and its key, for TLS."""

    def __init__(self, *pair: Path) -> None:
        command = [sys.executable, "-m", "tests.support.grpc_origin", *map(str, pair)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


class Calls:
    """What can be called. given_up: streams whose client gave them up."""

    def __init__(self, health_: Any) -> None:
        self.given_up = 0
        self.health = health_

    async def Echo(self, request: bytes, context: Any) -> bytes:
        """The request; metadata that ends in -bin comes back before and behind it."""
        kept = [(key, value) for key, value in context.invocation_metadata() if key == "x-bin"]
        if kept:
            await context.send_initial_metadata(kept)
            context.set_trailing_metadata([("y-bin", kept[0][1][::-1])])
        return request

    async def Up(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        """How many messages, and their bytes."""
        count = size = 0
        async for each in requests:
            count += 1
            size += len(each)
        return b"%d %d" % (count, size)

    async def Down(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        """So many numbers, in so many bytes each."""
        count, _, size = request.partition(b" ")
        for number in range(int(count)):
            yield (b"%d" % number).ljust(int(size or 0))

    async def Both(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        """Each message, as it comes."""
        async for each in requests:
            yield each

    async def Fail(self, request: bytes, context: Any) -> bytes:
        """With the status that is asked for, and fields alone."""
        await context.abort(_code(request), "said so, 100 %: \N{SNOWMAN}")
        return b""

    async def FailLater(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        """The same behind a message."""
        yield b"one"
        await context.abort(_code(request), "later")

    async def Hang(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        """A message, if one is asked for, and then nothing."""
        if request:
            yield request
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            self.given_up += 1
            raise

    async def GivenUp(self, request: bytes, context: Any) -> bytes:
        return b"%d" % self.given_up

    async def Left(self, request: bytes, context: Any) -> bytes:
        """Seconds until the deadline, as this server knows it."""
        left = context.time_remaining()
        return b"none" if left is None else b"%.3f" % left

    async def Die(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        """A message, and then the process is gone."""
        yield b"one"
        await asyncio.sleep(0.1)
        os._exit(1)

    async def Health(self, request: bytes, context: Any) -> bytes:
        """From now on the service is in this state."""
        await self.health.set(SERVICE, int(request))
        return b""


def _code(request: bytes) -> grpc.StatusCode:
    return next(each for each in grpc.StatusCode if each.value[0] == int(request))


def _handlers(calls: Calls) -> Any:
    kinds = {
        grpc.unary_unary_rpc_method_handler: ("Echo", "Fail", "GivenUp", "Left", "Health"),
        grpc.stream_unary_rpc_method_handler: ("Up",),
        grpc.unary_stream_rpc_method_handler: ("Down", "FailLater", "Hang", "Die"),
        grpc.stream_stream_rpc_method_handler: ("Both",),
    }
    methods = {name: kind(getattr(calls, name)) for kind, names in kinds.items() for name in names}
    return grpc.method_handlers_generic_handler(SERVICE, methods)


def _credentials(cert: str, key: str) -> Any:
    return grpc.ssl_server_credentials([(Path(key).read_bytes(), Path(cert).read_bytes())])


async def _serve(*pair: str) -> None:
    server = grpc.aio.server()
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    await servicer.set(SERVICE, 1)
    server.add_generic_rpc_handlers((_handlers(Calls(servicer)),))
    names = (health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    if pair:
        found = server.add_secure_port("127.0.0.1:0", _credentials(*pair))
    else:
        found = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{found}\n")
    sys.stdout.flush()
    await server.wait_for_termination()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(*sys.argv[1:]))
