"""Slices: a long piece of work, done a little between two events: no request waits for it."""

import asyncio
import gc
from collections.abc import Callable, Iterator

from porch.config.steps import Steps, advance

__all__ = ["SLICE", "Slices"]

SLICE = 0.0001
"""Seconds of one turn of the loop that such work may take from the requests."""


class Slices:
    """What a worker builds beside its requests. on_fault: told what the work has raised, which ends
    it. The collector rests meanwhile: it would look at all that was just built, in one piece."""

    __slots__ = ("_on_fault", "_steps")

    def __init__(self, on_fault: Callable[[Exception], None]) -> None:
        self._on_fault = on_fault
        self._steps: Steps[None] | None = None

    def __repr__(self) -> str:
        return f"<Slices {'at rest' if self._steps is None else 'under way'}>"

    def begin(self, steps: Steps[None]) -> None:
        """In place of what was begun before."""
        self.stop()
        self._steps = steps
        self._work()

    def stop(self) -> None:
        """Nothing comes of it. What it has to give back it does on GeneratorExit."""
        steps, self._steps = self._steps, None
        if steps is not None:
            gc.enable()
            steps.close()

    def clean_up(self, steps: Iterator[None]) -> None:
        """Let go of what is over a little at a time, beside all else. Nothing cuts this short."""
        if advance(steps, SLICE):
            asyncio.get_running_loop().call_soon(self.clean_up, steps)

    def _work(self) -> None:
        steps = self._steps
        if steps is None:
            return
        gc.disable()
        try:
            if advance(steps, SLICE):
                asyncio.get_running_loop().call_soon(self._work)
                return
        except Exception as error:
            self._steps = None
            gc.enable()
            self._on_fault(error)
            return
        if self._steps is steps:
            self._steps = None
        gc.freeze()
        gc.enable()
