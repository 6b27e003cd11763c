"""A page is no style sheet, whatever the link to it says."""

import pytest

from porch.cache.deception import agrees, promised

HTML = b"text/html; charset=utf-8"


@pytest.mark.parametrize(
    "target",
    [
        b"/account/x.css",
        b"/account/x.CSS",
        b"/account/x.css?y",
        b"/account;x.css",
        b"/account%2Fx.css",
        b"/account%3Bx.css",
        b"/account%3Fx.css",
        b"/account%23x.css",
        b"/account%0Ax.css",
        b"/account%00.css",
        b"/account%2ecss",
        b"/account/x.css;jsessionid=1",
        b"/account/x.css%00",
        b"/account/x.css/",
        b"/account/x.css%2F..%2Fme",
        b"/static/..%2Faccount.js",
        b"/account/avatar.jpg",
        b"/account/x.woff2",
        b"/account/x.mp4",
        b"/account/x.pdf",
        b"/account/x.zip",
        b"/account/x.csv",
        b"/account/x.txt",
        b"/account/x.swf",
        b"/account/x.wasm",
        b"/account/x.js.map",
    ],
)
@pytest.mark.parametrize(
    "content_type", [HTML, b"application/json", b"application/xhtml+xml", b"text/xml", None, b""]
)
def test_pages_and_data_are_not_what_was_promised(target, content_type):
    if b".map" in target and content_type == b"application/json":
        assert agrees(target, content_type)
    else:
        assert not agrees(target, content_type)


@pytest.mark.parametrize(
    ("target", "content_type"),
    [
        (b"/a.css", b"text/css"),
        (b"/a.css", b"Text/CSS; charset=utf-8"),
        (b"/a.js", b"application/javascript"),
        (b"/a.mjs", b"text/javascript"),
        (b"/a.png", b"image/webp"),
        (b"/a.gif", b"image/webp"),
        (b"/a.gif", b"video/mp4"),
        (b"/favicon.ico", b"image/vnd.microsoft.icon"),
        (b"/a.woff2", b"font/woff2"),
        (b"/a.woff", b"application/font-woff"),
        (b"/a.ts", b"video/mp2t"),
        (b"/a.pdf", b"application/pdf"),
        (b"/a.zip", b"application/x-zip-compressed"),
        (b"/a.tar.gz", b"application/x-tar"),
        (b"/a.docx", b"application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"/a.css", b"application/octet-stream"),
        (b"/a.csv", b"text/csv"),
    ],
)
def test_what_was_promised_agrees(target, content_type):
    assert agrees(target, content_type)


@pytest.mark.parametrize(
    "target",
    [b"/", b"/account", b"/a.html", b"/a.php", b"/a.json", b"/v1.2/x", b"/x?a.css", b"/a.cssx"],
)
def test_paths_that_promise_nothing_agree_with_all(target):
    assert promised(target) is None
    assert agrees(target, HTML)
    assert agrees(target, None)
