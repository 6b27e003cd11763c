"""The words of a route's compression as what the filter goes by."""

from porch.compress.coder import FAST, SMALL, USUAL
from porch.compress.rules import CODINGS, LEAST, Rules
from porch.compress.types import TYPES, Types
from porch.config.schema_compress import CompressModel

__all__ = ["compressing"]

_EFFORTS = {None: USUAL, "fast": FAST, "usual": USUAL, "small": SMALL}


def compressing(words: CompressModel | None) -> Rules | None:
    """What they say (RouteSettings.compress); None where nothing is coded."""
    if words is None or words.secrets:
        return None
    codings: tuple[bytes, ...] = CODINGS
    if words.codings is not None:
        codings = tuple(each.encode() for each in words.codings)
    patterns = TYPES if words.types is None else words.types
    return Rules(
        codings=codings,
        types=Types(patterns, events=words.events is True),
        least=LEAST if words.min_size is None else words.min_size,
        effort=_EFFORTS[words.level],
        padding=words.padding or 0,
        brakes=words.brake is not False,
    )
