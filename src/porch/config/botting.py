"""The words against bots as filters."""

from collections.abc import Iterator

from porch.config.schema_bots import BlockModel, pattern_of
from porch.config.settings import RouteSettings
from porch.filter import Filter
from porch.shield.block import Block, BlockBodies, Rule
from porch.shield.block_scanners import LISTS, SCANNERS
from porch.shield.tarpit import Tarpit

__all__ = ["Botting", "rules_of"]


class Botting:
    """Of one configuration. Routes with the same words share what is made of them."""

    def __init__(self) -> None:
        self._made: dict[str, Block] = {}

    def filters(self, settings: RouteSettings) -> list[Filter]:
        """What a route has by its words."""
        return [*self._block(settings)]

    def _block(self, settings: RouteSettings) -> Iterator[Block]:
        words: list[BlockModel] = settings.nearest("block") or []
        if not words:
            return
        slow: int = settings.nearest("tarpit") or 0
        key = f"{words} {slow}"
        if key not in self._made:
            rules = [rules_of(each) for each in words]
            kind = BlockBodies if any(each.body for each in rules) else Block
            self._made[key] = kind(rules, Tarpit(slow) if slow else None)
        yield self._made[key]


def rules_of(words: BlockModel) -> Rule:
    """A rule as the filter wants it."""
    path = tuple(pattern_of(each, is_path=True) for each in words.path or ())
    if words.list is not None:
        names = LISTS if words.list == SCANNERS else (words.list,)
        path = tuple(each for name in names for each in LISTS[name])
    return Rule(
        name=_named(words),
        status=words.status or (403 if words.list is None else 404),
        methods=frozenset(each.upper().encode() for each in words.method or ()),
        path=path,
        query=tuple(map(pattern_of, words.query or ())),
        fields=tuple(
            (name.lower().encode(), pattern_of(value) if isinstance(value, str) else value)
            for name, value in (words.header or {}).items()
        ),
        body=tuple(map(pattern_of, words.body or ())),
    )


def _named(words: BlockModel) -> str:
    """As it is written."""
    if words.list is not None and words.model_fields_set == {"list"}:
        return words.list
    said = (
        f"{name} {_shown(getattr(words, name))}"
        for name in BlockModel.model_fields
        if name in words.model_fields_set and name != "status"
    )
    return ", ".join(said)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return " or ".join(value)
    if isinstance(value, dict):
        return " and ".join(f"{name}: {each}" for name, each in value.items())
    return str(value)
