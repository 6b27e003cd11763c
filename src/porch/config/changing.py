"""What a route has for changes that are made with care: maintenance, a canary, a mirror."""

from collections.abc import Mapping
from copy import copy
from functools import partial
from pathlib import Path

from porch.balance.abort import parse_abort
from porch.balance.canary import Canary, CanaryRule
from porch.balance.mirror import Mirror
from porch.balance.standing import NOT_COPIED
from porch.balance.sticky import Sticky
from porch.balance.upstream import Upstream
from porch.config.loaded import Loaded, RouteEntry
from porch.config.locate import KeyPath
from porch.config.review_route import parse_targets
from porch.config.schema_change import CanaryModel, MaintenanceModel, MirrorModel
from porch.config.settings import RouteSettings
from porch.config.state import State
from porch.config.steps import Steps
from porch.config.upstreams import Upstreams
from porch.route.condition import NONE, Network
from porch.route.retry import Retry
from porch.route.route import Destination, Route
from porch.route.when import parse_when
from porch.serve.maintenance import Maintenance

__all__ = ["Changing", "networks"]

RETRY_AFTER = 600.0


class Changing:
    """Makes them. files: pages that were read, to be watched."""

    def __init__(
        self,
        loaded: Loaded,
        state: State,
        upstreams: Upstreams,
        pools: Mapping[str, tuple[Upstream | Sticky, str]],
    ) -> None:
        """pools: those with a name, as they are by the time of a route."""
        self.files: dict[Path, None] = {}
        self._loaded = loaded
        self._state = state
        self._upstreams = upstreams
        self._pools = pools

    def maintenance(self, model: MaintenanceModel) -> Maintenance:
        """Whether its page can be read was reviewed."""
        page = None
        if model.page is not None:
            file = self._loaded.base / model.page
            self.files[file] = None
            page = self._loaded.read(file)
        seconds = model.retry_after or RETRY_AFTER
        return Maintenance(lambda: seconds, page, networks(model.allow))

    def canary(
        self,
        name: str,
        entry: RouteEntry,
        model: CanaryModel,
        settings: RouteSettings,
        stable: Destination,
    ) -> Steps[Canary]:
        """name: of the route, with its conditions."""
        to = yield from self._pool(f"{name} canary", model.to, settings, entry.path)
        hide = partial(self._loaded.without_secrets, entry.path)
        headers = parse_when({"header": model.header}, hide) if model.header else NONE
        shown = {
            field: hide(wanted) if isinstance(wanted, str) else wanted
            for field, wanted in model.header.items()
        }
        assert entry.pattern is not None
        rule = CanaryRule(
            share=model.share,
            headers=headers,
            cookie=(model.cookie or "").encode(),
            sticky=model.sticky is not False,
            sticky_cookie=model.sticky.encode() if isinstance(model.sticky, str) else b"",
            salt=entry.pattern.host,
        )
        made = Canary(name, stable, to[0], rule)
        made.target = to[1]
        made.words = model.model_copy(update={"header": shown}).model_dump_json()
        made.abort = parse_abort(model.abort_if) if model.abort_if is not None else None
        return made

    def mirror(
        self, name: str, entry: RouteEntry, model: MirrorModel, settings: RouteSettings
    ) -> Steps[Mirror]:
        """name: of the route, with its conditions."""
        name = f"{name} mirror"
        to = yield from self._pool(name, model.to, settings, entry.path)
        route = Route(
            key=name,
            destination=to[0],
            target=to[1],
            timeouts=settings.timeouts,
            limits=settings.limits,
            retry=Retry(attempts=0),
            upgrades=frozenset(),
        )
        cells = self._state.counter((name, NOT_COPIED))
        return Mirror(route, model.share, self._state.deadlines, cells)

    def _pool(
        self, name: str, to: list[str], settings: RouteSettings, path: KeyPath
    ) -> Steps[tuple[Upstream | Sticky, str]]:
        settings = copy(settings)
        settings.overload = None  # its bounds, and its cookie, are those of the route's own pool
        settings.sticky = None
        targets = [target for _, target in parse_targets(self._loaded, to, path)]
        if targets[0].kind == "pool":
            return self._pools[targets[0].name]
        return (
            yield from self._upstreams.of_targets(
                name, targets, settings, settings.tls, (*path, "tls")
            )
        )


def networks(texts: list[str] | tuple[str, ...]) -> tuple[Network, ...]:
    """Raises ValueError with a sentence."""
    clients = parse_when({"client": list(texts)}).clients if texts else None
    return clients.networks if clients is not None else ()
