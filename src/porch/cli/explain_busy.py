"""What `porch explain` says of who comes in while a worker has too much to do."""

from collections.abc import Iterator

from porch.config.busying import of_whole
from porch.config.loaded import Loaded
from porch.config.schema_busy import IMPORTANCE
from porch.config.units import spell_duration
from porch.http.message import RequestHead
from porch.route.route import ALWAYS, HIGH, KNOWN, NORMAL, Route
from porch.shield.busy import HEALTH

__all__ = ["busy_lines"]


def busy_lines(loaded: Loaded, route: Route | None, request: RequestHead) -> Iterator[str]:
    """A line, where anybody is refused."""
    words = of_whole(loaded)
    if words is None or route is None:
        return
    importance, why = route.importance, ""
    if importance == KNOWN:
        importance, why = NORMAL, ", high where auth has let somebody in from this address lately"
    if importance == NORMAL and request.target in HEALTH:
        importance, why = HIGH, f", as {request.target.decode('latin-1')} asks whether we live"
    if importance == ALWAYS:
        yield "busy      always served, whatever there is to do (importance)"
        return
    names = list(IMPORTANCE)
    before = f", behind {' and '.join(names[:importance])}" if importance else ", first of all"
    yield (
        f"busy      importance {names[importance]}{why}: refused{before}, when a turn takes longer "
        f"than {spell_duration(words.lag)}"
    )
