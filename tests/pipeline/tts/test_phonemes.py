"""Where words begin in phonemes, without a voice: each letter is a phoneme, as espeak might say it."""

from collections.abc import Sequence

import pytest

from pipeline.tts.espeak.words import words_of
from pipeline.tts.phonemes import begins


def found(text: str, alone: str, *sentences: str) -> Sequence[str]:
    """Each word that has a place, with the four phonemes from there."""
    places = begins(list(words_of(text)), [list(word.replace("_", " ")) for word in alone.split()], sentences)
    return [f"{text[o : o + n]}={sentences[sentence][at : at + 4]}" for o, n, sentence, at in places]


def test_a_phoneme_word_for_each_word() -> None:
    """Stress belongs to the word, the space before it does not."""
    assert found("The fox.", "ðˈə fˈɑːks", "ðə fˈɑːks.") == ["The=ðə f", "fox=fˈɑː"]
    assert found("An apple", "ˈæn ˈæpəl", "æn ˈæpəl") == ["An=æn ˈ", "apple=ˈæpə"]


def test_two_words_said_as_one() -> None:
    """Each begins with its own sounds."""
    assert found("end of the day", "ˈɛnd ˈʌv ðˈə dˈeɪ", "ˈɛnd ʌvðə dˈeɪ") == [
        "end=ˈɛnd",
        "of=ʌvðə",
        "the=ðə d",
        "day=dˈeɪ",
    ]


def test_a_word_said_as_several_beside_two_said_as_one() -> None:
    """As many as the words, and yet none of them is where one would count it."""
    spoken = "ðə kˈɔst ʌvðə fˈaɪv dˈɑːlɚ bˈɑːks"
    alone = "ðˈə kˈɔst ˈʌv ðˈə fˈaɪv_dˈɑːlɚ bˈɑːks"
    assert found("the cost of the $5 box", alone, spoken)[-2:] == ["$5=fˈaɪ", "box=bˈɑː"]


def test_a_word_that_sounds_different_alone() -> None:
    """It is found by its neighbours, if just it is left between them; else it has no place."""
    assert found("in a house", "ˈɪn ˈeɪ hˈaʊs", "ɪn ɐ hˈaʊs") == ["in=ɪn ɐ", "a=ɐ hˈ", "house=hˈaʊ"]
    assert found("in a house", "ˈɪn ˈeɪ hˈaʊs", "ɪn ɐ ɐ hˈaʊs") == ["in=ɪn ɐ", "house=hˈaʊ"]
    assert found("houses a", "hˈaʊsɪz ˈeɪ", "hˈaʊsɪz ɐ") == ["houses=hˈaʊ", "a=ɐ"]


def test_sentences() -> None:
    """Their phonemes are counted from the beginning of each."""
    assert found("Dr. Who", "dˈɑːktɚ hˈuː", "dˈɑːktɚ.", "hˈuː.") == ["Dr=dˈɑː", "Who=hˈuː"]


@pytest.mark.parametrize("spoken", ["", "?!", "lˈɔŋɡ ənd ˈʌðə wˈɜːdz", "ðə"])
def test_in_doubt(spoken: str) -> None:
    """Text that is said in other words has no places at all."""
    assert not found("the quick fox", "ðˈə kwˈɪk fˈɑːks", spoken)
