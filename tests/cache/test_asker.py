"""Who has asked, for answers that nobody else may have unasked."""

import pytest

from porch.cache.asker import ALIKE, asker, is_for, is_for_all, may_check, told
from porch.cache.asking import question
from porch.cache.directives import cache_control
from porch.cache.entry import Entry
from porch.cache.key import KeyRules
from porch.identity import Identity
from tests.support.appraising import get

HOST = b"192.0.2.1"


def test_clients_that_say_who_they_are_are_told_apart():
    known = [
        *(get(cookie=b"user=A"), get(cookie=b"user=B"), get(authorization=b"Bearer A")),
        *(get(x_api_key=b"A"), get(x_api_key=b"B"), get(x_odd=b"A"), get()),
        *(get(cookie=[b"a=1", b"b=2"]), get(cookie=b"a=1")),
    ]
    assert len({asker(each, HOST) for each in known}) == len(known)


def test_what_a_browser_wants_does_not_say_who_it_is():
    for name in ALIKE:
        assert asker(get(**{name.decode(): b"x"}), HOST) == asker(get(), HOST)
    assert asker(get(sec_ch_ua=b"x", sec_fetch_mode=b"navigate"), HOST) == asker(get(), HOST)
    assert asker(get(sec_token=b"x"), HOST) != asker(get(), HOST)


def test_who_is_let_in_and_from_where_is_told_apart_too():
    ann = Identity("ann", "keys", fields=((b"x-user", b"ann"),))
    others = [
        Identity("bob", "keys", fields=((b"x-user", b"bob"),)),
        Identity("ann", "basic", fields=((b"x-user", b"ann"),)),
        Identity("ann", "keys", fields=((b"x-user", b"ann"), (b"x-group", b"admin"))),
        Identity("bob", "keys"),
    ]
    found = {asker(told(get(), each, {b"x-user"}), HOST) for each in (ann, *others)}
    assert len(found | {asker(get(), HOST), asker(get(), b"192.0.2.2")}) == 7
    again = Identity("ann", "keys", fields=((b"x-user", b"ann"),))
    assert asker(told(get(), again, {b"x-user"}), HOST) in found


def test_what_a_client_sends_in_the_name_of_the_door_is_not_what_the_origin_is_told():
    asked = get(x_user=b"ann", x_mail=b"ann@a.test", accept=b"*/*")
    found = told(
        asked, Identity("bob", "keys", fields=((b"x-user", b"bob"),)), {b"x-user", b"x-mail"}
    )
    assert found.get(b"x-user") == b"bob"
    assert found.get(b"x-mail") is None
    assert found.get(b"accept") == b"*/*"
    assert asked.get(b"x-user") == b"ann"


def test_the_order_of_fields_says_nothing():
    assert asker(get(cookie=b"a", x_a=b"b"), HOST) == asker(get(x_a=b"b", cookie=b"a"), HOST)


@pytest.mark.parametrize("range_", [None, b"bytes=0-1"])
def test_what_the_origin_is_asked_has_the_asker_of_its_client(range_):
    asked = get(
        cookie=b"user=A",
        x_forwarded_for=b"192.0.2.1",
        x_forwarded_host=b"b.test",
        if_none_match=b'"a"',
        range=range_,
    )
    assert asker(question(asked, KeyRules(), None, []), HOST) == asker(asked, HOST)
    stored = Entry(200, [(b"etag", b'"a"')], 2, 0.0, 0.0, 0.0, "none")
    kept = type("Kept", (), {"entry": stored})()
    assert asker(question(asked, KeyRules(), kept, []), HOST) == asker(asked, HOST)
    assert asker(question(asked, KeyRules(), kept, [(0, 1)]), HOST) == asker(asked, HOST)


@pytest.mark.parametrize(
    ("said", "lifetime", "for_all"),
    [
        (b"max-age=1", 1.0, True),
        (b"max-age=1, no-cache", 1.0, False),
        (b"max-age=1, no-cache=set-cookie", 1.0, True),
        (b"max-age=0", 0.0, False),
        (b"public, no-cache", 0.0, True),
        (b"max-age=0, stale-if-error=1", 0.0, True),
        (b"max-age=0, stale-if-error=0", 0.0, False),
        (b"max-age=0, stale-while-revalidate=0", 0.0, False),
        (b"max-age=0, stale-while-revalidate", 0.0, False),
        (b"no-cache, stale-if-error=60", 0.0, False),
        (b"max-age=60, no-cache, stale-while-revalidate=60", 60.0, False),
        (b"max-age=0, must-revalidate, stale-while-revalidate=60", 0.0, False),
        (b"max-age=0, proxy-revalidate, stale-if-error=60", 0.0, False),
    ],
)
def test_what_is_fresh_or_says_so_is_for_all(said, lifetime, for_all):
    assert is_for_all(cache_control([(b"cache-control", said)]), lifetime) is for_all


def test_an_answer_for_one_asker_is_for_no_other():
    asked = get(cookie=b"user=A")
    mine = Entry(200, [], 2, 0.0, 0.0, 0.0, "none", asker=asker(asked, HOST))
    assert is_for(mine, asked, HOST)
    assert not is_for(mine, get(cookie=b"user=B"), HOST)
    assert not is_for(mine, get(), HOST)
    assert is_for(Entry(200, [], 2, 0.0, 0.0, 60.0, "max-age"), get(), HOST)


def test_of_anothers_answer_the_origin_is_asked_by_its_tag_alone():
    asked = get(cookie=b"user=A")
    dated = Entry(
        200, [(b"last-modified", b"x")], 2, 0.0, 0.0, 0.0, "none", asker=asker(asked, HOST)
    )
    assert may_check(dated, asked, HOST)
    assert not may_check(dated, get(), HOST)
    dated.fields.append((b"etag", b'"1"'))
    assert may_check(dated, get(), HOST)
