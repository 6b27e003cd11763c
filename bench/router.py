"""What does it cost to find the route of a request, with 10 routes and with 10,000?

    python bench/router.py

Time of Router.find in ns, the best of 40 repeats. Each row asks the same kind of request of both
routers. "One" asks for one route again and again, as a busy site does; "all" asks for every
route in turn, whose dictionary entries the processor's caches then do not hold: that share
belongs to the memory, not to the router.
"""

import sys
import timeit
from collections.abc import Callable

from harness import machine

from porch.http.message import RequestHead
from porch.route.entry import Entry
from porch.route.pattern import parse_key
from porch.route.route import Route
from porch.route.router import Router
from porch.route.when import parse_when

CLIENT = b"192.0.2.7"
REPEATS = 40
CALLS = 5_000

Keys = Callable[[int], str]

ROWS: list[tuple[str, Keys, Keys]] = [
    ("host and exact path", lambda n: f"h{n}.test/users", lambda n: f"h{n}.test/users"),
    ("host and prefix", lambda n: f"h{n}.test/api/*", lambda n: f"h{n}.test/api/users/42"),
    ("whole host", lambda n: f"h{n}.test", lambda n: f"h{n}.test/api/users/42?page=2"),
    ("wildcard host", lambda n: f"*.h{n}.test", lambda n: f"www.h{n}.test/api/users/42"),
    ("prefix of one host", lambda n: f"a.test/p{n:05}/*", lambda n: f"a.test/p{n:05}/users/42"),
    ("deep prefix", lambda n: f"a.test/a/b/p{n:05}/*", lambda n: f"a.test/a/b/p{n:05}/c/d/e/f"),
    ("method in the key", lambda n: f"GET h{n}.test/api/*", lambda n: f"h{n}.test/api/users/42"),
    ("encoded path", lambda n: f"h{n}.test/api/*", lambda n: f"h{n}.test/api/stra%C3%9Fe"),
    ("no route", lambda n: f"h{n}.test/api/*", lambda n: f"h{n}.test/other/users/42"),
]


def router(keys: Keys, count: int) -> Router:
    """A router with `count` routes."""
    entries = [
        Entry(
            pattern=parse_key(keys(number)),
            route=Route(key=keys(number), target="10.0.0.1:8000"),
            conditions=parse_when({}),
        )
        for number in range(count)
    ]
    return Router(entries, no_site=Route(key="no-site"), no_route=Route(key="no-route"))


def request(url: str) -> RequestHead:
    """A GET, with strings of its own as a decoder would make them."""
    host, _, path = url.partition("/")
    return RequestHead(b"GET", f"/{path}".encode(), host.encode(), b"http", [])


class Column:
    """One router and what it is asked. A decoder's bytes are new each time and so have no hash
    yet; the price of making them new here is measured alone and taken off."""

    def __init__(self, router: Router, urls: list[str]) -> None:
        self.find = router.find
        self.rounds = max(1, CALLS // len(urls))
        heads = [request(url) for url in urls]
        self.calls = len(heads) * self.rounds
        self.heads = [(each, bytearray(each.target), bytearray(each.authority)) for each in heads]
        self.asked = self.idled = float("inf")

    def measure(self) -> None:
        """Once; the best counts."""
        self.asked = min(self.asked, timeit.timeit(self.ask, number=self.rounds))
        self.idled = min(self.idled, timeit.timeit(self.idle, number=self.rounds))

    def ask(self) -> None:
        find = self.find
        for head, target, authority in self.heads:
            head.target = bytes(target)
            head.authority = bytes(authority)
            find(head, CLIENT)

    def idle(self) -> None:
        for head, target, authority in self.heads:
            head.target = bytes(target)
            head.authority = bytes(authority)

    @property
    def nanoseconds(self) -> float:
        """Of one call of find."""
        return (self.asked - self.idled) / self.calls * 1e9


def main() -> None:
    """Print the table."""
    print(f"{machine.machine()}; {machine.interpreter(sys.executable)}\n")
    print(f"{'ns a request':22}{'one of 10':>12}{'of 10,000':>12}{'ratio':>8}{'all 10,000':>14}")
    for name, keys, urls in ROWS:
        small, large = router(keys, 10), router(keys, 10_000)
        columns = [
            Column(small, [urls(7)]),
            Column(large, [urls(7)]),
            Column(large, [urls(number) for number in range(10_000)]),
        ]
        for _ in range(REPEATS):
            for column in columns:
                column.measure()
        one, same, spread = (column.nanoseconds for column in columns)
        print(f"{name:22}{one:12.0f}{same:12.0f}{same / one:8.2f}{spread:14.0f}")


if __name__ == "__main__":
    main()
