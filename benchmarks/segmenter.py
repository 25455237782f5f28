"""Measures how well and how cheaply replies are cut into sentences: ``python -m benchmarks.segmenter``

The replies of tests/data/boundaries.jsonl were cut by hand. A boundary counts as found when it stands between the same
two characters other than white space. Our segmenter gets each reply in deltas of four characters, as a model writes;
the libraries that are installed (extra ``bench``) get the whole reply at once, which is the best they can do. These
replies are short and full of traps, so the cost of ordinary long answers (benchmarks/prose.py) is measured too.
"""

import importlib
import json
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.container import rules_segmenter
from app.settings.stages import JsonCommandsSettings, RulesSegmenterSettings
from app.stages.options import options
from benchmarks.prose import TEXTS
from pipeline.commands.extractor import JsonCommands, JsonOptions
from pipeline.events import JsonBlock, Sentence

GOLD = Path(__file__).parent.parent / "tests" / "data" / "boundaries.jsonl"
DELTA = 4
ROUNDS = 5
Split = Callable[[str, str], list[str]]
new_segmenter = rules_segmenter(RulesSegmenterSettings())


@dataclass
class Score:
    """Counts boundaries found, invented and missed, and the replies that are exactly right."""

    found: int = 0
    invented: int = 0
    missed: int = 0
    exact: int = 0
    replies: int = 0

    def add(self, gold: set[int], ours: set[int]) -> None:
        """Count one reply."""
        self.found += len(gold & ours)
        self.invented += len(ours - gold)
        self.missed += len(gold - ours)
        self.exact += gold == ours
        self.replies += 1

    @property
    def f1(self) -> float:
        """The F1 of the boundaries."""
        return 2 * self.found / (2 * self.found + self.invented + self.missed)


def deltas(text: str) -> Iterator[str]:
    """Cut *text* as a model writes it."""
    return (text[start : start + DELTA] for start in range(0, len(text), DELTA))


def ours(text: str, _language: str) -> list[str]:
    """Cut with the built-in segmenter, fed with deltas."""
    segmenter = new_segmenter()
    segments = [segment for delta in deltas(text) for segment in segmenter.feed(delta)]
    segments += segmenter.flush()
    return [segment.text for segment in segments if isinstance(segment, Sentence)]


def plain_regex(text: str, _language: str) -> list[str]:
    """Search the whole buffer at each delta for an end mark and white space: the first idea of everybody."""
    sentences, buffer = [], ""
    for delta in deltas(text):
        buffer += delta
        *done, buffer = re.split(r"(?<=[.!?。！？])\s+|\n+", buffer)
        sentences += done
    return [*sentences, buffer]


def sentencex(library: Any) -> Split:
    """https://github.com/wikimedia/sentencex"""
    return lambda text, language: list(library.segment(language, text))


def pysbd(library: Any) -> Split:
    """https://github.com/nipunsadvilkar/pySBD"""
    known = set(importlib.import_module("pysbd.languages").LANGUAGE_CODES)
    cutters: dict[str, Any] = {}

    def split(text: str, language: str) -> list[str]:
        code = language if language in known else "en"
        if code not in cutters:
            cutters[code] = library.Segmenter(language=code, clean=False)
        return list(cutters[code].segment(text))

    return split


def blingfire(library: Any) -> Split:
    """https://github.com/microsoft/BlingFire"""
    return lambda text, _language: library.text_to_sentences(text).split("\n")


def razdel(library: Any) -> Split:
    """https://github.com/natasha/razdel (Russian)"""
    return lambda text, _language: [found.text for found in library.sentenize(text)]


def stream2sentence(library: Any) -> Split:
    """https://github.com/KoljaB/stream2sentence, in its own streaming way."""
    return lambda text, language: list(library.generate_sentences(deltas(text), language=language))


PEERS: tuple[Callable[[Any], Split], ...] = (sentencex, pysbd, stream2sentence, blingfire, razdel)


def contenders() -> Iterator[tuple[str, Split]]:
    """Yield ours, the plain regex, and each library that is installed and works."""
    yield "stentor", ours
    yield "plain regex", plain_regex
    for peer in PEERS:
        try:
            split = peer(importlib.import_module(peer.__name__))
            split("One. Two.", "en")
        except Exception as error:  # noqa: BLE001  (whatever a library does, the others are still measured)
            print(f"({peer.__name__} is left out: {type(error).__name__}: {str(error).splitlines()[0][:80]})")
        else:
            yield peer.__name__, split


def boundaries(pieces: Iterable[str]) -> set[int]:
    """Return where the pieces meet, counted in characters other than white space."""
    lengths = [len("".join(piece.split())) for piece in pieces]
    ends = {sum(lengths[:number]) for number in range(1, len(lengths))}
    return ends - {0, sum(lengths)}


def group(language: str) -> str:
    """Return the column of the table."""
    return language if language in {"en", "ru"} else "others"


def quality(replies: list[dict[str, Any]], split: Split) -> dict[str, Score]:
    """Return the scores by column."""
    scores: dict[str, Score] = defaultdict(Score)
    for reply in replies:
        pieces = split("".join(reply["segments"]), reply["lang"])
        scores[group(reply["lang"])].add(boundaries(reply["segments"]), boundaries(pieces))
    return scores


def costs(texts: list[tuple[str, str]], splits: dict[str, Split]) -> dict[str, float]:
    """Return microseconds of CPU for 1,000 characters, the best of some rounds; in each round all get their turn."""
    best = dict.fromkeys(splits, float("inf"))
    for _ in range(ROUNDS):
        for name, split in splits.items():
            began = time.process_time()
            for text, language in texts:
                split(text, language)
            best[name] = min(best[name], time.process_time() - began)
    chars = sum(len(text) for text, _ in texts)
    return {name: spent * 1e9 / chars for name, spent in best.items()}


def delays(replies: list[dict[str, Any]]) -> list[int]:
    """Return how many characters were fed behind the end of each sentence before it came out."""
    waits = []
    for reply in replies:
        segmenter, given = new_segmenter(), 0
        for fed, char in enumerate("".join(reply["segments"]), start=1):
            for segment in segmenter.feed(char):
                given += len(segment.text) if isinstance(segment, Sentence) else 0
                waits.append(fed - given)
    return waits


def seconds(work: Callable[[], object]) -> float:
    """Return the seconds of CPU that *work* takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def growth(unit: str) -> float:
    """Return the CPU for 1 MB divided by the CPU for 100 KB: 10 is linear.

    The output is not kept, because that would measure the garbage collector.
    """
    small, large = (unit * (size // len(unit)) for size in (100_000, 1_000_000))

    def work(text: str) -> None:
        segmenter = new_segmenter()
        for delta in deltas(text):
            segmenter.feed(delta)
        segmenter.flush()

    rounds = [(seconds(lambda: work(large)), seconds(lambda: work(small))) for _ in range(3)]
    return min(spent for spent, _ in rounds) / min(spent for _, spent in rounds)


def token_cost(replies: list[str]) -> float:
    """Return microseconds of CPU for a delta of four characters, extractor included. A command follows each reply."""
    command = '{"command": "open_app", "args": {"app_name": "Safari"}}'
    texts = [f"{reply} {command}" for reply in replies]
    extractor = JsonCommands(options(JsonOptions, JsonCommandsSettings()))

    def work() -> None:
        for text in texts:
            segmenter = new_segmenter()
            for delta in deltas(text):
                for segment in segmenter.feed(delta):
                    if isinstance(segment, JsonBlock):
                        extractor.extract(segment)
            list(segmenter.flush())

    tokens = sum(-(-len(text) // DELTA) for text in texts)
    return min(seconds(work) for _ in range(ROUNDS)) / tokens * 1e6


def main() -> None:
    """Measure and print the tables."""
    replies = [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]
    print(f"{'':17}{'F1 en':>8}{'F1 ru':>8}{'F1 others':>11}{'exact':>8}{'µs / 1,000 chars':>19}{'of prose':>10}")
    splits = dict(contenders())
    spent = costs([("".join(reply["segments"]), reply["lang"]) for reply in replies], splits)
    in_prose = costs(TEXTS, splits)
    for name, split in splits.items():
        scores = quality(replies, split)
        exact = sum(score.exact for score in scores.values()) / len(replies)
        figures = f"{scores['en'].f1:8.3f}{scores['ru'].f1:8.3f}{scores['others'].f1:11.3f}{exact:8.3f}"
        print(f"{name:17}{figures}{spent[name]:19.0f}{in_prose[name]:10.0f}")
    waits = delays(replies)
    late = statistics.quantiles(waits, n=10)[8]
    print(
        f"\ndelay in characters: median {statistics.median(waits):.0f}, 90th percentile {late:.0f}, most {max(waits)}"
    )
    per_delta = token_cost(["".join(reply["segments"]) for reply in replies]), token_cost([text for text, _ in TEXTS])
    print("CPU for each delta, extractor included: {:.1f} µs, of prose {:.1f} µs".format(*per_delta))
    units = {"prose": "This is an ordinary sentence. ", "no punctuation": "word ", "JSON": '{"a": "b"} '}
    print("growth from 100 KB to 1 MB:", ", ".join(f"{name} x{growth(unit):.1f}" for name, unit in units.items()))


if __name__ == "__main__":
    main()
