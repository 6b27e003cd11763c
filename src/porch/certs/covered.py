"""Covered: names for which a certificate may be got when a client asks for one.

Judged before anybody is asked: a name in a client's hello is a stranger's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from porch.certs.names import is_local

__all__ = ["MOST_LABELS", "Covered"]

MOST_LABELS = 10
"""Public hosts have five at most, nearly all of them."""
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{4,253}}\Z)(?:{_LABEL}\.){{1,{MOST_LABELS - 1}}}{_LABEL}\Z")
"""As a public authority certifies it: no underscore, and no wildcard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """named: hosts that have a route or a word of their own, and so what belongs to them.

    wildcards: "*.host" of routes, to whether hosts below may get one. everybody: whether all others
    may.
    """

    named: frozenset[str] = frozenset()
    wildcards: Mapping[str, bool]
    everybody: bool

    def __bool__(self) -> bool:
        return self.everybody or any(self.wildcards.values())

    def __call__(self, name: str) -> bool:
        """Whether a name (lower-case, without a last dot) may get one.

        A wildcard's route serves hosts of any depth; of those that are deeper than one label there
        is no end, so they get none.
        """
        if name in self.named or not _NAME.match(name):
            return False
        if name.rpartition(".")[2].isdigit() or is_local(name):  # an address, or half of one
            return False
        above = name.partition(".")[2]
        found = self.wildcards.get(f"*.{above}")
        if found is not None:
            return found
        while above:
            above = above.partition(".")[2]
            if f"*.{above}" in self.wildcards:
                return False
        return self.everybody

    @property
    def hosts(self) -> list[str]:
        """The hosts of those routes."""
        found = [host for host, may in self.wildcards.items() if may]
        return [*found, "*"] if self.everybody else found
