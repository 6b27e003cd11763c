"""Providers run by hand: what they find, and how long they would wait."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from porch.balance.discover.found import Found
from porch.client import Answer

__all__ = ["FakeClient", "Looks"]


class Looks:
    """waits: seconds between two looks."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def first(self, count: int, lists: AsyncIterator[list[Found]]) -> list[list[Found]]:
        """So many lists of a provider."""

        async def main() -> list[list[Found]]:
            found = []
            async for each in lists:
                found.append([*each])
                if len(found) == count:
                    break
            return found

        return asyncio.run(main())


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    made = Looks()
    sleep = asyncio.sleep

    async def wait(seconds: float) -> None:
        made.waits.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", wait)
    return made


class FakeClient:
    """Answers by `says`, which is given the target; asked: (target, fields)."""

    def __init__(self, says: Callable[[str], Answer | Exception]) -> None:
        self.says = says
        self.asked: list[tuple[str, dict[bytes, bytes]]] = []

    async def request(
        self,
        method: bytes,
        target: bytes,
        fields: Sequence[tuple[bytes, bytes]] = (),
        body: bytes = b"",
        **bounds: Any,
    ) -> Answer:
        assert method == b"GET"
        assert bounds["timeout"] <= 60
        assert bounds["most_bytes"] > 0
        self.asked.append((target.decode(), dict(fields)))
        answer = self.says(target.decode())
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def connect(self, *, timeout: float) -> None:  # noqa: ASYNC109
        raise AssertionError("nobody connects for nothing")
