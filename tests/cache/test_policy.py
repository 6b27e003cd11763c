"""What a route's cache does when nothing more is said than `cache = true`."""

from porch.cache.policy import Policy


def test_answers_that_say_nothing_are_not_kept_and_clients_are_heard():
    policy = Policy()
    assert policy.ttl is None
    assert not policy.status_ttl
    assert policy.ignore == frozenset()
    assert policy.respect_client
