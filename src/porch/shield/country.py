"""Where an address is: its country and its network's operator, by files in MaxMind's format.

The files are the operator's own. A place is looked up once an address and remembered, whatever
asks for it: `allow` and `deny`, a limit by country, fields for the origin.
"""

import contextlib
import os
import tempfile
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from porch.exchange import Exchange
from porch.filter import Filter

__all__ = [
    "COUNTRY",
    "NOWHERE",
    "OPERATOR",
    "Database",
    "Place",
    "Places",
    "TellPlace",
    "opening",
]

COUNTRY, OPERATOR = b"x-client-country", b"x-client-asn"
"""Fields by which origins are told."""
_OWN = frozenset((COUNTRY, OPERATOR))

_REMEMBERED = 8192
_PIECE = 1 << 18
"""Bytes that are copied at once: some 50 us."""


class Place(NamedTuple):
    """country: two letters (ISO 3166-1), b"" where it is not known. operator: the number of the
    autonomous system, 0 where it is not known."""

    country: bytes
    operator: int


NOWHERE = Place(b"", 0)


class Database(Protocol):
    """What is asked of an open file; see maxminddb.Reader."""

    def get(self, address: str) -> Any:
        """The record of an address, or None. Raises ValueError if the file knows no IPv6, and
        RuntimeError if it is damaged there."""


class Places(dict[bytes, Place]):
    """address -> where it is, each looked up once. Bounded."""

    __slots__ = ("_databases",)

    def __init__(self, databases: Sequence[Database]) -> None:
        super().__init__()
        self._databases = tuple(databases)

    def __missing__(self, address: bytes) -> Place:
        country, operator = b"", 0
        for each in self._databases if address != b"unix" else ():
            # ValueError: of IPv6, in a file for IPv4; RuntimeError: the file is damaged there
            with contextlib.suppress(ValueError, RuntimeError):
                found = _read(each.get(address.decode("latin-1")))
                country, operator = country or found.country, operator or found.operator
        if len(self) >= _REMEMBERED:
            self.clear()
        self[address] = place = Place(country, operator)
        return place

    def country_of(self, address: bytes) -> bytes | None:
        """The country of a client's address, None where it is not known: to count by, say."""
        return self[address].country or None


def _read(record: Any) -> Place:
    """What a record says, of files for cities, countries and operators alike. The country that an
    address is registered in is not where it is, but better than nothing."""
    if not isinstance(record, dict):
        return NOWHERE
    code = ""
    for name in ("country", "registered_country"):
        country = record.get(name)
        if isinstance(country, dict) and isinstance(country.get("iso_code"), str):
            code = country["iso_code"]
            break
        if isinstance(country, str):  # as some others than MaxMind write it
            code = country
            break
    number = record.get("autonomous_system_number", record.get("asn", 0))
    if isinstance(number, str):
        digits = number.upper().removeprefix("AS")
        number = int(digits) if digits.isdecimal() and len(digits) < 11 else 0
    is_code = len(code) == 2 and code.isascii() and code.isalpha()
    return Place(
        code.upper().encode() if is_code else b"", number if isinstance(number, int) else 0
    )


def opening(file: Path) -> Generator[None, None, Database]:
    """Open one, in steps. Raises OSError, and ValueError with a sentence if it is of no use.

    A copy is mapped to memory, not the file: whoever writes over a file that is mapped, in place of
    putting another into its place, would end the door (SIGBUS).
    """
    import maxminddb  # late: 8 ms, and a door without such a file has no use for it

    with file.open("rb") as source, _copy() as copy:
        while piece := source.read(_PIECE):
            copy.write(piece)
            yield
        copy.flush()
        try:
            opened = maxminddb.open_database(f"/dev/fd/{copy.fileno()}", maxminddb.MODE_MMAP_EXT)
        except (maxminddb.InvalidDatabaseError, ValueError) as error:
            raise ValueError(
                f"{file} is no file in MaxMind's format (.mmdb), or damaged; get it again"
            ) from error
    _try(opened, file)
    return opened


def _copy() -> Any:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("porch-geo"), "wb")
    return tempfile.TemporaryFile()


_OF_USE = ("country", "city", "asn", "isp", "enterprise")
"""One of these is in the name of a kind of file that helps here."""


def _try(database: Any, file: Path) -> None:
    """Look a few up. A file that was cut has no metadata, which stand at its end, and did not
    open; this is for one that was damaged otherwise."""
    try:
        for first in range(1, 224):
            database.get(f"{first}.1.1.1")
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"{file} is damaged ({error}); get it again") from error
    kind: str = database.metadata().database_type
    if not any(each in kind.lower() for each in _OF_USE):
        raise ValueError(f"{file} is a '{kind}'; one of countries or of ASNs helps here")


class TellPlace(Filter):
    """Tells origins where a client is. What it says of itself is dropped, in any spelling.

    They are fields of the request from the start, so that a cache heeds them in Vary and in keys.
    """

    __slots__ = ("_places",)

    def __init__(self, places: Places) -> None:
        self._places = places

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        request = exchange.request
        place = self._places[exchange.client_ip]
        fields = [each for each in request.fields if each[0].replace(b"_", b"-") not in _OWN]
        if place.country:
            fields.append((COUNTRY, place.country))
        if place.operator:
            fields.append((OPERATOR, b"%d" % place.operator))
        request.fields = fields
