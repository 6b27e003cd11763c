"""What "py:module:object" names in a configuration: the operator's own code, loaded.

Whoever calls this runs that code: the workers do, and `porch check`; the supervisor never.
"""

import importlib
import sys
from pathlib import Path

__all__ = ["object_named"]


def object_named(name: str, base: Path) -> object:
    """What "py:module:object" names; modules beside the configuration are found too.

    Raises ValueError with a sentence.
    """
    module, _, attribute = name.removeprefix("py:").partition(":")
    if not module or not attribute:
        raise ValueError(f"'{name}' is not py:module:object")
    if str(base) not in sys.path:
        sys.path.append(str(base))
    try:
        found: object = importlib.import_module(module)
        for step in attribute.split("."):
            found = getattr(found, step)
    except (Exception, SystemExit) as error:  # the operator's code
        raise ValueError(f"{name} cannot be loaded: {type(error).__name__}: {error}") from error
    return found
