"""Files with users or keys, and what of `auth` else stands in files. What is wrong with one is said
by its line, never by what stands there."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from porch.config.loaded import Loaded
from porch.config.schema_auth import AuthModel, JwtModel, KeyModel, Keys
from porch.shield.auth_claims import is_plain_name
from porch.shield.basic_hash import review_hash
from porch.shield.jwt_keys import JwtKey, local_key, secret_key

__all__ = ["content_of", "file_of", "jwt_keys_of", "keys_of", "read_users", "users_of"]

_LONGEST = 4 << 20
_KEYS: TypeAdapter[Mapping[str, KeyModel] | str] = TypeAdapter(Keys)


def users_of(loaded: Loaded, words: AuthModel) -> Mapping[str, str]:
    """The hash of each one's password. Raises OSError or ValueError with a sentence."""
    if isinstance(words.basic, str):
        return read_users(content_of(loaded, words.basic.removeprefix("file:")))
    return words.basic or {}


def read_users(content: bytes) -> dict[str, str]:
    """What a file has, a name, a colon and a hash a line. Raises ValueError with a sentence."""
    found: dict[str, str] = {}
    for number, line in enumerate(_text(content).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, hashed = line.strip().partition(":")
        if not colon or not is_plain_name(name):
            raise ValueError(f"line {number} is no name, a colon and a hash")
        if name in found:
            raise ValueError(f"line {number}: the name stood before")
        try:
            review_hash(hashed)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None
        found[name] = hashed
    if not found:
        raise ValueError("there is nobody in it")
    return found


def keys_of(loaded: Loaded, words: AuthModel) -> Mapping[str, KeyModel]:
    """The API keys by their names. Raises OSError or ValueError with a sentence."""
    if not isinstance(words.keys, str):
        return words.keys or {}
    content = content_of(loaded, words.keys.removeprefix("file:"))
    try:
        found = _KEYS.validate_python(tomllib.loads(_text(content)))
    except tomllib.TOMLDecodeError:
        raise ValueError("it is not TOML") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        said = first["msg"].removeprefix("Value error, ")
        if first["type"] == "value_error":
            raise ValueError(said) from None
        names = (each for each in first["loc"] if isinstance(each, str) and "[" not in each)
        form = 'each name has "sha256:…", or a table with `hash` and `scopes`'
        raise ValueError(f"{'.'.join(names)} cannot be read; {form}") from None
    assert not isinstance(found, str)
    return found


def jwt_keys_of(loaded: Loaded, words: JwtModel) -> list[JwtKey]:
    """The keys of `key` or `secret`. Raises OSError or ValueError with a sentence."""
    if words.secret is not None:
        return [secret_key(words.secret)]
    return local_key(content_of(loaded, words.key or ""))


def content_of(loaded: Loaded, name: str) -> bytes:
    """Raises OSError, or ValueError for what is too long."""
    content = loaded.read(loaded.base / name)
    if len(content) > _LONGEST:
        raise ValueError(f"it has more than {_LONGEST >> 20} MiB")
    return content


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None


def file_of(base: Path, said: object) -> list[Path]:
    """The file that a word names, if it does."""
    if isinstance(said, str) and said.startswith("file:"):
        return [base / said.removeprefix("file:")]
    return []
