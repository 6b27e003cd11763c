"""The words of the cache, see schema.py."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from porch.cache.policy import MAX_OBJECT
from porch.config.model import Model, word
from porch.config.units import spell_size
from porch.config.words import Bound, Duration, Form, Strings, Wanted, one_or_more

__all__ = [
    "STORE_SIZE",
    "TRACKING",
    "BypassModel",
    "Cache",
    "CacheKeyModel",
    "CacheModel",
    "CacheStoreModel",
    "statuses",
]

STORE_SIZE = 1 << 30
"""Bytes of a store of which nothing is said."""

TRACKING = (
    *("utm_*", "mtm_*", "pk_*", "piwik_*", "matomo_*", "hsa_*"),
    *("gclid", "gclsrc", "gbraid", "wbraid", "dclid", "gad_source", "gad_campaignid", "srsltid"),
    *("fbclid", "igshid", "msclkid", "twclid", "ttclid", "li_fat_id", "rdt_cid", "ScCid", "epik"),
    *("yclid", "ysclid", "_openstat", "mc_cid", "mc_eid", "mkt_tok", "vero_id", "s_kwcid", "ef_id"),
    *("_ga", "_gl", "_hsenc", "_hsmi", "__hstc", "__hssc", "__hsfp", "hsCtaTracking"),
    *("oly_anon_id", "oly_enc_id", "rb_clickid", "wickedid", "_kx"),
)
"""Parameters that advertisements and newsletters add for scripts in the page: `"tracking"`."""

_STATUS = re.compile(r"[2-5](?:\d\d|xx)\Z", re.ASCII)
_PARAMETER = re.compile(r"[^\s&=#?*\x00-\x1f]+\*?\Z")
_COOKIE = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*\Z", re.ASCII)


def statuses(text: str) -> range:
    """Those that "404" or "5xx" is, a key of `status_ttl`. Raises ValueError with a sentence."""
    if _STATUS.match(text) is None:
        raise ValueError(f"'{text}' is no status; write 404, or \"5xx\" for all from 500")
    first = int(text.replace("xx", "00"))
    return range(first, first + (100 if text.endswith("xx") else 1))


def _parameters(value: list[str]) -> list[str]:
    for name in value:
        if _PARAMETER.match(name) is None:
            raise ValueError(
                f'\'{name}\' is not the name of a parameter; write "page", or "utm_*" for all '
                "that begin so"
            )
    return value


def _with_tracking(value: list[str]) -> list[str]:
    """The named list in its place."""
    plain = [name for name in value if name != "tracking"]
    return [*plain, *TRACKING] if len(plain) < len(value) else value


def _cookies(value: list[str]) -> list[str]:
    for name in value:
        if _COOKIE.match(name) is None or "*" in name:
            raise ValueError(f"'{name}' is not the name of a cookie")
    return value


def _function(value: str) -> str:
    if _FUNCTION.match(value) is None:
        raise ValueError('a function is written "module:function"')
    return value


StatusTtl = Annotated[
    dict[str, Duration],
    Form('a table of durations, such as { 404 = "1m", "5xx" = "5s" }'),
]
Parameters = Annotated[Strings, AfterValidator(_parameters)]
Ignored = Annotated[
    list[str],
    BeforeValidator(one_or_more, json_schema_input_type=str | list[str]),
    AfterValidator(_parameters),
    AfterValidator(_with_tracking),
    Form('"tracking" or a list of parameters'),
]
Mark = Literal["set-cookie", "authorization", "private", "no-store", "vary"]
Marks = Annotated[
    list[Mark],
    BeforeValidator(one_or_more, json_schema_input_type=Mark | list[Mark]),
]


class CacheKeyModel(Model):
    """What two requests have in common that get one answer: by default the scheme, the host, the
    path and the whole query, as they came, and what the answer names in Vary. Whatever is left
    out of it must make no difference to the origin."""

    query: Parameters | None = word(
        "Only these parameters of the query; `[]` for none. `filter_*` is all that begin so."
    )
    ignore_query: Ignored | None = word(
        'All parameters but these. `"tracking"`, alone or in the list, is what advertisements and '
        "newsletters add (`utm_*`, `gclid`, `fbclid` and so on)."
    )
    sort: bool | None = word("Parameters in another order are the same.", False)
    fields: Strings | None = word(
        "Request fields that count, where the origin does not say so by Vary: `accept-language`."
    )
    cookies: Annotated[Strings, AfterValidator(_cookies)] | None = word(
        "Cookies that count: `theme`."
    )
    py: Annotated[str, AfterValidator(_function), Form('a function, "module:function"')] | None = (
        word("A function of the exchange that returns bytes or a text that counts too.")
    )

    @model_validator(mode="after")
    def _fits(self) -> "CacheKeyModel":
        if self.query is not None and self.ignore_query is not None:
            raise ValueError("'query' names what counts, 'ignore_query' what does not; keep one")
        return self


class BypassModel(Model):
    """Requests that go past the cache: they are neither answered from it, nor is their answer
    kept. One of the conditions is enough, unlike in [when](#when)."""

    header: dict[str, Wanted] = Field(
        default_factory=dict, description="By the field's name, as in [when](#when)."
    )
    query: dict[str, Wanted] = Field(default_factory=dict, description="By the parameter's name.")
    cookie: dict[str, Wanted] = Field(
        default_factory=dict,
        description='By the cookie\'s name; `"wordpress_logged_in_*" = true` is any that begins '
        "so.",
    )
    client: Strings | None = word("Addresses or networks of the client.")


class CacheModel(Model):
    """Answers are kept and given again, as they allow (RFC 9111). `cache = true` is all defaults,
    `cache = "1h"` is `ttl` alone. The page on [the cache](cache.md) says what is kept and why."""

    ttl: Duration | None = word(
        "For how long answers are fresh that do not say it themselves, errors apart; `0s` for no "
        "such rule."
    )
    status_ttl: StatusTtl | None = word(
        "For how long answers of a status are fresh, whatever they say; `0s`: each is asked for "
        "again. An answer that forbids it is not kept."
    )
    stale: Duration | None = word(
        "For how long behind that they may be given while one is asked for, and while the origin "
        "fails; `0s` for never. If left out, what the answer says, and a day where the origin "
        "fails."
    )
    max_object: Bound | None = word("The largest body that is kept.", spell_size(MAX_OBJECT))
    key: CacheKeyModel | None = word("What makes requests the same, see [cache-key](#cache-key).")
    bypass: BypassModel | None = word("Who goes past the cache, see [cache-bypass](#cache-bypass).")
    ignore: Marks | None = word(
        "Marks of an answer (or, `authorization`, of a request) that shall not keep it from being "
        "stored; cookies that it sets are never kept. The first three mark what is one person's: "
        "only where that is not so."
    )
    respect_client: bool | None = word(
        "Whether a client's Cache-Control counts, so that a reload asks the origin.", True
    )
    deception: Annotated[Literal["guard", False], Form('"guard" or false')] | None = word(
        "What comes under /x.css and is no style sheet is not kept; false does not look at that.",
        "guard",
    )


class CacheStoreModel(Model):
    """Where kept answers lie, for all workers and over restarts. At the top only."""

    size: Bound | None = word(
        "Of all together, on a disk 8MB at least; what was not asked for lately goes.",
        spell_size(STORE_SIZE),
    )
    path: str | None = word(
        "Its folder. If left out, one for this file in `$CACHE_DIRECTORY`, else in "
        "`/var/cache/porch` as root, else in `~/.cache/porch`."
    )
    memory: bool | None = word(
        "Keep them in memory alone, each worker its own, so that `size` is of each. For read-only "
        "machines and tests.",
        False,
    )

    @model_validator(mode="after")
    def _fits(self) -> "CacheStoreModel":
        if self.memory and self.path is not None:
            raise ValueError("a store in memory has no path; keep one of 'memory' and 'path'")
        return self


def read_cache(value: object) -> object:
    """`true` as a table without words, a duration as one with `ttl`."""
    if value is True:
        return {}
    return {"ttl": value} if isinstance(value, str) else value


Cache = Annotated[
    CacheModel | Literal[False],
    BeforeValidator(read_cache, json_schema_input_type=bool | str | CacheModel),
    Form('true, false, a duration, such as "1h", or a table'),
]
