"""Control groups as files of the test's own."""

import os
from pathlib import Path

import pytest

from porch.manage.cores import cores, quota, workers


def write(root: Path, name: str, text: str) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_without_groups_there_is_no_bound(tmp_path: Path) -> None:
    assert quota(tmp_path) == 0.0
    assert cores(tmp_path) == len(os.sched_getaffinity(0))


def test_auto_is_one_worker_a_core() -> None:
    assert workers("auto") == cores()
    assert workers(7) == 7


@pytest.mark.parametrize(
    ("text", "share"), [("150000 100000", 1.5), ("max 100000", 0.0), ("rubbish", 0.0), ("1 0", 0.0)]
)
def test_version_2_has_one_file(tmp_path: Path, text: str, share: float) -> None:
    write(tmp_path, "proc/self/cgroup", "0::/a/b\n")
    write(tmp_path, "sys/fs/cgroup/a/b/cpu.max", text)
    assert quota(tmp_path) == share


def test_the_narrowest_group_on_the_way_up_counts(tmp_path: Path) -> None:
    write(tmp_path, "proc/self/cgroup", "0::/a/b\n")
    write(tmp_path, "sys/fs/cgroup/a/b/cpu.max", "400000 100000")
    write(tmp_path, "sys/fs/cgroup/a/cpu.max", "50000 100000")
    assert quota(tmp_path) == 0.5
    assert cores(tmp_path) == 1


def test_version_1_has_two_files(tmp_path: Path) -> None:
    write(tmp_path, "proc/self/cgroup", "4:cpu,cpuacct:/docker/x\n3:memory:/docker/x\n")
    write(tmp_path, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000")
    write(tmp_path, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000")
    assert quota(tmp_path) == 0.5


def test_no_bound_of_version_1_is_minus_one(tmp_path: Path) -> None:
    write(tmp_path, "proc/self/cgroup", "4:cpu:/\n")
    write(tmp_path, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1")
    write(tmp_path, "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000")
    assert quota(tmp_path) == 0.0
