"""Where the observer is to be found."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from porch.config.administering import Administered
from porch.listen.address import ListenAddress
from porch.manage.listening import Listening
from porch.manage.observed import observed


def test_it_is_told_as_one_would_write_it_with_the_port_that_is_bound(tmp_path: Path) -> None:
    here = ListenAddress(host="127.0.0.1")
    file = ListenAddress(path=str(tmp_path / "a.sock"))
    secure = dataclasses.replace(here, tls=True)
    never = ListenAddress(host="127.0.0.1", port=1)
    listening = Listening()
    listening.open([here, secure, file], 1)
    try:
        ports = [each[0].getsockname()[1] for each in [*listening.sockets.values()][:2]]
        candidate = SimpleNamespace(
            metrics=(here, never), admin=Administered(listen=(secure, file))
        )
        in_force: Any = SimpleNamespace(candidate=candidate, observed=listening)
        assert observed(in_force) == {
            "metrics": [f"http://127.0.0.1:{ports[0]}/metrics"],
            "admin": [f"https://127.0.0.1:{ports[1]}/", f"unix:{tmp_path}/a.sock"],
        }
        candidate.admin = None
        assert observed(in_force)["admin"] == []
    finally:
        listening.close_all()
