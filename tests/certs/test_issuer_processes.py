"""The issuer in processes of its own, that are killed, or share a store, at a real authority."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from porch.certs.answers import Answers
from porch.certs.authority import Authority
from porch.certs.renewal import certificate_id
from tests.support import validated
from tests.support.issuing import Certificates
from tests.support.pebble import Pebble
from tests.support.store import FolderStore

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.system


class Shared(Answers):
    """Those of the store that is in use now."""

    def __init__(self) -> None:
        self.answers: Answers | None = None

    def http_answer(self, token: str) -> bytes | None:
        return self.answers.http_answer(token) if self.answers else None


class Issuing:
    """A process that does jobs, and the folder that they share."""

    def __init__(self, pebble: Pebble, root: Path, shared: Shared) -> None:
        self.pebble = pebble
        self._root = root
        self._shared = shared
        self._folders = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.issuing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
            text=True,
        )
        self.fresh()

    def fresh(self) -> None:
        """Another folder from now on."""
        self._folders += 1
        self.folder = self._root / str(self._folders)
        self.folder.mkdir()
        self.store = FolderStore(self.folder)
        self._shared.answers = Answers(self.store)

    @property
    def key(self) -> bytes | None:
        """The account's."""
        authority = Authority(directory=self.pebble.directory)
        return self.store.read(f"accounts/{authority.label}/key.pem")

    def issue(self, *names: str, **how: object) -> list[dict[str, Any]]:
        """What came of it, for each twin."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        job = {
            "folder": str(self.folder),
            "directory": self.pebble.directory,
            "ca": str(self.pebble.ca),
            "names": names,
        } | how
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        found: list[dict[str, Any]] = json.loads(self.process.stdout.readline())
        return found

    def one(self, *names: str, **how: object) -> str:
        """The same of a single one, in a word."""
        return str(self.issue(*names, **how)[0]["what"])

    def finish(self, *names: str) -> dict[str, Any]:
        """The same, after the lock of one that was killed has ended."""
        end = time.monotonic() + 10
        while True:
            (said,) = self.issue(*names)
            if said["what"] != "busy" or time.monotonic() > end:
                return said
            time.sleep(0.05)


@pytest.fixture
def issuing(pebble: Pebble, tmp_path: Path) -> Iterator[Issuing]:
    shared = Shared()
    with validated.http(shared, pebble.http_port):
        one = Issuing(pebble, tmp_path, shared)
        yield one
        assert one.process.stdin is not None
        assert one.process.stdout is not None
        one.process.stdin.close()
        one.process.stdout.close()
        one.process.wait(10)


def test_killed_at_every_step_it_loses_no_key_no_account_and_no_certificate(
    issuing: Issuing, pebble: Pebble
) -> None:
    """Each step of a first issue, from the lock to the last note, is the last once."""
    killed = 0
    for step in range(1, 60):
        issuing.fresh()
        accounts, certificates = pebble.accounts, pebble.certificates
        ended = issuing.one(f"s{step}.example", kill_at=step)
        if ended != "killed":
            break
        killed += 1
        key = issuing.key
        said = issuing.finish(f"s{step}.example")
        assert said["what"] in ("issued", "held"), f"step {step}: {said}"
        assert key is None or issuing.key == key
        assert pebble.accounts == accounts + 1, f"step {step}"
        assert pebble.certificates == certificates + 1, f"step {step}"
        kept = Certificates(issuing.store).find((f"s{step}.example",))
        assert kept is not None
        assert issuing.one(f"s{step}.example") == "held"
    assert ended == "issued"
    assert killed >= 20


def test_killed_at_any_time_it_goes_on_with_the_one_account(
    issuing: Issuing, pebble: Pebble
) -> None:
    accounts = pebble.accounts
    _kill_and_go_on(issuing, times=20)
    assert pebble.accounts == accounts + 1


@pytest.mark.soak
def test_killed_a_hundred_times_it_goes_on_with_the_one_account(
    issuing: Issuing, pebble: Pebble
) -> None:
    accounts = pebble.accounts
    _kill_and_go_on(issuing, times=100)
    assert pebble.accounts == accounts + 1


def _kill_and_go_on(issuing: Issuing, times: int) -> None:
    """One store, another name each time, killed a bit later each time."""
    for number in range(times):
        name = f"t{number}.example"
        # An issue takes a twentieth of a second or a bit more; the last live long enough.
        issuing.one(name, seconds=0.004 + 0.2 * number / times)
        said = issuing.finish(name)
        assert said["what"] in ("issued", "held"), said
        assert issuing.one(name) == "held"
    assert len(issuing.store.names("accounts/")) == 2


def test_two_that_share_a_store_issue_once(issuing: Issuing, pebble: Pebble) -> None:
    for number in range(3):
        accounts, certificates = pebble.accounts, pebble.certificates
        issuing.fresh()
        said = [each["what"] for each in issuing.issue(f"u{number}.example", twins=4)]
        assert said.count("issued") == 1
        assert set(said) <= {"issued", "busy", "held"}
        assert pebble.accounts == accounts + 1
        assert pebble.certificates == certificates + 1


def test_a_renewal_takes_the_place_of_the_one_before(issuing: Issuing) -> None:
    certificates = Certificates(issuing.store)
    assert issuing.one("renewed.example") == "issued"
    first = certificates.find(("renewed.example",))
    assert issuing.one("renewed.example", force=True) == "issued"
    second = certificates.find(("renewed.example",))
    assert first is not None
    assert second is not None
    assert certificate_id(first.chain) != certificate_id(second.chain)
    assert first.key != second.key


def test_a_name_that_fails_is_told_and_waits(issuing: Issuing) -> None:
    (said,) = issuing.issue("blocked.example")
    assert said["what"] == "failed"
    assert "forbidden by policy" in said["sentence"]
    assert issuing.one("blocked.example") == "waiting"
    assert issuing.one("fine.example") == "issued"
