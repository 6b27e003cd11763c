"""Trying: the files that may answer a path, in order (`try` of a route)."""

import re
from typing import NamedTuple

from porch.errors import PorchError
from porch.route.paths import to_wire
from porch.serve.named import Named, named

__all__ = ["DEFAULT", "Attempt", "parse_attempt"]

DEFAULT = ("{path}", "{path}/")
"""The file of the path; or the index of the folder of the path."""

_SLOT = re.compile(r"\{(\w+)\}")


class Attempt(NamedTuple):
    """One of a list. names: of a file below the root, or what is joined to the path's own where
    `is_own`. end: is joined to the last name of the path. is_folder: an index of the folder is
    meant."""

    names: tuple[bytes, ...]
    end: bytes
    is_own: bool
    is_folder: bool

    def of(self, path: Named) -> tuple[bytes, ...] | None:
        """The names of the file that is meant for a path, or of the folder; None for none: with a
        slash at its end a path is that of a folder."""
        if not self.is_own:
            return self.names
        if self.is_folder:
            return path.names + self.names
        if path.is_folder and not self.names:
            return None
        if self.end and path.names:
            return (*path.names[:-1], path.names[-1] + self.end)
        return path.names + self.names


def parse_attempt(text: str) -> Attempt:
    """What one text of `try` means. Raises ValueError with a sentence."""
    for slot in _SLOT.findall(text):
        if slot != "path":
            raise ValueError(f"'{text}' has {{{slot}}}, but there is only {{path}}")
    rest = text.removeprefix("{path}")
    is_own = rest != text
    if "{" in rest or "}" in rest:
        raise ValueError(f"'{text}': {{path}} stands once, at the beginning")
    if text.startswith("="):
        raise ValueError(f"'{text}': a list that nothing is found by ends in 404 of itself")
    if not is_own and not rest.startswith("/"):
        raise ValueError(f"'{text}' begins with / or {{path}}; /{text} is below the root")
    if not is_own and rest.endswith("/"):
        raise ValueError(f"'{text}' names a folder; name a file, such as {text}index.html")
    end, slash, deeper = rest.partition("/")
    if end and slash:
        raise ValueError(f"'{text}': behind {{path}} stands an ending, or a slash and a name")
    if end and not is_own:
        raise ValueError(f"'{text}' begins with / or {{path}}")
    try:
        names, is_folder = named(to_wire("/" + deeper).encode("ascii"), hidden=True)
    except PorchError as error:
        raise ValueError(f"'{text}': {error.detail}") from error
    return Attempt(names, to_wire(end).encode("ascii"), is_own, bool(slash) and is_folder)
