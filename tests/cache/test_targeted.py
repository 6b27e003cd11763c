"""What is said to the caches near an origin comes before what is said to all (RFC 9213)."""

import pytest

from porch.cache.targeted import in_force

PLAIN = (b"cache-control", b"max-age=1")


def cdn(value: bytes):
    return in_force([PLAIN, (b"cdn-cache-control", value)])


def test_without_a_targeted_field_cache_control_is_in_force():
    directives, source = in_force([PLAIN])
    assert source == "cache-control"
    assert directives.seconds(b"max-age") == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"max-age=3600", 3600),
        (b"max-age=2147483648", 2147483648),
        (b"max-age=99999999999", 2147483648),
        (b"foobar, max-age=3600", 3600),
        (b"max-age=0", 0),
        (b"max-age=-1", 0),
        (b"max-age=60;p=1", 60),
        (b"max-age=5, max-age=60", 60),
    ],
)
def test_a_targeted_lifetime_is_in_force(value, seconds):
    directives, source = cdn(value)
    assert source == "cdn-cache-control"
    assert directives.seconds(b"max-age") == seconds


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"max-age=10000, &&&&&",
        b'max-age="10000"',
        b"max-age=1.5",
        b"max-age=abc",
        b"max-age",
        b"max-age=?1",
        b"max-age=@5",
        b"max-age=(1)",
        b"s-maxage=x, max-age=60",
        b"max-age =100",
        b"max-age= 100",
        b"MaX-aGe=3600",
    ],
)
def test_an_invalid_one_is_as_if_it_were_not_there(value):
    directives, source = cdn(value)
    assert source == "cache-control"
    assert directives.seconds(b"max-age") == 1


def test_one_with_unknown_directives_alone_is_in_force():
    directives, source = cdn(b"none")
    assert source == "cdn-cache-control"
    assert directives.seconds(b"max-age") is None


@pytest.mark.parametrize("value", [b"no-store", b"no-store=1", b"no-store=x", b"no-store=(a)"])
def test_a_directive_that_takes_no_argument_is_heard_with_one(value):
    assert b"no-store" in cdn(value)[0]


def test_a_directive_that_is_false_is_not_said():
    directives, source = cdn(b"no-store=?0, max-age=5")
    assert source == "cdn-cache-control"
    assert b"no-store" not in directives


def test_limits_to_fields_are_read():
    directives, _ = cdn(b'private="set-cookie, x-a", no-cache=x-b')
    assert directives.fields(b"private") == {b"set-cookie", b"x-a"}
    assert directives.fields(b"no-cache") == {b"x-b"}
    assert cdn(b'private="a\\"b"')[0].fields(b"private") == frozenset()


def test_this_door_is_meant_before_all_doors_whatever_the_order():
    fields = [(b"cdn-cache-control", b"max-age=60"), (b"porch-cache-control", b"max-age=5"), PLAIN]
    directives, source = in_force(fields)
    assert source == "porch-cache-control"
    assert directives.seconds(b"max-age") == 5


def test_an_invalid_first_target_leaves_the_second():
    fields = [(b"porch-cache-control", b"max-age=x"), (b"cdn-cache-control", b"max-age=60"), PLAIN]
    assert in_force(fields)[1] == "cdn-cache-control"


def test_lines_of_one_target_are_one_dictionary():
    fields = [(b"cdn-cache-control", b"max-age=60"), (b"cdn-cache-control", b"no-cache")]
    directives, _ = in_force(fields)
    assert directives.seconds(b"max-age") == 60
    assert b"no-cache" in directives
