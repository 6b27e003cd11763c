"""What do `allow` and `deny` cost a request, with ten entries and with 100,000?

    python bench/access.py

Processor time in ns, the medians of alternating rounds, for others may use the machine.
"remembered" is a client that came before, "new" one that did not; "empty hook" is what the call of
any filter costs. Below: seconds to read a list and to make ranges of it, and the longest of the
steps in which a worker does that beside its requests.
"""

import random
import statistics
import sys
from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

from harness import machine

from porch.exchange import Exchange
from porch.filter import Filter
from porch.shield.access import Access, Lists
from porch.shield.network import DENIED, Gathering, Table, parse_network

ROUNDS = 15
CLIENTS = 4000
SIZES = (10, 100_000)


class Asked:
    """As much of an exchange as is looked at."""

    __slots__ = ("client_ip",)

    def __init__(self, client_ip: bytes) -> None:
        self.client_ip = client_ip


def address(chance: random.Random) -> str:
    return ".".join(str(chance.getrandbits(8)) for _ in range(4))


def table(chance: random.Random, count: int) -> tuple[Table, float, float, float]:
    """A list of addresses; seconds to read it and to compile it, and of the longest step."""
    texts = [address(chance) for _ in range(count)]
    gathering = Gathering()
    start = process_time()
    for text in texts:
        gathering.add(parse_network(text), DENIED)
    read = process_time()
    compiling, longest = gathering.compiling(), 0.0
    while True:
        began = process_time()
        try:
            next(compiling)
        except StopIteration as done:
            made: Table = done.value
            longest = max(longest, process_time() - began)
            return made, read - start, process_time() - read, longest
        longest = max(longest, process_time() - began)


def cost(call: Callable[[Any], object], of: Sequence[object]) -> float:
    """ns a call."""
    start = process_time()
    for each in of:
        call(each)
    return (process_time() - start) / len(of) * 1e9


def main() -> None:
    """Measure and print."""
    chance = random.Random(1)
    print(f"{machine.machine()}; {machine.interpreter(sys.executable)}\n")
    rows: dict[str, tuple[Callable[[Any], object], Sequence[object]]] = {}
    for count in SIZES:
        made, read, compiled, longest = table(chance, count)
        print(
            f"{count:>7,} entries: read in {read:.3f} s, compiled in {compiled:.3f} s, "
            f"longest step {longest * 1e3:.2f} ms, {len(made):,} ranges"
        )
        lists = Lists(table=made, default=True)
        clients = [address(chance).encode() for _ in range(CLIENTS)]
        clients = [each for each in clients if lists.lets_in(each)]
        asked = [Asked(each) for each in clients]
        access = Access(lists)
        for each in asked:
            access.on_request(each)  # type: ignore[arg-type]
        rows[f"remembered, {count:,}"] = (access.on_request, asked)
        rows[f"new, {count:,}"] = (lists.lets_in, clients)
    empty: Callable[[Exchange], object] = Filter().on_request
    rows["empty hook"] = (empty, next(iter(rows.values()))[1])
    found: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(ROUNDS):
        for name, (call, of) in rows.items():
            found[name].append(cost(call, of))
    for name, times in found.items():
        print(f"{name:<24}{statistics.median(times):>8.0f} ns")


if __name__ == "__main__":
    main()
