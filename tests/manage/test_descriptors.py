"""The limit of open files: as high as may be, and as it was where that is refused."""

import resource

import pytest

from porch.manage.descriptors import raise_limit


class Limit:
    """What the system allows, in place of the true limit of this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, most: int) -> None:
        self.now = soft, hard
        self._most = most
        monkeypatch.setattr(resource, "getrlimit", lambda _: self.now)
        monkeypatch.setattr(resource, "setrlimit", self._set)

    def _set(self, _: int, limits: tuple[int, int]) -> None:
        if limits[0] > self._most:
            raise ValueError("current limit exceeds maximum limit")
        self.now = limits


def test_it_is_raised_to_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = Limit(monkeypatch, 1024, 4096, 4096)
    assert raise_limit() == 4096
    assert limit.now == (4096, 4096)
    assert raise_limit() == 0, "it is there already"


def test_where_the_system_refuses_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = Limit(monkeypatch, 256, 1 << 40, 10240)
    assert raise_limit() == 0
    assert limit.now == (256, 1 << 40)
