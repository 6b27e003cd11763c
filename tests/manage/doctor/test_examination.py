"""Checks side by side, of which one hangs and one fails."""

import threading
from collections.abc import Iterator
from pathlib import Path

from porch import clock
from porch.manage.doctor.examination import examination
from porch.manage.doctor.patient import Found, Patient, ok

PATIENT = Patient(config=Path("p.toml"))


def fine(patient: Patient) -> Iterator[Found]:
    yield ok("one", str(patient.config))
    yield ok("one", "more")


def test_findings_come_in_the_order_of_the_checks() -> None:
    def late(_: Patient) -> Iterator[Found]:
        assert second.wait(5)
        yield ok("late", "first all the same")

    def soon(_: Patient) -> Iterator[Found]:
        second.set()
        yield ok("soon", "second")

    second = threading.Event()
    found = [*examination(PATIENT, [("late", late), ("soon", soon), ("one", fine)], 5)]
    assert [each.sentence for each in found] == ["first all the same", "second", "p.toml", "more"]


def test_a_check_that_fails_is_a_finding_beside_the_others() -> None:
    def fails(_: Patient) -> Iterator[Found]:
        yield ok("bad", "so far")
        raise ValueError("of\nall\nthings")

    bad, *rest = examination(PATIENT, [("bad", fails), ("one", fine)])
    assert (bad.check, bad.said) == ("bad", "look")
    assert "ValueError: of all things" in bad.sentence
    assert len(rest) == 2


def test_a_check_that_hangs_keeps_nobody_waiting() -> None:
    def hangs(_: Patient) -> Iterator[Found]:
        let_go.wait(20)
        yield ok("slow", "never seen")

    let_go = threading.Event()
    began = clock.monotonic()
    slow, *rest = examination(PATIENT, [("slow", hangs), ("one", fine)], 0.05)
    assert clock.monotonic() - began < 10
    let_go.set()
    assert (slow.check, slow.said) == ("slow", "look")
    assert "no answer within 0.05 s" in slow.sentence
    assert len(rest) == 2
