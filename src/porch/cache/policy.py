"""Policy: what the configuration of a route says about its cache."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from porch.http.message import RequestHead
from porch.route.condition import Conditions

__all__ = ["HEURISTIC_CAP", "MAX_OBJECT", "STALE_ERROR", "Policy"]

HEURISTIC_CAP = 86400.0
"""Seconds: the most that a tenth of an answer's own age makes it fresh for (RFC 9111 4.2.2)."""
STALE_ERROR = 86400.0
"""Seconds for which a stale answer stands in for an origin that fails, if neither forbids it."""
MAX_OBJECT = 1 << 30
"""Bytes of a body that is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """ttl: seconds for answers that say nothing of how long they are fresh; None keeps none of
    those. status_ttl: the same for a status, and before what the answer says. stale: None for the
    default, or how long stale answers may stand in, while one is asked for and where the origin
    fails. max_object: bytes. ignore: of b"set-cookie", b"authorization", b"private", b"no-store",
    b"vary": what shall not keep an answer from being stored. respect_client: whether Cache-Control
    of requests counts. guard: whether an answer whose type is not what the end of its path
    promises is left out. bypass: one that holds takes a request past the cache. tells_who: whether
    the origin is told whose each request is, so that answers are as those to Authorization. told:
    the fields by which the door tells it, lower-case.
    """

    ttl: float | None = None
    status_ttl: Mapping[int, float] = field(default_factory=dict)
    stale: float | None = None
    max_object: int = MAX_OBJECT
    ignore: frozenset[bytes] = frozenset()
    respect_client: bool = True
    guard: bool = True
    bypass: tuple[Conditions, ...] = ()
    tells_who: bool = False
    told: frozenset[bytes] = frozenset()

    def passes_by(self, request: RequestHead, client_ip: bytes) -> bool:
        """Whether the cache is neither asked for it nor filled by it."""
        return any(each.holds(request, client_ip) for each in self.bypass)
