"""`porch trust` and `untrust` in a home and a system of the test's own."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from porch.certs.local_ca import ROOT, LocalAuthority
from porch.certs.store import FileStore
from porch.certs.trust import Places
from porch.certs.trust_system import Anchors
from porch.cli.trust import trust_root
from tests.support.certificates import make


class Machine:
    """config: of a door whose store is `store`. anchors: where the system has its roots.
    ran: commands that were run."""

    def __init__(self, folder: Path) -> None:
        self.anchors = folder / "anchors"
        self.anchors.mkdir()
        self.config = folder / "porch.toml"
        self.config.write_text('store = "store"\n[routes]\n"a.test" = ":1"\n')
        self.store = folder / "store"
        self.ran: list[str] = []
        self.code = 0
        system = Anchors(self.anchors, ("refresh",), ("forget",))
        # No home, no browsers: certutil is judged by tests/certs/test_trust.py.
        self.places = Places(home=folder / "none", systems=(system,), run=self.run)

    def run(self, command: Sequence[str]) -> tuple[int, str]:
        self.ran.append(" ".join(command))
        return self.code, "it went wrong\n"

    def trust(self, root: Path | None = None, *, is_wanted: bool = True) -> int:
        return trust_root(self.config, root, is_wanted=is_wanted, places=self.places)

    @property
    def trusted(self) -> list[bytes]:
        return [file.read_bytes() for file in self.anchors.iterdir()]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_root_of_the_store_is_trusted_and_forgotten(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    root = LocalAuthority.open(FileStore(machine.store)).root_pem
    assert machine.trust() == 0
    assert machine.trusted == [root]
    assert capsys.readouterr().out.startswith("the system trusts it (")
    assert machine.trust() == 0
    assert "already" in capsys.readouterr().out
    assert machine.trust(is_wanted=False) == 0
    assert machine.trusted == []
    assert machine.ran == ["refresh", "refresh", "forget"]


def test_to_forget_a_root_none_is_made(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine.trust(is_wanted=False) == 0
    assert FileStore(machine.store).read(ROOT) is None
    said = f"no authority is kept in {machine.store}, so nobody trusts it; the door of another"
    assert capsys.readouterr().out.startswith(said)


def test_that_an_authority_had_to_be_made_is_said(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """For the door may have another, in the store of the user who runs it."""
    machine.trust()
    said = f"a new authority was made, kept in {machine.store}; the door of another"
    assert capsys.readouterr().out.startswith(said)
    machine.trust()
    assert "a new authority" not in capsys.readouterr().out


def test_a_root_of_another_machine_is_named_by_its_file(machine: Machine, tmp_path: Path) -> None:
    file = tmp_path / "root.pem"
    file.write_bytes(make("root of another").pem)
    assert machine.trust(file) == 0
    assert machine.trusted == [file.read_bytes()]
    assert not machine.store.exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"hello", ": there is no certificate in it"),
    ],
)
def test_a_file_that_is_no_root_is_named(
    machine: Machine,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    why: str,
) -> None:
    file = tmp_path / "root.pem"
    if content is not None:
        file.write_bytes(content)
    for is_wanted in (True, False):
        assert machine.trust(file, is_wanted=is_wanted) == 1
        err = capsys.readouterr().err
        assert err.startswith(f"porch: {file}")
        assert why in err


def test_what_is_missing_is_on_stderr_with_exit_1(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.code = 1
    assert machine.trust() == 1
    out, err = capsys.readouterr()
    assert "trusts" not in out
    assert err.startswith("porch: the system may not trust it yet: refresh failed: it went wrong")


def test_a_damaged_store_and_a_bad_file_are_said(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    FileStore(machine.store).write(ROOT, b"hello")
    assert machine.trust() == 1
    assert "damaged" in capsys.readouterr().err
    shutil.rmtree(machine.store)
    machine.config.write_text("hello")
    assert machine.trust() == 1
    assert str(machine.config) in capsys.readouterr().err
    assert not machine.store.exists()
