"""What no single log can tell: whether the routes that it names are there."""

from porch.config.loaded import Loaded
from porch.config.suggest import suggest

__all__ = ["review_log"]


def review_log(loaded: Loaded) -> None:
    """Warn of a log of a route that nobody has, and of two that do not agree on one file."""
    keys = [each.key for each in loaded.routes]
    rotated: dict[str, object] = {}
    for number, log in enumerate(loaded.config.log):
        for key in log.route:
            if key not in keys:
                text = f"no route has the key '{key}', so that none of its lines are here"
                loaded.add(("log", number, "route"), text + suggest(key, keys), warning=True)
        if log.rotate is None:
            continue
        if rotated.setdefault(log.to, log.rotate) != log.rotate:
            text = "another log writes to this file, and says another time; say the same in both"
            loaded.add(("log", number, "rotate"), text)
