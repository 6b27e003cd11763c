"""Trust of browsers: the NSS databases of Firefox and Chromium, changed by NSS's own certutil."""

import sys
from pathlib import Path

from porch.certs.told import Run, Told, last_line

__all__ = ["SHARED", "add", "databases", "make_shared", "remove"]

SHARED = ".pki/nssdb"
"""Under the home folder: that of Chrome, Chromium, Edge, Brave and others on Linux."""

XDG_SHARED = "pki/nssdb"
"""Under XDG_DATA_HOME: the same for a Chromium of 2025 or later that finds no SHARED."""

OTHERS = (
    "snap/chromium/current/.pki/nssdb",
    "snap/chromium/current/.local/share/pki/nssdb",
    ".var/app/*/.pki/nssdb",
    ".var/app/*/data/pki/nssdb",
    ".mozilla/firefox/*",
    ".config/mozilla/firefox/*",
    "snap/firefox/common/.mozilla/firefox/*",
    ".var/app/org.mozilla.firefox/.mozilla/firefox/*",
    ".var/app/org.mozilla.firefox/config/mozilla/firefox/*",
    "Library/Application Support/Firefox/Profiles/*",
)

TRUSTED = "C,,"
"""certutil's word for: an authority for servers, and for nothing else."""


def databases(home: Path, data: Path | None = None) -> list[Path]:
    """The databases that are there, sorted. data: the user's XDG_DATA_HOME."""
    found = {file.parent for each in (SHARED, *OTHERS) for file in home.glob(f"{each}/cert9.db")}
    if _has_database(folder := _xdg_shared(home, data)):
        found.add(folder)
    return sorted(found)


def make_shared(home: Path, run: Run, data: Path | None = None) -> Told:
    """Make the database of Chrome and others if it is missing: before their first start it is.

    Not if there is one in `data`, see `databases`: a Chromium that finds SHARED looks there
    no more, and would miss what its user keeps there. Raises FileNotFoundError if there is no
    certutil.
    """
    folder = home / SHARED
    if sys.platform == "darwin" or _has_database(folder):
        return Told()
    if _has_database(_xdg_shared(home, data)):
        return Told()
    try:
        for each in (folder.parent, folder):
            each.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        reason = f"{error.strerror or error}; make it, then try again"
        return Told(missing=f"{folder} cannot be made: {reason}")
    code, output = run(["certutil", "-N", "-d", f"sql:{folder}", "--empty-password"])
    if code != 0:
        return Told(missing=f"{folder} cannot be made a database: {last_line(output)}; remove it")
    return Told()


def add(folder: Path, name: str, pem: Path, run: Run) -> Told:
    """Have a database trust the root in the file `pem` under `name`, which no other root has.

    Raises FileNotFoundError if there is no certutil.
    """
    flags = _flags(folder, name, run)
    if flags == TRUSTED:
        return Told(f"{_title(folder)} trusts it already")
    words = ["-t", TRUSTED, "-n", name, "-i", str(pem)]
    code, output = run(["certutil", "-A", "-d", f"sql:{folder}", *words])
    if code == 0:
        return Told(f"{_title(folder)} trusts it; start the browser again")
    if flags is None:
        remove(folder, name, run)  # certutil may have added it before it failed to trust it
    if "PASSWORD" in output or "LOGGED_IN" in output:
        reason = "it has a password; import the root in the browser's settings (certificates)"
    else:
        reason = f"{last_line(output)}; close the browser and try again"
    return Told(missing=f"{_title(folder)} does not trust it: {reason}")


def remove(folder: Path, name: str, run: Run) -> Told:
    """Have a database forget the root. Raises FileNotFoundError if there is no certutil."""
    if _flags(folder, name, run) is None:
        return Told()
    code, output = run(["certutil", "-D", "-d", f"sql:{folder}", "-n", name])
    if code != 0:
        reason = f"{last_line(output)}; close the browser and try again"
        return Told(missing=f"{_title(folder)} still trusts it: {reason}")
    return Told(f"{_title(folder)} has forgotten it; start the browser again")


def _xdg_shared(home: Path, data: Path | None) -> Path:
    return (data or home / ".local/share") / XDG_SHARED


def _has_database(folder: Path) -> bool:
    return (folder / "cert9.db").exists()


def _flags(folder: Path, name: str, run: Run) -> str | None:
    """How a database trusts the root; None if it is not there."""
    _, output = run(["certutil", "-L", "-d", f"sql:{folder}"])
    for line in output.splitlines():
        words, _, flags = line.rstrip().rpartition(" ")
        if words.rstrip() == name:
            return flags
    return None


def _title(folder: Path) -> str:
    if folder.name == "nssdb":
        return f"Chrome and what else uses {folder}"
    return f"Firefox with the profile {folder.name}"
