"""English: numbers in words."""

import re

from pipeline.speakable.numerals import available, words

NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,5}(?!\d)|\d{1,15})(?:\.\d{1,15})?"


def cardinal(number: int) -> str:
    """Return *number* in words, without the commas of num2words, at which a voice would pause."""
    return words(number, "en").replace(",", "")


def ordinal(number: int) -> str:
    """Return "first" for 1."""
    return words(number, "en", "ordinal").replace(",", "")


def year(number: int) -> str:
    """Return "nineteen ninety-nine" for 1999."""
    return words(number, "en", "year")


def value(number: str) -> float:
    """Return what a written number is worth."""
    return float(number.replace(",", ""))


def speak(number: str) -> str:
    """Return an integer or a decimal, with or without commas, in words: "three point one four" for 3.14."""
    whole, _, decimals = number.replace(",", "").partition(".")
    return cardinal(int(whole)) + (f" point {speak_digits(decimals)}" if decimals else "")


def speak_digits(digits: str) -> str:
    """Return one digit after the other in words."""
    return " ".join(cardinal(int(digit)) for digit in digits)


def spoken_number(number: str, _case: str = "") -> str:
    """Return a number of a formula in words, or as it is where num2words is missing."""
    number = number.replace(" ", "")
    plain = number.isascii() and (number == "0" or number[0] != "0" or number[1:2] == ".")
    return speak(number) if plain and available() else number


def speak_groups(written: str) -> str:
    """Return every run of digits in *written* digit by digit, with commas between the runs, at which a voice pauses."""
    return ", ".join(map(speak_digits, re.findall(r"\d+", written)))
