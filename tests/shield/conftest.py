"""The `scenario` fixture, for filters that are tested as whole exchanges."""

from tests.scenario.conftest import scenario

__all__ = ["scenario"]
