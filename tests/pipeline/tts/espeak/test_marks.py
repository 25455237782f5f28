"""When words are said, by real espeak-ng: against the text, and against the sound."""

import array
import ctypes
import os
import signal
import subprocess
import sys
from contextlib import aclosing
from itertools import groupby
from pathlib import Path

import psutil
import pytest

from pipeline.events import WordMark
from pipeline.interfaces import Voice
from pipeline.tts.espeak import worker as espeak_worker
from pipeline.tts.espeak.engine import EspeakSpeech
from pipeline.tts.espeak.pool import Pool
from pipeline.tts.espeak.process import Job
from tests.pipeline.tts.engines import espeak
from tests.pipeline.tts.espeak.real import PACKAGES, SLOW, changed

RATE = espeak_worker.SAMPLE_RATE
ANY = Voice()


async def say(speech: EspeakSpeech, text: str, voice: Voice = ANY) -> tuple[list[WordMark], bytes]:
    """The marks and the sound of *text*, held to what ``synthesize`` promises of any text."""
    marks, sound = [WordMark(0, 0, 0.0)], b""
    async with aclosing(speech.synthesize(text, voice, True)) as items:
        async for item in items:
            if isinstance(item, bytes):
                assert item
                assert len(item) % 2 == 0
                sound += item
                assert marks[-1].ms <= ms(sound), "ahead of its sound"
            else:
                last = marks[-1]
                assert last.offset + last.length <= item.offset < item.offset + item.length <= len(text)
                assert item.ms >= max(last.ms, ms(sound) - 1), "behind its sound"
                marks.append(item)
    return marks[1:], sound


def ms(sound: bytes) -> float:
    return 1000 * len(sound) / 2 / RATE


def words(text: str, marks: list[WordMark]) -> list[str]:
    return [text[mark.offset :][: mark.length] for mark in marks]


def spoken_after_silence(sound: bytes) -> list[float]:
    """The ms at which the sound begins again after a pause of a fifth of a second."""
    samples = array.array("h", sound)
    block = RATE // 100
    loud = [max(map(abs, samples[i : i + block])) > 300 for i in range(0, len(samples), block)]
    runs = [(is_loud, len(list(run))) for is_loud, run in groupby(loud)]
    ends = [sum(length for _, length in runs[: i + 1]) for i in range(len(runs))]
    return [
        1000 * block * end / RATE
        for (is_loud, length), end in zip(runs, ends, strict=True)
        if not is_loud and length >= 20
    ][:-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The quick brown fox.", "The quick brown fox"),
        ("Съешь ещё этих мягких булок, да выпей чаю!", "Съешь ещё этих мягких булок да выпей чаю"),
        ("Открываю Safari and Mail.", "Открываю Safari and Mail"),
        ("In 2026 she paid 1,234.50 dollars ($5) at 10:30.", "In 2026 she paid 1,234.50 dollars $5 at 10:30"),
        ("😀 Hello 👨‍👩‍👧‍👦 world 🎉!", "😀 Hello 👨‍👩‍👧‍👦 world 🎉"),
        ("ул. Ленина, д. 5, т. е. кое-что", "ул Ленина д 5 т е кое-что"),
        ("U.S.A. is here, Dr. Smith.", "U.S.A is here Dr Smith"),
        ('...Hello -- "world" — (yes) «да»', "Hello world yes да"),
        ("\ttab\0nul\x01 500S\x7fdel\r\n\ud800 end ", "tab nul 500S del end"),
        ("<b>bold</b> [[hello]]", "<b>bold</b> hello"),
        ("Вы e\u0301te\u0301 \U0001f1f7\U0001f1fa x", "Вы e\u0301te\u0301 \U0001f1f7\U0001f1fa x"),
    ],
)
async def test_words_are_where_the_text_has_them(speech, text, expected):
    """Offsets count characters of the text as given, whatever the script, and whatever is cleaned out of it."""
    marks, _ = await say(speech, text)
    assert words(text, marks) == expected.split()


async def test_words_that_are_said_as_one_have_one_mark(speech):
    """espeak-ng says "out of" and "of the" as one word: the second has no mark, all others keep theirs."""
    text = "It came out of the house."
    marks, _ = await say(speech, text)
    assert words(text, marks) == ["It", "came", "out", "the", "house"]


@pytest.mark.parametrize("count", [1, 40])
async def test_marks_are_where_the_sound_begins(speech, count):
    """A sentence's first mark is at the end of the pause before it, in a text of several pieces too."""
    text = "Wait. Good. " * count
    marks, sound = await say(speech, text)
    begins = spoken_after_silence(sound)
    assert len(begins) + 1 == len(marks) == 2 * count
    assert [mark.ms for mark in marks[1:]] == pytest.approx(begins, abs=60)


async def test_a_long_text_is_marked_to_its_end(speech):
    """Offsets and ms go on over the pieces that the engine cuts."""
    text = " \n" + "window, " * 150
    marks, _ = await say(speech, text)
    assert [mark.offset for mark in marks] == list(range(2, len(text), 8))


async def test_words_too_long_are_marked_in_parts(speech):
    """Each part of a word that espeak-ng cannot say as one has its place, such as the digits of a long number."""
    text = "It is 3." + "1415926535" * 12 + " and a" + "b" * 100 + " here"
    marks, _ = await say(speech, text)
    said = words(text, marks)
    assert said[:3] + said[-2:] == ["It", "is", "3.1", "b" * 11, "here"]
    assert "".join(said) == text.replace(" ", "")
    assert len(said) == 2 + 120 + 1 + 3 + 1


async def test_a_fast_voice_keeps_its_marks_in_the_sound():
    """At the highest rate espeak-ng shortens the sound after it told the positions: marks still lie inside."""
    async with aclosing(espeak(workers=1, rate=450)) as engine:
        for text in ("Don't change it.", "The quick brown fox jumps over the lazy dog. " * 12):
            marks, _ = await say(engine, text)
            assert len(marks) == len(text.split())


async def test_marked_speech_sounds_like_any(speech):
    """The sound is as long as without marks."""
    text = "The quick brown fox jumps over the lazy dog. " * 12
    async with aclosing(speech.synthesize(text, ANY)) as audio:
        plain = b"".join([pcm async for pcm in audio])
    _, sound = await say(speech, text)
    assert ms(sound) == pytest.approx(ms(plain), rel=0.05)


async def test_words_are_told_only_when_asked_for(speech):
    """A job that is not marked gets nothing but sound from its worker."""
    kinds = []
    for marked in (False, True):
        job = speech._pool.submit("gmw/en-US", "One two three.", marked)
        items = []
        while (item := await job.read()) is not None:
            items.append(type(item))
        job.close()
        kinds.append(set(items))
    assert kinds == [{bytes}, {bytes, tuple}]


async def test_closing_ends_a_marked_synthesis(speech, monkeypatch):
    """The worker gives the rest of an aborted text up, and lives; the next text is whole."""
    given = []
    add = Job.add
    monkeypatch.setattr(Job, "add", lambda job, kind, payload: (given.append(len(payload)), add(job, kind, payload)))
    before = psutil.Process().children()
    async with aclosing(speech.synthesize(SLOW, ANY, True)) as items:
        await anext(items)
    text = "One two."
    marks, _ = await say(speech, text)
    assert words(text, marks) == ["One", "two"]
    assert sum(given) < 40 * 2 * RATE
    assert psutil.Process().children() == before


async def test_a_worker_killed_in_the_middle_fails_the_marked_text(speech):
    """After some sound came nothing is said twice: a ConnectionError, and the next text is whole."""
    async with aclosing(speech.synthesize(SLOW, ANY, True)) as items:
        while not isinstance(await anext(items), bytes):
            pass
        os.kill(speech._pool._workers[0]._process.pid, signal.SIGKILL)
        with pytest.raises(ConnectionError):
            async for _ in items:
                pass
    assert len((await say(speech, "One two."))[0]) == 2


async def test_a_worker_that_dies_between_a_mark_and_its_sound_marks_nothing_twice(tmp_path):
    """The text is spoken anew, as nothing of it was heard, and each word is marked once."""
    died = tmp_path / "died"
    code = (
        "write = espeak_worker.Pipe.write\n"
        "def dying(self, kind, job, payload=b''):\n"
        f"    if kind == espeak_worker.AUDIO and len(payload) > 2000 and not os.path.exists({str(died)!r}):\n"
        f"        open({str(died)!r}, 'x').close(), os._exit(9)\n"
        "    write(self, kind, job, payload)\n"
        "espeak_worker.Pipe.write = dying"
    )
    async with aclosing(espeak(workers=1)) as engine:
        engine._pool = Pool(changed(tmp_path / "worker.py", code), 1)
        text = "One two three."
        await engine.start()
        died.unlink()
        marks, _ = await say(engine, text)
        assert died.exists()
        assert words(text, marks) == ["One", "two", "three"]


MEMORY = """
import ctypes, sys
sys.path.insert(0, sys.argv[1])
import worker as espeak_worker
class Nowhere:
    def write(self, *frame): pass
    def waiting(self): return False
names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
class Info(ctypes.Structure): _fields_ = [(name, ctypes.c_size_t) for name in names.split()]
mallinfo = ctypes.CDLL(None).mallinfo2
mallinfo.restype = Info
espeak = espeak_worker.Espeak(sys.argv[2], 175, 50, Nowhere())
for _ in range(3):
    for number in range(60):
        espeak.speak(number, (b"gmw/en-US", b"zle/ru")[number % 2], 0, b"Window, and so on.", True)
    print(mallinfo().uordblks + mallinfo().hblkhd, sys.getallocatedblocks())
"""
"""What library and interpreter have allocated: the memory of the process grows in steps too big to see anything."""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="needs glibc")
def test_marks_do_not_pile_up():
    """Neither espeak-ng nor the worker keep anything of a text that was marked."""
    command = (sys.executable, "-I", "-S", "-c", MEMORY, str(Path(espeak_worker.__file__).parent), PACKAGES)
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    _, (before, blocks_before), (after, blocks_after) = (map(int, line.split()) for line in found.splitlines())
    assert after - before < 60 * 200
    assert blocks_after - blocks_before < 30
