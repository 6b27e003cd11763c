"""What the supervisor holds for a configuration, over changes."""

import gc
import os
import socket
from pathlib import Path
from typing import Any

from porch import clock
from porch.config.load import load_mapping
from porch.listen.address import ListenAddress
from porch.manage.candidate import Candidate
from porch.manage.in_force import InForce
from porch.manage.listening import Listening
from porch.manage.prospect import Prospect, Refusal
from porch.manage.reload import Reload
from tests.support.handshake import files


class NoFleet:
    """Nobody serves: a change is in force at once."""

    def __init__(self) -> None:
        self.slots: list[None] = [None]
        self.serving: list[None] = []
        self.leaving: list[None] = []
        self.all: list[None] = []

    def hold(self, *, holds: bool) -> None: ...

    def tell(self, *_: object) -> None: ...

    def serve_out(self, left: list[Any]) -> None:
        for _, sock in left:
            sock.close()


def words(**others: Any) -> dict[str, Any]:
    return {"listen": ["127.0.0.1:0"], "routes": {"*": "a:1"}, "log": False} | others


def running() -> InForce:
    candidate = Candidate.examine(load_mapping(words()))
    assert candidate is not None
    listening = Listening()
    listening.open(candidate.listen, 1)
    made = InForce(candidate, listening, {})
    made.remember(lambda: load_mapping(words()))
    return made


def change(made: InForce, fleet: Any, **others: Any) -> Refusal | None:
    """None: it is in force."""
    found = made.examine(lambda: load_mapping(words(**others)), fleet)
    if isinstance(found, Refusal):
        made.refuse(found, fleet)
        return found
    ended: list[str] = []
    job = made.change(found, fleet, ended.append)
    assert job is not None
    if isinstance(job, Refusal):
        made.refuse(job, fleet)
        return job
    assert isinstance(job, Reload)
    job.start()
    assert ended == [""]
    before = made.candidate.loaded
    assert made.take(job, None) is before
    made.settle(fleet)
    return None


def test_a_change_keeps_what_stays_and_closes_what_is_gone() -> None:
    made, fleet = running(), NoFleet()
    column = made.columns.of[("*", "a:1")]
    (address,) = made.listening.sockets
    assert not change(made, fleet, listen=["127.0.0.1:0", "[::1]:0"])
    assert made.columns.of[("*", "a:1")] == column
    assert len(made.listening.sockets) == 2
    assert not change(made, fleet, listen=["[::1]:0"])
    assert address not in made.listening.sockets
    made.close()


def test_a_refusal_leaves_everything(tmp_path: Path) -> None:
    made, fleet = running(), NoFleet()
    before = (made.candidate, [*made.listening.sockets], dict(made.columns.of))
    for bad in ({"routs": {}}, {"log": f"file:{tmp_path}/none/x"}, {"expect": [{"get": "x"}]}):
        assert change(made, fleet, **bad) is not None
    assert (made.candidate, [*made.listening.sockets], dict(made.columns.of)) == before
    made.close()


def test_two_hundred_changes_leave_no_descriptor(tmp_path: Path) -> None:
    made, fleet = running(), NoFleet()
    assert not change(made, fleet, log=f"file:{tmp_path}/x")
    gc.collect()  # what tests before this one have left
    before = len(os.listdir("/proc/self/fd"))
    for number in range(200):
        assert not change(
            made, fleet, log=f"file:{tmp_path}/{number % 2}", routes={"*": f"a:{number + 1}"}
        )
    assert len(os.listdir("/proc/self/fd")) == before
    assert len(made.columns.of) == 2  # a column is given back when the next change begins
    assert len(made.history) == 10
    made.close()


def test_log_files_are_opened_anew_by_their_names(tmp_path: Path) -> None:
    made, fleet = running(), NoFleet()
    assert not change(made, fleet, log=f"file:{tmp_path}/x")
    (tmp_path / "x").rename(tmp_path / "old")
    made.reopen(fleet)  # type: ignore[arg-type]
    assert (tmp_path / "x").exists()
    made.close()


def test_an_address_that_is_still_drained_is_waited_for_and_not_refused() -> None:
    made, fleet = running(), NoFleet()
    with socket.create_server(("127.0.0.1", 0)) as worker:  # who has not let go of it
        port = worker.getsockname()[1]
        wanted = f"127.0.0.1:{port}"
        found = made.examine(lambda: load_mapping(words(listen=[wanted])), fleet)  # type: ignore[arg-type]
        assert isinstance(found, Prospect)
        refused = made.change(found, fleet, lambda _: None)  # type: ignore[arg-type]
        assert isinstance(refused, Refusal)
        assert "in use" in refused.text
        made._left = {ListenAddress(host="127.0.0.1", port=port): clock.monotonic()}
        found = made.examine(lambda: load_mapping(words(listen=[wanted])), fleet)  # type: ignore[arg-type]
        assert isinstance(found, Prospect)
        assert made.change(found, fleet, lambda _: None) is None  # type: ignore[arg-type]
    assert isinstance(made.change(found, fleet, lambda _: None), Reload)  # type: ignore[arg-type]
    made.close()


def test_a_list_of_networks_is_noticed_when_it_changes_and_not_when_it_is_gone(
    tmp_path: Path,
) -> None:
    file = tmp_path / "blocked.txt"
    file.write_text("192.0.2.1\n")
    made, fleet = running(), NoFleet()
    assert not change(made, fleet, deny=[f"file:{file}"])
    assert not made.lists_have_changed()
    file.write_text("192.0.2.1\n192.0.2.2\n")
    assert made.lists_have_changed()
    assert not change(made, fleet, deny=[f"file:{file}"])
    assert not made.lists_have_changed()
    file.unlink()
    assert not made.lists_have_changed(), "another one is about to come"
    file.write_text("junk\n")
    assert made.lists_have_changed()
    assert change(made, fleet, deny=[f"file:{file}"]) is not None
    assert not made.lists_have_changed(), "it was refused, and is not tried again"
    made.close()


def test_other_lists_are_no_other_configuration(tmp_path: Path) -> None:
    made, fleet = running(), NoFleet()
    (number,) = [each.number for each in made.history]
    found = made.examine(lambda: load_mapping(words(deny=["10.0.0.1"])), fleet)  # type: ignore[arg-type]
    assert isinstance(found, Prospect)
    job = made.change(found, fleet, lambda reason: None)  # type: ignore[arg-type]
    assert isinstance(job, Reload)
    job.start()
    made.take(job, None, is_same=True)
    assert [each.number for each in made.history] == [number]
    made.close()


def test_a_new_certificate_of_the_admin_door_is_its_own_and_no_hosts(tmp_path: Path) -> None:
    cert, key = files(tmp_path, "door.test")
    admin = {"listen": "127.0.0.1:9146", "tokens": {"ann": "x" * 32}}
    secure = admin | {"cert": str(cert), "key": str(key)}
    candidate = Candidate.examine(load_mapping(words(admin=secure)))
    assert candidate is not None
    assert candidate.admin is not None
    before = candidate.admin
    in_force = InForce(candidate, Listening(), {})
    (tmp_path / "other").mkdir()
    for file, other in zip((cert, key), files(tmp_path / "other", "door.test"), strict=True):
        file.write_bytes(other.read_bytes())
        os.utime(file, (1, 1))
    assert in_force.look() == {}, "workers need not know of it"
    assert candidate.admin is not None
    assert not candidate.admin.is_same(before)
    assert candidate.admin.certificate is not None
    assert candidate.admin.certificate.pairs[0].chain == cert.read_bytes()
    in_force.close()
