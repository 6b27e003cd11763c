"""Porch side by side with nginx, HAProxy, Envoy, Traefik and Caddy: what does an exchange cost?

    make bench                                   all rows, five rounds, about ten minutes
    make bench ARGS="--quick --rows small"       a first look
    make bench ARGS="--rows h2 --peers porch"    one row, one proxy
    make bench ARGS="--with metrics"             the same while they show what they count

One worker each, all on one core; the load and the origin on another. The figure is the CPU time of
the proxy itself, all its processes and threads, kernel included, an exchange. Rounds alternate
between the proxies; the table shows medians, with the ratio to nginx in the same round. Each
writes its access log to a file, and each answer is looked at: a wrong one fails the row.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness import h2load, machine
from harness.certificate import make_pair
from harness.clients import LoadError
from harness.h2_rows import H2_ROWS
from harness.messages import HOST
from harness.origin import Origin
from harness.process import StartError
from harness.report import Report
from harness.row import IDLE, IDLE_BEFORE, IDLE_TLS, Behind, Row, Settings
from harness.rows import ROWS
from harness.running import Running, start_peer
from peers import Pair, Peer, caddy, envoy, haproxy, nginx, traefik
from peers.porch import porch

ROOT = Path(__file__).resolve().parent.parent
SPARE = 1000  # descriptors for anything but clients


@dataclass(frozen=True, kw_only=True, slots=True)
class Contest:
    """What one run is made of."""

    peers: list[tuple[Peer, str]]  # with the path of its program
    settings: Settings
    rounds: int
    origin: Origin
    pair: Pair
    directory: Path
    metrics: bool


def main() -> int:
    options = _options()
    _install(options)
    peers = _chosen(options)
    proxy_core, load_core = options.cores or machine.cores()
    os.sched_setaffinity(0, {load_core})
    seconds = options.seconds or (1.0 if options.quick else 3.0)
    rounds = options.rounds or (1 if options.quick else 5)
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="porch-bench-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        origin = Origin()
        stack.callback(origin.close)
        contest = Contest(
            peers=[(peer, program) for peer in peers if (program := peer.find())],
            settings=Settings(
                proxy_core=proxy_core,
                load_core=load_core,
                warm=min(0.3, seconds / 4),
                seconds=seconds,
                folder=directory,
                idle=_idle(),
            ),
            rounds=rounds,
            origin=origin,
            pair=make_pair(directory / "certificate", HOST.decode()),
            directory=directory,
            metrics=options.extra == "metrics",
        )
        report = Report(
            facts=_facts(contest, options),
            peers=[peer.name for peer in peers],
            rows=[row for row in ROWS if row.key in options.rows],
        )
        for peer in peers:
            if peer.name not in {each.name for each, _ in contest.peers}:
                report.facts.append((peer.name, "not installed"))
        _run(contest, report)
    print(report.markdown() if options.markdown else report.text())
    if options.json:
        Path(options.json).write_text(report.json() + "\n")
    return 1 if report.failures else 0


def _run(contest: Contest, report: Report) -> None:
    """Fill the report: first what all measure in turns, then what each needs a fresh start for."""
    with ExitStack() as proxies:
        running: dict[str, Running] = {}
        turns = [row for row in report.rows if not row.fresh]
        for peer, program in contest.peers if turns else []:
            try:
                running[peer.name] = _start(contest, peer, program, "turns")
            except StartError as error:
                for row in turns:
                    if row.asks(peer.name):
                        report.fail(row, peer.name, str(error))
            else:
                proxies.callback(running[peer.name].process.stop)
        for row in turns:
            _take_turns(contest, report, row, running)
    for row in report.rows:
        if row.fresh:
            _start_afresh(contest, report, row)


def _take_turns(contest: Contest, report: Report, row: Row, running: dict[str, Running]) -> None:
    """Measure a row: every round asks each proxy once, and begins with another one."""
    names = [name for name in running if row.asks(name)]
    for number in range(contest.rounds):
        shift = number % max(len(names), 1)
        said = []
        for name in names[shift:] + names[:shift]:
            if (row.key, name) in report.failures:
                continue
            said.append(_measure(contest, report, row, name, running[name]))
        _tell(f"{row.title}, round {number + 1} of {contest.rounds}: {'  '.join(said)}")


def _start_afresh(contest: Contest, report: Report, row: Row) -> None:
    """Measure a row once, each proxy alone and just started."""
    said = []
    for peer, program in contest.peers:
        try:
            running = _start(contest, peer, program, row.key)
        except StartError as error:
            report.fail(row, peer.name, str(error))
            continue
        try:
            said.append(_measure(contest, report, row, peer.name, running))
        finally:
            running.process.stop()
    _tell(f"{row.title}: {'  '.join(said)}")


def _measure(contest: Contest, report: Report, row: Row, name: str, running: Running) -> str:
    try:
        sample = row.measure(running, contest.settings)
    except Behind as error:
        report.drop(row, name, str(error))
        return f"{name} dropped"
    except (LoadError, OSError) as error:
        report.fail(row, name, f"{error} ({running.process.last_words()})")
        return f"{name} failed"
    finally:
        running.empty_log()
    report.add(row, name, sample)
    return f"{name} {sample.value:.3g}"


def _start(contest: Contest, peer: Peer, program: str, purpose: str) -> Running:
    return start_peer(
        peer,
        program,
        origin=contest.origin,
        pair=contest.pair,
        core=contest.settings.proxy_core,
        directory=contest.directory / f"{peer.name}-{purpose}",
        connections=contest.settings.idle
        + IDLE_BEFORE
        + 900,  # nginx closes idle ones before all are used
        metrics=contest.metrics,
    )


def _chosen(options: argparse.Namespace) -> list[Peer]:
    """The proxies asked for."""
    everyone = [
        porch(options.python, options.source),
        nginx.PEER,
        haproxy.PEER,
        envoy.PEER,
        traefik.PEER,
        caddy.PEER,
    ]
    return [peer for peer in everyone if peer.name.lower() in options.peers]


def _install(options: argparse.Namespace) -> None:
    """What is asked for and no wheel has: on Debian and Ubuntu, as root; elsewhere HAProxy's
    column stays empty, and the rows that need h2load fail."""
    packages = []
    if "haproxy" in options.peers and haproxy.PEER.find() is None:
        packages.append("haproxy")
    if any(row in H2_ROWS for row in ROWS if row.key in options.rows) and h2load.find() is None:
        packages.append(h2load.PACKAGE)
    if not packages or os.geteuid() or shutil.which("apt-get") is None:
        return
    _tell(f"installing {' '.join(packages)} ...")
    for step in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        subprocess.run(
            ["apt-get", "--quiet", "--quiet", *step],
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
            stdout=subprocess.DEVNULL,
            check=False,
        )


def _idle() -> int:
    """How many connections one process can hold here, at most what the row asks for."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return IDLE if hard == resource.RLIM_INFINITY else min(IDLE, hard - SPARE)


def _facts(contest: Contest, options: argparse.Namespace) -> list[tuple[str, str]]:
    versions = [
        f"{peer.name} {machine.version(program, peer.version)}"
        for peer, program in contest.peers
        if peer.name != "Porch"
    ]
    settings = contest.settings
    shown = [peer.name for peer, program in contest.peers if peer.has_metrics(program)]
    return [
        *([("metrics", f"shown by {', '.join(shown)} alone")] if contest.metrics else []),
        ("measured", f"{machine.date()}, Porch at {machine.commit(ROOT)}, {' '.join(sys.argv)}"),
        ("machine", machine.machine()),
        ("interpreter of Porch", machine.interpreter(options.python)),
        ("others", ", ".join(versions)),
        (
            "how",
            f"CPU µs of the proxy an exchange; one worker on core {settings.proxy_core}; load and "
            f"origin on core {settings.load_core}; 16 connections (4 for 1 MiB), over HTTP/2 as "
            f"many with so many streams each as the row says, by h2load; rounds: "
            f"{contest.rounds} of {settings.seconds:g} s, medians; a JSON access log to a file, "
            f"buffered where it can be (nginx, Traefik, Envoy); {settings.idle} idle connections, "
            f"at most {IDLE_TLS} over TLS; TLS 1.3, AES-128-GCM, X25519, ECDSA P-256",
        ),
    ]


def _options() -> argparse.Namespace:
    rows = [row.key for row in ROWS]
    peers = ["porch", "nginx", "haproxy", "envoy", "traefik", "caddy"]
    parser = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=__doc__,
        epilog="rows:\n" + "\n".join(f"  {row.key:13} {row.title}" for row in ROWS),
    )
    parser.add_argument("--rows", type=_some(rows), default=rows, metavar="ROW,...", help="all")
    parser.add_argument(
        "--peers", type=_some(peers), default=peers, metavar="PROXY,...", help=",".join(peers)
    )
    parser.add_argument(
        "--with",
        dest="extra",
        choices=["metrics"],
        help="what they count is shown, and asked for once, by those that can: Porch, nginx "
        "(stub_status, where it is built with it), HAProxy and Traefik (their exporters)",
    )
    parser.add_argument("--rounds", type=int, help="5; with --quick 1")
    parser.add_argument("--seconds", type=float, help="of a measurement: 3; with --quick 1")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--cores", type=_cores, help="PROXY,LOAD: which core is for what")
    parser.add_argument("--python", default=sys.executable, help="the interpreter of Porch")
    parser.add_argument("--source", type=Path, default=ROOT / "src", help="the folder porch is in")
    parser.add_argument("--json", metavar="FILE", help="write every sample there")
    parser.add_argument("--markdown", action="store_true", help="print the table for a README")
    return parser.parse_args()


def _some(known: list[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        words = [word.strip().lower() for word in text.split(",")]
        for word in words:
            if word not in known:
                raise argparse.ArgumentTypeError(f"no '{word}' in {', '.join(known)}")
        return words

    return parse


def _cores(text: str) -> tuple[int, int]:
    proxy, _, load = text.partition(",")
    return int(proxy), int(load)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _interrupt(number: int, _: object) -> None:
    """End all that was started; another signal must not cut that short."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)


if __name__ == "__main__":
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _interrupt)
    sys.exit(main())
