"""Answers as they come from real sites."""

from porch.cache import refusal
from porch.cache.entry import IMMUTABLE, MUST_REVALIDATE
from porch.cache.policy import STALE_ERROR, Policy
from tests.support.appraising import AUTHORIZED, DAY, get, is_fresh, judged, kept


def test_a_page_of_a_blog_is_not_kept_for_who_is_logged_in_nor_without_a_lifetime():
    fields = {
        "content_type": b"text/html; charset=UTF-8",
        "date": 0,
        "link": b'<https://a.test/wp-json/>; rel="https://api.w.org/"',
        "vary": b"Accept-Encoding,Cookie",
    }
    assert judged(**fields) is refusal.UNSAID
    assert is_fresh(judged(policy=Policy(ttl=3600), **fields))
    nocache = {
        "expires": b"Wed, 11 Jan 1984 05:00:00 GMT",
        "cache_control": b"no-cache, must-revalidate, max-age=0, no-store, private",
    }
    assert judged(policy=Policy(ttl=3600), **fields, **nocache) is refusal.NO_STORE
    login = {"set_cookie": b"wordpress_test_cookie=WP%20Cookie%20check; path=/; secure"}
    assert judged(policy=Policy(ttl=3600), **fields, **login) is refusal.SET_COOKIE
    upload = kept(
        content_type=b"image/webp",
        last_modified=-30 * DAY,
        cache_control=b"max-age=31536000",
        expires=31536000,
        date=0,
    )
    assert (upload.lifetime, upload.source) == (31536000, "max-age")


def test_the_page_of_a_php_session_is_not_kept():
    assert (
        judged(
            policy=Policy(ttl=3600),
            expires=b"Thu, 19 Nov 1981 08:52:00 GMT",
            cache_control=b"no-store, no-cache, must-revalidate",
            pragma=b"no-cache",
            set_cookie=b"PHPSESSID=1; path=/",
        )
        is refusal.NO_STORE
    )


def test_a_package_index_is_kept_for_minutes_and_asked_about_then():
    asked = get(target=b"/simple/porch/", accept=b"application/vnd.pypi.simple.v1+json, */*;q=0.01")
    found = kept(
        asked,
        cache_control=b"max-age=600, public",
        content_type=b"application/vnd.pypi.simple.v1+json",
        etag=b'"7iWHJGGOAbQCiBSj0oJpyA"',
        surrogate_key=b"all-projects project/porch",
        x_pypi_last_serial=b"123",
        vary=b"Accept, Accept-Encoding",
        age=b"113",
        date=-113,
    )
    assert (found.age, found.lifetime, found.stale_error) == (113, 600, STALE_ERROR)
    assert found.tags == [b"all-projects", b"project/porch"]
    assert found.vary[0] == (
        b"accept",
        b"application/vnd.pypi.simple.v1+json,*/*;q=0.01",
    )
    wheel = kept(
        get(target=b"/packages/porch-1-py3-none-any.whl"),
        cache_control=b"max-age=365000000, immutable, public",
        last_modified=-DAY,
    )
    assert wheel.must == IMMUTABLE
    assert wheel.lifetime == 365000000


def test_a_tile_of_a_map_is_kept_for_its_week():
    found = kept(
        get(target=b"/12/2200/1343.png"),
        content_type=b"image/png",
        cache_control=b"max-age=604800, stale-while-revalidate=604800, stale-if-error=604800",
        etag=b'"0f1c4e"',
        expires=7 * DAY,
        age=b"3600",
        policy=Policy(guard=True),
    )
    assert (found.age, found.lifetime) == (3600, 604800)
    assert (found.stale_while, found.stale_error) == (604800, 604800)


def test_an_answer_of_an_api_with_an_etag_is_asked_about_each_time():
    found = kept(
        get(target=b"/v1/orders", accept=b"application/json"),
        content_type=b"application/json",
        etag=b'W/"1b-7PqP"',
        vary=b"Accept, Origin",
        x_powered_by=b"Express",
    )
    assert found.source == "none"
    assert not is_fresh(found, 0)
    rails = b"max-age=0, private, must-revalidate"
    assert judged(cache_control=rails, etag=b'W/"5a"') is refusal.PRIVATE
    hub = b"private, max-age=60, s-maxage=60"
    assert judged(AUTHORIZED, cache_control=hub, etag=b'"9"') is refusal.PRIVATE


def test_a_page_of_a_site_generator_stands_in_while_it_is_made_anew():
    found = kept(cache_control=b"s-maxage=60, stale-while-revalidate=86400", etag=b'"x"')
    assert (found.lifetime, found.stale_while, found.stale_error) == (60, 86400, 0)
    assert found.must == MUST_REVALIDATE
