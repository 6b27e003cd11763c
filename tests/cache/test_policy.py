"""What a route's cache does when nothing more is said than `cache = true`."""

from porch.cache.policy import Policy
from porch.http.message import RequestHead
from porch.route.when import parse_when


def test_answers_that_say_nothing_are_not_kept_and_clients_are_heard():
    policy = Policy()
    assert policy.ttl is None
    assert not policy.status_ttl
    assert policy.ignore == frozenset()
    assert policy.respect_client


def test_one_condition_that_holds_takes_a_request_past_the_cache():
    request = RequestHead(b"GET", b"/", b"a.test", b"http", [(b"cookie", b"sid=1")])
    session, preview = (parse_when({"cookie": {name: True}}) for name in ("sid", "preview"))
    assert Policy(bypass=(preview, session)).passes_by(request, b"192.0.2.1")
    assert not Policy(bypass=(preview,)).passes_by(request, b"192.0.2.1")
    assert not Policy().passes_by(request, b"192.0.2.1")
