"""Networks: which of two lists an address is in, however many entries they have.

The lists become one row of ranges that do not overlap, each with what the longest network in it
says, so that a look is one search by halves. Among many of IPv4 an index by the first 16 bits says
between which two.
"""

from array import array
from bisect import bisect_right
from collections.abc import Generator, Sequence
from itertools import accumulate

from porch.ip import packed

__all__ = ["ALLOWED", "DENIED", "UNNAMED", "Gathering", "Network", "Table", "parse_network"]

UNNAMED, ALLOWED, DENIED = range(3)
"""What the lists say of an address: nothing, or what the longest network that holds it says. Where
both name the very same network, it is denied."""

Network = tuple[int, int, int]
"""Its first address as a number, the bits of an address (32 or 128), and those of its prefix."""

_MANY = 1000
"""Ranges from which on an index is worth its 256 KiB: a third of the time among 200,000."""

_from_bytes = int.from_bytes

_Row = tuple[Sequence[int], bytes]
"""Where each range begins, and what is said of it."""


def parse_network(text: str) -> Network:
    """An address, or a network in the notation of CIDR (RFC 4632 3.1). IPv4 within IPv6 is IPv4.
    Raises ValueError with a sentence."""
    host, slash, length = text.partition("/")
    first = packed(host)
    if first is None or (slash and not (length.isascii() and length.isdecimal())):
        raise ValueError(f"'{text}' is no address or network, such as 10.0.0.1 or 10.0.0.0/8")
    bits = len(first) * 8
    prefix = int(length[:4]) if slash else bits
    if slash and bits == 32 and ":" in host:
        prefix -= 96
    if not 0 <= prefix <= bits:
        raise ValueError(f"'{text}' is no network: its prefix has more bits than an address")
    number = int.from_bytes(first, "big")
    whole = number >> (bits - prefix) << (bits - prefix)
    if whole != number:
        raise ValueError(
            f"'{text}' is an address within a network; write {spelled(whole, bits)}"
            f"/{prefix}, or {host} alone"
        )
    return number, bits, prefix


def spelled(number: int, bits: int) -> str:
    """An address as it is written."""
    import ipaddress  # late: of no use but to somebody who reads

    return str(ipaddress.ip_address(number.to_bytes(bits // 8, "big")))


class Table:
    """Both lists in one. everybody: what a network of all addresses says, by the bytes of one."""

    __slots__ = ("_four", "_index", "_says_four", "_says_six", "_shift", "_six", "everybody")

    def __init__(
        self, four: _Row, six: _Row, everybody: dict[int, int], index: Sequence[int]
    ) -> None:
        """index: how many ranges of IPv4 begin before each first 16 bits and in all; or but 0 and
        how many there are."""
        self._four, self._says_four = four
        self._index = index
        self._shift = 32 if len(index) == 2 else 16
        self._six, self._says_six = six
        self.everybody = everybody

    def __len__(self) -> int:
        """How many ranges there are."""
        return len(self._says_four) + len(self._says_six)

    def of(self, address: bytes) -> int:
        """What is said of an address (see listen.ip.packed). Of all addresses is not of one."""
        number = _from_bytes(address, "big")
        if len(address) == 4:
            index = self._index
            start = number >> self._shift
            place = bisect_right(self._four, number, index[start], index[start + 1])
            return self._says_four[place - 1]
        return self._says_six[bisect_right(self._six, number) - 1]


class Gathering:
    """Entries that will be a table."""

    __slots__ = ("_by_start", "_everybody")

    def __init__(self) -> None:
        # Each number is an entry: its first address, its prefix, and whether it is denied. They
        # lie in heaps by their first bits, so that none takes long to put in order.
        self._by_start: dict[int, dict[int, list[int]]] = {32: {}, 128: {}}
        self._everybody = {32: UNNAMED, 128: UNNAMED}

    def add(self, network: Network, says: int) -> None:
        """One more. says: ALLOWED or DENIED."""
        first, bits, prefix = network
        if not prefix:
            self._everybody[bits] = max(self._everybody[bits], says)
            return
        heaps = self._by_start[bits]
        entry = first << 9 | prefix << 1 | (says == DENIED)
        heap = first >> (bits - (12 if bits == 32 else 44))
        if heap in heaps:
            heaps[heap].append(entry)
        else:
            heaps[heap] = [entry]

    def compiling(self) -> Generator[None, None, Table]:
        """The table, in steps of some 100 us; nothing may be added any more."""
        four = yield from _ranges(self._by_start[32], 32, array("I", [0]))
        six = yield from _ranges(self._by_start[128], 128, [0])
        index = yield from _index(four[0])
        everybody = {bits // 8: says for bits, says in self._everybody.items()}
        return Table(four, six, everybody, index)


def _index(starts: Sequence[int]) -> Generator[None, None, Sequence[int]]:
    """See Table."""
    if len(starts) <= _MANY:
        return (0, len(starts))
    counts = array("I", bytes(4 * 65537))
    for number, start in enumerate(starts):
        counts[(start >> 16) + 1] += 1
        if number % _MANY == 0:
            yield
    return array("I", accumulate(counts))


def _ranges(
    heaps: dict[int, list[int]], bits: int, starts: "array[int] | list[int]"
) -> Generator[None, None, _Row]:
    """Ranges in their order. A network within another comes behind it, so that those that hold the
    present place are a stack, the longest prefix on top."""
    says = bytearray([UNNAMED])
    around: list[tuple[int, int]] = [(1 << bits, UNNAMED)]  # (where it ends, what it says)

    def begin(at: int, says_there: int) -> None:
        if starts[-1] == at:
            says[-1] = says_there
        elif says[-1] != says_there:
            starts.append(at)
            says.append(says_there)

    for number, heap in enumerate(sorted(heaps)):
        for entry in sorted(heaps[heap]):
            first = entry >> 9
            while around[-1][0] < first:
                end, _ = around.pop()
                begin(end + 1, around[-1][1])
            says_here = DENIED if entry & 1 else ALLOWED
            begin(first, says_here)
            around.append((first | (1 << (bits - (entry >> 1 & 0xFF))) - 1, says_here))
        if number % 8 == 7 or len(heaps[heap]) > 64:
            yield
    while len(around) > 1:
        end, _ = around.pop()
        if end + 1 < 1 << bits:
            begin(end + 1, around[-1][1])
    return starts, bytes(says)
