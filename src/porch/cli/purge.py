"""`porch purge`: answers that are kept no longer."""

import sys
from collections.abc import Sequence
from pathlib import Path

from porch.cache.named import named_in
from porch.cli.ask import ask_door

__all__ = ["purge_named"]


def purge_named(
    config: Path,
    urls: Sequence[str],
    hosts: Sequence[str],
    tags: Sequence[str],
    *,
    everything: bool,
    soft: bool,
) -> int:
    """Returns 0 when it is in force in all workers, or 1 with the reason, or 2 for words that are
    none."""
    words = {"urls": [*urls], "hosts": [*hosts], "tags": [*tags], "all": everything}
    try:
        named_in(words)
    except ValueError as error:
        print(f"porch: {error}", file=sys.stderr)
        return 2
    return ask_door(config, "purge", words | {"soft": soft})
