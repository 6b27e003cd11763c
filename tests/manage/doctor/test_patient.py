"""What a check may ask of a patient."""

from pathlib import Path

from porch.manage.doctor.patient import Found, Patient, look, ok, wrong


def test_a_finding_says_how_bad_it_is() -> None:
    assert [make("a", "b").said for make in (ok, look, wrong)] == ["ok", "look", "wrong"]
    assert wrong("disk", "is full") == Found("disk", "wrong", "is full")


def test_what_the_system_does_not_tell_is_empty(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/one").write_bytes(b"1\xff")
    patient = Patient(config=tmp_path, root=tmp_path)
    assert patient.read("proc/one") == "1\N{REPLACEMENT CHARACTER}"
    assert patient.read("proc/two") == ""


def test_the_processes_are_those_that_the_door_tells() -> None:
    assert Patient(config=Path()).processes == []
    told = {"pid": 7, "workers": [{"pid": 8}, {"pid": 9}]}
    assert Patient(config=Path(), status=told).processes == [7, 8, 9]


def test_the_systems_own_name_servers_are_asked_if_nobody_else_is_named(tmp_path: Path) -> None:
    assert Patient(config=tmp_path).resolver().nameservers
