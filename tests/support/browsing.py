"""Browsing: Debian's Chromium, steered by playwright, before the admin door."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["TOKENS", "admin", "browser", "looked"]

TOKENS = {"ann": "a" * 32, "screen": "s" * 32}
"""Of who may do all, and of who may only look."""


def admin(port: int) -> str:
    """The word of a configuration."""
    ann, screen = (f"sha256:{sha256(each.encode()).hexdigest()}" for each in TOKENS.values())
    return (
        f'admin = {{ listen = "127.0.0.1:{port}", tokens = {{ ann = "{ann}", '
        f'screen = {{ token = "{screen}", role = "read" }} }} }}\n'
    )


@contextmanager
def browser() -> "Iterator[Browser]":
    """For several pages, each with a profile of its own. playwright has the loop of this thread
    for so long: no asyncio.run meanwhile."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    assert path is not None, "scripts/install-system installs it"
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield made
        made.close()


@contextmanager
def looked(
    browser: "Browser", port: int, who: str = "ann", scheme: str = "http", **more: Any
) -> "Iterator[tuple[Page, list[str]]]":
    """The page as somebody sees it who has logged in, with what the browser complains of.

    who: of TOKENS; "" for one who need not log in. more: of a context: viewport, color_scheme.
    """
    context = browser.new_context(**more)
    page = context.new_page()
    said: list[str] = []
    page.on(
        "console",
        lambda each: None if each.type == "verbose" else said.append(f"{each.type}: {each.text}"),
    )
    page.on("pageerror", lambda each: said.append(f"error: {each}"))
    page.on(
        "request",
        lambda each: (
            None
            if re.match(rf"https?://127\.0\.0\.1:{port}/", each.url)
            else said.append(f"asked elsewhere: {each.url}")
        ),
    )
    page.goto(f"{scheme}://127.0.0.1:{port}/")
    if who:
        page.get_by_label("Token").fill(TOKENS[who])
        page.get_by_role("button", name="Log in").click()
    page.get_by_text("● live", exact=False).first.wait_for()
    yield page, said
    context.close()
