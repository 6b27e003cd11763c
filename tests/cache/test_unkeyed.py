"""What only one client says decides nothing for the others."""

import pytest

from porch.cache.key import KeyRules
from porch.cache.unkeyed import (
    FAMILIES,
    IMPLIED,
    TOLD,
    UNKEYED,
    believing,
    implied,
    is_plain,
    is_unkeyed,
    sendable,
)
from porch.http.fields import alike
from porch.http.message import RequestHead


def request(*fields: tuple[bytes, bytes]) -> RequestHead:
    return RequestHead(b"GET", b"/", b"a.test", b"https", list(fields))


@pytest.mark.parametrize("name", [*sorted(UNKEYED), b"x-forward-host", b"x-vendor-original-uri"])
def test_a_field_that_is_in_no_key_does_not_go_out_in_any_spelling(name):
    for spelled in (name, *(name.replace(b"-", each) for each in (b"_", b".", b"!", b"~"))):
        asked = request((spelled, b"evil"), (b"accept", b"*/*"))
        assert sendable(asked, ()) == [(b"accept", b"*/*")]
        assert not is_plain(asked, ())


@pytest.mark.parametrize("name", TOLD)
def test_one_that_is_in_the_key_goes_out(name):
    asked = request((name, b"https"))
    assert sendable(asked, TOLD) == [(name, b"https")]
    assert is_plain(asked, TOLD)


def test_names_that_only_look_alike_go_out():
    fields = [(b"x-theme", b"1"), (b"x-hosts", b"2"), (b"user-agent", b"3"), (b"cookie", b"a=b")]
    assert sendable(request(*fields), ()) == fields
    assert is_plain(request(*fields), ())
    assert implied(request(*fields), []) == set()


@pytest.mark.parametrize("name", [b"x_theme", b"accept.language", b"x!tenant", b"rsc_"])
def test_a_name_that_may_be_read_as_another_goes_out_and_its_answer_is_for_those_that_say_it(name):
    asked = request((name, b"1"))
    assert sendable(asked, ()) == [(name, b"1")]
    assert implied(asked, []) == {name}
    assert not is_plain(asked, ())


def test_what_the_door_itself_knows_of_who_asks_is_no_field_of_a_client():
    asked = request((b":who", b"1"))
    assert implied(asked, []) == set()
    assert is_plain(asked, ())


def test_one_that_is_known_to_ask_for_another_form_is_not_left_out_for_its_words():
    for name in (b"x-forwarded-proto-version", b"x-forwarded-client-cert"):
        assert not is_unkeyed(name)
        assert is_unkeyed(name.replace(b"-v", b"-of-").replace(b"client-cert", b"host"))


@pytest.mark.parametrize("start", FAMILIES)
def test_each_field_of_a_family_is_of_those_that_scripts_ask_by(start):
    for name in (start + b"new", (start + b"new").replace(b"-", b".")):
        assert implied(request((name, b"1")), []) == {name}


def test_what_is_listed_is_spelled_as_names_are_compared():
    for each in (*UNKEYED, *IMPLIED, *FAMILIES):
        assert alike(each) == each


def test_a_chain_of_addresses_goes_no_further_even_if_it_is_in_the_key():
    asked = request((b"x-forwarded-for", b"<script>, 192.0.2.1"))
    assert sendable(asked, (b"x-forwarded-for",)) == []


@pytest.mark.parametrize("name", [*sorted(IMPLIED), b"x-path", b"x-https"])
def test_what_scripts_ask_for_is_kept_for_those_that_ask_so(name):
    for spelled in (name, name.replace(b"-", b"_"), name.replace(b"-", b".")):
        asked = request((spelled, b"1"))
        assert implied(asked, []) == {spelled}
        assert sendable(asked, ()) == [(spelled, b"1")]
        assert not is_plain(asked, ())


def test_what_is_packed_was_packed_for_who_takes_it():
    assert implied(request(), [(b"content-encoding", b"gzip")]) == {b"accept-encoding"}
    assert implied(request((b"accept-encoding", b"gzip")), []) == set()


@pytest.mark.parametrize("allows", [b"access-control-allow-origin", b"timing-allow-origin"])
def test_who_is_named_as_allowed_to_read_it_may_have_been_asked_for_by_him(allows):
    asked = request((b"origin", b"https://a.test"))
    by_referer = request((b"referer", b"https://a.test/x"))
    for named in (b"https://a.test", b"HTTPS://A.TEST", b"https://a.test/", b"null", b"", b"*, x"):
        for each in (asked, by_referer, request()):
            assert implied(each, [(allows, named)]) == {b"origin"}
            assert implied(each, [(allows, b"*"), (allows, named)]) == {b"origin"}
    assert implied(asked, [(allows, b"*")]) == set()
    assert implied(asked, []) == set()


def test_what_a_trusted_proxy_tells_counts_behind_what_counts_anyway():
    rules = believing(KeyRules(fields=(b"x-tenant",), sort=True))
    assert rules == KeyRules(fields=(b"x-tenant", *TOLD), sort=True)
