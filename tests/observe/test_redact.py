"""No secret in a URL or a field reaches a log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.observe.redact import (
    ANYWHERE,
    LONGEST,
    LONGEST_NAME,
    MOST_NAMES,
    WORDS,
    is_secret,
    redact_field,
    redact_text,
    redact_url,
)

SECRET_NAMES = (
    *("token", "key", "secret", "password", "passwd", "auth", "signature", "sig", "code"),
    *("session", "api_key", "access_token", "id_token", "jwt"),
)
"""What has to be redacted at the least."""

UNUSUAL_NAMES = (
    *("X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-Credential", "apiKey", "APIKEY", "apikey"),
    *("accessToken", "client_secret", "PHPSESSID", "jsessionid", "user[password]", "new.pwd"),
    *("%74oken", "%2574oken", "to%6Ben", "SAMLResponse", "code_verifier", "Key-Pair-Id", "sid"),
    *("ACCESS_TOKEN", "oauth_signature", "refreshToken", "passphrase", "sig2", "p.key", "APIKey"),
)

HARMLESS_NAMES = (
    *("page", "q", "monkey", "author", "zipcode", "design", "keyword", "sort", "id", "codec"),
    *("assignment", "spine", "compass", "machine", "opinion", "side", "", "signed_up", "lat"),
)


@pytest.mark.parametrize("name", [*SECRET_NAMES, *UNUSUAL_NAMES])
def test_secret_names_are_known(name):
    assert is_secret(name.encode())
    assert is_secret(name.encode())  # from memory
    assert redact_url(b"/a?b=1&%b=hush&c=2" % name.encode()) == (
        b"/a?b=1&%b=***&c=2" % name.encode()
    )


@pytest.mark.parametrize("name", HARMLESS_NAMES)
def test_harmless_names_keep_their_values(name):
    assert not is_secret(name.encode())
    url = b"/a?b=1&%b=shown&c=2" % name.encode()
    assert redact_url(url) == url


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        (b"/", b"/"),
        (b"*", b"*"),
        (b"/a?", b"/a?"),
        (b"/a?token", b"/a?token"),
        (b"/a?token=", b"/a?token=***"),
        (b"/a?token=1", b"/a?token=***"),
        (b"/a?token=1&token=2", b"/a?token=***&token=***"),
        (b"/a?token==1=2", b"/a?token=***"),
        (b"/a?&&token=1&", b"/a?&&token=***&"),
        # wherever an origin may look for a name
        (b"/a;jsessionid=1/b;v=2?c=3", b"/a;jsessionid=***/b;v=2?c=3"),
        (b"/a;jsessionid=1;v=2", b"/a;jsessionid=***;v=2"),
        (b"/a?b=1;token=2", b"/a?b=1;token=***"),
        (b"/a?token=1;still", b"/a?token=***"),
        (b"/a?token=1?still", b"/a?token=***"),
        (b"/a?next=/b?token=1&c=2", b"/a?next=/b?token=***&c=2"),
        (b"/a?b#access_token=1&d=2", b"/a?b#access_token=***&d=2"),
        (b"https://x/#access_token=1", b"https://x/#access_token=***"),
        # encoded once and twice
        (b"/a?next=%2Fb%3Ftoken%3D1&c=2", b"/a?next=***&c=2"),
        (b"/a?next=%252Fb%253Ftoken%253D1&c=2", b"/a?next=***&c=2"),
        (b"/a?token%3D1", b"/a?***"),
        (b"/a?next=%2Fb%3Fpage%3D1", b"/a?next=%2Fb%3Fpage%3D1"),
        (b"/a?cursor=abc%3D%3D", b"/a?cursor=abc%3D%3D"),
        # values that are secret under any name
        (b"/a?x=eyJhbGciOi.eyJzdWIi.c2ln", b"/a?x=***"),
        (b"/a?next=%2Fb%3Fx%3DeyJhbGciOi.a.b", b"/a?next=***"),
        # JSON
        (b'/g?v={"password":"1"}&c=2', b"/g?v=***&c=2"),
        (b"/g?v=%7B%22password%22%3A%221%22%7D", b"/g?v=***"),
        (b"/g?v=%7B%22page%22%3A%221%22%7D", b"/g?v=%7B%22page%22%3A%221%22%7D"),
        # user and password
        (b"https://ann:1@x/?b=2", b"https://***@x/?b=2"),
        (b"//ann@x/", b"//***@x/"),
        (b"https://x/@ann?to=a@b", b"https://x/@ann?to=a@b"),
        (b"/a@b", b"/a@b"),
        # not UTF-8
        (b"/\xff?token=\xfe&b=\xfd", b"/\xff?token=***&b=\xfd"),
    ],
)
def test_urls(url, redacted):
    assert redact_url(url) == redacted


def test_a_query_with_too_many_names_is_redacted_whole():
    few = b"/a?" + b"&".join(b"a%d=x" % number for number in range(MOST_NAMES))
    assert redact_url(few) == few
    assert redact_url(few + b"&b=1") == b"/a?***"


def test_a_name_that_is_repeated_counts_once():
    url = b"/a?" + b"&".join([b"id=1"] * (MOST_NAMES * 4))
    assert redact_url(url) == url


def test_a_long_query_with_a_secret_is_redacted_whole():
    assert redact_url(b"/a?b=" + b"x" * LONGEST + b"&token=1") == b"/a?***"
    assert redact_url(b"/a?b=" + b"x" * LONGEST) == b"/a?b=" + b"x" * LONGEST


def test_a_long_path_with_a_secret_ends_where_its_parameters_begin():
    assert redact_url(b"/a;b=1;token=2/" + b"x" * LONGEST + b"?c=3") == b"/a;***"


def test_a_long_name_is_taken_for_a_secret():
    assert not is_secret(b"x" * LONGEST_NAME)
    assert redact_url(b"/a?" + b"x" * (LONGEST_NAME + 1) + b"=1").endswith(b"x=***")


def test_a_value_with_too_many_names_inside_is_not_shown():
    inside = b"%26".join(b"a%d%%3D1" % number for number in range(MOST_NAMES + 1))
    assert redact_url(b"/a?next=" + inside) == b"/a?next=***"


PIECE = st.text("abXy01-_.~/%2B=;?", max_size=12).map(str.encode)
NAME = st.sampled_from([name.encode() for name in (*SECRET_NAMES, *UNUSUAL_NAMES)])


@given(st.lists(PIECE), NAME, st.lists(PIECE), st.sampled_from([b"&", b";", b"?"]))
def test_no_secret_is_ever_shown(before, name, after, mark):
    query = b"&".join([*before, b"x" + mark + name + b"=HUSH", *after])
    assert b"HUSH" not in redact_url(b"/a?" + query)


@given(st.binary(max_size=300))
def test_any_bytes_can_be_redacted_and_twice_changes_nothing(url):
    once = redact_url(url)
    assert redact_url(once) == once


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        (b"authorization", b"Basic YTpi", b"***"),
        (b"proxy-authorization", b"Bearer x", b"***"),
        (b"cookie", b"a=1", b"***"),
        (b"set-cookie", b"a=1; HttpOnly", b"***"),
        (b"x-api-key", b"1", b"***"),
        (b"x-csrf-token", b"1", b"***"),
        (b"referer", b"https://x/?token=1", b"https://x/?token=***"),
        (b"location", b"https://x/cb?code=1&state=2", b"https://x/cb?code=***&state=2"),
        (b"user-agent", b"curl/8", b"curl/8"),
        (b"accept", b"*/*", b"*/*"),
    ],
)
def test_fields(name, value, shown):
    assert redact_field(name, value) == shown


def test_the_lists_for_the_docs_are_sorted_and_without_repeats():
    for words in (ANYWHERE, WORDS):
        assert len(set(words)) == len(words)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (b"no host 'a.test:80' here", b"no host 'a.test:80' here"),
        (b"no 'http://u:pw@a.test/x', ann@a.test", b"no 'http://***@a.test/x', ann@a.test"),
        (b"'u:pw@a.test' is none", b"'***@a.test' is none"),
        (b"to was redirect:https://u:p@a.test/", b"to was redirect:https://***@a.test/"),
        (b'was "/x?token=1 2", is /y?a=1', b'was "/x?token=*** 2", is /y?a=1'),
    ],
)
def test_urls_in_a_sentence(text, redacted):
    assert redact_text(text) == redacted
