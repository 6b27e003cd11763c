"""Whether the system gives the door what it needs: descriptors, queue, cores, memory."""

import resource
from collections.abc import Iterator
from pathlib import Path

from porch.listen.listener import most
from porch.listen.sockets import BACKLOG
from porch.manage.cores import cores, workers
from porch.manage.doctor.patient import Found, Patient, look, ok, wrong

__all__ = ["check_cores", "check_descriptors", "check_memory", "check_queue"]

FEW = 8192
"""Descriptors of a worker below which a crowd is felt: a request that is passed on has two."""
FULL = 0.8
"""The part of a bound at which somebody should look."""
WORKER = 64_000_000
"""Bytes that a worker has before anybody comes, roughly; half of them shared with the others."""
KEY = 96
"""Bytes of a key of a limit in each worker, once it is in use (limit_table.py)."""


def check_descriptors(patient: Patient) -> Iterator[Found]:
    """RLIMIT_NOFILE. A door raises its own to the hard one, so that this one counts."""
    name = "open files"
    limit = _limit_of(patient)
    allowed = limit if limit is not None else resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if allowed == resource.RLIM_INFINITY:
        yield ok(name, "a worker may open any number")
        return
    clients = most(allowed)
    status = patient.status or {}
    busiest = max((each["connections"] or 0 for each in status.get("workers", ())), default=0)
    wanted = patient.loaded.config.connections.most if patient.loaded is not None else None
    share = -(-wanted // workers(patient.loaded.config.workers)) if wanted and patient.loaded else 0
    raise_it = "raise it (LimitNOFILE= of the unit, ulimit -Hn, --ulimit nofile=) and restart"
    if busiest >= clients * FULL:
        yield wrong(
            name,
            f"a worker has {busiest} clients and may have {clients} of its {allowed} descriptors:"
            f" who comes then waits; {raise_it}",
        )
    elif share > clients:
        yield wrong(
            name,
            f"connections.most = {wanted} are {share} a worker, and a worker has room for {clients}"
            f" (hard limit {allowed}); {raise_it}, or lower connections.most",
        )
    elif allowed < FEW:
        yield look(name, f"a worker may open {allowed}, which are {clients} clients; {raise_it}")
    else:
        yield ok(name, f"a worker may open {allowed}, which are {clients} clients at once")


def _limit_of(patient: Patient) -> int | None:
    """Of the door that runs, which has raised it; None where that is not known."""
    for pid in patient.processes[:1]:
        for line in patient.read(f"proc/{pid}/limits").splitlines():
            if line.startswith("Max open files"):
                word = line.split()[3]
                return resource.RLIM_INFINITY if word == "unlimited" else int(word)
    return None


def check_queue(patient: Patient) -> Iterator[Found]:
    """How many may wait to be accepted while a worker is busy or starts."""
    name = "waiting clients"
    text = patient.read("proc/sys/net/core/somaxconn").strip()
    if not text.isdecimal():
        yield ok(name, f"the system does not tell how many may wait; {BACKLOG} are asked for")
    elif int(text) < BACKLOG:
        yield look(
            name,
            f"net.core.somaxconn = {text} cuts the {BACKLOG} clients that may wait for a worker;"
            f" sysctl -w net.core.somaxconn={BACKLOG}, then restart",
        )
    else:
        yield ok(name, f"{BACKLOG} may wait for each worker to accept them")


def check_cores(patient: Patient) -> Iterator[Found]:
    """Workers beside the cores that affinity and control groups grant."""
    name = "workers"
    there = cores(patient.root)
    if patient.loaded is None:
        yield ok(name, f"{there} core{'s' * (there != 1)} may be used")
        return
    wanted = workers(patient.loaded.config.workers)
    said = f"{wanted} worker{'s' * (wanted != 1)} for {there} core{'s' * (there != 1)}"
    if wanted > there:
        yield look(
            name,
            f"{said}: they take turns, which costs time and memory; workers ="
            ' "auto" makes one a core, or give the control group more (CPUQuota=, --cpus)',
        )
    elif wanted < there:
        yield ok(name, f'{said}; workers = "auto" would use all')
    else:
        yield ok(name, said)


def check_memory(patient: Patient) -> Iterator[Found]:
    """The bound of the control group beside what the door has, or will have."""
    name = "memory"
    yield from _swapped(patient)
    limit, used, killed = _group(patient.root)
    if killed:
        yield look(
            name,
            f"the system has killed {killed} process{'es' * (killed != 1)} of this control group"
            " for want of memory; raise its bound (MemoryMax=, --memory), or have fewer workers",
        )
    need, words = _need(patient)
    if limit is None:
        free = _available(patient)
        if free is not None and patient.status is None and need > free:
            yield wrong(
                name,
                f"{words} take about {_mb(need)}, and {_mb(free)} are free; lower workers,"
                " limit_keys or cache_store.size",
            )
        else:
            left = f"; {_mb(free)} are free" if free is not None else ""
            yield ok(name, f"no control group bounds it{left}")
    elif patient.status is None and need > limit:
        yield wrong(
            name,
            f"{words} take about {_mb(need)}, and the control group has {_mb(limit)}; raise that"
            " (MemoryMax=, --memory), or lower workers, limit_keys or cache_store.size",
        )
    elif used > limit * FULL:
        yield look(
            name,
            f"{_mb(used)} of the {_mb(limit)} of the control group are in use; raise that"
            " (MemoryMax=, --memory) before the system kills a worker",
        )
    else:
        yield ok(name, f"{_mb(used)} of {_mb(limit)} of the control group are in use")


def _swapped(patient: Patient) -> Iterator[Found]:
    """A worker that waits for a disk has all its clients wait. (Huge pages are not looked at: no
    difference was ever found that they make to a door.)"""
    total = 0
    for pid in patient.processes:
        for line in patient.read(f"proc/{pid}/status").splitlines():
            if line.startswith("VmSwap:"):
                total += int(line.split()[1]) * 1024
    if total > WORKER // 16:
        yield look(
            "memory",
            f"{_mb(total)} of the door are swapped out, and each use of them waits for a disk; give"
            " the machine more memory, or the unit MemorySwapMax=0",
        )


def _need(patient: Patient) -> tuple[int, str]:
    """Bytes that the door will take, roughly, and of what."""
    if patient.loaded is None:
        return WORKER, "a worker"
    config = patient.loaded.config
    count = workers(config.workers)
    stored = config.cache_store
    cache = stored.size if stored is not None and stored.memory and stored.size else 0
    need = (WORKER + config.limit_keys * KEY + cache) * count
    what = " with their memory for the cache" if cache else ""
    return need, f"{count} worker{'s' * (count != 1)}{what}"


def _available(patient: Patient) -> int | None:
    for line in patient.read("proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _group(root: Path) -> tuple[int | None, int, int]:
    """The narrowest bound on the way up, what is in use within it, and how many were killed. Of
    version 2; None where nothing is bounded."""
    tightest: tuple[int | None, int] = (None, 0)
    killed = 0
    for folder in _groups(root):
        try:
            bound = (folder / "memory.max").read_text().strip()
            used = int((folder / "memory.current").read_text())
        except (OSError, ValueError):
            continue
        killed = killed or _killed(folder)
        if bound.isdecimal() and (tightest[0] is None or int(bound) < tightest[0]):
            tightest = int(bound), used
    return *tightest, killed


def _groups(root: Path) -> Iterator[Path]:
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        if line.startswith("0::"):
            parts = [part for part in line[3:].split("/") if part and part != ".."]
            for length in range(len(parts), -1, -1):
                yield (root / "sys/fs/cgroup").joinpath(*parts[:length])


def _killed(folder: Path) -> int:
    try:
        words = dict(line.split() for line in (folder / "memory.events").read_text().splitlines())
        return int(words.get("oom_kill", "0"))
    except (OSError, ValueError):
        return 0


def _mb(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
