"""Secrets: `${NAME}` from the environment and `file:/path`, filled in before anything is read.

`${NAME}` may stand in any text. A text that is `file:` and a path is the file's content where a
secret can stand, among the values of `headers` and `when`, as a password and as a key of an
account; elsewhere it has its own meaning.

A file with a configuration is copied, shown and kept in repositories: a secret that stands in it
as it is, is told of. Who writes Python has it from where he likes.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from porch.config.loaded import Loaded
from porch.config.locate import KeyPath

__all__ = ["fill"]

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WORDS = frozenset(
    (
        ("client_secret",),
        ("cookie_secret",),
        ("key_password",),
        ("jwt", "secret"),
        ("challenge", "secret"),
        ("sticky", "secret"),
        ("eab", "key"),
    )
)
"""Words of ours whose value is a secret, by the ends of their paths: to write one in the file is an
error. Of names that others have chosen, which only look like it, it is a warning."""
_TOLD = re.compile(r"(?:\A|[-_.])(?:api[-_]?key|password|secret|token)\Z", re.IGNORECASE)
"""How names of fields end, and of words of an account, whose values are secrets without doubt."""
_CREDENTIALS = frozenset(("authorization", "cookie", "proxy-authorization"))
_LONGEST = 65536
"""Bytes that are read of a secret's file; what is longer is no secret."""


def fill(loaded: Loaded, value: Any, path: KeyPath = ()) -> Any:
    """`value` with its secrets filled in, as dicts and lists of its own. Notes what is unset."""
    if isinstance(value, str):
        return _fill_text(loaded, value, path)
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                loaded.add(path, f"a word is a text, not {name!r}")
        words = ((name, each) for name, each in value.items() if isinstance(name, str))
        return {name: fill(loaded, each, (*path, name)) for name, each in words}
    if isinstance(value, list | tuple):
        return [fill(loaded, each, (*path, number)) for number, each in enumerate(value)]
    return value


def _fill_text(loaded: Loaded, text: str, path: KeyPath) -> str:
    is_file = text.startswith("file:") and _is_secret(path)
    if not is_file and "${" not in text:
        if text and loaded.files:
            _review_plain(loaded, path)
        return text
    known = len(loaded.problems)
    if is_file:
        filled = _read(loaded, loaded.base / text.removeprefix("file:"), path)
    else:
        filled = _VARIABLE.sub(lambda match: _variable(loaded, match[1], path), text)
    if len(loaded.problems) > known:
        loaded.unfilled.add(path)
    return filled


def _is_secret(path: KeyPath) -> bool:
    """Whether a value is one of a field, a parameter or a cookie, or a password or key."""
    words = tuple(each for each in path if isinstance(each, str))
    is_of_account = words[-3:-1] == ("acme", "dns") or words[:2] == ("admin", "tokens")
    if is_of_account or _is_word(words):
        return True
    return "headers" in path[:-1] or ("when" in path[:-1] and path[-2] != "when")


def _review_plain(loaded: Loaded, path: KeyPath) -> None:
    """Tell of a secret that is written as it is."""
    words = tuple(each for each in path if isinstance(each, str))
    is_error = _is_word(words)
    if not is_error and not _is_credential(words):
        return
    text = f'a secret is not written here itself; write {words[-1]} = "${{NAME}}" or "file:/path"'
    loaded.add(path, text, warning=not is_error)


def _is_word(words: tuple[str, ...]) -> bool:
    return words[-1:] in _WORDS or words[-2:] in _WORDS


def _is_credential(words: tuple[str, ...]) -> bool:
    """Whether it is one of a field that is sent, or of an account at a DNS provider."""
    if words[-3:-1] != ("headers", "request") and words[:-1] != ("traces", "headers"):
        return words[-3:-1] == ("acme", "dns") and _TOLD.search(words[-1]) is not None
    return words[-1].lower() in _CREDENTIALS or _TOLD.search(words[-1]) is not None


def _variable(loaded: Loaded, name: str, path: KeyPath) -> str:
    if _NAME.match(name) is None:
        loaded.add(path, f"'${{{name}}}' names no variable; a name has letters, digits and _ alone")
        return ""
    value = os.environ.get(name)
    if value is None:
        loaded.add(path, f"the environment has no {name}; set it before the start")
        return ""
    return _keep(loaded, path, value, f"${{{name}}}")


def _read(loaded: Loaded, file: Path, path: KeyPath) -> str:
    """The content of a secret's file without its last line end."""
    try:
        content = loaded.contents.get(file)
        if content is None:
            with file.open("rb") as opened:
                content = opened.read(_LONGEST + 1)
        if len(content) > _LONGEST:
            raise ValueError(f"it has more than {_LONGEST} bytes")
        loaded.contents[file] = content
        text = content.decode("utf-8").removesuffix("\n").removesuffix("\r")
        return _keep(loaded, path, text, f"file:{file}")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else None
        why = why or ("it is not UTF-8" if isinstance(error, UnicodeError) else str(error))
        loaded.add(path, f"the secret {file} cannot be read: {why}")
        return ""


def _keep(loaded: Loaded, path: KeyPath, value: str, written: str) -> str:
    """Notes a secret, so that no problem shows it."""
    if value:
        loaded.secrets.setdefault(path, []).append((value, written))
    return value
