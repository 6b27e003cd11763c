"""Each reason not to keep an answer can be read by people and by machines."""

import re

import pytest

from porch.cache.refusal import REFUSALS

NOT_OF_AN_RFC = ("too-large", "deception", "tags")


def test_there_are_as_many_as_are_written():
    assert len(REFUSALS) == 24
    assert len({refusal.sentence for refusal in REFUSALS}) == len(REFUSALS)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.word)
def test_a_refusal_has_a_token_a_section_and_a_way_out(refusal):
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", refusal.word)
    assert refusal.sentence.endswith(".")
    if refusal.word not in NOT_OF_AN_RFC:
        assert re.search(r"RFC \d{4}", refusal.sentence)
    assert re.search(r"the origin has to|ask with|`|nothing needs to", refusal.sentence)
