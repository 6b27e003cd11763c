"""The error family: every way an exchange can fail, each with one stable word.

A word is taken from the list of RFC 9209 2.3 where one fits. It appears in `Proxy-Status`, the
access log and the error page, with one plain sentence that names the way out. An error says who
is at fault (`source`), what the client is answered if nothing has been sent (`status`), and
whether the request may be sent again (`retry`).
"""

from typing import ClassVar, Literal

__all__ = [
    "METHODS",
    "AnswerRefused",
    "AttemptTimeout",
    "BadGateway",
    "BadRequest",
    "BodyTooLarge",
    "CertificateRequired",
    "ClientGone",
    "ConfigError",
    "ConnectFailed",
    "ConnectTimeout",
    "ConnectionLost",
    "ConnectionRefused",
    "DecodedTooLarge",
    "DnsError",
    "EndpointSilent",
    "FieldsTooLarge",
    "GatewayTimeout",
    "HandshakeFailed",
    "HandshakeRefused",
    "IncompleteResponse",
    "InternalError",
    "LeftBehind",
    "Maintenance",
    "MethodNotAllowed",
    "Misdirected",
    "NoDescriptors",
    "NoEndpoint",
    "NoRoom",
    "NoRoute",
    "NoSite",
    "NotSecured",
    "PartRefused",
    "PoolFull",
    "PorchError",
    "RequestTimeout",
    "RetryBudgetSpent",
    "Shutdown",
    "StreamRefused",
    "StreamReset",
    "TargetTooLong",
    "TlsError",
    "TunnelNotSupported",
    "Unprocessed",
    "UpgradeFailed",
    "UpstreamStalled",
    "VersionNotSupported",
    "WaitedTooLong",
]

METHODS = b"GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"
"""What Allow says, with a 405 and to OPTIONS for the door itself (RFC 9110 10.2.1)."""

Source = Literal["client", "upstream", "porch"]
Retry = Literal["never", "repeat", "always"]


class PorchError(Exception):
    """The base of all failures of an exchange.

    word: the stable reason word.
    status: the answer if no byte of one has been sent; 0 means that nobody is left to answer.
    source: who is at fault.
    retry: "always" (no byte reached an origin), "repeat" (an origin may have seen it: again if that
        does no harm, RFC 9110 9.2.2), "never".
    sentence: one sentence for the operator that names the way out.
    detail: what happened this time; shown to operators, to clients only with `debug`.
    quiet: whether the access log leaves it out; whatever counts has it.
    """

    word: ClassVar[str] = "proxy_internal_error"
    status: int = 500
    source: ClassVar[Source] = "porch"
    retry: ClassVar[Retry] = "never"
    sentence: str = "Porch itself failed; the message log has the traceback."
    quiet: bool = False

    def __init__(self, detail: str = "", status: int = 0) -> None:
        super().__init__(detail)
        self.detail = detail
        if status:
            self.status = status

    def __str__(self) -> str:
        return f"{self.word}: {self.detail}" if self.detail else self.word


class InternalError(PorchError):
    """A defect of Porch or of code it was given to run."""


class ConfigError(PorchError):
    """A setting that cannot be carried out, found only while serving."""

    word = "proxy_configuration_error"
    sentence = "A setting cannot be carried out; the detail names it."


class Shutdown(PorchError):
    """The door closes and the grace period is over."""

    word = "proxy_shutdown"
    status = 503
    sentence = "The door was stopped before the exchange ended; raise grace to wait longer."


# --- the client is at fault ------------------------------------------------------------------


class BadRequest(PorchError):
    """A request that is malformed or could be read in two ways. The connection closes."""

    word = "http_request_error"
    status = 400
    source = "client"
    sentence = "The request is malformed or ambiguous; the client has to change it."


class NotSecured(BadRequest):
    """A request without TLS at a port that speaks HTTPS. It may have a secret in it, which now
    everybody between has seen, so it is not redirected as if nothing had happened."""

    sentence = "This port speaks HTTPS; the URL begins with https://."


class VersionNotSupported(BadRequest):
    """A major version other than 1 in a request line (RFC 9110 15.6.6)."""

    status = 505
    sentence = "The client speaks an HTTP version that this door does not."


class TargetTooLong(BadRequest):
    """A request line over `limits.request_line`."""

    status = 414
    sentence = "The request line is longer than limits.request_line."


class FieldsTooLarge(BadRequest):
    """A head over `limits.head` or with more fields than `limits.fields` (RFC 6585 5)."""

    status = 431
    sentence = "The head is over limits.head or has more fields than limits.fields."


class BodyTooLarge(BadRequest):
    """A request body over `limits.body`."""

    word = "http_request_body_size"
    status = 413
    sentence = (
        "The body has more bytes than this route takes (limits.body, buffer_request,"
        " json_body.size)."
    )


class DecodedTooLarge(BodyTooLarge):
    """A request body that was coded and is over `compress.decode_request` when it is decoded."""

    sentence = "The decoded body is over compress.decode_request of this route."


class Misdirected(PorchError):
    """A request for a host that the connection's certificate is not for (RFC 9110 15.5.20)."""

    word = "http_request_error"
    status = 421
    source = "client"
    sentence = "The connection was made for another host; the client has to make one for this."


class CertificateRequired(PorchError):
    """The client has shown no certificate, on a route that wants one."""

    word = "http_request_denied"
    status = 403
    source = "client"
    sentence = "The client must show a certificate of an authority in client_ca; install one there."


class RequestTimeout(PorchError):
    """The client was silent for too long inside a request."""

    word = "http_request_timeout"
    status = 408
    source = "client"
    sentence = "The client stopped sending; timeouts.head and timeouts.idle say for how long."


class ClientGone(PorchError):
    """The client left before its answer was complete."""

    word = "client_gone"
    status = 0
    source = "client"
    sentence = "The client closed the connection before its answer was complete."


class MethodNotAllowed(PorchError):
    """A method that the door never forwards: TRACE, CONNECT."""

    word = "http_request_denied"
    status = 405
    source = "client"
    sentence = "This method is never forwarded."


class TunnelNotSupported(PorchError):
    """A tunnel of HTTP/2 for a protocol that the route does not let be switched to (RFC 9220 3):
    there is no request in it that could be answered instead."""

    word = "http_request_denied"
    status = 501
    source = "client"
    sentence = "No tunnel for this protocol is forwarded here; `upgrades` of the route names those."


# --- nothing to forward to -------------------------------------------------------------------


class NoSite(PorchError):
    """No route names this host."""

    word = "no-site"
    status = 404
    source = "client"
    sentence = 'No route names this host; add one under [routes], or "*" for any host.'


class NoRoute(PorchError):
    """The host is known, the path is not."""

    word = "no-route"
    status = 404
    source = "client"
    sentence = "The host has routes, but none for this path."


class NoEndpoint(PorchError):
    """Every endpoint of the pool is out of rotation."""

    word = "destination_unavailable"
    status = 503
    source = "upstream"
    sentence = "No endpoint of the pool can take a request now."
    retry_after = 1.0


class Maintenance(PorchError):
    """The route is closed on purpose. retry_after: seconds, for the client."""

    word = "maintenance"
    status = 503
    sentence = "The site is being worked on; please come again later."
    retry_after: float = 600.0


class PoolFull(PorchError):
    """As many requests as the pool may have are under way, and as many wait as may."""

    word = "connection_limit_reached"
    status = 503
    sentence = "The pool has all the requests it may have; overload sets how many, and who waits."

    def __init__(self, detail: str = "", *, retry_after: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class WaitedTooLong(PoolFull):
    """There was no room in the pool for as long as a request may wait."""

    sentence = "The pool had no room for as long as overload.wait allows."


class NoDescriptors(PorchError):
    """The process may open no more files or sockets."""

    word = "out_of_descriptors"
    status = 503
    sentence = "The door has no file descriptors left; raise its limit (ulimit -n, LimitNOFILE)."


class NoRoom(PorchError):
    """A body that has to wait has no place."""

    word = "out_of_room"
    status = 503
    sentence = "The disk for temporary files is full; make room, or set TMPDIR to another folder."


# --- the upstream is at fault ----------------------------------------------------------------


class ConnectFailed(PorchError):
    """No connection to the endpoint: unreachable, or the system refused."""

    word = "destination_ip_unroutable"
    status = 502
    source = "upstream"
    retry = "always"
    sentence = "The endpoint cannot be reached; check its address and the network between."


class ConnectionRefused(ConnectFailed):
    """Nothing listens at the endpoint."""

    word = "connection_refused"
    sentence = "Nothing listens at the endpoint; start it, or correct `to`."


class ConnectTimeout(ConnectFailed):
    """No connection within `timeouts.connect`."""

    word = "connection_timeout"
    status = 504
    sentence = "The endpoint did not accept in time; timeouts.connect sets how long."


class DnsError(ConnectFailed):
    """The endpoint's name has no address."""

    word = "dns_error"
    sentence = "The endpoint's name does not resolve; check the name in `to` and the resolver."


class HandshakeFailed(ConnectFailed):
    """The endpoint was connected, but broke off the handshake, or what it says is not TLS."""

    word = "tls_protocol_error"
    sentence = (
        "The TLS handshake failed; look whether `to` is a port for TLS, and into the log there."
    )


class HandshakeRefused(ConnectFailed):
    """The endpoint ended the handshake with an alert."""

    word = "tls_alert_received"
    sentence = (
        "The endpoint refused the TLS handshake; the detail has its alert, its log the reason."
    )


class TlsError(ConnectFailed):
    """The endpoint's certificate was refused."""

    word = "tls_certificate_error"
    sentence = "The endpoint's certificate was refused; mend it, or name its CA."


class ConnectionLost(PorchError):
    """The connection was closed by the origin before a byte of the answer came."""

    word = "connection_terminated"
    status = 502
    source = "upstream"
    retry: ClassVar[Retry] = "repeat"
    sentence = "The origin closed the connection before it answered."


class Unprocessed(ConnectionLost):
    """The origin says that it has not looked at the request (RFC 9113 8.7). A new one may do."""

    retry = "always"
    sentence = "The origin closed the connection and had not looked at the request."


class LeftBehind(Unprocessed):
    """The same, of an origin that looked at others there: each new connection gets on a little."""

    sentence = "The origin closed every connection before its turn; let it take more on each."


class StreamRefused(PorchError):
    """The origin refuses the request, again, before it has looked at it. Another is asked."""

    word = "connection_terminated"
    status = 503
    source = "upstream"
    retry = "always"
    sentence = "The origin takes no further requests now; give it more streams, or more endpoints."


class StreamReset(PorchError):
    """The origin gave the request up before a byte of the answer came."""

    word = "connection_terminated"
    status = 502
    source = "upstream"
    retry = "repeat"
    sentence = "The origin gave the request up before it answered; its log has the reason."


class BadGateway(PorchError):
    """The origin's answer is malformed. It is never passed on."""

    word = "http_protocol_error"
    status = 502
    source = "upstream"
    sentence = "The origin's answer is not valid HTTP; the detail says where."


class UpgradeFailed(BadGateway):
    """The origin switched protocols unasked, to another than was asked for, or not as it must."""

    word = "http_upgrade_failed"
    sentence = "The origin switched protocols in another way than it was asked to."


class PartRefused(PorchError):
    """A part of an answer, in a Content-Encoding that the client does not take: a part cannot be
    decoded (RFC 9110 14.2), and the whole that the client may have is decoded. The endpoint may
    send such and is not blamed."""

    word = "http_response_content_coding"
    status = 502
    sentence = "A part is in a coding that the client does not take; compress = false sends it."


class IncompleteResponse(PorchError):
    """The origin's answer ended before it was whole."""

    word = "http_response_incomplete"
    status = 502
    source = "upstream"
    sentence = "The origin broke its answer off in the middle; its log has the reason."


class GatewayTimeout(PorchError):
    """No answer head within `timeouts.response`."""

    word = "http_response_timeout"
    status = 504
    source = "upstream"
    sentence = "The origin did not answer in time; timeouts.response sets how long."


class EndpointSilent(GatewayTimeout):
    """The endpoint answers nobody: it hangs, or its machine is gone. Another is asked."""

    retry = "repeat"
    sentence = "The endpoint answers nobody; look whether its process hangs or its machine is gone."


class AttemptTimeout(GatewayTimeout):
    """No answer within `retry.each`. Another endpoint is asked, if there is one that may be."""

    retry = "repeat"
    sentence = "The endpoint did not answer within retry.each; another is asked."


class AnswerRefused(PorchError):
    """An answer that is not taken because another endpoint is asked, for its status (`retry.on`)
    or because that one was faster (`retry.hedge`). pause: seconds that the other has to wait.

    The endpoint's own account of bad answers has it already, so it is not blamed again.
    """

    word = "answer_refused"
    status = 502
    retry = "repeat"
    sentence = "The answer had a status of retry.on, so that another endpoint was asked."

    def __init__(self, detail: str = "", pause: float = 0.0) -> None:
        super().__init__(detail)
        self.pause = pause


class RetryBudgetSpent(PorchError):
    """An answer of `retry.on` that goes through, for too many requests are tried again already."""

    word = "retry_budget_spent"
    status = 503
    source = "upstream"
    sentence = "It was not tried again: a fifth of all requests are already; mend the endpoints."


class UpstreamStalled(PorchError):
    """The origin went silent in the middle of a body for `timeouts.idle`."""

    word = "connection_read_timeout"
    status = 504
    source = "upstream"
    sentence = "The origin fell silent inside a body; timeouts.idle sets how long."
