"""Signs that mean one thing here and another there."""

import random

import pytest

from pipeline.speakable import speakable
from tests.pipeline.speakable.test_properties import _steps

pytest.importorskip("num2words")
pytest.importorskip("pymorphy3")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Open File > Save as.", "Open File, then Save as."),
        ("Quality > quantity", "Quality is greater than quantity"),
        ("The weight is > 5 kg.", "The weight is greater than five kilograms."),
        ("Only >90 came.", "Only more than ninety came."),
        ("Press → to go on.", "Press right arrow to go on."),
        ("Settings → Sound", "Settings, then Sound"),
        ("x → 0", "x tends to zero"),
        ("5 → 6", "five to six"),
        ("2H₂ + O₂ → 2H₂O", "2H two plus O two arrow 2H two O"),
        ("f() -> int", "f() arrow int"),
    ],
)
def test_a_way_through_a_menu_is_no_comparison(text: str, said: str) -> None:
    """The words around an arrow or an angle tell steps from comparisons, limits, keys and code."""
    assert speakable(text, "en") == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A well-known man - a friend - came.", "A well-known man - a friend - came."),
        ("Tea (hot/cold) - good.", "Tea (hot slash cold) - good."),
        ("a - b = 2", "a minus b equals two"),
        ("y = -2x - 3", "y equals minus 2x minus three"),
        ("2(x - 1) = 4", "two open parenthesis x minus one close parenthesis equals four"),
        ("Take kill -9 home.", "Take kill dash nine home."),
    ],
)
def test_a_hyphen_is_a_minus_in_formulas_only(text: str, said: str) -> None:
    """In prose a hyphen stays a pause; before a number behind a word it is named, for it may be a flag or a minus."""
    assert speakable(text, "en") == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Press ⌘, to open it.", "Press Command plus comma to open it."),
        ("Press ⌘, then wait.", "Press Command, then wait."),
        ("Press Ctrl++.", "Press Ctrl plus plus."),
        ("Hold ⌥ and click.", "Hold Option and click."),
        ('Press the "/" key or the - key.', 'Press the "slash" key or the minus key.'),
        ("Press # on your phone.", "Press hash on your phone."),
    ],
)
def test_keys_are_named(text: str, said: str) -> None:
    """A sign that is a key has its name; a comma behind a key stays a comma."""
    assert speakable(text, "en") == said


SIGNS = list('+-−=<>^√≤±×/|\\~_#*@&%§°©→⇒⌘⇧⏎$€₽∞∑∈α²₂½•(){}[]`"★①1 aA.,:!')


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("seed", range(6))
def test_mixed_signs_take_linear_work(language: str, seed: int) -> None:
    """Four times as many random signs cost at most five times the steps, plus what the start costs."""
    chosen = random.Random(seed)
    piece = "".join(chosen.choice(SIGNS) for _ in range(40))
    speakable(piece * 30, language)
    assert _steps(piece * 40, language) <= 5 * _steps(piece * 10, language) + 500
