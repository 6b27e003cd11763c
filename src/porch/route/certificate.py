"""Conditions on the certificate that a client has shown: that there is one, or what it says.

The subject is compared as RFC 4514 writes it, and of the other names one must fit.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from porch.http.message import RequestHead
from porch.route.regex import may_overlap

if TYPE_CHECKING:
    from porch.keeper import Security

__all__ = ["CertificateCondition", "Part"]

Part = Literal["", "subject", "san"]
Wanted = str | bool | re.Pattern[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateCondition:
    """A condition on a part of it, "" for the whole.

    wanted: a text it equals, True present, False absent, or a regex matched from its start.
    """

    part: Part
    wanted: Wanted

    def holds(self, request: RequestHead, security: "Security | None") -> bool:
        """Whether the connection, of this security, fulfils it for the host of the request."""
        shown = security.certificate(request) if security is not None else None
        if shown is None or not self.part:
            return self.wanted is (shown is not None)
        texts = shown.names if self.part == "san" else tuple(filter(None, (shown.subject,)))
        wanted = self.wanted
        if isinstance(wanted, bool):
            return wanted is bool(texts)
        if isinstance(wanted, re.Pattern):
            return any(wanted.match(text.encode("utf-8")) for text in texts)
        return wanted in texts

    def excludes(self, other: object) -> bool:
        """Whether no request fulfils both. A certificate has one subject and any number of other
        names."""
        if not isinstance(other, CertificateCondition):
            return False
        one, two = self.wanted, other.wanted
        if self.part != other.part:
            # Without a certificate nothing of it is there, and what is there needs one.
            return (not self.part and one is False and two is not False) or (
                not other.part and two is False and one is not False
            )
        if one is False or two is False:
            return one is not two
        if one is True or two is True or self.part == "san":
            return False
        if isinstance(one, str):
            return one != two if isinstance(two, str) else two.match(one.encode()) is None
        return (
            one.match(two.encode()) is None if isinstance(two, str) else not may_overlap(one, two)
        )

    def __str__(self) -> str:
        name = " ".join(filter(None, ("client certificate", self.part)))
        if isinstance(self.wanted, bool):
            return f"{name} is {'present' if self.wanted else 'absent'}"
        if isinstance(self.wanted, str):
            return f'{name} = "{self.wanted}"'
        return f'{name} = "~{self.wanted.pattern.decode("utf-8", "replace")}"'
