"""The words of `files`, see schema.py."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, create_model

from porch.config.model import Model, word
from porch.config.words import Form, Strings, one_or_more
from porch.serve.trying import DEFAULT, parse_attempt

__all__ = ["FilesModel"]


def _tries(value: list[str]) -> list[str]:
    for each in value:
        parse_attempt(each)
    if not any(each.startswith("{path}") for each in value):
        raise ValueError('no file is ever looked for without "{path}"; write it first')
    return value


def _index(value: object) -> object:
    return [] if value is False else one_or_more(value)


def _names(value: list[str]) -> list[str]:
    for each in value:
        if not each or "/" in each or "\0" in each or each in (".", ".."):
            raise ValueError(f"'{each}' is not the name of a file; a name has no slash")
    return value


def _types(value: Mapping[str, str]) -> Mapping[str, str]:
    for end, kind in value.items():
        if end.startswith(".") or "/" in end:
            raise ValueError(f"'{end}' is not the end of a name; write it without its dot: \"md\"")
        if "/" not in kind or not kind.isascii() or not kind.isprintable():
            raise ValueError(f"'{kind}' is not a type, such as \"text/markdown\"")
    return value


Index = Annotated[
    list[str],
    BeforeValidator(_index, json_schema_input_type=str | list[str] | Literal[False]),
    AfterValidator(_names),
    Form('a name, a list of names, or false, such as "index.html"'),
]
Try = Annotated[
    Strings, AfterValidator(_tries), Form('a list such as ["{path}", "{path}/", "/index.html"]')
]
Types = Annotated[
    dict[str, str], AfterValidator(_types), Form('a table such as { md = "text/markdown" }')
]


class _Words(Model):
    """How files are served from a folder, a route with `to = "file:/srv/www"`; see
    [the page on files](files.md)."""

    index: Index | None = word(
        "Files that stand for their folder, the first that is there; `false` for none.",
        ["index.html"],
    )
    listing: bool | None = word("Whether a folder without an index is listed.", False)
    links: Literal["inside", "any", "none"] | None = word(
        "Symbolic links that are followed: those that end below the folder, all, or none.", "inside"
    )
    hidden: bool | None = word(
        "Whether names that begin with a dot are served; `.well-known` always is.", False
    )
    precompressed: bool | None = word(
        "Whether `x.css.br`, `x.css.zst` and `x.css.gz` are sent in place of `x.css` to clients "
        "that take them, if they are not older.",
        True,
    )
    types: Types | None = word(
        'Content types by the end of a name, over those that are known; `""` for the rest.'
    )


_TRY = word(
    "What is looked for, in order: the file of the path, the index of its folder, and any file of "
    'the folder; `"{path}.html"` joins an end to it. An application of one page has '
    '`["{path}", "/index.html"]`.',
    list(DEFAULT),
)

if TYPE_CHECKING:

    class FilesModel(_Words):
        """See below."""

else:  # a word is a keyword of Python, so that it cannot be written in a class
    FilesModel = create_model(
        "FilesModel", __base__=_Words, __doc__=_Words.__doc__, **{"try": (Try | None, _TRY)}
    )
