"""A process that issues certificates into a folder, and may be ended at any moment.

As a program it reads jobs from stdin, one JSON a line, runs each in a fork of its own, and writes
what came of it. `kill_at`: the number of the step (a change of the store, a message to the
authority) before which the fork ends itself by SIGKILL; 0 for none. `seconds`: the same by time.
`twins`: forks at once.
"""

import json
import os
import select
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acme.client import ClientNetwork
from cryptography import x509

from porch.certs.answers import Answers
from porch.certs.authority import Authority
from porch.certs.issuer import Issuer
from porch.certs.means import Means
from porch.certs.needs import Store
from porch.certs.order import Issued
from tests.support.store import FolderStore


@dataclass(frozen=True)
class Certificate:
    """One that is held."""

    names: tuple[str, ...]
    chain: bytes
    key: bytes
    directory: str

    @property
    def not_before(self) -> int:
        return int(x509.load_pem_x509_certificate(self.chain).not_valid_before_utc.timestamp())

    @property
    def not_after(self) -> int:
        return int(x509.load_pem_x509_certificate(self.chain).not_valid_after_utc.timestamp())


class Certificates:
    """Those of a store, each in one content."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, names: tuple[str, ...]) -> Certificate | None:
        found = self._store.read(f"certificates/{names[0]}")
        if found is None:
            return None
        known = json.loads(found)
        return Certificate(
            tuple(known["names"]), known["chain"].encode(), known["key"].encode(), known["ca"]
        )

    def keep(self, issued: Issued) -> None:
        whole = {
            "names": issued.names,
            "chain": issued.chain.decode(),
            "key": issued.key.decode(),
            "ca": issued.directory,
        }
        self._store.write(f"certificates/{issued.names[0]}", json.dumps(whole).encode())


def _count_down(kill_at: int) -> None:
    """End this process before its step number `kill_at`."""
    left = [kill_at]

    def counted(function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)

        return call

    for where, name in (
        *((FolderStore, name) for name in ("write", "delete", "lock")),
        (ClientNetwork, "post"),
        (ClientNetwork, "get"),
    ):
        setattr(where, name, counted(getattr(where, name)))


def _issue(job: dict[str, Any]) -> dict[str, Any]:
    store = FolderStore(Path(job["folder"]))
    authority = Authority(directory=job["directory"], ca=Path(job["ca"]))
    means = Means(answers=Answers(store), served=("http-01",))
    issuer = Issuer(store, [authority], means, Certificates(store))
    outcome = issuer.issue(tuple(job["names"]), force=job.get("force", False))
    return {"what": outcome.what, "sentence": outcome.sentence}


def _fork(job: dict[str, Any]) -> tuple[int, int]:
    """Its process, and where it says what came of it."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    status = 1
    try:
        if job.get("kill_at"):
            _count_down(job["kill_at"])
        os.write(writing, json.dumps(_issue(job)).encode())
        status = 0
    finally:
        os._exit(status)


def _wait(pid: int, reading: int, seconds: float) -> dict[str, Any]:
    if seconds and not select.select([reading], [], [], seconds)[0]:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    said = os.read(reading, 65536)
    os.close(reading)
    if os.WIFSIGNALED(status):
        return {"what": "killed"}
    found: dict[str, Any] = json.loads(said) if said else {"what": "crashed"}
    return found


def main() -> None:
    """Do jobs until there are no more."""
    from porch import clock
    from porch.certs import account, pulse

    # For stores whose locks do not end with their process.
    account.LEASE = pulse.LEASE = 0.5
    clock.sleep = lambda seconds: time.sleep(min(seconds, 0.02))
    for line in sys.stdin:
        job = json.loads(line)
        started = [_fork(job) for _ in range(job.get("twins", 1))]
        said = [_wait(*each, job.get("seconds", 0)) for each in started]
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
