"""Formulas in LaTeX, whole and in pieces."""

import pytest

from pipeline.speakable import speakable

pytest.importorskip("num2words")
pytest.importorskip("pymorphy3")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It costs $5 and $10.", "It costs five dollars and ten dollars."),
        ("From $5-$10 a piece.", "From five to ten dollars a piece."),
        ("Copy $HOME and $PATH.", "Copy dollar HOME and dollar PATH."),
        (r"It is \$5 or 50\% off.", "It is five dollars or fifty percent off."),
        (r"Path C:\alpha\beta is fine.", "Path C colon backslash alpha backslash beta is fine."),
        (r"Use \d+ and \w here.", "Use backslash d+ and backslash w here."),
    ],
)
def test_not_every_dollar_and_backslash_is_a_formula(text: str, said: str) -> None:
    """Prices, variables, escaped signs, paths and regular expressions are no formulas."""
    assert speakable(text, "en") == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"\[", ""),
        (r"x = \frac{a}{b} + 1", "x equals a over b plus one"),
        (r"\]", ""),
        ("$$ x = 1", "x equals one"),
        ("y = 2 $$", "y equals two"),
        (r"\begin{align}", ""),
        (r"x &= 1 \\", "x equals one"),
        (r"\end{align}", ""),
        (r"The result is $\frac{1", "The result is one over"),
        (r"Then \alpha + \beta = \gamma holds.", "Then alpha plus beta equals gamma holds."),
        (r"Use \sqrt{x} or \pi r^2 here.", "Use the square root of x or pi r squared here."),
        (r"We know \( a", "We know a"),
    ],
)
def test_a_formula_in_pieces_is_no_garbage(text: str, said: str) -> None:
    """A formula whose delimiters are in other segments, or that has none, is spoken all the same."""
    assert speakable(text, "en") == said


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        (r"$\foo{x} + 1$", "en", "formula foo x plus one"),
        (r"$\foo{x} + 1$", "ru", "формула foo x плюс один"),
        ("$" + "{" * 60 + "x^2" + "}" * 60 + "$", "en", "formula x squared"),
    ],
)
def test_what_is_beyond_is_announced(text: str, language: str, said: str) -> None:
    """An unknown command and braces without end are announced as a formula, and read sign by sign."""
    assert speakable(text, language) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"Das ist $\frac{a}{b}$ und $x^2 \le \alpha$.", "Das ist a / b und x² ≤ α."),
        (r"\[ x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a} \]", "x = (- b ± √ (b² - 4 a c)) / (2 a)"),
        (r"$\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}$ ist groß.", "1, 2; 3, 4 ist groß."),
        ("Das kostet $5 und $10.", "Das kostet $5 und $10."),
        ("Drücke ⌘+V oder ⇧⌘3, dann ⏎.", "Drücke Cmd+V oder Shift+Cmd+3, dann Return."),
    ],
)
def test_other_languages_get_plain_signs(text: str, said: str) -> None:
    """Where the words are not known, LaTeX becomes ordinary signs, and Mac signs the names on the keys."""
    assert speakable(text, "de") == said
