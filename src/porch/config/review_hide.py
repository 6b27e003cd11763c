"""What no single word about what is behind the door can tell."""

from porch.config.loaded import Loaded, RouteEntry
from porch.config.schema import RouteWords
from porch.config.settings import RouteSettings
from porch.route.pattern import Kind

__all__ = ["review_hide"]


def review_hide(loaded: Loaded) -> None:
    """Internal routes, and who leads to them."""
    internal = [entry for entry in loaded.routes if entry.model.internal]
    sends = [entry for entry in loaded.routes if _accel(loaded, entry)]
    for entry in internal:
        path = (*entry.path, "internal")
        if not sends:
            text = "nobody leads to it: no route says accel = true, so that nobody ever has it"
            loaded.add(path, text, warning=True)
        if entry.model.accel and entry.model.cache:
            text = "an internal route with accel could wait for itself in a cache; take one out"
            loaded.add(path, text)
        if entry.pattern is not None and entry.pattern.kind is Kind.WHOLE:
            text = f"the whole of '{entry.key}' is internal: no client reaches any path there"
            loaded.add(path, text, warning=True)
        if entry.targets and entry.targets[0].kind == "redirect":
            text = "a redirect sends the client to what it is not to see; let it lead to a file"
            loaded.add(path, text, warning=True)
    for entry in loaded.routes:
        is_at_door = bool(entry.targets) and entry.targets[0].kind in (
            "file",
            "redirect",
            "respond",
        )
        if entry.model.accel and is_at_door:
            text = f"'accel' does nothing beside '{entry.targets[0].kind}:', which asks no origin"
            loaded.add((*entry.path, "accel"), text, warning=True)
        elif entry.model.accel and not internal:
            text = "there is no internal route to send to; give one internal = true"
            loaded.add((*entry.path, "accel"), text, warning=True)
        if not is_at_door and not entry.model.internal:
            _review_kept(loaded, entry)


def _review_kept(loaded: Loaded, entry: RouteEntry) -> None:
    """What the origin has sent by accel, in a cache."""
    if entry.pattern is None or not _accel(loaded, entry):
        return
    words = RouteSettings.of(loaded, entry, entry.pattern.host.decode())
    if words.cache is None:
        return
    path = (*entry.path, "accel") if entry.model.accel else entry.path
    text = (
        "with 'cache' what the origin has sent by accel is given to all for as long as it says "
        "(max-age, Expires), though it may have looked who asks; let it say private, or take out "
        "'cache' here (cache = false)"
    )
    loaded.add(path, text, warning=True)


def _accel(loaded: Loaded, entry: RouteEntry) -> bool:
    """Whether a route says it, or its site, or the top."""
    host = entry.pattern.host.decode() if entry.pattern is not None else ""
    layers: list[RouteWords | None] = [entry.model, loaded.sites.get(host), loaded.config]
    said = (each.accel for each in layers if each is not None)
    return bool(next((each for each in said if each is not None), False))
