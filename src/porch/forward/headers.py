"""What an origin is told about the client, and what it must not be told by the client.

RFC 9110 7.6, RFC 7239. Claims about where a request came from are ours to make: those of a peer
that is not in `trust` are dropped, and so is every spelling of them that a WSGI or CGI origin
would read as the same name. Who the client is, an origin hears as the door has decided it
(listen/trust.py), of trusted peers too: a proxy passes on what it does not write itself.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import compress
from operator import is_not, itemgetter

from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.fields import REQUEST_ID, alike, encode
from porch.http.message import Field, RequestHead, Trailers
from porch.ip import packed
from porch.route.methods import OVERRIDES
from porch.route.scheme import client_scheme

__all__ = [
    "ADDRESSES",
    "CERTIFICATES",
    "CERTIFICATE_FAMILIES",
    "CLAIMS",
    "CLAIM_FAMILIES",
    "IDENTITIES",
    "IDENTITY_FAMILIES",
    "STEERING",
    "STEERING_FAMILIES",
    "Forwarding",
    "ForwardingHeaders",
]

ADDRESSES = frozenset(
    (
        *(b"ali-cdn-real-ip", b"cdn-src-ip", b"cf-connecting-ip", b"cf-connecting-ipv6"),
        *(b"client-ip", b"fastly-client-ip", b"fly-client-ip", b"forwarded-for"),
        *(b"forwarded-for-ip", b"http-x-forwarded-for", b"incap-client-ip", b"proxy-client-ip"),
        *(b"remote-addr", b"true-client-ip", b"wl-proxy-client-ip", b"x-appengine-user-ip"),
        *(b"x-azure-clientip", b"x-azure-socketip", b"x-client-ip", b"x-cluster-client-ip"),
        *(b"x-custom-ip-authorization", b"x-envoy-external-address", b"x-forward-for"),
        *(b"x-forwarded-client-ip", b"x-forwarded-for-original", b"x-http-forwarded-for"),
        *(b"x-nf-client-connection-ip", b"x-original-forwarded-for", b"x-originating-ip"),
        *(b"x-proxyuser-ip", b"x-real-client-ip", b"x-realip", b"x-remote-addr", b"x-remote-ip"),
        *(b"x-sucuri-clientip", b"x-true-client-ip", b"x-true-ip", b"x-vercel-forwarded-for"),
    )
)
"""What CDNs and others name the client by. A trusted peer's passes if it names the one that the
door has found: an origin that reads it is misled by nobody."""

CLAIMS = ADDRESSES | frozenset(
    (
        # what else is said of the client
        *(b"client-cert", b"client-cert-chain", b"cloudfront-viewer-address", b"forwarded"),
        *(b"surrogate-capability", b"x-forwarded", b"x-real-ip"),
        # the scheme
        *(b"cf-visitor", b"cloudfront-forwarded-proto", b"front-end-https", b"x-arr-ssl"),
        *(b"x-scheme", b"x-url-scheme"),
        # the host
        *(b"x-host", b"x-host-override", b"x-http-host-override", b"x-original-host"),
        # what is asked for
        *(b"x-original-method", b"x-original-path", b"x-original-uri", b"x-original-url"),
        *(b"x-rewrite-uri", b"x-rewrite-url"),
    )
)
"""Fields by which a client could claim to be somebody else or to ask for something else."""

CLAIM_FAMILIES = (b"x-forwarded-", b"x-envoy-")
"""How the names of more such fields begin. Which of them somebody reads is not known: whoever is
not in `trust` says none of them. By x-envoy- a client would set Envoy's timeouts and retries."""

_OURS = frozenset(
    (
        b"forwarded",
        b"x-forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-proto",
        b"x-original-url",
        b"x-real-ip",
        b"x-rewrite-url",
    )
)
"""Said by the door or by nobody, whatever a trusted peer has sent."""

CERTIFICATES = frozenset(
    (
        b"client-cert",
        b"client-cert-chain",
        b"x-arr-clientcert",
        b"x-forwarded-client-cert",
        b"x-forwarded-client-cert-chain",
        b"x-ssl-cert",
    )
)
CERTIFICATE_FAMILIES = (
    b"ssl-client-",
    b"x-amzn-mtls-clientcert",
    b"x-client-cert",
    b"x-forwarded-tls-client-cert",
    b"x-ssl-client-",
    b"x-tls-client-",
)
"""What only a door that has seen the handshake may say (RFC 9440 4, and the names before it), in
full and by their beginnings. Dropped from every peer: one in `trust` is believed about addresses,
not about who holds a key."""

STEERING = frozenset(
    (
        b"proxy",
        b"x-lighttpd-send-file",
        b"x-reproxy-url",
        b"x-sendfile",
        b"x-sendfile-type",
    )
)
STEERING_FAMILIES = (b"x-accel-",)
"""Words between a proxy and what is behind it, by which a client could steer either: what asks an
application to answer with another file (Rack::Sendfile takes X-Accel-Mapping from the request),
and Proxy, which CGI makes HTTP_PROXY of (httpoxy). Dropped from every peer; a route may set them
by `headers.request`."""

IDENTITIES = frozenset(
    (
        b"cf-access-authenticated-user-email",
        b"remote-email",
        b"remote-group",
        b"remote-groups",
        b"remote-name",
        b"remote-user",
        b"x-credential-identifier",
        b"x-remote-group",
        b"x-remote-groups",
        b"x-remote-user",
        b"x-vouch-user",
    )
)
IDENTITY_FAMILIES = (
    b"tailscale-user-",
    b"x-amzn-oidc-",
    b"x-auth-request-",
    b"x-authenticated-",
    b"x-authentik-",
    b"x-consumer-",
    b"x-goog-authenticated-user-",
    b"x-ms-client-principal",
    b"x-pomerium-",
    b"x-remote-extra-",
    b"x-vouch-idp-",
    b"x-webauth-",
)
"""By what oauth2-proxy, Authelia, authentik, Kong, Pomerium and the clouds tell origins who comes,
in full and by their beginnings. Where a door has `auth`, an origin may still read what it was told
by before: from who is not in `trust` none of them passes; X-Forwarded-User never does."""

_WRITTEN = _OURS | {b"via"}
"""Names of which what is sent may be the door's word, like what came as it may be."""
_REMEMBERED = 4096
_NEVER = CERTIFICATES | STEERING
_FAMILIES = CERTIFICATE_FAMILIES + STEERING_FAMILIES
_PLAIN = re.compile(rb"[A-Za-z0-9._:\[\]-]+")
"""A scheme or an authority that needs no escape in quotes."""
_name = itemgetter(0)
_LINE = b"%b: %b\r\n"
_ID = REQUEST_ID + b": "

_Lines = tuple[list[Field], bytes, bytes, bytes, int, int]
"""Fields and their lines, of which the one in the middle was another before; where it came, and
where it stands: -1, and an empty line, where none was yet."""
Made = tuple[list[Field], tuple[bytes, ...], _Lines]
"""See Repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarding:
    """trusts: whether a peer's claims are believed, by its address; None for nobody's.

    underscores: pass names with an underscore. forwarded: send RFC 7239 too. via: our name in
    Via, b"" for none. prefix: what `strip` cut off, for X-Forwarded-Prefix. identifies: whether it
    is the door that says who comes. withheld: names that no
    client may send through, one in `trust` neither, behind the body neither: the door's own words
    about who the client is, and what it has shown to the door alone. tells_id: send the exchange's
    id as X-Request-ID; a client's own is kept away then.
    """

    trusts: Callable[[bytes], bool] | None = None
    underscores: bool = False
    forwarded: bool = False
    via: bytes = b"porch"
    prefix: bytes = b""
    identifies: bool = False
    withheld: frozenset[bytes] = frozenset()
    tells_id: bool = False


class _Passes(dict[bytes, bool]):
    """name -> whether the field goes on, by all names that are alike. Bounded."""

    __slots__ = ("_claims", "_families", "_underscores")

    def __init__(
        self,
        claims: frozenset[bytes],
        underscores: bool,
        families: tuple[bytes, ...] = _FAMILIES,
    ) -> None:
        self._claims = frozenset(map(alike, claims))
        self._families = families
        self._underscores = underscores

    def __missing__(self, name: bytes) -> bool:
        known = alike(name)
        passes = not (known in self._claims or known.startswith(self._families))
        passes = passes and (b"_" not in name or self._underscores)
        if len(self) >= _REMEMBERED:
            self.clear()
        self[name] = passes
        return passes


class ForwardingHeaders(Filter):
    """Sets the fields of an attempt. Always on, and last, so that nothing can undo it."""

    __slots__ = (
        *("_behind", "_forwarding", "_is_no_address", "_passes", "_rare", "_tells_id"),
        *("_trusted_passes", "_trusts", "_via"),
    )

    def __init__(self, forwarding: Forwarding) -> None:
        self._forwarding = forwarding
        self._trusts = forwarding.trusts
        self._tells_id = forwarding.tells_id
        withheld = forwarding.withheld | ({REQUEST_ID} if forwarding.tells_id else frozenset())
        claims = CLAIMS | _NEVER | withheld
        families: tuple[bytes, ...] = _FAMILIES + CLAIM_FAMILIES
        if forwarding.identifies:
            claims |= IDENTITIES
            families += IDENTITY_FAMILIES
        self._passes = _Passes(claims, forwarding.underscores, families).__getitem__
        ours = _OURS | _NEVER | withheld
        if forwarding.prefix:
            ours |= {b"x-forwarded-prefix"}
        self._trusted_passes = _Passes(ours, forwarding.underscores).__getitem__
        self._is_no_address = _Passes(ADDRESSES, forwarding.underscores).__getitem__
        self._behind = _Passes(OVERRIDES | ADDRESSES, underscores=False).__getitem__
        self._rare = bool(forwarding.prefix or forwarding.forwarded)
        self._via: dict[bytes, Field] | None = None
        if forwarding.via:
            versions = (b"1.0", b"1.1", b"2", b"3")
            self._via = {each: (b"via", each + b" " + forwarding.via) for each in versions}

    def on_upstream_request(self, exchange: Exchange) -> None:
        """See Filter. One call for the usual request: what it asks of others are look-ups in C.

        A client that repeats itself gets what was made for it before: -1.5 us, -2.5 with a
        browser's fields, the lines that HTTP/1 writes of them included.
        """
        outgoing = exchange.outgoing
        assert outgoing is not None
        client = exchange.client
        came = outgoing.fields
        repeats = exchange.request.repeats
        lines: _Lines | None = None
        if repeats is not None:
            of = outgoing.authority, outgoing.scheme, outgoing.version, client.peer, client.port
            made = repeats.get(self)
            if made is not None and made[1] == of:
                lines = made[2]
                if made[0] != came and (lines := self._turned(made, came)) is not None:
                    repeats.keep(self, [*came], of, lines)
        if lines is not None:
            fields = [*lines[0]]
        else:
            fields, may_repeat = self._anew(exchange, outgoing)
            if repeats is not None and may_repeat:
                lines = [*fields], encode(fields), b"", b"", -1, -1
                repeats.keep(self, [*came], of, lines)
        outgoing.fields = fields
        if self._tells_id and exchange.id:
            fields.append((REQUEST_ID, exchange.id))
            if lines is not None:
                outgoing.lines = [*fields], lines[1], lines[2], lines[3], _ID, exchange.id, b"\r\n"
        elif lines is not None:
            outgoing.lines = lines[:4]

    def _turned(self, made: Made, came: list[Field]) -> _Lines | None:
        """What was made of the same fields but for one value, which is another by now: Referer of a
        browser that goes on to the next page. None where that is not so."""
        before, _, (sent, front, _, behind, last, at) = made
        odd = [*map(is_not, before, came), True].index(True)
        if len(before) != len(came) or odd == len(came) or came[odd + 1 :] != before[odd + 1 :]:
            return None
        field, old = came[odd], before[odd]
        if field[0] != old[0]:
            return None
        if odd != last:  # else it stands where the one before stood: -1 us
            if sent.count(old) != 1 or old[0] in _WRITTEN:
                return None
            at = sent.index(old)
            front, behind = encode(sent[:at]), encode(sent[at + 1 :])
        fields = [*sent]
        fields[at] = field
        return fields, front, _LINE % field, behind, odd, at

    def _anew(self, exchange: Exchange, outgoing: RequestHead) -> tuple[list[Field], bool]:
        """The fields, and whether they are the same for the same request another time."""
        client = exchange.client
        came = outgoing.fields
        names = [*map(_name, came)]
        is_believed = self._trusts is not None and self._trusts(client.peer)
        if is_believed:
            fields = self._extend(exchange, came, names)
        else:
            fields = [
                *compress(came, map(self._passes, names)),
                (b"x-forwarded-for", client.peer),
                (b"x-forwarded-proto", outgoing.scheme),
                (b"x-forwarded-host", outgoing.authority),
                (b"x-forwarded-port", client.port),
                (b"x-real-ip", client.peer),
            ]
        if self._via is not None:
            own = self._via[outgoing.version]
            if b"via" in names:  # RFC 9110 7.6.3: ours goes behind those that came
                fields = [field for field in fields if field[0] != b"via"]
                own = (b"via", b", ".join([*_values(came, b"via"), own[1]]))
            fields.append(own)
        if self._rare:
            self._add_rare(exchange, fields)
        return fields, not (is_believed or self._rare)

    def on_request_trailers(self, exchange: Exchange, trailers: Trailers) -> None:
        """See Filter. What is kept out of a head is kept out behind the body too, for origins that
        merge the two; and no method is asked for there, behind all that looked at it."""
        is_believed = self._trusts is not None and self._trusts(exchange.client.peer)
        passes = self._trusted_passes if is_believed else self._passes
        trailers.fields = [
            each for each in trailers.fields if passes(each[0]) and self._behind(each[0])
        ]

    def _extend(self, exchange: Exchange, came: list[Field], names: list[bytes]) -> list[Field]:
        """What a trusted peer said stands; our own link is added behind it."""
        request = exchange.request
        client = exchange.client
        chain = b", ".join([*_values(request.fields, b"x-forwarded-for"), client.peer])
        passing = compress(came, map(self._trusted_passes, names))
        return [
            *(each for each in passing if self._is_true(each, exchange.client_ip)),
            (b"x-forwarded-for", chain),
            (b"x-forwarded-proto", client_scheme(request, client.peer, self._trusts)),
            (b"x-forwarded-host", request.get(b"x-forwarded-host") or request.authority),
            (b"x-forwarded-port", request.get(b"x-forwarded-port") or client.port),
            (b"x-real-ip", exchange.client_ip),
        ]

    def _is_true(self, field: Field, client_ip: bytes) -> bool:
        """Whether it says nothing of the client's address, or what the door has found."""
        if self._is_no_address(field[0]):
            return True
        said = packed(field[1].decode("latin-1"))
        return said is not None and said == packed(client_ip.decode("latin-1"))

    def _add_rare(self, exchange: Exchange, fields: list[Field]) -> None:
        forwarding = self._forwarding
        if forwarding.prefix:
            fields.append((b"x-forwarded-prefix", forwarding.prefix))
        if forwarding.forwarded:
            fields.append((b"forwarded", self._forwarded(exchange)))

    def _forwarded(self, exchange: Exchange) -> bytes:
        """RFC 7239 4: what is believed of the client's connection to a trusted proxy, from the
        same fields as all else (7.4), and our own."""
        request, peer = exchange.request, exchange.client.peer
        own = b'for=%b;proto=%b;host="%b"' % (_node(peer), request.scheme, request.authority)
        if exchange.client_ip == peer:
            return own
        first = [b"for=" + _node(exchange.client_ip)]
        for word, name in ((b"proto", b"x-forwarded-proto"), (b"host", b"x-forwarded-host")):
            said = request.get(name)
            if said is not None and _PLAIN.fullmatch(said):
                first.append(b'%b="%b"' % (word, said))
        return b"%b, %b" % (b";".join(first), own)


def _node(address: bytes) -> bytes:
    """RFC 7239 6."""
    if b":" in address:
        return b'"[%b]"' % address
    return b"unknown" if address == b"unix" else address


def _values(fields: list[Field], name: bytes) -> list[bytes]:
    return [field[1] for field in fields if field[0] == name]
