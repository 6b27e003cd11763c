"""The words against bots and rubbish: what is refused by what it asks for, and who has to work for
an answer. See docs/bots.md."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from porch.config.model import Model, word
from porch.config.suggest import suggest
from porch.config.units import parse_duration
from porch.config.words import DURATION_FORM, Duration, Form, Strings, one_or_more
from porch.shield.block_scanners import LISTS, SCANNERS
from porch.shield.challenge import OPEN
from porch.shield.crawlers import KNOWN

__all__ = ["BlockModel", "BotWords", "ChallengeModel", "pattern_of"]

NAMES = (SCANNERS, *LISTS)
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_MOST_SLOW = 10_000


class BlockModel(Model):
    """A rule: a request for which all of its words hold is refused. Case does not matter, and paths
    are looked at in each spelling.

    A text is what it says, and `re:` before it a pattern of [RE2](https://github.com/google/re2/wiki/Syntax),
    found anywhere in it; of several one suffices.
    """

    list: Literal["scanners", "dotfiles", "backups", "wordpress", "php", "consoles"] | None = word(
        "Paths that only scanners ask for; `scanners` is all of the lists."
    )
    path: Strings | None = word("`/x` is that path, `/x/*` it and all below.")
    method: Strings | None = word("Methods.")
    query: Strings | None = word("A text that stands somewhere in the query.")
    header: dict[str, str | bool] | None = word(
        "Fields by name, all of which have to hold: a text that is somewhere in one, `true` where "
        "there is one, `false` where there is none."
    )
    body: Strings | None = word("A text that stands somewhere in the first 64 KB of the body.")
    status: Literal[403, 404] | None = word("Of the answer: 404 for lists.", 403)
    log: bool | None = word(
        "`false` leaves what it refuses out of the access log; metrics count it.", True
    )


def _read(value: object) -> object:
    if value is True:
        raise ValueError('a list says what is blocked; write ["scanners"]')
    found = one_or_more(value)
    if not isinstance(found, list):
        return found
    for each in found:
        if isinstance(each, str) and each not in NAMES:
            raise ValueError(
                f"'{each}' is none of the lists ({', '.join(NAMES)}), and a path is "
                f'{{ path = "{each}" }}{suggest(each, NAMES)}'
            )
    return [{"list": each} if isinstance(each, str) else each for each in found]


def _rules(value: list[BlockModel] | Literal[False]) -> list[BlockModel] | Literal[False]:
    if value == []:
        raise ValueError('the list is empty; write ["scanners"], or false for no list')
    for each in value or ():
        if each.list is not None and each.path is not None:
            raise ValueError("'list' and 'path' say the same; write two rules")
        if not each.model_fields_set - {"status", "log"}:
            raise ValueError('it has no condition and would block everything; say "path", or more')
        _check(each)
    return value


def _check(rule: BlockModel) -> None:
    for text in rule.path or ():
        if not text.startswith(("/", "re:")):
            raise ValueError(f'\'{text}\' is no path; write "/{text}", or "re:..." for a pattern')
        if "*" in text.removesuffix("/*") and not text.startswith("re:"):
            raise ValueError(f"'{text}' may end with /* alone; write \"re:...\" for a pattern")
    for method in rule.method or ():
        if _TOKEN.match(method) is None:
            raise ValueError(f"'{method}' is no method")
    for name, value in (rule.header or {}).items():
        if _TOKEN.match(name) is None:
            raise ValueError(f"'{name}' is not the name of a field")
        if value == "":
            raise ValueError(f"'{name}' wants a text, true (there is one) or false (there is none)")
    for word_, texts in (
        ("path", rule.path),
        ("method", rule.method),
        ("query", rule.query),
        ("body", rule.body),
    ):
        if texts is not None and not all(text.removeprefix("re:") for text in texts):
            raise ValueError(f"'{word_}' is empty")
        if texts == []:
            raise ValueError(f"'{word_}' is empty")


Block = Annotated[
    list[BlockModel] | Literal[False],
    BeforeValidator(_read, json_schema_input_type=str | list[str | BlockModel] | Literal[False]),
    AfterValidator(_rules),
    Form('rules, such as ["scanners", { path = "/private/*" }], or false'),
]


def pattern_of(text: str, *, is_path: bool = False) -> str:
    """The regular expression for a text of a rule."""
    if text.startswith("re:"):
        return text.removeprefix("re:")
    if not is_path:
        return re.escape(text)
    start = text.removesuffix("/*")
    return rf"\A{re.escape(start)}" + (r"(?:/|\z)" if start != text else r"/?\z")


def _slow(value: object) -> object:
    return 64 if value is True else value


def _bounded(value: int | Literal[False]) -> int | Literal[False]:
    if value is not False and not 1 <= value <= _MOST_SLOW:
        raise ValueError(f"1 to {_MOST_SLOW} answers at a time; false for none")
    return value


Tarpit = Annotated[
    int | Literal[False],
    BeforeValidator(_slow, json_schema_input_type=bool | int),
    AfterValidator(_bounded),
    Form("true, false, or how many at a time"),
]


def _difficulty(value: int) -> int:
    if not 8 <= value <= 24:
        raise ValueError("8 to 24 bits; each doubles the work, 17 is less than a second")
    return value


def _lasts(value: float) -> float:
    if not 60 <= value <= 366 * 86400:
        raise ValueError("a pass lasts for a minute at least, and for a year at most")
    return value


def _open(value: list[str]) -> list[str]:
    for text in value:
        if not text.startswith("/") or "*" in text.removesuffix("/*"):
            raise ValueError(f'\'{text}\' is no path; write "/x", or "/x/*" for all below')
        if text == "/*":
            raise ValueError("'/*' would let everybody in; write challenge = false")
    return value


def _crawlers(value: list[str]) -> list[str]:
    for text in value:
        if text.lower() not in KNOWN:
            names = ", ".join(KNOWN)
            raise ValueError(f"'{text}' is none of {names}{suggest(text, KNOWN)}")
    return [text.lower() for text in value]


class ChallengeModel(Model):
    """A calculation that browsers do before they come in: `challenge = true`, or `"load"`."""

    when: Literal["always", "load"] = Field(
        default="always", description="`load` is only while a worker is busy."
    )
    difficulty: Annotated[int, AfterValidator(_difficulty), Form("a number of bits")] = Field(
        default=17, description="How many bits of a SHA-256 have to be zero; each doubles the work."
    )
    lasts: Annotated[Duration, AfterValidator(_lasts), DURATION_FORM] = Field(
        default=parse_duration("1d"),
        description="How long a pass holds, for its host and the client's network.",
        json_schema_extra={"default": "1d"},
    )
    exempt: Annotated[Strings, AfterValidator(_open), Form("paths")] = Field(
        default=[], description=f"Paths that need no pass, besides {' and '.join(OPEN)}."
    )
    crawlers: Annotated[Strings, AfterValidator(_crawlers), Form("names of crawlers")] = Field(
        default=[], description=f"That need none, by reverse DNS: {', '.join(KNOWN)}."
    )
    contact: str = Field(
        default="", description="What to do for who has no JavaScript; a text for the page."
    )
    secret: str | None = word(
        "Signs passes in place of the door's own key, for several machines: 16 characters or more."
    )


def _challenge(value: object) -> object:
    if value is True:
        return {}
    if isinstance(value, str):
        if value not in ("always", "load"):
            raise ValueError('it is true, "load", a table or false')
        return {"when": value}
    return value


Challenge = Annotated[
    ChallengeModel | Literal[False],
    BeforeValidator(
        _challenge, json_schema_input_type=bool | Literal["always", "load"] | ChallengeModel
    ),
    Form('true, "load", a table or false'),
]


class BotWords(Model):
    """Of a route, a site or the top; the nearest wins."""

    block: Block | None = word(
        "Requests that are refused by what they ask for, see [block](#block)."
    )
    tarpit: Tarpit | None = word(
        "What `block` refuses is answered slowly, a byte a second for a minute: to so many at a "
        "time in a worker (`true` is 64), at once to all others.",
        False,
    )
    challenge: Challenge | None = word(
        "Browsers do a calculation before they come in, once a day; programs are refused. See "
        "[challenge](#challenge).",
        False,
    )
