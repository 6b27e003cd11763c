"""Coding while a worker has more to do than it can: less, and as ever when that is over."""

import asyncio
import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Door

WORDS = [f"{each * each:x}" for each in range(400)]
BODY = json.dumps(
    [{"id": n, "name": random.Random(n).choices(WORDS, k=6)} for n in range(6000)]
).encode()
CLIENTS = 24
"""The streams of so many have room."""
LOADED = 6.0
"""Seconds of load; the brake needs two to fall."""
EASED = 15.0
"""Seconds for a worker to find that it has time again: two looks of a second."""
GET = b"GET /a.json HTTP/1.0\r\nHost: a.test\r\nAccept-Encoding: br\r\n\r\n"


async def ask(port: int) -> tuple[bool, int]:
    """One answer: whether it is coded, and bytes of its body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    writer.close()
    assert b" 200 " in head[:20], head
    is_coded = b"content-encoding: br" in head.lower()
    assert is_coded or body == BODY
    return is_coded, len(body)


async def crowd(port: int, seconds: float) -> list[tuple[float, int]]:
    """When the answers to many clients came, in seconds, and their sizes."""
    found = []
    start = time.monotonic()

    async def client() -> None:
        while time.monotonic() - start < seconds:
            _, size = await ask(port)
            found.append((time.monotonic() - start, size))

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return found


@pytest.mark.soak
def test_a_busy_worker_codes_less_and_as_ever_when_that_is_over(
    door: Callable[..., Door], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "a.json").write_bytes(BODY)

    def start(more: str) -> Door:
        compress = f'{{ codings = ["br"], level = "small"{more} }}'
        route = f'"*" = {{ to = "file:{site}", compress = {compress} }}'
        return door(f"workers = 1\nlog = false\n[routes]\n{route}\n")

    unbraked = start(", brake = false")
    found = asyncio.run(crowd(unbraked.port, LOADED))
    usual = len(found) / found[-1][0]
    (smallest,) = {size for _, size in found}
    unbraked.stop()
    running = start("")
    assert asyncio.run(ask(running.port)) == (True, smallest)
    found = asyncio.run(crowd(running.port, LOADED))
    assert smallest in {size for _, size in found}
    late = [size for at, size in found if at > LOADED / 2]
    assert smallest not in late, "it was busy all the time"
    rate = len(late) / (found[-1][0] - LOADED / 2)
    assert rate > 1.5 * usual, f"{usual:.0f} answers a second without a brake, {rate:.0f} with it"
    until = time.monotonic() + EASED
    while asyncio.run(ask(running.port)) != (True, smallest):
        assert time.monotonic() < until, "it still makes little effort"
        time.sleep(0.3)
