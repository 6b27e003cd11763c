"""What does the page's picture of 1,000 routes with 10 endpoints each cost, all of them busy?

    .venv-bench/bin/python bench/picture.py [--routes 1000] [--endpoints 10] [--workers 2]

Milliseconds of CPU of the process that serves the page, for one picture as all pages get it: median
and least of --repeats. Behind it how often there is one, and what of a core that takes.
"""

from __future__ import annotations

import gc
import statistics
import sys

from harness import machine
from scrape import Counted, cpu_ms, options_of

from porch.manage.page.broadcast import EVERY, LONGEST, SHARE
from porch.manage.page.drawing import Plan
from porch.manage.page.picture import Picture
from porch.manage.page.stream import event


def main() -> int:
    options = options_of(__doc__, 7)
    counted = Counted(options.routes, options.endpoints, options.workers)
    routes = {route.key: ("porch.toml:1", "", [route.key]) for route, _ in counted.pairs}
    picture = Picture(counted.series, counted.table)
    picture.draw(
        Plan(
            listeners=["https://[::]:443"],
            routes=routes,
            endpoints={(pool, name): at for pool, name, at, *_ in counted.facts.endpoints},
            limits={},
            has_cache=False,
        )
    )
    gc.collect()
    gc.freeze()  # it is another process that has counted all this
    picture.look()
    print(f"{machine.date()}  {machine.machine()}  {machine.interpreter(sys.executable)}")
    print(f"{len(counted.pairs)} pairs, {options.workers} workers\n")
    print(f"{'busy pairs':12}{'ms':>8}{'least':>8}{'kB':>8}{'one in s':>10}{'of a core':>11}")
    for share in (0.0, 0.01, 0.1, 1.0):
        found, sizes = [], []
        for _ in range(options.repeats):
            counted.count(int(share * len(counted.pairs)))
            found.append(cpu_ms(lambda: sizes.append(len(event("picture", picture.look())))))  # noqa: B023
        took = statistics.median(found)
        pause = min(max(EVERY, took / 1000 / SHARE), LONGEST)
        print(
            f"{share:<12.0%}{took:8.1f}{min(found):8.1f}{sizes[-1] / 1000:8.0f}{pause:10.1f}"
            f"{took / 1000 / pause:11.2%}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
