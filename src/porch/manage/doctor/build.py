"""What Porch runs on: the interpreter and how it was built, libraries, versions."""

import re
import ssl
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

from porch.manage.doctor.patient import Found, Patient, look, ok, wrong
from porch.version import installed_version

__all__ = ["check_interpreter", "check_libraries", "check_versions"]

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(>=|==)([0-9.]+)\s*(?:;(.*))?\Z")


def check_interpreter(
    _: Patient, arguments: str | None = None, has_loop: bool | None = None
) -> Iterator[Found]:
    """arguments: what configured its build. has_loop: whether uvloop is installed."""
    name = "interpreter"
    words = arguments
    if words is None:
        words = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    said = f"CPython {sys.version.split()[0]}"
    lacking = [
        what
        for what, word in (("PGO", "--enable-optimizations"), ("LTO", "--with-lto"))
        if word not in words
    ]
    if hasattr(sys, "gettotalrefcount"):
        yield wrong(name, f"{said} is a debug build, several times slower; use an ordinary one")
    elif lacking:
        yield look(
            name,
            f"{said} was built without {' and '.join(lacking)}, which costs 15 to 25 %"
            " more time a request; Debian's python3 has both",
        )
    else:
        yield ok(name, f"{said}, built with PGO and LTO")
    if has_loop is None:
        has_loop = find_spec("uvloop") is not None
    if not has_loop:
        yield look(
            name, "uvloop is missing, so that asyncio's slower loop is used; pip install uvloop"
        )


def check_libraries(
    _: Patient,
    wanted: Callable[[], Sequence[str]] = lambda: requires("porch") or [],
    found: Callable[[str], str] = version,
    openssl: tuple[int, ...] = ssl.OPENSSL_VERSION_INFO,
) -> Iterator[Found]:
    """wanted: what this version asks for. found: what is installed. openssl: its version."""
    name = "libraries"
    if openssl < (3,):
        yield look(
            name,
            f"{ssl.OPENSSL_VERSION} gets no repairs any more; use a Python that is"
            " built with OpenSSL 3",
        )
    try:
        lines = wanted()
    except PackageNotFoundError:
        yield look(
            name,
            "Porch is not installed as a package, so that what it needs is not known;"
            " pip install porch",
        )
        return
    bad = [text for line in lines if (text := _misfit(line, found))]
    for text in bad:
        yield wrong(name, f"{text}; pip install --upgrade porch, or put that version into the lock")
    if not bad:
        yield ok(name, f"all that this version asks for is installed; {ssl.OPENSSL_VERSION}")


def _misfit(line: str, found: Callable[[str], str]) -> str:
    """How what is installed differs from a requirement (PEP 508, of which our own need little)."""
    match = _REQUIREMENT.match(line.replace(" ", ""))
    if match is None or "extra==" in (match[4] or ""):
        return ""
    name, relation, least = match[1], match[2], match[3]
    if match[4] == "sys_platform!='win32'" and sys.platform == "win32":
        return ""
    try:
        there = found(name)
    except PackageNotFoundError:
        return f"{name} {relation} {least} is not installed"
    is_right = (
        _numbers(there) >= _numbers(least)
        if relation == ">="
        else _numbers(there) == _numbers(least)
    )
    return "" if is_right else f"{name} {there} is installed, and {relation} {least} is needed"


def _numbers(text: str) -> tuple[int, ...]:
    """A version as far as it is numbers, without zeros at its end: 2.0 is 2."""
    match = re.match(r"[0-9]+(?:\.[0-9]+)*", text)
    found = [int(each) for each in match[0].split(".")] if match else []
    while found and not found[-1]:
        found.pop()
    return tuple(found)


def check_versions(
    patient: Patient, installed: Callable[[], str] = installed_version
) -> Iterator[Found]:
    """What runs beside what is installed."""
    name = "version"
    there = installed()
    running = patient.status["version"] if patient.status is not None else there
    if running != there:
        yield look(
            name,
            f"{running} runs and {there} is installed; porch upgrade takes it, and closes nothing",
        )
    else:
        yield ok(name, f"porch {there}")
