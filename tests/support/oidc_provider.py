"""A real OpenID provider on loopback: npm's oidc-provider, with the versions of its lock file.

It needs node and npm (scripts/install-system). Anybody is a user there, with any password.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from tests.support.ports import free_port

__all__ = ["AFTER", "install", "running"]

SOURCE = Path(__file__).parent / "oidc_provider"
PATIENCE = 30.0
AFTER = "http://a.test/open/bye"


def install(folder: Path) -> None:
    """Into a folder of its own, by the hashes of the lock file."""
    for name in ("package.json", "package-lock.json", "provider.mjs"):
        shutil.copy(SOURCE / name, folder / name)
    words = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(words, cwd=folder, check=True, timeout=300, capture_output=True)


@contextmanager
def running(folder: Path, client: str, secret: str, redirects: Sequence[str]) -> Iterator[str]:
    """Of what was installed in a folder. Yields its issuer."""
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["node", "provider.mjs", str(port), client, secret, ",".join(redirects), AFTER],
            cwd=folder,
            stdout=log,
            stderr=log,
        )
        try:
            _wait(process, f"{issuer}/.well-known/openid-configuration", folder / "log")
            yield issuer
        finally:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            with urlopen(url, timeout=PATIENCE) as answer:
                answer.read()
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"the provider did not start: {log.read_text(encoding='utf-8')}")
