"""Why a body is not decoded, each with its own way out."""

from porch.errors import PorchError

__all__ = ["AnswerBomb", "AnswerDamaged", "DecodingCrowded"]


class AnswerDamaged(PorchError):
    """It is not in the Content-Encoding that it names, or it is cut off. Only who decodes it can
    see that; clients that take the coding get what the origin sent."""

    word = "http_response_content_coding"
    status = 502
    source = "upstream"
    sentence = "The answer is not in the Content-Encoding that it names; mend what codes it there."


class AnswerBomb(AnswerDamaged):
    """So few bytes that stand for so many are not decoded."""

    sentence = (
        "A few bytes of it stand for too many to be decoded; compress = false sends it as it is."
    )


class DecodingCrowded(PorchError):
    """The windows of all bodies that are being decoded have no more room: 128 MB a worker."""

    word = "out_of_room"
    status = 503
    source = "porch"
    sentence = "Too many bodies are being decoded at once; ask again, or send less at a time."
    retry_after = 1
