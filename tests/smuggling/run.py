"""The corpus against any proxy, with a table of what came out.

    python -m tests.smuggling.run nginx haproxy             starts them before an origin of its own
    python -m tests.smuggling.run --proxy HOST:PORT --origin PORT    one that runs already; it
                                                forwards any host to 127.0.0.1:PORT, where nobody
                                                listens yet, and answers /admin/ itself with 403

An unacceptable outcome is one of any kind but `promise` (judge.py).
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.smuggling.case import RequestCase, ResponseCase
from tests.smuggling.corpus import REQUESTS, RESPONSES, fits_piecemeal
from tests.smuggling.judge import Finding, Kind, judge_request, judge_response
from tests.smuggling.origin import Origin
from tests.smuggling.play import Proxy, play_request, play_response
from tests.smuggling.proxies import OTHERS, running

__all__ = ["main", "play_all"]

Case = RequestCase | ResponseCase
Found = dict[str, list[Finding]]


async def play_all(cases: list[Case], proxy: Proxy, origin: Origin, *, piecemeal: bool) -> Found:
    """Play all of them, one after the other: name -> what was wrong."""
    found: Found = {}
    for case in cases:
        try:
            if isinstance(case, RequestCase):
                played = await play_request(case, proxy, origin, piecemeal=piecemeal)
                found[case.name] = judge_request(case, played)
            else:
                outcome = await play_response(case, proxy, origin, piecemeal=piecemeal)
                found[case.name] = judge_response(case, outcome)
        except OSError as error:
            found[case.name] = [Finding(Kind.CONFUSED, f"the door cannot be reached: {error}")]
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run it; 1 if an outcome was unacceptable."""
    options = _options().parse_args(arguments)
    rows: dict[str, tuple[Found, float]] = {}
    if options.proxy:
        host, _, port = options.proxy.rpartition(":")
        proxy = Proxy(host=host, port=int(port), patience=options.patience, settle=options.settle)
        rows[options.proxy] = asyncio.run(_against(proxy, options, options.origin))
    for name in options.names:
        rows[name] = asyncio.run(_against_started(name, options))
    for name, (found, _) in rows.items():
        for line in _lines(name, found, options.verbose):
            print(line)
    print(_table(rows))
    return int(
        any(
            _worst(findings) not in (None, Kind.PROMISE)
            for found, _ in rows.values()
            for findings in found.values()
        )
    )


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.smuggling.run")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(OTHERS))
    parser.add_argument("--proxy", metavar="HOST:PORT", help="one that runs already")
    parser.add_argument("--origin", type=int, default=0, metavar="PORT", help="where it forwards")
    parser.add_argument("--patience", type=float, default=1.0, help="seconds without an event")
    parser.add_argument("--settle", type=float, default=0.01, help="seconds before the fence")
    parser.add_argument("--only", default="", metavar="TEXT", help="rows with this in their names")
    parser.add_argument("--side", choices=("requests", "responses", "both"), default="both")
    parser.add_argument("--piecemeal", action="store_true", help="short rows only, byte by byte")
    parser.add_argument("--verbose", action="store_true", help="broken promises too")
    return parser


async def _against_started(name: str, options: argparse.Namespace) -> tuple[Found, float]:
    with tempfile.TemporaryDirectory() as folder:
        origin = Origin()
        origin_port = await origin.start()
        with running(name, Path(folder), origin_port) as port:
            proxy = Proxy(
                host="127.0.0.1", port=port, patience=options.patience, settle=options.settle
            )
            result = await _play(proxy, options, origin)
        await origin.stop()
    return result


async def _against(
    proxy: Proxy, options: argparse.Namespace, origin_port: int
) -> tuple[Found, float]:
    origin = Origin()
    await origin.start(origin_port)
    result = await _play(proxy, options, origin)
    await origin.stop()
    return result


async def _play(proxy: Proxy, options: argparse.Namespace, origin: Origin) -> tuple[Found, float]:
    cases: list[Case] = []
    if options.side != "responses":
        cases += [case for case in REQUESTS if not case.one_site]
    if options.side != "requests":
        cases += RESPONSES
    cases = [case for case in cases if options.only in case.name]
    if options.piecemeal:
        cases = [case for case in cases if fits_piecemeal(case)]
    begin = time.monotonic()
    found = await play_all(cases, proxy, origin, piecemeal=options.piecemeal)
    return found, time.monotonic() - begin


def _worst(findings: list[Finding]) -> Kind | None:
    order = list(Kind)
    return min((each.kind for each in findings), key=order.index, default=None)


def _lines(name: str, found: Found, verbose: bool) -> Iterator[str]:
    for case, findings in found.items():
        if _worst(findings) is not None and (verbose or _worst(findings) != Kind.PROMISE):
            yield f"{name}: {case}"
            yield from (f"    {each}" for each in findings)


def _table(rows: dict[str, tuple[Found, float]]) -> str:
    kinds = list(Kind)
    lines = [f"{'':16}{'rows':>6}{'bad':>6}" + "".join(f"{kind:>11}" for kind in kinds)]
    for name, (found, seconds) in rows.items():
        counts = Counter(_worst(findings) for findings in found.values())
        bad = sum(counts[kind] for kind in kinds if kind != Kind.PROMISE)
        lines.append(
            f"{name:16}{len(found):6}{bad:6}"
            + "".join(f"{counts[kind]:11}" for kind in kinds)
            + f"  {seconds:.1f} s"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
