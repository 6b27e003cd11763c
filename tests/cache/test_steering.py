"""A name is judged by its words: proxies have more spellings than any list."""

import pytest

from porch.cache.steering import speaks_of, steers


@pytest.mark.parametrize(
    "name",
    [
        *("x-forward-host", "x-forward-proto", "forwarded-proto", "x-forwarded-query"),
        *("x-originally-forwarded-proto", "x-forwarder-for", "x-vercel-proxied-for"),
        *("x-http-host", "http-host", "x-http-destinationurl", "x-http-method-overide"),
        *("x-orig-host", "x-original-scheme", "x-original-authority", "x-original-query"),
        *("x-original-request-uri", "x-original-http-command", "orig-path-info"),
        *("x-envoy-original-host", "x-ms-original-url", "x-amzn-remapped-host"),
        *("host-override", "x-rewrite-target-url", "x-ajax-real-method", "x-redirect-url"),
        *("ssl-offloaded", "x-ssl-offloaded", "fastly-ssl", "fastly-host", "fastly-orig-host"),
        *("disguised-host", "x-waws-unencoded-url", "x-arr-ssl", "was-default-hostname"),
        *("x-wsgi-script-name", "x-appengine-https", "x-appservice-proto"),
        *("x-client-proto", "x-client-port", "server-port", "remote-host", "proxy-port"),
        *("x-remote-addr", "incap-client-ip", "x-azure-clientip", "x-proxyuser-ip"),
        *("path-base", "context-path", "x-external-url", "x-backend-port"),
    ],
)
def test_what_a_request_was_elsewhere_steers(name: str) -> None:
    assert steers(name.encode())


@pytest.mark.parametrize(
    "name",
    [
        *("accept", "accept-language", "cookie", "authorization", "user-agent", "origin", "host"),
        *("access-control-request-method", "sec-websocket-protocol", "last-event-id"),
        *("sec-ch-prefers-color-scheme", "upgrade-insecure-requests", "proxy-authorization"),
        *("x-request-id", "x-requested-with", "x-csrf-token", "x-api-key", "x-amzn-trace-id"),
        *("traceparent", "idempotency-key", "cf-ipcountry", "cloudfront-viewer-country"),
        *("x-tenant", "x-theme", "x-hosts", "x-client-version", "x-original-language"),
        *("x-forwarded-user", "x-forwarded-email", "x-forwarded-client-cert", "remote-user"),
        *("x-color-scheme", "x-query-id", "hx-current-url", "x-auth-request-email", "uri"),
    ],
)
def test_what_browsers_and_applications_say_does_not(name: str) -> None:
    assert not steers(name.encode())
    assert not speaks_of(name.encode())


@pytest.mark.parametrize("name", ["x-host", "x-path", "x-https", "x-url-scheme", "x-subdomain"])
def test_what_can_be_steered_may_be_a_whole_name(name: str) -> None:
    assert speaks_of(name.encode())
    assert not steers(name.encode())


@pytest.mark.parametrize("name", ["x", "x-", "path", "x-path-of-it", "", "-"])
def test_a_name_that_has_more_or_less_is_an_applications(name: str) -> None:
    assert not speaks_of(name.encode())
