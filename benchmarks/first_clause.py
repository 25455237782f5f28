"""Measures how much sooner the voice starts when a first sentence is said by clauses.

A model writes 40 words a second; the time from its first word to the first sound is measured with and without
``first_clause``, in turns. Two voices: espeak (needs the extra ``espeak``), and one that needs 0.3 s for each second of
speech and has no sound before all of it. The sentences are the gold ones that have 20 to 24 words. ``python -m
benchmarks.first_clause``
"""

import asyncio
import importlib.util
import json
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from app.settings.stages import CustomSpeechSettings, EspeakSettings
from app.stages.voice import voice
from benchmarks.segmenter import new_segmenter
from pipeline.commands.custom import CustomCommands
from pipeline.events import AudioChunk, Command, JsonBlock
from pipeline.interfaces import Turn, Voice
from pipeline.run import Stages, run
from pipeline.segmenter.stage import CHARS_PER_SECOND

GOLD = Path(__file__).parents[1] / "tests" / "data" / "first_clauses.jsonl"
WORDS = range(20, 25)
EARLY = range(4, 10)
WORDS_PER_SECOND = 40
NEXT = {"en": "That is all for now.", "ru": "Пока это всё."}
RATE = 16_000
SECONDS_FOR_A_SECOND = 0.3
HOLD = 0.12


class PacedModel:
    """Writes the prompt, word by word; knows when it wrote the first one."""

    began = 0.0

    async def stream(self, turn: Turn) -> AsyncIterator[str]:
        """Yield the words of the prompt."""
        start = self.began = time.perf_counter()
        for n, word in enumerate(turn.prompt.split(" ")):
            await asyncio.sleep(start + n / WORDS_PER_SECOND - time.perf_counter())
            yield f"{word} "


class ThinkingVoice:
    """Thinks 0.3 s for each second of its speech, then has all of it."""

    sample_rate = RATE

    async def synthesize(self, text: str, _voice: Voice) -> AsyncIterator[bytes]:
        """Yield all the sound of *text* at once."""
        seconds = len(text) / CHARS_PER_SECOND
        await asyncio.sleep(SECONDS_FOR_A_SECOND * seconds)
        yield b"\1\0" * int(seconds * RATE)


class NoCommands:
    """No object is a command."""

    def extract(self, _block: JsonBlock) -> Command | None:
        """Find nothing."""
        return None


async def first_sound(text: str, language: str, model: PacedModel, stages: Stages) -> float:
    """Give the seconds from the first word of *text* to the first sound."""
    turn = Turn(prompt=f"{text} {NEXT[language]}", session_id="s", language=language)
    async with aclosing(run(turn, stages)) as events:
        async for event in events:
            if isinstance(event, AudioChunk) and event.pcm:
                return time.perf_counter() - model.began
    raise RuntimeError("no sound")


def sentences() -> list[tuple[str, str, bool]]:
    """Give the sentences of the right length, their languages, and whether there is an early place to cut them."""
    rows = map(json.loads, GOLD.read_text(encoding="utf-8").splitlines())
    found = [(row["marked"].replace("| ", ""), row["lang"], is_early(row["marked"])) for row in rows]
    return [(text, language, marked) for text, language, marked in found if len(text.split()) in WORDS]


def is_early(marked: str) -> bool:
    """Tell whether there is a place to cut behind four to nine words."""
    return any(len(marked[:at].replace("| ", "").split()) in EARLY for at, char in enumerate(marked) if char == "|")


async def compare(name: str, table: CustomSpeechSettings | EspeakSettings) -> None:
    """Print a line for all sentences, and one for those that have an early place to breathe."""
    model, speech = PacedModel(), voice(table, Path())
    whole = Stages(model, new_segmenter, CustomCommands(NoCommands()), speech, HOLD, "warn")
    early = replace(whole, first_clause=True)
    assert speech is not None
    engine = speech.speakers[0].engine
    await engine.start()
    pairs: list[tuple[float, float, bool]] = []
    for text, language, marked in sentences():
        without = await first_sound(text, language, model, whole)
        pairs.append((await first_sound(text, language, model, early), without, marked))
    await engine.aclose()
    for group, mine in (("a place in nine words", [pair for pair in pairs if pair[2]]), ("all", pairs)):
        ratios = sorted(early / without for early, without, _ in mine)
        first, second = (statistics.median(pair[n] for pair in mine) * 1000 for n in (1, 0))
        print(f"{f'{name}, {group} ({len(mine)})':55}{first:9.0f} ms{second:9.0f} ms{statistics.median(ratios):8.2f}")


async def main() -> None:
    """Print the table."""
    print(f"{'first sound of 20 to 24 words, 40 a second':55}{'whole':>12}{'by clauses':>12}{'ratio':>8}")
    if importlib.util.find_spec("espeakng_loader"):
        await compare("espeak", EspeakSettings())
    else:
        print("espeak is left out: the extra is not installed")
    await compare("a voice of 0.3 x real time", CustomSpeechSettings(factory=f"{__name__}:ThinkingVoice"))


if __name__ == "__main__":
    asyncio.run(main())
