"""Real espeak-ng in real processes. Its output is never twice the same: durations, energy and pitch are compared."""

import array
import asyncio
import fcntl
import gc
import importlib.util
import math
import signal
import subprocess
import sys
import termios
import time
from asyncio.subprocess import PIPE
from contextlib import aclosing
from typing import IO

import psutil
import pytest

from pipeline.interfaces import Voice
from pipeline.tts.engines import Due, Engine, at_once
from pipeline.tts.espeak import pool as espeak_pool
from pipeline.tts.espeak import process as espeak_process
from pipeline.tts.espeak import worker as espeak_worker
from pipeline.tts.espeak.engine import worker_command
from pipeline.tts.espeak.pieces import pieces
from pipeline.tts.espeak.pool import Pool
from pipeline.tts.espeak.process import EspeakFailed, EspeakUnavailable
from tests.fakes import PATIENCE, until
from tests.pipeline.tts.engines import espeak, espeak_options
from tests.pipeline.tts.espeak.real import COMMAND, PACKAGES, SLOW, changed, pool_of
from tests.processes import python

ENGLISH = "The quick brown fox jumps over the lazy dog."
RUSSIAN = "Съешь ещё этих мягких французских булок."
ANY = Voice()


async def say(speech: Engine, text: str, voice: Voice = ANY, due: Due = at_once) -> bytes:
    """All sound of *text*, which must come in whole samples."""
    sound = bytearray()
    async with asyncio.timeout(PATIENCE), aclosing(speech.synthesize(text, voice, False, due)) as audio:
        async for piece in audio:
            assert piece
            assert len(piece) % 2 == 0
            sound += piece
    return bytes(sound)


def seconds(sound: bytes) -> float:
    return len(sound) / 2 / espeak_worker.SAMPLE_RATE


def loudness(sound: bytes) -> float:
    samples = array.array("h", sound)
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples))


def pitch(sound: bytes) -> float:
    """Hz of the voice in the middle of *sound*: the lag at which it is most like itself."""
    samples = array.array("h", sound)
    start = len(samples) // 3
    window = range(start, start + 1500, 3)
    lag = max(range(60, 320), key=lambda lag: sum(samples[i] * samples[i + lag] for i in window))
    return espeak_worker.SAMPLE_RATE / lag


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]


async def test_english_and_russian_are_spoken_by_their_own_voices(speech):
    """Latin text is read by the English voice, Cyrillic by the Russian one; both are sound of a plausible length."""
    english, russian = await say(speech, ENGLISH), await say(speech, RUSSIAN)
    for sound in (english, russian):
        assert 1.5 < seconds(sound) < 6
        assert loudness(sound) > 500
    as_russian = await say(speech, RUSSIAN, Voice("ru"))
    spelled = await _with_voice("gmw/en-US", RUSSIAN)
    assert seconds(russian) == pytest.approx(seconds(as_russian), rel=0.1)
    assert seconds(spelled) > 2 * seconds(russian)


async def _with_voice(identifier: str, text: str) -> bytes:
    async with pool_of(COMMAND) as pool:
        job = pool.submit(identifier, text)
        sound = b""
        while pcm := await job.read():
            sound += pcm
        return sound


async def test_the_first_sound_does_not_wait_for_the_last(speech):
    """Sound leaves as soon as espeak gives it."""
    firsts, wholes = [], []
    for _ in range(3):
        start = time.perf_counter()
        async with aclosing(speech.synthesize(SLOW, Voice())) as audio:
            await anext(audio)
            firsts.append(time.perf_counter() - start)
            async for _ in audio:
                pass
            wholes.append(time.perf_counter() - start)
    assert min(firsts) < min(wholes) / 4


async def test_pieces_begin_short_and_grow(speech):
    """The first piece is there soon; then each is as long as all before it together, or a second, for each costs the
    same.
    """
    async with aclosing(speech.synthesize(ENGLISH * 8, Voice())) as audio:
        sizes = [seconds(piece) async for piece in audio]
    assert sizes[0] < 0.21
    for number, size in enumerate(sizes[1:-1], start=1):
        assert min(1.0, sum(sizes[:number])) <= size < 1.2


async def test_a_worker_is_not_held_up_by_a_parent_with_much_to_do():
    """A sentence of some seconds is spoken to its end although nobody reads."""
    with subprocess.Popen(COMMAND, stdin=PIPE, stdout=PIPE) as worker:  # noqa: ASYNC220  (it does not wait)
        request = b"gmw/en-US\x000\0" + ENGLISH.encode() * 2
        worker.stdin.write(espeak_worker.HEADER.pack(espeak_worker.SPEAK, 1, len(request)) + request)
        worker.stdin.flush()
        await until(lambda: waiting_in(worker.stdout) > 4 * 2 * espeak_worker.SAMPLE_RATE)
        worker.kill()


def waiting_in(pipe: IO[bytes]) -> int:
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


async def test_what_is_due_first_is_spoken_first(speech):
    """A call that is not urgent lets one pass that came after it."""
    ended = []

    async def ask(text: str, when: float) -> None:
        await say(speech, text, due=lambda: when)
        ended.append(when)

    asks = [ask(SLOW, 0.0), ask(ENGLISH, 9.0), ask(RUSSIAN, 5.0)]
    async with asyncio.TaskGroup() as tasks:
        for each in asks:
            tasks.create_task(each)
    assert ended == [0.0, 5.0, 9.0]


async def seconds_to_say(speech, text):
    start = time.perf_counter()
    await say(speech, text)
    return time.perf_counter() - start


async def test_an_aborted_sentence_frees_its_worker_at_once(speech):
    """Closing the generator in the middle ends the synthesis long before its end, and the next sentence is whole."""
    right = seconds(await say(speech, ENGLISH))
    whole = await seconds_to_say(speech, SLOW)
    worker = children()
    took = []
    for _ in range(5):
        async with aclosing(speech.synthesize(SLOW, Voice())) as audio:
            await anext(audio)
            start = time.perf_counter()
        async with aclosing(speech.synthesize("Yes.", Voice())) as audio:
            await anext(audio)
            took.append(time.perf_counter() - start)
        assert seconds(await say(speech, ENGLISH)) == pytest.approx(right, rel=0.1)
    assert sorted(took)[2] < whole / 4
    assert children() == worker


async def test_a_cancelled_reader_frees_its_worker_too(speech):
    """Cancelling the task that reads, also while it waits in the queue, leaves an engine that works."""
    whole = await seconds_to_say(speech, SLOW)
    readers = [asyncio.create_task(say(speech, SLOW)) for _ in range(5)]
    await until(lambda: speech._pool._jobs.qsize() > 0)
    for reader in readers:
        reader.cancel()
    await asyncio.wait(readers)
    assert await seconds_to_say(speech, "Yes.") < whole / 2


async def test_sentences_at_once_are_not_mixed(speech):
    """Sixteen overlapping calls each get the sound of their own text."""
    texts = [" ".join([word] * count) for count in range(1, 9) for word in ("window", "окно")]
    alone = [seconds(await say(speech, text)) for text in texts]
    together = await asyncio.gather(*(say(speech, text) for text in texts))
    assert [seconds(sound) for sound in together] == pytest.approx(alone, rel=0.1)


async def test_sentences_are_served_in_order_of_arrival(speech):
    """First come, first served; a long text comes again behind those that came meanwhile."""
    done = []

    async def reader(name: str, text: str) -> None:
        await say(speech, text)
        done.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(reader("long", "This is a sentence of a long text. " * 40))
        for name in "abcd":
            group.create_task(reader(name, ENGLISH))
    assert done == ["a", "b", "c", "d", "long"]


async def test_a_reader_that_stops_holds_nobody_up(speech):
    """While one reader pauses in the middle of a sentence others are served, and it still gets all of its own."""
    text = "window " * 50
    right = seconds(await say(speech, text))
    async with aclosing(speech.synthesize(text, Voice())) as audio:
        sound = await anext(audio)
        assert await say(speech, ENGLISH)
        async for piece in audio:
            sound += piece
    assert seconds(sound) == pytest.approx(right, rel=0.1)


async def test_a_worker_killed_before_any_sound_is_not_noticed(speech):
    """Killed before the first byte, with other sentences waiting: each is spoken by the worker that replaces it."""
    right = seconds(await say(speech, ENGLISH))
    (worker,) = children()
    worker.suspend()
    readers = [asyncio.create_task(say(speech, ENGLISH)) for _ in range(3)]
    await until(lambda: speech._pool._jobs.qsize() == 2)
    worker.kill()
    assert [seconds(await reader) for reader in readers] == pytest.approx([right] * 3, rel=0.1)
    assert children() != [worker]


async def test_an_idle_worker_that_was_killed_is_not_noticed(speech):
    """A worker that died between two sentences is replaced when the next one comes."""
    for _ in range(3):
        (worker,) = children()
        worker.kill()
        assert await say(speech, ENGLISH)


async def test_a_worker_killed_in_the_middle_fails_only_its_own_sentence(speech):
    """Nothing is said twice: that sentence raises a ConnectionError; those that wait or follow are whole."""
    right = seconds(await say(speech, ENGLISH))
    async with aclosing(speech.synthesize(SLOW, Voice())) as audio:
        await anext(audio)
        waiting = asyncio.create_task(say(speech, ENGLISH))
        children()[0].kill()
        with pytest.raises(ConnectionError):
            async for _ in audio:
                pass
    assert seconds(await waiting) == pytest.approx(right, rel=0.1)
    assert seconds(await say(speech, ENGLISH)) == pytest.approx(right, rel=0.1)


async def test_a_text_that_kills_every_worker_is_given_up(tmp_path):
    """A text over which two workers die is not given to a third; the texts behind it are spoken."""
    code = (
        "speak = espeak_worker.Espeak.speak\n"
        "espeak_worker.Espeak.speak = lambda self, *job: os._exit(9) if job[3] == b'poison' else speak(self, *job)\n"
    )
    async with pool_of(changed(tmp_path / "worker.py", code)) as pool:
        poison, good = pool.submit("gmw/en-US", "poison"), pool.submit("gmw/en-US", ENGLISH)
        with pytest.raises(EspeakFailed, match="died"):
            await poison.read()
        assert await good.read()
        assert poison.tries == 2


async def test_a_hung_worker_is_replaced_after_a_cancel(speech, monkeypatch):
    """A worker that does not answer the abort is killed, and the sentence behind it is spoken."""
    monkeypatch.setattr(espeak_process, "STOP_SECONDS", 0.05)
    monkeypatch.setattr(espeak_process, "SILENCE_SECONDS", 3600.0)
    (worker,) = children()
    worker.suspend()
    hung = asyncio.create_task(say(speech, SLOW))
    waiting = asyncio.create_task(say(speech, ENGLISH))
    await until(lambda: speech._pool._jobs.qsize() == 1)
    hung.cancel()
    async with asyncio.timeout(PATIENCE):
        assert await waiting
    assert not worker.is_running()


async def test_a_hung_worker_is_replaced_without_a_cancel(speech, monkeypatch):
    """Silence alone is enough: the sentence is tried again on a new worker."""
    monkeypatch.setattr(espeak_process, "SILENCE_SECONDS", 0.5)
    (worker,) = children()
    worker.suspend()
    assert await say(speech, ENGLISH)
    assert not worker.is_running()


async def test_workers_that_die_at_once_do_not_spin(tmp_path, monkeypatch):
    """Attempts to replace a worker are few and far between; those who wait get a clear error; later it works again."""
    monkeypatch.setattr(espeak_pool, "START_PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(espeak_pool, "REST_SECONDS", 1.0)
    broken, starts = tmp_path / "broken", tmp_path / "starts"
    code = f"open({str(starts)!r}, 'a').write('x')\nif os.path.exists({str(broken)!r}): sys.exit(3)"
    async with pool_of(changed(tmp_path / "worker.py", code)) as pool:
        broken.touch()
        children()[0].kill()
        jobs = [pool.submit("gmw/en-US", ENGLISH) for _ in range(5)]
        for job in jobs:
            with pytest.raises(EspeakUnavailable, match="cannot be loaded"):
                await job.read()
        assert len(starts.read_text()) <= 1 + 2 * 3
        refused = time.perf_counter()
        with pytest.raises(EspeakUnavailable):
            await pool.submit("gmw/en-US", ENGLISH).read()
        assert time.perf_counter() - refused > 0.25
        broken.unlink()
        assert await pool.submit("gmw/en-US", ENGLISH).read()


NASTY = {
    "nothing": "",
    "white": " \n\t ",
    "markup": "<speak>a &amp; b</speak> <audio src='x'/> & < >",
    "nul": "before\0after",
    "controls": "".join(map(chr, range(32))) + "a\x01 500S b\x7f\x85",
    "phonemes": "[[hello]] [[ ]",
    "emoji": "👨‍👩‍👧‍👦😀" * 20,
    "surrogates": "a \ud800 b \udfff\udfff",
    "unassigned": "\ufffd\ufffe\uffff\U0010ffff\u0378",
    "bidi": "\u202eabc\u2066",
    "marks": "?!.,;:-—…" * 50,
    "combining": "a" + "\u0301" * 300,
    "scripts": "漢字 العربية हिन्दी ภาษาไทย ქართული",
    "long": "This sentence is not the last one. " * 286,
    "long word": "a" * 2000,
    "numbers": "9" * 300 + " 1e308 -0.0",
}
SILENT = {"nothing", "white"}
EITHER = {"unassigned"}


async def test_no_text_harms_the_engine(speech):
    """Any string ends by itself, in whole samples, and the next sentence is right."""
    workers = children()
    for name, text in NASTY.items():
        assert bool(await say(speech, text)) == (name not in SILENT) or name in EITHER, name
        assert 1.5 < seconds(await say(speech, ENGLISH)) < 6, name
    assert children() == workers


async def test_markup_is_text(speech):
    """SSML in a text does nothing: a pause that it asks for is not made."""
    assert seconds(await say(speech, 'one <break time="20s"/> two')) < 10


async def test_a_long_text_is_whole(speech):
    """Cutting a long text into pieces loses no words."""
    one, many = await say(speech, "window, "), await say(speech, "window, " * 200)
    assert seconds(many) > 200 * 0.25 * seconds(one)


def test_pieces_are_cut_at_the_best_place():
    """At a sentence's end if there is one, else after a comma, else between words, and all words are there."""
    assert list(pieces("  ")) == []
    cut = [piece for _, piece in pieces("one. " + "word, " * 90)]
    assert cut == ["one.", ("word, " * 66).strip(), ("word, " * 24).strip()]
    text = " \nSome words and no mark " * 60
    assert " ".join(piece for _, piece in pieces(text)).split() == text.split()
    assert all(text[start:].startswith(piece) for start, piece in pieces(text))
    assert next(pieces("你好。" + "安心" * 60)) == (0, "你好。")


PI = "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651"


@pytest.mark.parametrize(
    ("text", "part", "times", "language"),
    [
        (PI, " ".join(PI), 0.8, ""),
        ("7" * 100, "7 " * 100, 0.8, ""),
        ("bo" * 176, "bo" * 22, 6.4, ""),
        ("777 " * 80, "777 " * 8, 8.5, "de"),
        ("安心" * 150, "安心" * 15, 8.5, "cmn"),
        ("こんにちは" * 40, "こんにちは" * 4, 8.5, "ja"),
        ("안녕" * 100, "안녕" * 10, 8.5, "ko"),
    ],
)
async def test_nothing_is_lost(text, part, times, language, speech):
    """espeak-ng drops in silence what is too much for it: here none of it is lost, nor where a character is a syllable
    or a word. A long number is said as digits.
    """
    whole, some = [seconds(await say(speech, each, Voice(language=language))) for each in (text, part)]
    assert whole > times * some


async def test_rate_pitch_and_gender_are_heard():
    """A higher rate is shorter, a higher pitch and a woman's voice are higher."""

    async def vowel(**settings: object) -> bytes:
        async with aclosing(espeak(workers=1, **settings)) as engine:
            return await say(engine, "aaaaaaaa", Voice("en-us"))

    plain, high, woman = await vowel(), await vowel(pitch=90), await vowel(gender="female")
    assert seconds(await vowel(rate=350)) < 0.7 * seconds(plain)
    assert pitch(high) > 1.2 * pitch(plain)
    assert pitch(woman) > 1.5 * pitch(plain)


async def test_all_voices_are_listed_and_speak(speech):
    """The listed voices can be asked for."""
    infos = await speech.voices()
    assert {"en-us", "en-gb-scotland", "ru", "uk"} <= {info.name for info in infos}
    assert len({info.name for info in infos}) == len(infos) > 100
    for info in infos[::20]:
        assert await say(speech, "1 2 3", Voice(info.name))


async def test_what_is_asked_for_and_unknown_does_not_silence(speech):
    """An unknown voice or language of a request falls back to the language's voice."""
    right = seconds(await say(speech, ENGLISH))
    for voice in (Voice("nobody"), Voice(language="tlh"), Voice("en-us+nobody", "xx-YY")):
        assert seconds(await say(speech, ENGLISH, voice)) == pytest.approx(right, rel=0.1)


async def test_an_unknown_voice_of_the_settings_stops_the_start():
    """``start`` raises ValueError with the key and the value, and leaves no process."""
    before = children()
    with pytest.raises(ValueError, match=r"voices\.ru.*'nobody'"):
        await espeak(voices={"ru": "nobody"}).start()
    assert children() == before


def test_a_missing_package_says_what_to_install(monkeypatch):
    """Without the extra the constructor raises an ImportError with the command that helps."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ImportError, match=r"pip install 'stentor\[espeak\]'"):
        espeak()


def test_the_parent_never_loads_espeak():
    """Importing and building the engine imports neither the GPL package nor any transport."""
    code = (
        "import sys; from pipeline.tts.espeak.engine import *;"
        f"EspeakSpeech({espeak_options()!r});"
        "print({'espeakng_loader', 'grpc', 'google', 'pydantic'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout == "set()\n"


@pytest.mark.parametrize(("loader", "message"), [("", "espeakng_loader"), ("library", "file"), ("data", "data")])
async def test_a_broken_installation_is_told(tmp_path, loader, message):
    """A library or data that cannot be loaded raises EspeakUnavailable, which names it and how to mend it."""
    package = tmp_path / "espeakng_loader"
    if loader:
        package.mkdir()
        real = f"{PACKAGES}/espeakng_loader/libespeak-ng.so" if loader == "data" else str(tmp_path / "no such file.so")
        (tmp_path / "empty").mkdir()
        (package / "__init__.py").write_text(
            f"def get_library_path(): return {real!r}\ndef get_data_path(): return {str(tmp_path / 'empty')!r}\n"
        )
    with pytest.raises(EspeakUnavailable, match=rf"(?s){message}.*pip install"):
        await Pool(worker_command(str(tmp_path), 175, 50), 1).start()


async def test_a_long_path_of_the_data_does_no_harm(tmp_path):
    """espeak-ng itself fails with paths of more than some 160 characters."""
    folder = tmp_path / ("x" * 200)
    folder.mkdir()
    (folder / "espeakng_loader").symlink_to(f"{PACKAGES}/espeakng_loader")
    async with aclosing(Pool(worker_command(str(folder), 175, 50), 1)) as pool:
        assert "zle/ru" in await pool.start()


async def test_closing_leaves_nothing():
    """After ``aclose``, in the middle of sentences too, no process, task or warning is left; later calls fail."""
    before, tasks = children(), asyncio.all_tasks()
    engine = espeak(workers=2)
    await engine.start()
    halted = engine.synthesize("window " * 300, Voice())
    await anext(halted)
    readers = [asyncio.create_task(say(engine, SLOW)) for _ in range(6)]
    await until(lambda: engine._pool._jobs.qsize() == 4)
    assert len(children()) == len(before) + 2
    await engine.aclose()
    await engine.aclose()
    with pytest.raises(EspeakUnavailable):
        async for _ in halted:
            pass
    for ended in await asyncio.gather(*readers, return_exceptions=True):
        assert isinstance(ended, EspeakUnavailable)
    assert [child.pid for child in psutil.Process().children()] == [child.pid for child in before]
    assert asyncio.all_tasks() == tasks
    with pytest.raises(EspeakUnavailable):
        await say(engine, ENGLISH)
    gc.collect()


async def test_closing_what_never_started_is_nothing():
    """``aclose`` of an unused engine starts and stops nothing."""
    await espeak().aclose()


async def test_a_hung_worker_does_not_hold_up_the_end(monkeypatch):
    """A worker that does not stop by itself is killed."""
    monkeypatch.setattr(espeak_process, "STOP_SECONDS", 0.05)
    engine = espeak(workers=1)
    await engine.start()
    (worker,) = children()
    worker.suspend()
    await engine.aclose()
    assert not worker.is_running()


async def test_signals_for_the_whole_group_leave_the_worker_speaking(speech):
    """Ctrl-C and SIGTERM reach the worker too while the parent still drains."""
    (worker,) = children()
    for number in (signal.SIGINT, signal.SIGTERM):
        worker.send_signal(number)
    assert await say(speech, ENGLISH)
    assert children() == [worker]


@pytest.mark.parametrize("last", [f"await anext(speech.synthesize({SLOW!r}, Voice()))", "await speech.start()"])
async def test_a_worker_ends_with_its_parent(last):
    """A parent that is killed leaves no process behind, in the middle of a sentence or idle."""
    code = (
        "import asyncio, os, psutil\n"
        "from pipeline.interfaces import Voice\n"
        "from pipeline.tts.espeak.engine import *\n"
        "async def main():\n"
        f"    speech = EspeakSpeech({espeak_options(workers=1)!r})\n"
        f"    {last}\n"
        "    print(psutil.Process().children()[0].pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())"
    )
    async with python("-c", code) as parent:
        output, errors = await parent.communicate()
    assert parent.returncode == -signal.SIGKILL
    assert errors == b""
    await until(lambda: ended(int(output)))


def ended(pid: int) -> bool:
    """Tell whether the process is gone, or dead and not yet reaped by its new parent."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
