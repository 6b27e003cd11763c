"""Real ports: free, this door's, and another's."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from porch.config.check import examine
from porch.config.load import load_mapping
from porch.config.state import State
from porch.manage.doctor import ports
from porch.manage.doctor.patient import Patient
from porch.manage.doctor.ports import check_ports
from tests.support.ports import free_port


def patient(*listen: str, **status: Any) -> Patient:
    loaded = load_mapping({"listen": [*listen], "routes": {"*": ":1"}})
    built = examine(loaded, State())
    assert built is not None, loaded.report()
    return Patient(config=Path("p"), loaded=loaded, built=built, status=status or None)


def test_a_port_that_is_free_is_fine() -> None:
    port = free_port()
    (found,) = check_ports(patient(f"127.0.0.1:{port}"))
    assert (found.said, found.sentence) == ("ok", f"127.0.0.1:{port} is free")


def test_a_port_that_another_holds_is_wrong_and_says_whose_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (found,) = check_ports(patient(f"127.0.0.1:{port}"))
    assert found.said == "wrong"
    assert f"127.0.0.1:{port} is in use by" in found.sentence
    assert f"(pid {os.getpid()})" in found.sentence


def test_a_port_of_the_door_itself_is_fine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as own:
        name = f"127.0.0.1:{own.getsockname()[1]}"
        (found,) = check_ports(patient(name, listening=[name]))
    assert (found.said, found.sentence) == ("ok", f"this door listens on {name}")


def test_a_port_that_the_door_does_not_have_yet_wants_a_reload() -> None:
    (found,) = check_ports(patient(f"127.0.0.1:{free_port()}", listening=[":1"]))
    assert (found.said, "porch reload" in found.sentence) == ("look", True)


def test_a_port_that_the_system_chooses_is_fine() -> None:
    (found,) = check_ports(patient("127.0.0.1:0"))
    assert found.said == "ok"


def test_rights_that_this_command_lacks_the_door_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = PermissionError(13, ":80 needs more rights: root")
    monkeypatch.setattr(ports, "obstacle", lambda _: refusal)
    (found,) = check_ports(patient("127.0.0.1:80"))
    assert (found.said, "systemd" in found.sentence) == ("look", True)


def test_a_socket_file_is_looked_at_too(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    (found,) = check_ports(patient(f"unix:{path}"))
    assert (found.said, path.exists()) == ("ok", False)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        (found,) = check_ports(patient(f"unix:{path}"))
        assert (found.said, "in use" in found.sentence) == ("wrong", True)
    (found,) = check_ports(patient(f"unix:{path}"))
    assert (found.said, path.exists()) == ("ok", True)


def test_without_a_configuration_nothing_is_said() -> None:
    assert [*check_ports(Patient(config=Path("p")))] == []
