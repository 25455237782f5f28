"""How well and how cheaply replies are cut into sentences, beside the libraries that are installed (extra ``bench``).

The replies are those of tests/data/boundaries.jsonl, cut by hand. A boundary counts as found when it stands between the
same two characters other than white space. Ours gets each reply in deltas of four characters, as a model writes; the
others get the whole reply at once, which is the best they can do. These replies are short and full of traps; what
ordinary long answers cost (benchmarks/prose.py) is told beside it. ``python -m benchmarks.segmenter``
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
    """Boundaries found, invented and missed; replies that are exactly right, of how many."""

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
        """Of precision and recall of the boundaries."""
        return 2 * self.found / (2 * self.found + self.invented + self.missed)


def deltas(text: str) -> Iterator[str]:
    """As a model writes."""
    return (text[start : start + DELTA] for start in range(0, len(text), DELTA))


def ours(text: str, _language: str) -> list[str]:
    """The built-in segmenter, fed with deltas."""
    segmenter = new_segmenter()
    segments = [segment for delta in deltas(text) for segment in segmenter.feed(delta)]
    segments += segmenter.flush()
    return [segment.text for segment in segments if isinstance(segment, Sentence)]


def plain_regex(text: str, _language: str) -> list[str]:
    """What everybody writes first: an end mark and white space, looked for again in the whole buffer at each delta."""
    found, buffer = [], ""
    for delta in deltas(text):
        buffer += delta
        *done, buffer = re.split(r"(?<=[.!?。！？])\s+|\n+", buffer)
        found += done
    return [*found, buffer]


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
    """Ours, the plain regex, and what is installed and works."""
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
    """Where the pieces meet, counted in characters other than white space."""
    lengths = [len("".join(piece.split())) for piece in pieces]
    ends = {sum(lengths[:number]) for number in range(1, len(lengths))}
    return ends - {0, sum(lengths)}


def group(language: str) -> str:
    """The columns of the table."""
    return language if language in {"en", "ru"} else "others"


def quality(replies: list[dict[str, Any]], split: Split) -> dict[str, Score]:
    """Scores by column."""
    scores: dict[str, Score] = defaultdict(Score)
    for reply in replies:
        pieces = split("".join(reply["segments"]), reply["lang"])
        scores[group(reply["lang"])].add(boundaries(reply["segments"]), boundaries(pieces))
    return scores


def costs(texts: list[tuple[str, str]], splits: dict[str, Split]) -> dict[str, float]:
    """Microseconds of CPU for 1,000 characters, the best of some rounds; in each round all get their turn."""
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
    """Characters that were fed behind the end of each sentence before it came out."""
    found = []
    for reply in replies:
        segmenter, given = new_segmenter(), 0
        for fed, char in enumerate("".join(reply["segments"]), start=1):
            for segment in segmenter.feed(char):
                given += len(segment.text) if isinstance(segment, Sentence) else 0
                found.append(fed - given)
    return found


def seconds(work: Callable[[], object]) -> float:
    """CPU."""
    began = time.process_time()
    work()
    return time.process_time() - began


def growth(unit: str) -> float:
    """CPU for 1 MB by that for 100 KB: 10 is linear. The output is not kept: that would be the collector's cost."""
    small, large = (unit * (size // len(unit)) for size in (100_000, 1_000_000))

    def work(text: str) -> None:
        segmenter = new_segmenter()
        for delta in deltas(text):
            segmenter.feed(delta)
        segmenter.flush()

    rounds = [(seconds(lambda: work(large)), seconds(lambda: work(small))) for _ in range(3)]
    return min(spent for spent, _ in rounds) / min(spent for _, spent in rounds)


def token_cost(replies: list[str]) -> float:
    """Microseconds of CPU for one delta of four characters, extractor included: replies with a command behind each."""
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
