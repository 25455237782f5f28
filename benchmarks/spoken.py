"""Measures how well and how cheaply sentences are put into words for a voice: ``python -m benchmarks.spoken``

The gold is tests/data/speakable.jsonl, written from knowledge of the languages; our rules were made for it. Its
sentences of a whole answer are left out, since the libraries know no answers. Words count, not their spelling: small
and capital letters, hyphens, punctuation, "and" and ё/е make no difference. "numbers" are the sentences without marks
of markup, links and pictures, which is all that the libraries are made for. Measured are those that are installed
(extra ``bench``).
"""

import importlib
import json
import logging
import re
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline import speakable

GOLD = Path(__file__).parent.parent / "tests" / "data" / "speakable.jsonl"
MARKUP = re.compile(
    r"[*_~`\[\]<>|#\\]|://|www\.|@|&\w+;|==|[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u20e3]|^[-•] ", re.MULTILINE
)
SECONDS = 10.0
"""After so many seconds of CPU a contender gets no further round."""

Speak = Callable[[str], str]
Case = dict[str, str]


def ours(language: str) -> Speak:
    """Put into words as the server does."""
    return lambda text: speakable.speakable(text, language)


def as_written(_language: str) -> Speak:
    """Do nothing: what a voice gets without ``normalize``."""
    return lambda text: text


def num2words(language: str) -> Speak:
    """https://github.com/savoirfairelinux/num2words, for each number: the first idea of everybody."""
    say = importlib.import_module("num2words").num2words
    return lambda text: re.sub(r"\d+", lambda m: say(int(m[0]), lang=language), text)


def ru_normalizr(language: str) -> Speak | None:
    """Use ru-normalizr, which knows Russian."""
    library = importlib.import_module("ru_normalizr")
    return None if language != "ru" else library.Normalizer().normalize


def nemo_text_processing(language: str) -> Speak | None:
    """https://github.com/NVIDIA/NeMo-text-processing; its Russian gives several readings, none of them first."""
    module = importlib.import_module("nemo_text_processing.text_normalization.normalize")
    return None if language != "en" else module.Normalizer(input_case="cased", lang="en").normalize


def wetextprocessing(language: str) -> Speak | None:
    """https://github.com/wenet-e2e/WeTextProcessing (English and Chinese)"""
    module = importlib.import_module("tn.english.normalizer")
    return None if language != "en" else module.Normalizer().normalize


CONTENDERS: tuple[Callable[[str], Speak | None], ...] = (
    ours,
    as_written,
    num2words,
    ru_normalizr,
    nemo_text_processing,
    wetextprocessing,
)


def contenders(language: str) -> Iterator[tuple[str, Speak]]:
    """Yield each contender that is installed and knows the language."""
    for make in CONTENDERS:
        try:
            speak = make(language)
        except Exception as error:  # noqa: BLE001  (whatever a library does, the others are still measured)
            print(f"({make.__name__} is left out: {type(error).__name__}: {str(error).splitlines()[0][:80]})")
            continue
        if speak is not None:
            yield make.__name__.replace("ours", "stentor").replace("_", " "), speak


def words(text: str) -> list[str]:
    """Return the words of *text*, without what makes no difference to a listener."""
    return [word for word in re.findall(r"\w+", text.casefold().replace("ё", "е")) if word != "and"]


def is_right(speak: Speak, case: Case) -> bool:
    """Tell whether *speak* says what the gold says. A library that raises an error is wrong."""
    try:
        return words(speak(case["text"])) == words(case["spoken"])
    except Exception:  # noqa: BLE001  (a foreign library)
        return False


def share(speak: Speak, cases: list[Case]) -> float:
    """Return the percentage of *cases* that are right."""
    return 100 * sum(is_right(speak, case) for case in cases) / len(cases)


def costs(speak: Speak, cases: list[Case]) -> list[float]:
    """Return the microseconds of CPU of each sentence, sorted; of each the best of some rounds."""
    best, spent = [float("inf")] * len(cases), 0.0
    while spent < SECONDS:
        for number, case in enumerate(cases):
            began = time.process_time_ns()
            is_right(speak, case)
            best[number] = min(best[number], (time.process_time_ns() - began) / 1000)
        spent += sum(best) / 1e6 + SECONDS / 9
    return sorted(best)


def main() -> None:
    """Measure and print the tables."""
    logging.disable(logging.WARNING)
    speakable.load()
    cases = [json.loads(line) for line in GOLD.read_text("utf-8").splitlines()]
    for language in ("en", "ru"):
        alone = [each for each in cases if each["lang"] == language and not {"before", "prompt"} & each.keys()]
        numbers = [case for case in alone if not MARKUP.search(case["text"])]
        print(f"\n{language}: {len(alone)} sentences, {len(numbers)} of them without markup")
        print(f"{'':22}{'right':>8}{'numbers':>9}{'µs, median':>12}{'99 %':>9}")
        for name, speak in contenders(language):
            right, of_numbers = share(speak, alone), share(speak, numbers)
            spent = costs(speak, alone)
            late = spent[int(0.99 * len(spent))]
            print(f"{name:22}{right:7.1f}%{of_numbers:8.1f}%{statistics.median(spent):12.0f}{late:9.0f}")


if __name__ == "__main__":
    main()
