"""The fixture `door`, for what needs a door of its own."""

from tests.e2e.conftest import door

__all__ = ["door"]
