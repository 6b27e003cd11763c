"""What the types of words against bots cannot tell: whether patterns are of use."""

import re

from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.review_balance import SHORTEST
from porch.config.schema_bots import BlockModel, BotWords, pattern_of
from porch.shield.block_patterns import Patterns, check_pattern

__all__ = ["review_bots"]

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)


def review_bots(loaded: Loaded, words: BotWords, path: KeyPath) -> None:
    """The words of one table."""
    if words.tarpit and words.block is False:
        text = "'tarpit' has nothing to do where 'block' is false; take one of them out"
        loaded.add((*path, "tarpit"), text, warning=True)
    secret, at = words.challenge.secret if words.challenge else None, (*path, "challenge", "secret")
    if secret is not None and len(secret) < SHORTEST:
        text = f"the secret has fewer than {SHORTEST} characters; openssl rand -hex 32 makes one"
        loaded.add(at, text)
    patterns: list[str] = []
    for number, rule in enumerate(words.block or ()):
        patterns += _review_rule(loaded, rule, (*path, "block", number))
    if patterns and loaded.ok:
        try:
            Patterns([(text, 1) for text in patterns])
        except ValueError as error:
            loaded.add((*path, "block"), str(error))


def _review_rule(loaded: Loaded, rule: BlockModel, path: KeyPath) -> list[str]:
    found: list[str] = []
    texts = [("path", each) for each in rule.path or ()]
    texts += [("query", each) for each in rule.query or ()]
    texts += [("body", each) for each in rule.body or ()]
    texts += [("header", each) for each in (rule.header or {}).values() if isinstance(each, str)]
    for name, text in texts:
        pattern = pattern_of(text, is_path=name == "path")
        found.append(pattern)
        try:
            check_pattern(pattern)
            if name == "body" and text.startswith("re:"):
                _check_ends(pattern)
        except ValueError as error:
            loaded.add((*path, name), str(error))
    return found


def _check_ends(pattern: str) -> None:
    """Where a body ends is not known while it comes."""
    for token in _TOKEN.findall(pattern):
        if token in ("$", r"\z"):
            raise ValueError(
                f"'{token}' is the end of a body, which may not be there yet; take it out"
            )
