"""The local authority: certificates for names that no public one vouches for.

Each machine (each store) has its own: a root that people let their browsers trust, an
intermediate that signs, and leaves of a week. What the root may vouch for stands in it (RFC 5280
4.2.1.10), so that whoever steals its key cannot pretend to be a bank.
"""

import contextlib
from collections.abc import Sequence

from cryptography import x509

from porch import clock
from porch.certs.entry import Entry
from porch.certs.facts import is_signed_by
from porch.certs.names import is_local, is_within, normal
from porch.certs.signing import Authority, constraints, make_authority, make_leaf, permitted
from porch.certs.store import DamagedError, Store, StoreError

__all__ = ["INTERMEDIATE", "LEAF_LIFE", "ROOT", "LocalAuthority", "damage", "is_local"]

ROOT = "local/root"
INTERMEDIATE = "local/intermediate"
"""Where the store has them. Who removes the first has a new one made, to be trusted anew."""

DAY = 86400
ROOT_LIFE = 3650 * DAY
INTERMEDIATE_LIFE = 365 * DAY
LEAF_LIFE = 7 * DAY
"""Seconds; short, for nobody can revoke one."""
EARLY = 60 * DAY
"""Seconds before its end that the root or the intermediate is made anew."""

LEASE = 10.0
PATIENCE = 20.0
"""Seconds that another process may take to make the authority: it takes 50 ms, unless it is
killed, and then its lease has to end."""


class LocalAuthority:
    """The authority of a store. Made by `open`."""

    def __init__(self, store: Store, root: Authority, between: Authority) -> None:
        self._store = store
        self._root = root
        self._between = between
        self._domains, self._networks = permitted(root.certificate)

    def __repr__(self) -> str:
        return f"<LocalAuthority {self.name}>"

    @classmethod
    def open(cls, store: Store, permit: Sequence[str] = ()) -> "LocalAuthority":
        """The authority that the store has; made, by one process alone, if it has none.

        permit: domains and networks that a root that is made now may vouch for beyond DOMAINS
        and NETWORKS (porch.certs.names); one that is there stays as it is. Raises StoreError,
        DamagedError, and ValueError for what is no domain or network.
        """
        return cls(store, *_ready(store, permit))

    @property
    def name(self) -> str:
        """What people find the root by where they have it trusted."""
        return self._root.entry.names[0]

    @property
    def root_pem(self) -> bytes:
        """The root's certificate: what clients have to trust."""
        return self._root.entry.chain

    def permits(self, name: str) -> bool:
        """Whether the root may vouch for `name`."""
        return is_within(name, self._domains, self._networks)

    def issue(self, names: Sequence[str]) -> Entry:
        """A new certificate, for a week, with a new key. It is not kept.

        Raises ValueError with a sentence for a name that the root does not permit, and StoreError
        if the intermediate is near its end and no new one can be kept.
        """
        hosts = tuple(dict.fromkeys(map(normal, names)))
        if not hosts:
            raise ValueError("a certificate needs a name")
        for host in hosts:
            if not self.permits(host):
                raise ValueError(self._refusal(host))
        self._refresh()
        return make_leaf(hosts, LEAF_LIFE, self._between)

    def _refresh(self) -> None:
        if _are_good(self._root, self._between):
            return
        # There are two months for it: a disk that is full now is no reason to serve nobody.
        remaining = self._between.entry.not_after - clock.wall()
        with contextlib.suppress(*((StoreError,) if remaining > LEAF_LIFE else ())):
            self._root, self._between = _ready(self._store, ())
            self._domains, self._networks = permitted(self._root.certificate)

    def _refusal(self, name: str) -> str:
        domains = ", ".join(self._domains)
        return (
            f"the local authority may not vouch for '{name}': its root permits {domains} and what"
            " is below them, and private addresses. Give it a certificate of its own, or choose"
            " another name"
        )


def _ready(store: Store, permit: Sequence[str]) -> tuple[Authority, Authority]:
    """Root and intermediate as they are kept, made where they are missing or near their end."""
    constraints(permit)  # what is wrong in it is said even if nothing is made now
    since = clock.monotonic()
    while True:
        root, between = _load(store, ROOT), _load(store, INTERMEDIATE)
        if root and between and _are_good(root, between):
            return root, between
        lock = store.lock(ROOT, LEASE)
        if lock is not None:
            try:
                made = _make_missing(store, permit)
                if lock.is_held:  # else another process may have made others meanwhile
                    return made
            finally:
                lock.release()
        if clock.monotonic() - since > PATIENCE:
            raise StoreError(
                "another process has been making the local authority for too long; is its machine's"
                " clock right? Try again"
            )
        clock.sleep(0.05)


def _make_missing(store: Store, permit: Sequence[str]) -> tuple[Authority, Authority]:
    root, between = _load(store, ROOT), _load(store, INTERMEDIATE)
    if root is None or not _lasts(root):
        domains, networks = permitted(root.certificate) if root else ((), ())
        limits = constraints([*permit, *domains, *map(str, networks)])
        root = make_authority(ROOT_LIFE, limits)
        store.write(ROOT, root.entry.dump())
    if between is None or not _are_good(root, between):
        found = root.certificate.extensions.get_extension_for_class(x509.NameConstraints)
        between = make_authority(INTERMEDIATE_LIFE, found.value, root)
        store.write(INTERMEDIATE, between.entry.dump())
    return root, between


def damage(store: Store) -> str:
    """What is damaged of the authority that the store has, in a sentence with the way out; "" for
    nothing. Raises StoreError if it cannot be read."""
    try:
        for name in (ROOT, INTERMEDIATE):
            _load(store, name)
    except DamagedError as error:
        return str(error)
    return ""


def _load(store: Store, name: str) -> Authority | None:
    place = f"'{name}' in the store"
    try:
        data = store.read(name)
        return None if data is None else Authority.of(Entry.load(data))
    except ValueError as error:
        why = ""
        if isinstance(error, DamagedError):
            place = error.place
        else:
            why = f" ({error})"
        what, anew = (
            ("root", "; then run porch trust anew wherever the old one was trusted")
            if name == ROOT
            else ("intermediate", "")
        )
        raise DamagedError(
            f"the {what} of the local authority is damaged{why}: put {place} back from a backup,"
            f" or remove it and a new one is made{anew}",
            place,
        ) from error


def _are_good(root: Authority, between: Authority) -> bool:
    """Whether both are long before their end, and the intermediate can be used."""
    # One from the future was made by a clock that was ahead, and nobody takes it for long.
    has_begun = between.entry.not_before <= max(clock.wall(), root.entry.not_before)
    is_its = is_signed_by(between.certificate, root.certificate)
    return _lasts(root) and _lasts(between) and has_begun and is_its


def _lasts(authority: Authority) -> bool:
    """Whether it is long before its end. Not whether it has begun: a small computer may start in
    1970, and a root that people trust must outlive that."""
    return authority.entry.not_after - clock.wall() > EARLY
