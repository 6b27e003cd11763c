"""Why an answer that another worker asks for breaks off, where that is not the origin's doing."""

from porch.errors import PorchError

__all__ = ["FillLost", "FillNotStored"]


class FillLost(PorchError):
    """The worker that asked the origin for an answer that others of this one's clients read while
    it came has ended, and the rest cannot be had in its stead."""

    word = "cache_fill_lost"
    status = 502
    sentence = "The worker that asked for this answer for all ended; the message log says why."


class FillNotStored(PorchError):
    """What is read while another worker stores it could not be stored any further."""

    word = "cache_fill_not_stored"
    status = 502
    sentence = "The cache had no room for the rest of the answer; look at its disk and cache_store."
