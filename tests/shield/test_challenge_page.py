"""The page of a challenge: what it may do, and for whom it is."""

import base64
import hashlib
import re

from porch.shield.challenge_page import FIELDS, PROOF, page

HTML = page("").decode()
POLICY = dict(FIELDS)[b"content-security-policy"].decode()


def test_its_policy_names_its_script_and_its_style_and_nothing_else() -> None:
    for kind in ("script", "style"):
        (text,) = re.findall(f"<{kind}>(.*?)</{kind}>", HTML, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in POLICY
    assert POLICY.startswith("default-src 'none';")
    assert "unsafe" not in POLICY


def test_nobody_else_is_asked() -> None:
    assert not re.search(r"https?:|//[a-z]|src=|href=|url\(|@import", HTML.replace("// the", ""))


def test_it_is_kept_nowhere() -> None:
    assert dict(FIELDS)[b"cache-control"] == b"no-store"
    assert dict(FIELDS)[b"x-robots-tag"] == b"noindex"


def test_who_hears_it_is_told_what_happens() -> None:
    assert '<html lang="en">' in HTML
    assert HTML.count("<h1>") == HTML.count("<main ") == 1
    assert 'role="status" aria-live="polite"' in HTML
    assert re.search(r"<progress [^>]*aria-label=", HTML)


def test_there_is_a_way_for_who_has_no_javascript() -> None:
    assert re.search(r"<noscript>.*needs JavaScript.*write to those", HTML, re.DOTALL)
    assert "call &lt;us&gt;" in page("call <us>").decode()


def test_the_places_to_fill_in_are_there_once_at_first() -> None:
    assert HTML.index("PUZZLE") == HTML.index('data-puzzle="') + len('data-puzzle="')
    assert HTML.index("BITS") == HTML.index('data-bits="') + len('data-bits="')


def test_the_script_says_the_field_that_is_read() -> None:
    assert f'"{PROOF}"' in HTML
