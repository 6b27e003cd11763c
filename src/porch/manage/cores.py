"""How many workers are one a core: the cores this process may use, by affinity and by cgroup."""

import math
import os
from pathlib import Path
from typing import Literal

__all__ = ["cores", "quota", "workers"]


def workers(wanted: int | Literal["auto"]) -> int:
    """How many the configuration asks for."""
    return cores() if wanted == "auto" else wanted


def cores(root: Path = Path("/")) -> int:
    """At least 1. root: the file system's, for tests.

    A container's share of a core and a half counts as two: a worker more costs memory, a worker
    less leaves time unused that was paid for.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    share = quota(root)
    return max(1, min(usable or 1, math.ceil(share) if share else usable or 1))


def quota(root: Path = Path("/")) -> float:
    """The cores that the control groups around this process grant it; 0.0 where there is no bound.

    Version 2 has `cpu.max` ("150000 100000": 1.5 cores; "max" none) in each group on the way up;
    version 1 `cpu.cfs_quota_us` and `cpu.cfs_period_us`. The narrowest counts.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return 0.0
    found: list[float] = []
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            for folder in _upwards(root / "sys/fs/cgroup", path):
                found += _version_2(folder)
        elif "cpu" in controllers.split(","):
            for mount in ("cpu", "cpu,cpuacct"):
                for folder in _upwards(root / "sys/fs/cgroup" / mount, path):
                    found += _version_1(folder)
    return min(found, default=0.0)


def _upwards(mount: Path, path: str) -> list[Path]:
    """The group's folder and those around it. In a container the path may be that of outside."""
    parts = [part for part in path.split("/") if part and part != ".."]
    return [mount.joinpath(*parts[:length]) for length in range(len(parts), -1, -1)]


def _version_2(folder: Path) -> list[float]:
    try:
        share, period = (folder / "cpu.max").read_text().split()
        return [] if share == "max" else [int(share) / int(period)]
    except (OSError, ValueError, ZeroDivisionError):
        return []


def _version_1(folder: Path) -> list[float]:
    try:
        share = int((folder / "cpu.cfs_quota_us").read_text())
        period = int((folder / "cpu.cfs_period_us").read_text())
        return [] if share <= 0 else [share / period]
    except (OSError, ValueError, ZeroDivisionError):
        return []
