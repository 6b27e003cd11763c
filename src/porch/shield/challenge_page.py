"""The page of a challenge: it says what happens, works, and goes on by itself.

All of it is here: nobody else is asked, and nothing is found out about who reads it. The browser's
own SHA-256 (WebCrypto) is missing on plain HTTP and takes longer for texts as short as these, so
that the page brings one.
"""

import base64
import hashlib
from html import escape

from porch.http.message import Field

__all__ = ["FIELDS", "PROOF", "page"]

PROOF = "x-porch-proof"
"""The field that the solution comes in."""

_SCRIPT = """
"use strict";
(function () {
  var main = document.querySelector("main"), state = document.getElementById("state");
  var bar = document.querySelector("progress"), key = "porch-challenge";
  var start = main.dataset.puzzle + ".", bits = +main.dataset.bits, expected = Math.pow(2, bits);
  var K = [], H = [], W = new Int32Array(64);
  function part(x) { return ((x - Math.floor(x)) * 4294967296) | 0; }
  for (var prime = 2; K.length < 64; prime++) {
    for (var d = 2; d * d <= prime && prime % d; d++);
    if (d * d > prime) {
      if (H.length < 8) { H.push(part(Math.sqrt(prime))); }
      K.push(part(Math.cbrt(prime)));
    }
  }
  function first(text) {  // the first 32 bits of SHA-256 of at most 55 characters
    var i, t1, t2, w, size = text.length;
    for (i = 0; i < 16; i++) { W[i] = 0; }
    for (i = 0; i < size; i++) { W[i >> 2] |= text.charCodeAt(i) << (24 - (i & 3) * 8); }
    W[size >> 2] |= 128 << (24 - (size & 3) * 8);
    W[15] = size * 8;
    for (i = 16; i < 64; i++) {
      t1 = W[i - 15]; t2 = W[i - 2];
      W[i] = (W[i - 16] + W[i - 7] +
        ((t1 >>> 7 | t1 << 25) ^ (t1 >>> 18 | t1 << 14) ^ t1 >>> 3) +
        ((t2 >>> 17 | t2 << 15) ^ (t2 >>> 19 | t2 << 13) ^ t2 >>> 10)) | 0;
    }
    var a = H[0], b = H[1], c = H[2], e1 = H[3], e = H[4], f = H[5], g = H[6], h = H[7];
    for (i = 0; i < 64; i++) {
      w = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
      t1 = (h + w + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
      w = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
      t2 = (w + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (e1 + t1) | 0; e1 = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    return (H[0] + a) | 0;
  }
  function say(text) { state.textContent = text; bar.hidden = true; }
  function again() {
    say("It did not work. Please load the page again in a minute.");
  }
  function done(number) {
    say("Done. The page comes now.");
    fetch(location.href.split("#")[0], {
      headers: { "x-porch-proof": start + number },
      cache: "no-store", credentials: "same-origin", redirect: "manual"
    }).then(function (answer) {
      if (answer.status !== 204) { again(); return; }
      try { sessionStorage.setItem(key, Date.now()); } catch (error) { /* it is not allowed */ }
      location.reload();
    }, again);
  }
  var last = 0, number = 0;
  try { last = +sessionStorage.getItem(key); } catch (error) { /* it is not allowed */ }
  if (!navigator.cookieEnabled || Date.now() - last < 10000) {
    say("This browser does not keep the cookie that this page needs. Please allow cookies for " +
      "this site and load the page again.");
    return;
  }
  say("Your browser is at work. This takes a few seconds, and you need to do nothing.");
  bar.hidden = false;
  (function work() {
    for (var until = number + 5000; number < until; number++) {
      if (first(start + number) >>> (32 - bits) === 0) { done(number); return; }
    }
    bar.value = 1 - Math.exp(-number / expected);
    setTimeout(work, 0);
  })();
})();
"""
_STYLE = """
:root { color-scheme: light dark; font: 1.1rem/1.6 system-ui, sans-serif; }
main { max-width: 34rem; margin: 12vh auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; }
progress { width: 100%; }
"""


def _named(text: str) -> str:
    """What a policy calls a script or a style (CSP 3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_POLICY = (
    f"default-src 'none'; script-src {_named(_SCRIPT)}; style-src {_named(_STYLE)}; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

FIELDS: tuple[Field, ...] = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _POLICY.encode()),
    (b"referrer-policy", b"same-origin"),
    (b"x-robots-tag", b"noindex"),
    (b"x-content-type-options", b"nosniff"),
)
"""Of the page."""

_HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>One moment, please</title>
<style>{style}</style>
</head>
<body>
<main data-puzzle="PUZZLE" data-bits="BITS">
<h1>One moment, please</h1>
<p>Many programs ask for the pages of this site at present. So that there is room for people, each
browser does a short calculation before it comes in, once. You need to solve nothing, nothing is
found out about you, and nobody else is told. One cookie is set: it says that this is done.</p>
<p id="state" role="status" aria-live="polite"></p>
<progress max="1" value="0" hidden aria-label="How far the calculation is"></progress>
<noscript><p><strong>The calculation needs JavaScript, which is off in this browser.</strong> Please
allow it for this site and load the page again. If you cannot: {way_out}</p></noscript>
</main>
<script>{script}</script>
</body>
</html>
"""
_WAY_OUT = "please write to those who run this site; they can let you in without it."


def page(contact: str) -> bytes:
    """The page with PUZZLE and BITS to be replaced. contact: a text with the way in for who cannot
    have the calculation done; "" for the usual words."""
    way_out = escape(contact) if contact else _WAY_OUT
    return _HTML.format(style=_STYLE, script=_SCRIPT, way_out=way_out).encode()
