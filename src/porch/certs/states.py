"""States: how the certificate of each host is, for who asks and for warnings."""

from collections.abc import Iterator, Mapping, Sequence

from porch.certs import backoff, moments, renewal
from porch.certs.covered import Covered
from porch.certs.entry import Entry, Source
from porch.certs.facts import read_facts
from porch.certs.holding import who_holds
from porch.certs.keeper import SHARE
from porch.certs.kept import find_entry, kept_hosts
from porch.certs.local_ca import damage
from porch.certs.names import DOMAINS, NETWORKS, is_within
from porch.certs.report import NameState
from porch.certs.store import Store, StoreError
from porch.tls.certificate import Certificate

__all__ = ["demanded", "states", "unvouched"]


def states(
    store: Store | None,
    managed: Mapping[str, Source],
    given: Mapping[str, Certificate],
    directories: Sequence[str] = (),
) -> Iterator[NameState]:
    """Of each host one. managed: hosts that the door gets one for; none without a store. given:
    those that have files, which nobody renews. directories: of the authorities that are asked."""
    for host, certificate in given.items():
        yield _given(host, certificate)
    if store is not None:
        own = ""
        if "local" in managed.values():
            try:
                own = damage(store)
            except StoreError as error:
                own = str(error)
        for host, source in managed.items():
            yield _managed(store, host, source, directories, own if source == "local" else "")


def demanded(
    store: Store, covered: Covered, directories: Sequence[str] = ()
) -> Iterator[NameState]:
    """Of each host that got one when a client asked for it. covered: which may. Raises StoreError.

    They are renewed when a client asks for them, so that one which ends is no cause for a warning.
    """
    for host in kept_hosts(store):
        if covered(host):
            yield _managed(store, host, "acme", directories)


def unvouched(host: str) -> str:
    """Why the local authority has no certificate for a host that is left to it; "" if it has one.

    A root that was made with more permissions than the usual is not asked: there is an entry then.
    """
    if is_within(host, DOMAINS, NETWORKS):
        return ""
    return (
        f"the local authority may not vouch for {host}, and no public one does; give it files"
        f" (cert), or a name below {', '.join(DOMAINS)} or a domain of your own"
    )


def _given(host: str, certificate: Certificate) -> NameState:
    """Of several, one a kind of key, the one that ends first: some clients are shown that."""
    try:
        every = [read_facts(pair.chain) for pair in certificate.pairs]
        facts = min(every, key=lambda each: each.not_after)
    except ValueError as error:
        return NameState(name=host, source="files", last_error=str(error))
    ends = float(facts.not_after)
    return NameState(name=host, source="files", issuer=facts.issuer, not_after=ends)


def _managed(
    store: Store, host: str, source: Source, directories: Sequence[str], trouble: str = ""
) -> NameState:
    """trouble: what stands in the way of all of this source."""
    try:
        entry = find_entry(store, host)
        under_way = who_holds(store, host)
    except (StoreError, ValueError) as error:
        return NameState(name=host, source=source, last_error=str(error))
    record = backoff.kept(store, host)
    next_try = None
    if record.trouble and not trouble:
        trouble = record.trouble
        next_try = record.next_of_any(host, directories, moments.now()).timestamp()
    if entry is None:
        trouble = trouble or (unvouched(host) if source == "local" else "")
        return NameState(
            name=host, source=source, last_error=trouble, next_try=next_try, under_way=under_way
        )
    return NameState(
        name=host,
        source=entry.source,
        issuer=entry.issuer,
        not_after=float(entry.not_after),
        renew_at=_renewal(store, entry),
        last_error=trouble,
        next_try=next_try,
        under_way=under_way,
    )


def _renewal(store: Store, entry: Entry) -> float:
    """When the next one is got, in seconds since 1970."""
    if entry.source != "acme":
        return entry.not_before + (entry.not_after - entry.not_before) * SHARE
    suggestion = renewal.kept_for(store, entry.names[0], entry)
    return renewal.renewal_time(entry, suggestion, moments.now()).timestamp()
