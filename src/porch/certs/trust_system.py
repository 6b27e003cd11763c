"""Trust of the system: what curl, git, Python and all programs without roots of their own use."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from porch.certs.told import Run, Told, last_line

__all__ = [
    "KEYCHAIN",
    "SYSTEMS",
    "Anchors",
    "add",
    "add_to_keychain",
    "remove",
    "remove_from_keychain",
    "system_of",
]

KEYCHAIN = Path("/Library/Keychains/System.keychain")
"""Of macOS."""


@dataclass(frozen=True, slots=True)
class Anchors:
    """How a Linux is told. folder: of the roots that its administrator adds. refresh, forget:
    the command that has to run after one was added, or removed."""

    folder: Path
    refresh: tuple[str, ...]
    forget: tuple[str, ...]


_FEDORA = ("update-ca-trust", "extract")
_ARCH = ("trust", "extract-compat")
_DEBIAN = ("update-ca-certificates",)

SYSTEMS = (
    Anchors(Path("/etc/pki/ca-trust/source/anchors"), _FEDORA, _FEDORA),
    Anchors(Path("/etc/ca-certificates/trust-source/anchors"), _ARCH, _ARCH),
    Anchors(Path("/usr/share/pki/trust/anchors"), _DEBIAN, _DEBIAN),  # SUSE
    # Debian, Ubuntu, Alpine. Without --fresh a link to what was removed stays.
    Anchors(Path("/usr/local/share/ca-certificates"), _DEBIAN, (*_DEBIAN, "--fresh")),
)


def system_of(systems: Sequence[Anchors]) -> Anchors | None:
    """The first whose folder is there, or None."""
    return next((each for each in systems if each.folder.is_dir()), None)


def add(anchors: Anchors, file: str, pem: bytes, run: Run) -> Told:
    """Have the system trust a root, which has the name `file` there."""
    path = anchors.folder / file
    try:
        is_new = not path.exists() or path.read_bytes() != pem
        if is_new:
            _write(path, pem)
    except OSError as error:
        return Told(missing=f"the system does not trust it: {_way_out(path, error)}")
    # Also if it is there: the command may have failed the last time.
    failure = _ran(anchors.refresh, run)
    if failure and not is_new and os.geteuid() != 0:
        return Told(f"the system has it already ({path})")  # who wrote it there was root
    if failure:
        return Told(missing=f"the system may not trust it yet: {failure}")
    return Told(f"the system trusts it{'' if is_new else ' already'} ({path})")


def remove(anchors: Anchors, file: str, run: Run) -> Told:
    """Have the system forget a root."""
    path = anchors.folder / file
    try:
        path.unlink()
    except FileNotFoundError:
        return Told()
    except OSError as error:
        return Told(missing=f"the system still trusts it: {_way_out(path, error)}")
    failure = _ran(anchors.forget, run)
    if failure:
        return Told(missing=f"the system may trust it still: {failure}")
    return Told(f"the system has forgotten it ({path} is removed)")


def add_to_keychain(keychain: Path, pem: Path, run: Run) -> Told:
    """Have macOS trust the root in the file `pem`."""
    words = ["-d", "-r", "trustRoot", "-k", str(keychain), str(pem)]
    failure = _ran(("security", "add-trusted-cert", *words), run)
    if failure:
        return Told(missing=f"the system does not trust it: {failure}")
    return Told(f"the system trusts it ({keychain})")


def remove_from_keychain(keychain: Path, pem: Path, sha1: str, run: Run) -> Told:
    """Have macOS forget a root. sha1: its fingerprint in hex, by which the keychain finds it."""
    there, _ = _tried(("security", "find-certificate", "-a", "-Z", str(keychain)), run)
    if sha1.upper() not in there.upper():
        return Told()
    failure = _ran(("security", "remove-trusted-cert", "-d", str(pem)), run) or _ran(
        ("security", "delete-certificate", "-Z", sha1.upper(), str(keychain)), run
    )
    if failure:
        return Told(missing=f"the system may trust it still: {failure}")
    return Told(f"the system has forgotten it ({keychain})")


def _write(path: Path, pem: bytes) -> None:
    """For all to read, whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    try:
        unfinished.write_bytes(pem)
        unfinished.chmod(0o644)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _ran(command: tuple[str, ...], run: Run) -> str:
    """Why the command failed, with the way out; "" if it did not."""
    return _tried(command, run)[1]


def _tried(command: tuple[str, ...], run: Run) -> tuple[str, str]:
    """What the command wrote, and why it failed."""
    words = " ".join(command[:2]) if command[0] == "security" else " ".join(command)
    try:
        code, output = run(command)
    except FileNotFoundError:
        return "", f"there is no {command[0]}; install it, then try again"
    if code == 0:
        return output, ""
    way_out = "try again" if os.geteuid() == 0 else "try again as root (sudo)"
    return output, f"{words} failed: {last_line(output)}; {way_out}"


def _way_out(path: Path, error: OSError) -> str:
    if isinstance(error, PermissionError):
        way_out = "try again as root (sudo), or leave the system out (--browsers-only)"
        return f"only root may write into {path.parent}; {way_out}"
    return f"{path} cannot be written: {error.strerror or error}; mend that, then try again"
