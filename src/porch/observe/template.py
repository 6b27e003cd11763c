"""The HTML of error pages: the standard page, and how a page of one's own is filled in.

A template is an HTML file with {status}, {title}, {reason}, {sentence}, {request}, {id} and
{detail} where the text goes. Any other brace, such as those of CSS, stays as it is.
"""

import re
from collections.abc import Mapping
from html import escape

__all__ = ["PLACEHOLDERS", "STANDARD", "Template"]

PLACEHOLDERS = ("status", "title", "reason", "sentence", "request", "id", "detail")
"""502; Bad Gateway; connection_refused; the sentence that names the way out; GET example.com/x;
the request's id, for whoever asks about it; what is known besides, empty unless `debug` is on."""

_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")


class Template:
    """A page with gaps. Values are escaped, and what looks like a gap in a value is none."""

    __slots__ = ("_parts",)

    def __init__(self, text: str) -> None:
        self._parts = _PLACEHOLDER.split(text)

    def fill(self, values: Mapping[str, str]) -> bytes:
        """The page. values: one for each of PLACEHOLDERS."""
        parts = self._parts.copy()
        parts[1::2] = [escape(values[name]) for name in parts[1::2]]
        return "".join(parts).encode("utf-8", "replace")


STANDARD = Template("""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{status} {title}</title>
<style>
  :root { color-scheme: light dark; --ink: #24211d; --dim: #75706a; --paper: #faf8f5;
    --line: #e3ded7; --mark: #a8571e }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #eae6e0; --dim: #98928a; --paper: #1a1816; --line: #35312d; --mark: #e0905a }
  }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; color: var(--ink);
    background: var(--paper); font: 1rem/1.5 system-ui, sans-serif }
  main { box-sizing: border-box; width: min(36rem, 100%); padding: 2rem; overflow-wrap: anywhere }
  .roof { display: block; width: 5rem; fill: none; stroke: var(--mark); stroke-width: 5 }
  h1 { margin: 1rem 0 .5rem; font-size: 1.6rem; font-weight: 600 }
  h1 b { color: var(--mark) }
  footer { margin-top: 1.5rem; padding-top: .75rem; border-top: 1px solid var(--line);
    color: var(--dim); font: .85rem/1.6 ui-monospace, monospace }
  pre { margin: .5rem 0 0; white-space: pre-wrap; font: inherit }
  pre:empty { display: none }
</style>
<main>
  <svg class="roof" viewBox="0 0 120 60" aria-hidden="true">
    <path d="M8 36 60 8l52 28M24 34v24M96 34v24M48 58V42h24v16"/>
  </svg>
  <h1><b>{status}</b> {title}</h1>
  <p>{sentence}</p>
  <footer>{reason}<br>{request}<br>{id}<pre>{detail}</pre></footer>
</main>
</html>
""")
