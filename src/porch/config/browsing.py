"""What browsers are told, and what is not taken from them: from words to filters."""

from porch.config.schema_browser import CookiesModel, CorsModel, CspModel, CsrfModel
from porch.config.settings import RouteSettings
from porch.filter import Filter
from porch.route.scheme import Trusts
from porch.shield.cookies import CookieRules, HardenCookies
from porch.shield.cors import METHODS, Cors, CorsRules
from porch.shield.csrf import CrossSite
from porch.shield.origins import Origins
from porch.shield.secure_content import ContentPolicy

__all__ = ["browsing"]


def browsing(settings: RouteSettings, trusts: Trusts = None) -> list[Filter]:
    """Preflights before all: they are answered, not judged. trusts: see client_scheme."""
    filters: list[Filter] = []
    cors: CorsModel | None = settings.nearest("cors") or None
    csrf: CsrfModel | None = settings.nearest("csrf") or None
    cookies: CookiesModel | None = settings.nearest("cookies") or None
    csp: CspModel | None = settings.nearest("csp") or None
    if cors is not None:
        filters.append(Cors(_rules(cors), trusts))
    if csrf is not None:
        origins = Origins(csrf.trusted)
        filters.append(CrossSite(origins, websocket=csrf.websocket, trusts=trusts))
    if cookies is not None:
        filters.append(
            HardenCookies(
                CookieRules(
                    secure=cookies.secure,
                    http_only=cookies.http_only,
                    same_site=cookies.same_site or None,
                    readable=frozenset(each.encode() for each in cookies.readable),
                    leave=frozenset(each.encode() for each in cookies.leave),
                ),
                trusts,
            )
        )
    if csp is not None:
        filters.append(ContentPolicy(csp.text, report_only=csp.report_only))
    return filters


def _rules(words: CorsModel) -> CorsRules:
    methods = METHODS if words.methods is None else tuple(words.methods)
    headers = words.headers
    return CorsRules(
        origins=Origins(words.origins),
        methods=None if "*" in methods else methods,
        headers=None if headers is None or "*" in headers else headers,
        expose=words.expose or (),
        credentials=words.credentials,
        max_age=int(words.max_age),
        private_network=words.private_network,
        websocket=words.websocket,
    )
