"""What the types of maintenance, canary and mirror cannot tell: their targets, networks, files."""

from porch.config.loaded import Loaded, RouteEntry
from porch.config.locate import KeyPath
from porch.config.schema import RouteModel
from porch.config.schema_change import CanaryModel, MaintenanceModel
from porch.config.suggest import nearest
from porch.config.target import Target, parse_target
from porch.route.when import parse_when

__all__ = ["also_leads_to", "review_change", "review_maintenance"]


def review_change(loaded: Loaded, entry: RouteEntry, pools: set[str]) -> None:
    """The canary and the mirror of a route. pools: those with a name."""
    model = entry.model
    if model.canary is not None:
        _review_to(loaded, model.canary.to, (*entry.path, "canary", "to"), pools)
        _review_canary(loaded, model.canary, (*entry.path, "canary"))
        _review_own(loaded, entry, model.canary.to, (*entry.path, "canary", "to"))
    if model.mirror is not None:
        _review_to(loaded, model.mirror.to, (*entry.path, "mirror", "to"), pools)
        _review_own(loaded, entry, model.mirror.to, (*entry.path, "mirror", "to"))
        if model.mirror.share == 0:
            text = "a share of 0% copies nothing"
            loaded.add((*entry.path, "mirror", "share"), text, warning=True)


def also_leads_to(model: RouteModel) -> list[str]:
    """The targets of a route beside `to`, as they are written."""
    return [text for each in (model.canary, model.mirror) if each is not None for text in each.to]


def review_maintenance(loaded: Loaded, model: MaintenanceModel, path: KeyPath) -> None:
    """Its page and its networks."""
    if model.page is not None:
        file = loaded.base / model.page
        try:
            loaded.read(file)
        except OSError as error:
            text = f"{file} cannot be read: {error.strerror or error}"
            loaded.add((*path, "page"), text)
    for number, each in enumerate(model.allow):
        try:
            parse_when({"client": [each]})
        except ValueError as error:
            loaded.add((*path, "allow", number), str(error))


def _review_canary(loaded: Loaded, model: CanaryModel, path: KeyPath) -> None:
    if not (model.share or model.header or model.cookie):
        loaded.add(path, 'nobody goes to this canary; give it a share ("5%"), a header or a cookie')
    for name, wanted in model.header.items():
        try:
            parse_when({"header": {name: wanted}})
        except ValueError as error:
            loaded.add((*path, "header", name), str(error))
    for word in ("cookie", "sticky"):
        value = getattr(model, word)
        if isinstance(value, str) and not (value.isascii() and _is_token(value)):
            loaded.add((*path, word), f"'{value}' is not the name of a cookie")


def _review_own(loaded: Loaded, entry: RouteEntry, to: list[str], path: KeyPath) -> None:
    """A shadow that is the route's own pool has every POST run twice there."""
    own = {each if isinstance(each, str) else each.to for each in entry.model.to}
    for text in sorted(own & set(to)):
        what = "it is its own canary" if path[-2] == "canary" else "it would run each request twice"
        loaded.add(path, f"'{text}' is what the route leads to already: {what}", warning=True)


def _is_token(text: str) -> bool:
    return bool(text) and not any(each <= " " or each in '()<>@,;:\\"/[]?={}\x7f' for each in text)


def _review_to(loaded: Loaded, to: list[str], path: KeyPath, pools: set[str]) -> None:
    if not to:
        loaded.add(path, "'to' is empty; name a target")
    found: list[Target] = []
    for number, text in enumerate(to):
        at = (*path, number)
        try:
            target = parse_target(text)
        except ValueError as error:
            loaded.add(at, str(error))
            continue
        found.append(target)
        if target.kind in ("redirect", "respond"):
            loaded.add(at, f"'{target.text}' is no origin; name an address or a pool")
        elif target.kind == "pool" and target.name not in pools:
            near = nearest(target.name, pools)
            meant = (
                f"; did you mean '{near}'?" if near else f'; an address has a port: "{text}:8000"'
            )
            loaded.add(at, f"there is no [pool.{target.name}]{meant}")
        elif target.is_alone and len(to) > 1:
            loaded.add(at, f"'{target.text}' stands alone, not in a list with others")
    twice = {each.text for each in found if [one.text for one in found].count(each.text) > 1}
    for text in sorted(twice):
        loaded.add(path, f"'{text}' stands there twice")
