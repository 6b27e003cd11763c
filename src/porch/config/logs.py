"""The access logs and what tells the operator of defects, as a configuration asks for them."""

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from porch.config.schema import ConfigModel
from porch.exchange import Exchange
from porch.filter import Filter
from porch.route.plan import Plan

__all__ = ["Logs"]


class Logs:
    """What every plan ends with.

    access_log: None where nothing is logged, as check and explain want it.
    """

    def __init__(self, access_log: Any | None = None) -> None:
        self.access_log = access_log

    @classmethod
    def open(cls, config: ConfigModel, say: Callable[[str], None]) -> "Logs":
        """The logs that a configuration asks for."""
        from porch.observe.access_log import AccessLog

        return cls(AccessLog([]))

    def close(self) -> None:
        """Write what waits, and end."""
        if self.access_log is not None:
            self.access_log.close()

    def plan(self, filters: Sequence[Filter]) -> Plan:
        """The plan of a route with these filters."""
        return Plan([*filters, self.access_log] if self.access_log is not None else filters)

    def report(self, exchange: Exchange, error: Exception) -> None:
        """Tell the operator of a defect, with its traceback."""
        text = "".join(traceback.format_exception(error))
        print(f"porch: defect in {exchange!r}:\n{text}", file=sys.stderr)

    def flush(self) -> None:
        """Write what waits."""
        if self.access_log is not None:
            self.access_log.flush()
