"""Plan: the hooks of a route, compiled once at load.

Each phase is a tuple of bound methods, of only those filters that override it, so that a
feature that is off is not even an empty call.
"""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from porch.filter import Filter, Response, Suspend

if TYPE_CHECKING:
    from porch.errors import PorchError
    from porch.exchange import Exchange
    from porch.http.message import Trailers

__all__ = ["Plan"]


class Plan:
    """Per phase a tuple of bound hooks, in the order of the filters. without: phases that are left
    out, as those that face a client where there is none."""

    __slots__ = (
        "on_begin",
        "on_cut",
        "on_damaged",
        "on_end",
        "on_request",
        "on_request_data",
        "on_request_trailers",
        "on_response",
        "on_upstream_done",
        "on_upstream_request",
        "on_upstream_response",
    )

    on_begin: "tuple[Callable[[Exchange], None], ...]"
    on_request: "tuple[Callable[[Exchange], Response | Suspend | None], ...]"
    on_upstream_request: "tuple[Callable[[Exchange], None], ...]"
    on_upstream_response: "tuple[Callable[[Exchange], Response | Suspend | None], ...]"
    on_response: "tuple[Callable[[Exchange], None], ...]"
    on_request_data: "tuple[Callable[[Exchange, bytes], bytes], ...]"
    on_request_trailers: "tuple[Callable[[Exchange, Trailers], None], ...]"
    on_upstream_done: "tuple[Callable[[Exchange], None], ...]"
    on_damaged: "tuple[Callable[[Exchange], None], ...]"
    on_cut: "tuple[Callable[[Exchange, PorchError], Trailers | None], ...]"
    on_end: "tuple[Callable[[Exchange], None], ...]"

    def __init__(self, filters: Sequence[Filter] = (), without: Collection[str] = ()) -> None:
        hooks: dict[str, list[object]] = {phase: [] for phase in self.__slots__}
        for each in filters:
            for phase in _phases[type(each)]:
                if phase not in without:
                    hooks[phase].append(getattr(each, phase))
        for phase, bound in hooks.items():
            setattr(self, phase, tuple(bound))

    def __repr__(self) -> str:
        phases = (f"{name}={len(getattr(self, name))}" for name in self.__slots__)
        return f"<Plan {' '.join(phases)}>"


class _Phases(dict[type[Filter], tuple[str, ...]]):
    """A kind of filter -> the phases it overrides: every route has the same few kinds."""

    def __missing__(self, kind: type[Filter]) -> tuple[str, ...]:
        phases = tuple(
            phase for phase in Plan.__slots__ if getattr(kind, phase) is not getattr(Filter, phase)
        )
        self[kind] = phases
        return phases


_phases = _Phases()
