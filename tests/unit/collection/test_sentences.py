"""What people are told of their values, in both languages."""

import string
from decimal import Decimal

import pytest

from bypuls.collection.judging import judge
from bypuls.collection.said import Said
from bypuls.collection.sentences import SENTENCES, both
from bypuls.u4ssc.catalogue import load_catalogue


def places(text):
    return {name.removesuffix("_nb") for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("name", SENTENCES)
def test_a_sentence_says_the_same_in_both_languages(name):
    english, norwegian = SENTENCES[name]
    assert english != norwegian
    assert places(english) == places(norwegian)


def test_numbers_have_the_languages_decimal_mark():
    english, norwegian = both("not_of_its_parts", typed="12.5", computed="0.75")
    assert english.startswith("the result 12.5 is not numerator / denominator, which is 0.75:")
    assert norwegian.startswith("resultatet 12,5 er ikke teller / nevner, som er 0,75:")


def test_a_refusal_is_there_in_norwegian_too():
    point = load_catalogue().point("EC: ICT: ICT: 2C", "")
    (complaint,) = judge(Said(point=point, value=Decimal(1), unit="ppb"), {}, None).wrong
    assert "'ppb' is not read here: % is expected" in complaint.what
    assert "«ppb» leses ikke her: % er ventet" in complaint.nb
