"""Listings: what is known of a source, and what of a provider's list is good.

A provider is somebody else's: what it says is looked over word by word, what is no endpoint is
named and left out, and what remains is spelled in one way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from porch.balance.discover.found import Found
from porch.config.steps import Steps
from porch.config.target import Target, parse_target
from porch.forward.address import BOTH, ONE, TWO

__all__ = [
    "MOST",
    "Entry",
    "Listing",
    "address_of",
    "looked_over",
    "nothing_yet",
    "protocols_of",
]

MOST = 10_000
"""Endpoints of a source."""
HEAVIEST = 65535
"""Weight and priority at most: what an SRV record can say."""
TOLD = 3
"""Entries that are named when they are left out."""
_LONGEST = 300

Entry = tuple[str, int, int]
"""Address as a target spells it, weight, priority."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is known of a source. found: the last good list, None while there is none. since: when
    it came, in seconds of the wall clock. trouble: why the last look brought nothing, or what of it
    was left out; "" if it was good. trouble_since: when that began. is_old: the list was kept from
    before a restart, and nobody has looked yet."""

    source: str
    found: tuple[Entry, ...] | None = None
    since: float = 0.0
    trouble: str = ""
    trouble_since: float = 0.0
    is_old: bool = False

    @property
    def addresses(self) -> list[str]:
        """By which its endpoints are known."""
        return [address_of(name) for name, _, _ in self.found or ()]


def protocols_of(name: str) -> tuple[str, ...]:
    """What is spoken with an endpoint of an entry. See forward.Address."""
    scheme, _, _ = name.rpartition("://")
    return TWO if scheme == "h2c" else BOTH if scheme == "https" else ONE


def address_of(name: str) -> str:
    """What an endpoint of an entry is called: str of its forward.Address."""
    return name.rpartition("://")[2]


def looked_over(found: object) -> Steps[tuple[tuple[Entry, ...], str]]:
    """What is good of a list, an entry a step, and in words what is not, "" if all is."""
    if not isinstance(found, Sequence) or isinstance(found, str | bytes):
        return (), f"a list of Found is wanted, not {type(found).__name__}"
    entries: dict[str, Entry] = {}
    faults: list[str] = []
    for number, each in enumerate(found[:MOST], 1):
        try:
            name, weight, priority = _checked(each)
            if name in entries:
                raise ValueError(f"'{name}' stands there twice")
            entries[name] = name, weight, priority
        except ValueError as error:
            faults.append(f"{number}: {error}" if len(faults) < TOLD else "")
        yield
    text = ""
    if faults:
        more = f"; and {len(faults) - TOLD} more" if len(faults) > TOLD else ""
        text = f"left out of {len(found)} entries: {'; '.join(faults[:TOLD])}{more}"
    if len(found) > MOST:
        text += f"{'; ' if text else ''}only the first {MOST} of {len(found)} entries are used"
    return tuple(entries.values()), text


def _checked(entry: object) -> Entry:
    if not isinstance(entry, Found):
        raise ValueError(f"{_shown(entry)} is no Found")
    if not isinstance(entry.address, str):
        raise ValueError(f"{_shown(entry.address)} is no address")
    if len(entry.address) > _LONGEST or not entry.address.isprintable():
        raise ValueError(f"{_shown(entry.address)} is no address")
    target = parse_target(entry.address)
    for word in ("weight", "priority"):
        value = getattr(entry, word)
        if type(value) is not int or not 0 <= value <= HEAVIEST:
            raise ValueError(
                f"the {word} of '{entry.address}' is {_shown(value)}; it is a whole"
                f" number from 0 to {HEAVIEST}"
            )
    return _spelled(target), entry.weight, entry.priority


def _spelled(target: Target) -> str:
    """One way for each endpoint. Raises ValueError for what is none."""
    if target.kind == "unix":
        return f"unix:{target.path}"
    if target.kind == "h2":
        raise ValueError(f"'{target.text}': write https://, which speaks HTTP/2 where it is known")
    if target.kind not in ("http", "https", "h2c"):
        raise ValueError(f"'{target.text}' is no endpoint; one has a port: \"{target.text}:8000\"")
    host = f"[{target.host}]" if ":" in target.host else target.host
    return f"{'' if target.kind == 'http' else f'{target.kind}://'}{host}:{target.port}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def nothing_yet(listings: Mapping[str, Listing], sources: Sequence[str]) -> str:
    """Why a pool has no endpoint, for who is answered 503."""
    why = []
    for source in sources:
        listing = listings.get(source)
        if listing is None or listing.found is None:
            reason = listing.trouble if listing is not None else ""
            why.append(
                f"discovery of {source} has found nothing yet: {reason or 'no answer so far'}"
            )
    return "; ".join(why)
