"""A real authority on loopback: pebble, with the DNS of pebble-challtestsrv.

Both are Debian's (scripts/install-system). Every name has the address 127.0.0.1 unless it is told
otherwise, and the authority validates at ports of its own.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import trustme

from tests.support.ports import free_port

PATIENCE = 10.0
PEBBLE = shutil.which("pebble")
CHALLTESTSRV = shutil.which("pebble-challtestsrv")


class Pebble:
    """One that runs. directory: its URL. ca: PEM file of who vouches for that URL. http_port,
    tls_port: where it validates. dns_url: where its DNS is told things."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.http_port, self.tls_port = free_port(), free_port()
        self._port, self._dns_port, self._dns_management = free_port(), free_port(), free_port()
        self._management = free_port()
        self.dns_port = self._dns_port
        self.dns_url = f"http://127.0.0.1:{self._dns_management}"
        self.directory = f"https://127.0.0.1:{self._port}/dir"
        self.ca = folder / "ca.pem"
        self._log = folder / "pebble.log"
        self._running: list[subprocess.Popen[bytes]] = []

    def start(
        self, environment: dict[str, str] | None = None, eab: dict[str, str] | None = None
    ) -> None:
        """environment: of pebble's own switches. eab: key ids and HMAC keys that it asks for."""
        assert PEBBLE is not None
        assert CHALLTESTSRV is not None
        root = trustme.CA()
        certificate = root.issue_cert("127.0.0.1", "localhost")
        root.cert_pem.write_to_path(self.ca)
        certificate.cert_chain_pems[0].write_to_path(self._folder / "cert.pem")
        certificate.private_key_pem.write_to_path(self._folder / "key.pem")
        config = {
            "listenAddress": f"127.0.0.1:{self._port}",
            "managementListenAddress": f"127.0.0.1:{self._management}",
            "certificate": str(self._folder / "cert.pem"),
            "privateKey": str(self._folder / "key.pem"),
            "httpPort": self.http_port,
            "tlsPort": self.tls_port,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": eab is not None,
            "externalAccountMACKeys": eab or {},
            "domainBlocklist": ["blocked.example"],
        }
        (self._folder / "pebble.json").write_text(json.dumps({"pebble": config}))
        self._run(
            [
                CHALLTESTSRV,
                *("-management", f"127.0.0.1:{self._dns_management}"),
                *("-dns01", f"127.0.0.1:{self._dns_port}"),
                *("-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", ""),
            ],
            {},
            self._folder / "dns.log",
        )
        self._run(
            [
                PEBBLE,
                *("-config", str(self._folder / "pebble.json")),
                *("-dnsserver", f"127.0.0.1:{self._dns_port}"),
            ],
            {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"} | (environment or {}),
            self._log,
        )
        for port in (self._dns_management, self._port):
            _wait_for(port)

    def _run(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        with log.open("wb") as output:
            self._running.append(
                subprocess.Popen(
                    command, env=os.environ | environment, stdout=output, stderr=output
                )
            )

    def stop(self) -> None:
        """End both."""
        for process in self._running:
            process.kill()
            process.wait()

    def dns(self, command: str, **what: object) -> None:
        """Tell the DNS: `dns("set-txt", host="_acme-challenge.a.example.", value="x")`."""
        request = Request(
            f"{self.dns_url}/{command}",
            data=json.dumps(what).encode(),
            method="POST",
        )
        with urlopen(request, timeout=PATIENCE) as answer:
            assert answer.status == 200

    def root(self) -> bytes:
        """PEM of who vouches for the certificates that it makes."""
        trusted = ssl.create_default_context(cafile=str(self.ca))
        url = f"https://127.0.0.1:{self._management}/roots/0"
        with urlopen(url, timeout=PATIENCE, context=trusted) as answer:
            return bytes(answer.read())

    @property
    def log(self) -> str:
        """All it has said."""
        return self._log.read_text(errors="replace")

    @property
    def accounts(self) -> int:
        """How many it has."""
        told = re.findall(r"There are now (\d+) accounts in memory", self.log)
        return int(told[-1]) if told else 0

    @property
    def certificates(self) -> int:
        """How many it has made."""
        return self.log.count("Issued certificate serial")


def _wait_for(port: int) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert time.monotonic() < end, f"nothing listens at {port}"
        time.sleep(0.02)


@contextlib.contextmanager
def running(
    folder: Path,
    environment: dict[str, str] | None = None,
    eab: dict[str, str] | None = None,
) -> Iterator[Pebble]:
    """One that runs until the end of the block."""
    pebble = Pebble(folder)
    try:
        pebble.start(environment, eab)
        yield pebble
    finally:
        pebble.stop()
