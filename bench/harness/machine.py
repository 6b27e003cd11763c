"""What a figure means nothing without: the machine, the interpreter's build, commit and date."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["commit", "cores", "date", "interpreter", "machine", "version"]

ASK = """\
import json, os, platform, sys, sysconfig
names = ("CONFIG_ARGS", "PY_CFLAGS_NODIST", "PY_LDFLAGS_NODIST", "CONFIGURE_CFLAGS_NODIST")
words = " ".join(str(sysconfig.get_config_var(name) or "") for name in names)
print(json.dumps([platform.python_version(), os.path.realpath(sys.executable), words]))
"""


def interpreter(python: str) -> str:
    """The version of the interpreter `python`, and how it was built.

    Debian and Ubuntu build theirs with PGO and LTO, and take both out of what sysconfig tells.
    """
    number, path, words = json.loads(_output(python, "-c", ASK) or '["?", "?", ""]')
    package = _output("dpkg-query", "--search", path).partition(":")[0]
    if package:
        release = _output("dpkg-query", "--show", "--showformat=${Version}", package)
        return f"CPython {number}, the distribution's {package} {release}, built with PGO and LTO"
    pgo = "--enable-optimizations" in words or "-fprofile-use" in words
    lto = "--with-lto" in words or "-flto" in words
    how = {
        (True, True): "with PGO and LTO",
        (True, False): "with PGO, without LTO",
        (False, True): "with LTO, without PGO",
        (False, False): "WITHOUT PGO and LTO, 15-25 % slower than with them",
    }[pgo, lto]
    return f"CPython {number}, built {how}"


def machine() -> str:
    """The processor, the count of cores, the kernel."""
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    virtual = " (virtual)" if " hypervisor" in Path("/proc/cpuinfo").read_text() else ""
    return f"{model}{virtual}, {os.cpu_count()} cores, Linux {platform.release()}"


def commit(root: Path) -> str:
    """The commit of the checkout; a + behind it where files under src differ from it."""
    git = ("git", "-c", "safe.directory=*", "-C", str(root))
    name = _output(*git, "rev-parse", "--short=10", "HEAD") or "no commit"
    return name + ("+" if _output(*git, "status", "--porcelain", "--", "src") else "")


def date() -> str:
    """Today."""
    return datetime.now(UTC).strftime("%Y-%m-%d")


def version(program: str, arguments: tuple[str, ...]) -> str:
    """The number in the first line that says "1.2" or "1.2.3", or "?"."""
    for word in _output(program, *arguments, errors=True).replace("/", " ").split():
        number = word.lstrip("v").partition("-")[0].partition("+")[0]
        if number[:1].isdigit() and "." in number:
            return number
    return "?"


def cores() -> tuple[int, int]:
    """(the proxies' core, the load's): two of those we may use, not two threads of one core."""
    usable = sorted(os.sched_getaffinity(0))
    load = usable[0]
    siblings = _siblings(load)
    others = [core for core in usable if core not in siblings] or usable[1:]
    if not others:
        raise SystemExit("the bench needs two cores: one for the proxies, one for the load")
    return others[-1], load


def _siblings(core: int) -> set[int]:
    path = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    try:
        words = path.read_text().strip().split(",")
    except OSError:
        return {core}
    found: set[int] = set()
    for word in words:
        first, _, last = word.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def _output(program: str, *arguments: str, errors: bool = False) -> str:
    """What a program prints, stripped; "" where it is missing or fails."""
    if shutil.which(program) is None:
        return ""
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=20, check=False
    )
    if done.returncode:
        return ""
    return (done.stdout + (done.stderr if errors else "")).strip()
