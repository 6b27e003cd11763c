"""Trust: this machine and its browsers are told to trust the local authority's root, or to forget
it. What was done and what was not is said in sentences to whoever asked."""

import os
import pwd
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.x509.oid import NameOID

from porch.certs import trust_nss, trust_system
from porch.certs.facts import load_chain, read_facts
from porch.certs.told import Run, Told, run
from porch.certs.trust_system import KEYCHAIN, SYSTEMS, Anchors

__all__ = ["Outcome", "Places", "trust", "untrust"]

_NO_CERTUTIL = Told(
    missing="no browser was told, for certutil is missing; install it (Debian, Ubuntu:"
    " libnss3-tools; Fedora: nss-tools; Arch, Homebrew: nss), then try again"
)
_NO_SYSTEM = Told(
    missing="the system was not told, for Porch does not know how this one keeps its roots; add"
    " the root by hand"
)
_NO_BROWSER = Told(
    missing="no browser was told, for none that keeps roots of its own is there; start it once,"
    " then try again"
)


class Outcome(NamedTuple):
    """Sentences. done: what is so now. missing: what is not, each with the way out."""

    done: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where roots are trusted, and what tells them.

    home: of the user whose browsers are meant. data: that user's XDG_DATA_HOME, if it is not the
    usual one. systems: of these the first that is there. keychain: of macOS, instead of them.
    has_system: whether the system is meant too. sudo_user: who has become root to do this, or "".
    """

    home: Path
    data: Path | None = None
    has_system: bool = True
    systems: tuple[Anchors, ...] = SYSTEMS
    keychain: Path | None = None
    sudo_user: str = ""
    run: Run = run

    @classmethod
    def here(cls, *, has_system: bool = True) -> "Places":
        """Those of this machine and of the user who runs this."""
        data = os.environ.get("XDG_DATA_HOME")
        return cls(
            home=Path(os.path.expanduser("~")),
            data=Path(data) if data else None,
            has_system=has_system,
            keychain=KEYCHAIN if sys.platform == "darwin" else None,
            sudo_user=os.environ.get("SUDO_USER", "") if os.geteuid() == 0 else "",
        )


def trust(root_pem: bytes, places: Places | None = None) -> Outcome:
    """Have the system and the user's browsers trust a root. Once more changes nothing.

    Raises ValueError with a sentence if `root_pem` is no certificate; all else is in the outcome.
    """
    return _told(_Root.of(root_pem), places or Places.here(), is_wanted=True)


def untrust(root_pem: bytes, places: Places | None = None) -> Outcome:
    """Undo `trust`, wherever the root is. Raises ValueError as `trust` does."""
    places = places or Places.here()
    outcome = _told(_Root.of(root_pem), places, is_wanted=False)
    who = "nobody here" if places.has_system else "no browser here"
    return outcome if any(outcome) else Outcome((f"{who} trusted it",), ())


class _Root(NamedTuple):
    """A root as it is told. name: in databases. file: in folders. sha1: in hex, for macOS."""

    pem: bytes
    name: str
    file: str
    sha1: str

    @classmethod
    def of(cls, pem: bytes) -> "_Root":
        digest = read_facts(pem).fingerprint[:16]
        first = load_chain(pem)[0]
        names = first.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        name = str(names[0].value) if names else f"Porch {digest}"
        # SHA-1 is only what the keychain calls it by.
        return cls(pem, name, f"porch-{digest}.crt", first.fingerprint(SHA1()).hex())


def _told(root: _Root, places: Places, *, is_wanted: bool) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="porch") as folder:
        pem = Path(folder) / "root.pem"
        pem.write_bytes(root.pem)
        told = [_system(root, pem, places, is_wanted=is_wanted)] if places.has_system else []
        try:
            told += _browsers(root, pem, places, is_wanted=is_wanted)
        except FileNotFoundError:
            told.append(_NO_CERTUTIL)
    if is_wanted and not any(each.done or each.missing for each in told):
        told.append(_NO_BROWSER)
    return Outcome(
        tuple(each.done for each in told if each.done),
        tuple(each.missing for each in told if each.missing),
    )


def _system(root: _Root, pem: Path, places: Places, *, is_wanted: bool) -> Told:
    if places.keychain is not None:
        if is_wanted:
            return trust_system.add_to_keychain(places.keychain, pem, places.run)
        return trust_system.remove_from_keychain(places.keychain, pem, root.sha1, places.run)
    anchors = trust_system.system_of(places.systems)
    if anchors is None:
        return _NO_SYSTEM if is_wanted else Told()
    if is_wanted:
        return trust_system.add(anchors, root.file, root.pem, places.run)
    return trust_system.remove(anchors, root.file, places.run)


def _browsers(root: _Root, pem: Path, places: Places, *, is_wanted: bool) -> Iterator[Told]:
    owner = places.sudo_user or _other_owner(places.home)
    if owner:
        yield _left(owner, root, places, is_wanted=is_wanted)
        return
    if not places.home.is_dir():
        return  # a user for a service has no browsers
    if is_wanted:
        yield trust_nss.make_shared(places.home, places.run, places.data)
    for folder in trust_nss.databases(places.home, places.data):
        if is_wanted:
            yield trust_nss.add(folder, root.name, pem, places.run)
        else:
            yield trust_nss.remove(folder, root.name, places.run)


def _left(owner: str, root: _Root, places: Places, *, is_wanted: bool) -> Told:
    """What `owner` has to do. With --root: without sudo the store is another, with another root."""
    told, word = ("were not told", "trust") if is_wanted else ("may still trust it", "untrust")
    anchors = trust_system.system_of(places.systems) if places.keychain is None else None
    file = anchors.folder / root.file if anchors is not None else None
    known = file if file is not None and file.exists() else "FILE (a copy of this root)"
    return Told(
        missing=f"the browsers of {owner} {told}; run as {owner}, without sudo:"
        f" porch {word} --browsers-only --root {known}"
    )


def _other_owner(home: Path) -> str:
    """Who owns `home` if it is not who runs this: files made there would be the wrong user's."""
    try:
        owner = home.stat().st_uid
    except OSError:
        return ""
    if owner == os.geteuid():
        return ""
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"user {owner}"
