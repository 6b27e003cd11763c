"""Tags are read as those who made up the fields read them, and never some of them only."""

import pytest

from porch.cache.tags import LONGEST, MOST, tags_of


@pytest.mark.parametrize(
    ("fields", "tags"),
    [
        ([], []),
        ([(b"etag", b'"a"')], []),
        ([(b"cache-tag", b"post-7, author 3,,blog ,")], [b"post-7", b"author", b"3", b"blog"]),
        (
            [(b"surrogate-key", b"post-7  author-3\tblog,x")],
            [b"post-7", b"author-3", b"blog", b"x"],
        ),
        (
            [(b"xkey", b"post-7 author-3"), (b"xkey", b"blog,x")],
            [b"post-7", b"author-3", b"blog", b"x"],
        ),
        ([(b"cache-tag", b"A,a"), (b"surrogate-key", b"a b A")], [b"A", b"a", b"b"]),
        ([(b"cache-tag", b" ")], []),
    ],
)
def test_tags_of_an_answer(fields, tags):
    assert tags_of(fields) == tags


def test_what_is_at_the_bounds_is_kept():
    most = b" ".join(b"%d" % number for number in range(MOST))
    assert len(tags_of([(b"surrogate-key", most)]) or ()) == MOST
    assert tags_of([(b"cache-tag", b"x" * LONGEST)]) == [b"x" * LONGEST]


def test_of_too_many_or_too_long_tags_none_is_known():
    most = b" ".join(b"%d" % number for number in range(MOST))
    assert tags_of([(b"surrogate-key", most), (b"xkey", b"one-more")]) is None
    assert tags_of([(b"cache-tag", b"a," + b"x" * (LONGEST + 1))]) is None
