"""The version, of an installed package and of a bare checkout."""

import importlib.metadata

import pytest

from porch.version import installed_version


def test_the_version_is_that_of_the_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", {"porch": "9.8.7"}.__getitem__)
    assert installed_version() == "9.8.7"


def test_a_checkout_that_is_not_installed_has_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", fail)
    assert installed_version().endswith(".dev0")
