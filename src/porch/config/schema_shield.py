"""The words that protect: who gets in, how often, and what a browser may do. See schema.py.

Each kind has its words in a module of its own; here they become words of a route, a site and the
top.
"""

from porch.config.schema_access import AccessWords
from porch.config.schema_auth import AuthWords
from porch.config.schema_bots import BotWords
from porch.config.schema_browser import BrowserWords
from porch.config.schema_content import ContentWords
from porch.config.schema_hide import HideWords
from porch.config.schema_limit import LimitWords

__all__ = ["ShieldWords"]


class ShieldWords(
    AccessWords, BotWords, LimitWords, AuthWords, BrowserWords, HideWords, ContentWords
):
    """Of a route, a site or the top; the nearest wins."""
