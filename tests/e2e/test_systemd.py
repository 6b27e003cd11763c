"""The units, as far as they can be tried where systemd is installed but does not run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT
from tests.support import confined

pytestmark = pytest.mark.system

SERVICE = ROOT / "packaging" / "porch.service"
SOCKET = ROOT / "packaging" / "porch.socket"
EXPOSURE = 1.5
"""What `systemd-analyze security` says of the unit; docs/running.md has it too."""


def _ran(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )


def test_the_unit_is_as_closed_as_the_page_says() -> None:
    ran = _ran(
        "systemd-analyze", "security", "--offline=yes", "--no-pager", "packaging/porch.service"
    )
    found = re.search(r"Overall exposure level for porch.service: ([\d.]+)", ran.stdout)
    assert found, ran.stderr
    assert float(found[1]) <= EXPOSURE
    page = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    assert f"says {EXPOSURE} (OK;" in page


def test_every_word_of_the_units_is_known_to_systemd(tmp_path: Path) -> None:
    for unit in (SERVICE, SOCKET):
        text = unit.read_text(encoding="utf-8").replace("/opt/porch/bin/porch", "/bin/true")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    ran = _ran("systemd-analyze", "verify", "--man=no", str(tmp_path / SOCKET.name))
    said = [line for line in ran.stderr.splitlines() if str(tmp_path) in line]
    # Systemd before 253, which the line before it is for.
    assert [line for line in said if "notify-reload" not in line] == []


PROBE = """
import ctypes, mmap, os, resource, socket, ssl
import _cffi_backend, cryptography.hazmat.bindings._rust, pydantic_core, uvloop
from porch.manage.user import confine

def refused(work):
    try:
        work()
    except OSError:
        return True
    return False

ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 7)()
ssl.create_default_context()
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
print("chroot", refused(lambda: os.chroot("/")))
print("another user", refused(lambda: os.setuid(65534)))
print("packets", refused(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)))
if not os.fork():
    confine()
    os._exit(0)
print("worker", os.waitstatus_to_exitcode(os.wait()[1]))
uvloop.new_event_loop().close()
"""


def test_what_a_door_is_made_of_works_as_the_unit_confines_it() -> None:
    ran = _ran(
        *(sys.executable, "-m", "tests.support.confined", str(SERVICE)),
        *(sys.executable, "-c", PROBE),
    )
    expected = ["chroot True", "another user True", "packets True", "worker 0"]
    assert (ran.stdout.splitlines(), ran.stderr) == (expected, "")


def test_the_filter_of_calls_is_read_as_systemd_reads_it() -> None:
    allowed = confined.calls(SERVICE)
    assert {"read", "epoll_wait", "accept4", "capset", "prlimit64"} <= allowed
    assert not {"mount", "setuid", "ptrace", "bpf", "sched_setaffinity"} & allowed
