"""The words against bots as filters."""

import secrets
from collections.abc import Iterator

from porch.config.loaded import Loaded
from porch.config.schema_bots import BlockModel, ChallengeModel, pattern_of
from porch.config.settings import RouteSettings
from porch.config.state import State
from porch.filter import Filter
from porch.route.scheme import Trusts
from porch.shield.block import Block, BlockBodies, Rule
from porch.shield.block_scanners import LISTS, SCANNERS
from porch.shield.challenge import Challenge, Terms
from porch.shield.challenge_load import Load
from porch.shield.challenge_seal import Seal
from porch.shield.crawlers import Crawlers
from porch.shield.tarpit import Tarpit

__all__ = ["Botting", "rules_of"]


class Botting:
    """Of one configuration. Routes with the same words share what is made of them. needs_key:
    whether passes are signed with the door's own key. trusts: see client_scheme."""

    def __init__(self, loaded: Loaded, state: State, trusts: Trusts = None) -> None:
        self.needs_key = False
        self._trusts = trusts
        # Who only checks signs nothing.
        self._key = loaded.signing_key or secrets.token_bytes(32)
        self._spawn = state.auth.spawn if state.auth.serves else None
        self._load = Load()
        self._tarpits: dict[int, Tarpit] = {}
        self._made: dict[str, Block] = {}
        self._asking: dict[str, Challenge] = {}

    def filters(self, settings: RouteSettings) -> list[Filter]:
        """What a route has by its words."""
        return [*self._block(settings), *self._challenge(settings)]

    def _challenge(self, settings: RouteSettings) -> Iterator[Challenge]:
        words: ChallengeModel | None = settings.nearest("challenge") or None
        if words is None:
            return
        if words.secret is None:
            self.needs_key = True
        key = repr(words)
        if key not in self._asking:
            terms = Terms(words.difficulty, words.lasts, tuple(words.exempt), words.contact)
            self._asking[key] = Challenge(
                terms,
                Seal(words.secret.encode() if words.secret is not None else self._key),
                self._load if words.when == "load" else None,
                Crawlers(words.crawlers, self._spawn) if words.crawlers else None,
                self._trusts,
            )
        yield self._asking[key]

    def _block(self, settings: RouteSettings) -> Iterator[Block]:
        words: list[BlockModel] = settings.nearest("block") or []
        if not words:
            return
        slow: int = settings.nearest("tarpit") or 0
        key = f"{words} {slow}"
        if key not in self._made:
            rules = [rules_of(each) for each in words]
            kind = BlockBodies if any(each.body for each in rules) else Block
            tarpit = self._tarpits.setdefault(slow, Tarpit(slow)) if slow else None
            self._made[key] = kind(rules, tarpit)
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
        quiet=words.log is False,
    )


def _named(words: BlockModel) -> str:
    """As it is written."""
    if words.list is not None and words.model_fields_set <= {"list", "log"}:
        return words.list
    said = (
        f"{name} {_shown(getattr(words, name))}"
        for name in BlockModel.model_fields
        if name in words.model_fields_set and name not in ("status", "log")
    )
    return ", ".join(said)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return " or ".join(value)
    if isinstance(value, dict):
        return " and ".join(f"{name}: {each}" for name, each in value.items())
    return str(value)
