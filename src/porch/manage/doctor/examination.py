"""Examination: all checks of `porch doctor` beside one another, each bounded in time.

A check that takes longer, or fails itself, is a finding too: whoever asks at night gets an answer.
"""

import threading
from collections.abc import Iterator, Sequence

from porch.manage.doctor.patient import Check, Found, Patient, look

__all__ = ["PATIENCE", "examination"]

PATIENCE = 2.0
"""Seconds that a check has from when those before it have told, for all run side by side: on a
machine without time they take it from one another."""


def examination(
    patient: Patient, checks: Sequence[tuple[str, Check]], patience: float = PATIENCE
) -> Iterator[Found]:
    """What each check has found, in their order. checks: each with what it looks at, in words."""
    running = [_Running(name, check, patient) for name, check in checks]
    for each in running:
        each.start()
    for each in running:
        each.join(patience)
        yield from each.found(patience)


class _Running(threading.Thread):
    """A thread that ends with the process: what hangs in the system (a name service, a disk that
    is mounted over a network) cannot be interrupted."""

    def __init__(self, name: str, check: Check, patient: Patient) -> None:
        super().__init__(name=f"doctor {name}", daemon=True)
        self._word = name
        self._check = check
        self._patient = patient
        self._found: list[Found] | None = None

    def run(self) -> None:
        try:
            self._found = list(self._check(self._patient))
        except Exception as error:
            text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            self._found = [
                look(
                    self._word,
                    f"could not be looked at: {' '.join(text.split())}; that is a"
                    " fault of Porch unless the system refuses it",
                )
            ]

    def found(self, patience: float) -> list[Found]:
        if self._found is not None:
            return self._found
        return [
            look(
                self._word,
                f"no answer within {patience:g} s, so that nothing is known of it; the"
                " name service or a disk that it asks is slow, and the door may wait for it too",
            )
        ]
