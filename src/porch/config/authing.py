"""The words of `auth` as filters: what lets clients in, and what tells the origin who they are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from porch.config.auth_files import content_of, file_of, jwt_keys_of, keys_of, users_of
from porch.config.auth_state import target_of
from porch.config.loaded import Loaded
from porch.config.schema import RouteWords
from porch.config.schema_auth import WAYS, AuthModel, JwtModel
from porch.config.schema_oidc import OidcModel
from porch.config.settings import RouteSettings
from porch.config.state import State
from porch.filter import Filter
from porch.route.scheme import Trusts
from porch.shield.api_key import ApiKeys, Known
from porch.shield.auth import TELL_IDENTITY, Authenticate, Judge, Way
from porch.shield.auth_answer import TELL_CLIENT
from porch.shield.auth_certificate import ByCertificate
from porch.shield.auth_claims import Requirement
from porch.shield.auth_cookie import WithoutCookie
from porch.shield.auth_unasked import Unasked
from porch.shield.basic import Basic
from porch.shield.jwt_keys import SYMMETRIC
from porch.tls.origin import Authorities, system_authorities

if TYPE_CHECKING:
    from porch.config.logins import Logins

__all__ = [
    "Authing",
    "algorithms_of",
    "auth_of",
    "has_way",
    "merge_auth",
    "shown_inside",
    "tells",
    "tells_who",
    "told_fields",
]

USER = "X-Forwarded-User"
KEY_FIELD = "X-Api-Key"
REALM = "restricted"
ALGORITHMS = ("RS256", "ES256", "Ed25519", "EdDSA")
LEEWAY = 30.0
TIMEOUT = 5.0
_BEARERS = ("basic", "jwt")
_BY_ANYTHING = ("forward", "py")
"""Ways that may know somebody by a cookie or any other field, which goes on to the origin."""


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
    """Whether the origin of a route may know who comes as the door does, and answer by it."""
    words = auth_of(settings)
    return words is not None and tells(words)


def tells(words: AuthModel) -> bool:
    """The same of words that hold."""
    return bool(told_fields(words)) or _passes(words)


def _passes(words: AuthModel) -> bool:
    """Whether what somebody is known by goes on to the origin, or may."""
    return bool(getattr(words, "pass")) or any(getattr(words, each) for each in _BY_ANYTHING)


def _credential_fields(words: AuthModel) -> set[bytes]:
    """Those that carry what is shown to the door."""
    found: set[bytes] = set()
    if words.keys:
        found.add((words.key_field or KEY_FIELD).lower().encode())
    if any(getattr(words, each) for each in _BEARERS):
        found.add(b"authorization")
    return found


class Shown(NamedTuple):
    """What clients show to routes with `accel`, by which internal routes are come to. withheld: the
    fields that one of those keeps. passes: whether one sends them on."""

    withheld: frozenset[bytes]
    passes: bool


def shown_inside(loaded: Loaded) -> Shown:
    """Of all routes: which of them sends on to which internal one is for origins to say. What one
    keeps at the door does not come in for another's sake."""
    withheld: set[bytes] = set()
    passes = False
    for entry in loaded.routes:
        if entry.pattern is None:
            continue
        settings = RouteSettings.of(loaded, entry, entry.pattern.host.decode())
        words = auth_of(settings) if settings.nearest("accel") else None
        if words is None:
            continue
        passes = passes or _passes(words)
        if not getattr(words, "pass"):
            withheld |= _credential_fields(words)
    return Shown(frozenset(withheld), passes)


class _Made(NamedTuple):
    """What the words of a route have come to."""

    lets_in: list[Filter]
    answers: list[Filter]
    tells: list[Filter]
    withheld: frozenset[bytes]
    login: OidcModel | None = None


class Authing:
    """Of one configuration. Routes with the same words share what lets in. files: that it is made
    of, to be watched. people: files of users and keys, in which somebody may be missing by now:
    they are noticed at once, and no rollback brings an older one back. logins: those at OpenID
    providers, None where no route has such. identifies: whether any route has `auth`. trusts: see
    client_scheme.

    A further way has its word in schema_auth.WAYS, in the order in which it is asked, and its maker
    in `_MAKERS`. One that has a part in answers too, as a cookie that it renews, gives its fields
    with a Telling.
    """

    def __init__(self, loaded: Loaded, state: State, trusts: Trusts = None) -> None:
        self._trusts = trusts
        self.files: dict[Path, None] = {}
        self.people: dict[Path, None] = {}
        self._loaded = loaded
        self._auth = state.auth
        self._auth.count_in(state.limit_row)
        self.logins = _logins(loaded, state, trusts)
        self._told = frozenset(_all_told(loaded))
        self.identifies = any(each.auth for each in _all_words(loaded))
        self._shown: Shown | None = None
        self._made: dict[tuple[int, ...], _Made] = {}

    def filters(self, settings: RouteSettings, host: str) -> list[Filter]:
        """What lets in, if a route asks. host: of its key."""
        made = self._of(settings)
        if made.login is not None and self.logins is not None:
            self.logins.come_to(host, made.login)
        return made.lets_in

    def answering(self, settings: RouteSettings) -> list[Filter]:
        """What tells the client something with its answer: before all that looks at answers."""
        return self._of(settings).answers

    def telling(self, settings: RouteSettings) -> list[Filter]:
        """What tells the origin who came: right behind the forwarding fields, which keep out what
        the client has sent in its place."""
        return self._of(settings).tells

    def withheld(self, settings: RouteSettings, *, is_internal: bool = False) -> frozenset[bytes]:
        """The names of fields that no client may send through on a route: all by which any route
        tells who comes, since an origin believes them wherever the request came in, and those that
        carry what is shown to the door; on an internal one without words of its own, to the routes
        that send there."""
        withheld = self._of(settings).withheld
        if not is_internal or auth_of(settings) is not None:
            return withheld
        if self._shown is None:
            self._shown = shown_inside(self._loaded)
        return withheld | self._shown.withheld

    def _of(self, settings: RouteSettings) -> "_Made":
        """Most of many routes have the words of their site or of the top."""
        key = tuple([id(each.auth) for each in settings.layers])
        found = self._made.get(key)
        if found is None:
            words = auth_of(settings)
            found = self._made[key] = _Made(self._without_logins(), [], [], self._told)
            if words is not None:
                found = self._made[key] = self._of_words(words)
        return found

    def _of_words(self, words: AuthModel) -> "_Made":
        tells: list[Filter] = [TELL_IDENTITY] if told_fields(words) else []
        withheld = self._told
        if not getattr(words, "pass"):
            withheld |= _credential_fields(words)
        lets_in: list[Filter] = [self._make(words)]
        if words.jwt is not None and words.jwt.cookie and not getattr(words, "pass"):
            lets_in.append(WithoutCookie(words.jwt.cookie.encode()))
        lets_in += self._without_logins()
        is_told = words.oidc is not None or (words.forward is not None and words.forward.give)
        answers: list[Filter] = [TELL_CLIENT] if is_told else []
        return _Made(lets_in, answers, tells, withheld, words.oidc)

    def _without_logins(self) -> list[Filter]:
        """Of each route of a door that has logins: no origin gets their cookies."""
        if self.logins is None:
            return []
        from porch.shield.oidc import WITHOUT_LOGINS  # late: there is one by now

        return [WITHOUT_LOGINS]

    def _make(self, words: AuthModel) -> Authenticate:
        require = [Requirement(name, wanted) for name, wanted in words.require.items()]
        judge = Judge(require, told_fields(words))
        names = [name for name in WAYS if getattr(words, name)]
        ways = [self._way(name, words, judge) for name in names]
        return Authenticate(ways, [*names, *(f"needs {each}" for each in require)])

    def _way(self, name: str, words: AuthModel, judge: Judge) -> Way:
        """What cannot be made was told of by review_auth.py, or is gone since."""
        try:
            return _MAKERS[name](self, words, judge)
        except (OSError, ValueError) as error:
            return Unasked(f"{name} cannot be used: {error}")

    def _by_key(self, words: AuthModel, judge: Judge) -> Way:
        self.people.update(dict.fromkeys(file_of(self._loaded.base, words.keys)))
        known = [
            Known(name, bytes.fromhex(each.hash.removeprefix("sha256:")), tuple(each.scopes))
            for name, each in keys_of(self._loaded, words).items()
        ]
        field = (words.key_field or KEY_FIELD).lower().encode()
        query = (words.key_query or "").encode()
        return ApiKeys(known, judge, field=field, query=query, realm=words.realm or REALM)

    def _by_password(self, words: AuthModel, judge: Judge) -> Way:
        self.people.update(dict.fromkeys(file_of(self._loaded.base, words.basic)))
        users = users_of(self._loaded, words)
        return Basic(users, judge, self._auth.passwords, words.realm or REALM)

    def _by_token(self, words: AuthModel, judge: Judge) -> Way:
        from porch.shield.jwt import Jwt, JwtRules  # late, as each way that few doors have
        from porch.shield.jwt_claims import Terms

        jwt = words.jwt
        assert jwt is not None
        rules = JwtRules(
            algorithms=frozenset(jwt.algorithms or algorithms_of(jwt)),
            terms=Terms(
                issuers=tuple(jwt.issuer or ()),
                audiences=tuple(jwt.audience or ()),
                leeway=LEEWAY if jwt.leeway is None else jwt.leeway,
            ),
            name=jwt.name or "sub",
            cookie=(jwt.cookie or "").encode(),
            realm=words.realm or REALM,
        )
        if jwt.jwks is not None:
            key_set = self._auth.key_set(jwt.jwks, self._authorities(jwt.ca, jwt.jwks))
            return Jwt(rules, key_set, judge, self._auth.forgeries)
        if jwt.key is not None:
            self.files[self._loaded.base / jwt.key] = None
        return Jwt(rules, jwt_keys_of(self._loaded, jwt), judge, self._auth.forgeries)

    def _by_login(self, words: AuthModel, judge: Judge) -> Way:
        assert words.oidc is not None
        assert self.logins is not None
        return self.logins.way(words.oidc, judge, words.realm or REALM, self._authorities)

    def _by_function(self, words: AuthModel, judge: Judge) -> Way:
        word = f"py:{words.py}"
        if not self._auth.serves:
            return Unasked(f"{word} is not asked where nobody serves")
        function = self._auth.load(word, self._loaded.base)
        if function is None:
            return Unasked(f"{word} cannot be loaded; the message log says why")
        from porch.shield.auth_function import ByFunction

        return ByFunction(word, function, self._auth.spawn, judge)

    def _by_service(self, words: AuthModel, judge: Judge) -> Way:
        from porch.shield.forward_auth import KEPT, ForwardAuth, ForwardRules

        forward = words.forward
        assert forward is not None
        if not self._auth.serves:
            return Unasked("the service of `forward` is not asked where nobody serves")
        rules = ForwardRules(
            target=target_of(urlsplit(forward.url)),
            user=(forward.user or "Remote-User").lower(),
            sends=frozenset(each.lower().encode() for each in forward.send),
            gives=frozenset(each.lower().encode() for each in forward.give),
            timeout=forward.timeout or TIMEOUT,
        )
        authorities = self._authorities(forward.ca, forward.url)
        client = partial(self._auth.client, forward.url, authorities, KEPT)
        return ForwardAuth(rules, client, self._auth.spawn, judge, self._trusts)

    def _authorities(self, ca: str | None, url: str) -> Authorities:
        """Who vouches for the host of a URL. Read here, for a worker may not read it later."""
        if ca is not None:
            self.files[self._loaded.base / ca] = None
            return Authorities(content_of(self._loaded, ca))
        if url.startswith("https:"):
            return system_authorities(self._loaded.read)
        return Authorities()


_MAKERS: Mapping[str, Callable[[Authing, AuthModel, Judge], Way]] = {
    "certificate": lambda _, words, judge: ByCertificate(judge),
    "keys": Authing._by_key,
    "basic": Authing._by_password,
    "jwt": Authing._by_token,
    "oidc": Authing._by_login,
    "py": Authing._by_function,
    "forward": Authing._by_service,
}
"""By the words of `auth`. Of the class, not of an object: that would hold itself."""


def algorithms_of(jwt: JwtModel) -> Sequence[str]:
    """Those that are taken where none are named."""
    return SYMMETRIC[:1] if jwt.secret is not None else ALGORITHMS


def _logins(loaded: Loaded, state: State, trusts: Trusts) -> "Logins | None":
    if not any(words.auth and words.auth.oidc for words in _all_words(loaded)):
        return None
    from porch.config.logins import Logins  # late: 6 ms of a start

    return Logins(loaded, state.auth, trusts)


def _all_words(loaded: Loaded) -> list[RouteWords]:
    layers: list[RouteWords] = [loaded.config, *loaded.sites.values()]
    return [*layers, *(entry.model for entry in loaded.routes)]


def _all_told(loaded: Loaded) -> Iterator[bytes]:
    for each in _all_words(loaded):
        if each.auth:
            yield from told_fields(each.auth)
