"""From the words `busy` and `importance` to who comes in while a worker has too much to do."""

from collections.abc import Callable, Sequence

from porch.config.loaded import Loaded
from porch.config.schema_busy import IMPORTANCE, BusyModel
from porch.config.settings import RouteSettings
from porch.config.state import State
from porch.filter import Filter
from porch.route.plan import Plan
from porch.route.route import KNOWN, NORMAL
from porch.route.router import Router
from porch.shield.busy import Busy
from porch.shield.busy_refusal import Refusal

__all__ = ["admitting", "importance_of", "knowing", "of_whole"]


def admitting(
    loaded: Loaded, state: State, router: Router, plan: Callable[[Sequence[Filter]], Plan]
) -> Router | Busy:
    """What a door asks for routes. plan: of a route that is logged."""
    words = of_whole(loaded)
    if words is None:
        return router
    terms = words.terms
    refusal = Refusal(terms.retry_after, terms.hold, state.turned_away, plan)
    return Busy(router.find, terms, refusal, state.known.knows)


def importance_of(settings: RouteSettings) -> int:
    """Of a route."""
    said = settings.nearest("importance")
    return NORMAL if said is None else IMPORTANCE[said]


def knowing(loaded: Loaded, state: State, settings: RouteSettings) -> list[Filter]:
    """What remembers who was let in, on a route where that makes a difference."""
    return [state.known] if of_whole(loaded) and importance_of(settings) == KNOWN else []


def of_whole(loaded: Loaded) -> BusyModel | None:
    """What is said of a worker with too much to do; None where nobody is refused."""
    return loaded.config.busy or None
