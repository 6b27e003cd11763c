"""The words of `auth` as filters: what lets clients in, and what tells the origin who they are."""

from collections.abc import Callable, Iterator, Sequence

from porch.config.loaded import Loaded
from porch.config.schema import RouteWords
from porch.config.schema_auth import WAYS, AuthModel
from porch.config.settings import RouteSettings
from porch.config.state import State
from porch.filter import Filter
from porch.shield.api_key import ApiKeys, Known
from porch.shield.auth import TELL_IDENTITY, Authenticate, Judge, Way
from porch.shield.auth_certificate import ByCertificate
from porch.shield.auth_claims import Requirement

__all__ = ["Authing", "auth_of", "has_way", "merge_auth", "tells_who", "told_fields"]

USER = "X-Forwarded-User"
KEY_FIELD = "X-Api-Key"
REALM = "restricted"


def has_way(words: AuthModel) -> bool:
    """Whether a table names a way to show who one is, and does not only add to another."""
    return any(getattr(words, way) for way in WAYS)


def merge_auth(layers: Sequence[RouteWords]) -> AuthModel | None:
    """What holds of `auth`; None where everybody may come. layers: the top first.

    `false` and a table with a way of its own put an end to what is said further out; another table
    adds to it, word by word, and `require` claim by claim.
    """
    merged: dict[str, object] | None = None
    for each in layers:
        words = each.auth
        if words is None:
            continue
        if words is False:
            merged = None
            continue
        said = {name: getattr(words, name) for name in words.model_fields_set}
        if has_way(words) or merged is None:
            merged = said
        else:
            for table in ("require", "fields"):
                said[table] = {**merged.get(table, {}), **getattr(words, table)}  # type: ignore[dict-item]
            merged = merged | said
    return None if merged is None else AuthModel.model_construct(**merged)  # type: ignore[arg-type]


def auth_of(settings: RouteSettings) -> AuthModel | None:
    """What holds on a route."""
    return merge_auth(settings.layers)


def told_fields(words: AuthModel) -> dict[bytes, str]:
    """The fields that tell the origin of who comes, lower-case, and the claim of each."""
    user = USER if words.user is None else words.user
    told = {user.lower().encode(): "user"} if user else {}
    return told | {name.lower().encode(): claim for name, claim in words.fields.items()}


def tells_who(settings: RouteSettings) -> bool:
    """Whether the origin of a route is told who comes, and may answer by it."""
    words = auth_of(settings)
    return words is not None and bool(told_fields(words) or getattr(words, "pass"))


def _credential_fields(words: AuthModel) -> set[bytes]:
    """Those that carry what is shown to the door."""
    found: set[bytes] = set()
    if words.keys:
        found.add((words.key_field or KEY_FIELD).lower().encode())
    return found


class Authing:
    """Of one configuration. Routes with the same words share what lets in."""

    def __init__(self, loaded: Loaded, state: State) -> None:
        self._state = state
        self._told = frozenset(_all_told(loaded))
        self._made: dict[tuple[int, ...], Authenticate | None] = {}
        self._makers: dict[str, Callable[[AuthModel, Judge], Way]] = {
            "certificate": _by_certificate,
            "keys": _by_key,
        }

    def filters(self, settings: RouteSettings) -> list[Filter]:
        """What lets in, if a route asks."""
        found = self._authenticate(settings)
        return [found] if found is not None else []

    def telling(self, settings: RouteSettings) -> list[Filter]:
        """What tells the origin who came: right behind the forwarding fields, which keep out what
        the client has sent in its place."""
        words = auth_of(settings)
        return [TELL_IDENTITY] if words is not None and told_fields(words) else []

    def withheld(self, settings: RouteSettings) -> frozenset[bytes]:
        """The names of fields that no client may send through on a route: all by which any route
        tells who comes, since an origin believes them wherever the request came in, and those that
        carry what is shown to the door."""
        words = auth_of(settings)
        if words is None or getattr(words, "pass"):
            return self._told
        return self._told | _credential_fields(words)

    def _authenticate(self, settings: RouteSettings) -> Authenticate | None:
        key = tuple(id(each.auth) for each in settings.layers)
        if key not in self._made:
            words = auth_of(settings)
            self._made[key] = None if words is None else self._make(words)
        return self._made[key]

    def _make(self, words: AuthModel) -> Authenticate:
        require = [Requirement(name, wanted) for name, wanted in words.require.items()]
        judge = Judge(require, told_fields(words))
        names = [name for name in WAYS if getattr(words, name)]
        ways = [self._makers[name](words, judge) for name in names]
        return Authenticate(ways, [*names, *(f"needs {each}" for each in require)])


def _all_told(loaded: Loaded) -> Iterator[bytes]:
    layers: list[RouteWords] = [loaded.config, *loaded.sites.values()]
    layers += [entry.model for entry in loaded.routes]
    for each in layers:
        if each.auth:
            yield from told_fields(each.auth)


def _by_certificate(words: AuthModel, judge: Judge) -> Way:
    return ByCertificate(judge)


def _by_key(words: AuthModel, judge: Judge) -> Way:
    known = [
        Known(name, bytes.fromhex(each.hash.removeprefix("sha256:")), tuple(each.scopes))
        for name, each in (words.keys or {}).items()
    ]
    field = (words.key_field or KEY_FIELD).lower().encode()
    query = (words.key_query or "").encode()
    return ApiKeys(known, judge, field=field, query=query, realm=words.realm or REALM)
