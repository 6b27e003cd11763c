"""From a configuration to open sockets; on trial beside a door that holds some."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.listen.address import ListenAddress
from porch.manage.start import start, try_out


def loading(**words: Any) -> Callable[[], Loaded]:
    return lambda: load_mapping({"listen": ["127.0.0.1:0"], "routes": {"*": ":1"}} | words)


def test_a_start_binds_and_says_nothing() -> None:
    said: list[str] = []
    found = start(loading(log=False), None, None, said.append)
    assert found is not None
    assert said == []
    assert len(found.listening.names) == 1
    found.close()


def test_what_is_wrong_is_said_and_nothing_stays_open(tmp_path: Path) -> None:
    said: list[str] = []
    assert start(loading(routes={"*": "nonsense:"}), None, None, said.append) is None
    assert start(loading(log=f"file:{tmp_path}/none/log"), None, None, said.append) is None
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert start(loading(log=False, listen=[address]), None, None, said.append) is None
    assert "error" in said[0]
    assert "No such file or directory" in said[1]
    assert f"{address} is in use" in said[2]


def test_a_passed_descriptor_that_is_no_socket_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> list[socket.socket]:
        raise OSError("descriptor 3 is no socket")

    monkeypatch.setattr("porch.manage.start.inherited", refuse)
    said: list[str] = []
    assert start(loading(log=False), None, None, said.append) is None
    assert said == ["porch: descriptor 3 is no socket"]


def test_a_trial_binds_only_what_the_door_does_not_hold() -> None:
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        load = loading(log=False, listen=[f"127.0.0.1:{port}"])
        assert try_out(load, [ListenAddress(host="127.0.0.1", port=port)], said.append) == 0
        assert try_out(load, [], said.append) == 1
    assert "is in use" in said[0]
