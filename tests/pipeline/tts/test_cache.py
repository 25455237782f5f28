"""The cache remembers whole sentences of a voice and nothing else."""

import asyncio
import errno
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from pipeline.events import WordMark
from pipeline.interfaces import Voice
from pipeline.testing import ScriptedSpeech
from pipeline.testing import sound as samples
from pipeline.tts.cache import sound_files
from pipeline.tts.cache import speech as cache
from pipeline.tts.cache.sound_files import SoundFiles
from pipeline.tts.cache.speech import CachedSpeech
from pipeline.tts.custom import CustomSpeech
from tests.pipeline.tts.engines import cached
from tests.pipeline.tts.openai.hostile_speech import pieces, said
from tests.pipeline.tts.speaking import ANN, Able

ANY = Voice()
KEY, OTHER = "a" * 64, "b" * 64


def remembering(inner: Any, folder: Path | None = None, **changes: Any) -> CachedSpeech:
    return cached(CustomSpeech(inner), **{"folder": folder, "max_disk_bytes": 100_000, **changes})


def fails(code: int) -> Callable[..., None]:
    """A function of a disk that fails with *code*."""

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def test_a_sentence_is_said_once() -> None:
    """The second time the sound comes from memory, the same to the sample, in pieces of a fifth of a second."""
    inner = ScriptedSpeech([samples(450), samples(50)])
    speech = remembering(inner)
    first = await said(speech, "Hello.")
    assert await pieces(speech, "Hello.") == [first[:400], first[400:800], first[800:]]
    assert len(inner.calls) == 1
    assert speech.sample_rate == 1000


async def test_the_loop_has_its_turn() -> None:
    """A sentence from memory leaves the loop free between two pieces."""
    speech = remembering(ScriptedSpeech([samples(1000)]))
    await said(speech)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await said(speech)
    task.cancel()
    assert turns >= 4


async def test_what_makes_a_sentence_another() -> None:
    """Text, voice, language, engine and rate: none may be mixed up with another, however they are joined."""
    inner = ScriptedSpeech()
    asked = [("ab", Voice()), ("a", Voice("b")), ("a", Voice("", "b")), ("b", Voice("a")), ("", Voice("a", "b"))]
    speech = remembering(inner)
    for _ in range(2):
        for text, voice in asked:
            await said(speech, text + ".", voice)
    assert len(inner.calls) == len(asked)


async def test_engines_share_no_sound(tmp_path: Path) -> None:
    """Two engines, or one at two rates, may share a folder."""
    inner = [ScriptedSpeech([samples(10)], sample_rate=rate) for rate in (1000, 2000)]
    for key in "ef":
        for each in inner:
            await said(remembering(each, tmp_path, engine_key=key))
    assert [len(each.calls) for each in inner] == [2, 2]
    assert len(files(tmp_path)) == 4


@pytest.mark.parametrize(
    "steps",
    [
        [samples(10), ConnectionError("cut")],
        [samples(10), b"\1"],
        [samples(10), "text"],
        [b"", b""],
        [samples(10), asyncio.CancelledError()],
    ],
    ids=["failed", "odd", "garbage", "empty", "cancelled"],
)
async def test_what_is_not_remembered(steps: Iterable[Any], tmp_path: Path) -> None:
    """A sentence that failed, or is no sound, is asked for anew; the reader gets the engine's items untouched."""
    inner = ScriptedSpeech(list(steps))
    speech = remembering(inner, tmp_path)
    for _ in range(2):
        try:
            async with aclosing(speech.synthesize("Hello.", ANY)) as given:
                assert [piece async for piece in given] == steps
        except (ConnectionError, asyncio.CancelledError):
            pass
    assert len(inner.calls) == 2
    assert not files(tmp_path)


async def test_a_sentence_that_was_left_is_not_remembered(tmp_path: Path) -> None:
    """A sentence whose reader leaves is not remembered, even when only its end was missing; the engine closes."""
    inner = ScriptedSpeech([samples(10), samples(10)])
    speech = remembering(inner, tmp_path)
    for count in (1, 2):
        async with aclosing(speech.synthesize("Hello.", ANY)) as given:
            for _ in range(count):
                await anext(given)
        assert inner.script.running == 0
    await said(speech)
    assert len(inner.calls) == 3


async def test_the_same_sentence_twice_at_once() -> None:
    """Both are whole; the next one comes from memory."""
    go = asyncio.Event()
    inner = ScriptedSpeech([samples(10), go, samples(20)])
    speech = remembering(inner)
    both = [asyncio.create_task(said(speech)) for _ in range(2)]
    while len(inner.calls) < 2:
        await asyncio.sleep(0)
    go.set()
    assert await asyncio.gather(*both) == [samples(10) + samples(20)] * 2
    await said(speech)
    assert len(inner.calls) == 2


async def test_memory_is_bounded() -> None:
    """The sentence that was not used for longest goes first; a hit counts as a use."""
    inner = ScriptedSpeech([samples(50)])  # 100 bytes each
    speech = remembering(inner, max_bytes=800)
    for name in "abcdefgh":
        await said(speech, name)
    await said(speech, "a")
    await said(speech, "i")  # for b
    assert len(inner.calls) == 9
    await said(speech, "a")
    assert len(inner.calls) == 9
    await said(speech, "b")
    assert len(inner.calls) == 10


async def test_a_long_sentence_does_not_push_out_the_others() -> None:
    """More than an eighth of the room is not remembered, nor collected."""
    inner = ScriptedSpeech(lambda text: [samples(50)] * len(text))
    speech = remembering(inner, max_bytes=800)
    for text in ("a", "bb", "bb", "a"):
        await said(speech, text)
    assert [text for text, _ in inner.calls] == ["a", "bb", "bb"]


async def test_what_is_for_the_disk_does_not_push_out_what_is_in_memory(tmp_path: Path) -> None:
    """A sentence that is too long for the memory is only on the disk, whose room is larger."""
    inner = ScriptedSpeech(lambda text: [samples(50)] * len(text))
    speech = remembering(inner, tmp_path, max_bytes=800)
    for text in ("a", "b" * 10, "b" * 10):
        await said(speech, text)
    assert len(inner.calls) == 2
    for file in files(tmp_path):
        file.unlink()
    await said(speech, "a")
    assert len(inner.calls) == 2


async def test_the_disk_outlives_the_process(tmp_path: Path) -> None:
    """Another process with the same settings finds the sound; no file's name tells the text."""
    inner = ScriptedSpeech()
    first = await said(remembering(inner, tmp_path / "new" / "folder"), "secret")
    (file,) = files(tmp_path / "new" / "folder")
    assert b"secret" not in file.name.encode() + file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    again = remembering(inner, tmp_path / "new" / "folder")
    assert await said(again, "secret") == first
    file.unlink()
    assert await said(again, "secret") == first  # in memory by now
    assert len(inner.calls) == 1


@pytest.mark.parametrize("damage", ["shorter", "longer", "other", "empty", "headless"])
async def test_a_damaged_file(damage: str, tmp_path: Path) -> None:
    """A damaged file is never given: it is removed, and the sentence is said and kept anew."""
    inner = ScriptedSpeech()
    first = await said(remembering(inner, tmp_path))
    (file,) = files(tmp_path)
    raw = file.read_bytes()
    file.write_bytes(
        {
            "shorter": raw[:-2],
            "longer": raw + b"\0\0",
            "other": raw[:-1] + bytes([raw[-1] ^ 1]),
            "empty": b"",
            "headless": raw[5:],
        }[damage]
    )
    assert SoundFiles(tmp_path, 100_000).read(file.name.partition(".")[0]) is None
    assert not files(tmp_path)
    assert await said(remembering(inner, tmp_path)) == first
    assert file.read_bytes() == raw


def test_the_disk_is_bounded(tmp_path: Path) -> None:
    """The file that was not read for longest goes first; foreign files stay and do not count."""
    (tmp_path / "notes.txt").write_text("x" * 9999)
    store = SoundFiles(tmp_path, 1000)
    keys = [letter * 64 for letter in "abcd"]
    for age, key in zip((30, 20, 10), keys, strict=False):
        store.write(key, bytes(250))
        os.utime(tmp_path / f"{key}.sound", (time.time() - age, time.time() - age))
    assert store.read(keys[0]) is not None
    store.write(keys[3], bytes(250))
    assert [store.read(key) is not None for key in keys] == [True, False, True, True]
    store.write(OTHER, bytes(2000))
    assert store.read(OTHER) is None
    assert (tmp_path / "notes.txt").exists()


def test_what_a_killed_process_left(tmp_path: Path) -> None:
    """Half a file is never read, and is removed when it is old enough to be nobody's."""
    for name, age in (("stentor-old.part", 9999), ("stentor-new.part", 1)):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    SoundFiles(tmp_path, 1000).write(KEY, bytes(10))
    assert [file.name for file in files(tmp_path)] == [f"{KEY}.sound", "stentor-new.part"]


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the new sound nor a part of it is there, and the old one still is."""
    store = SoundFiles(tmp_path, 1000)
    store.write(KEY, b"ab")
    monkeypatch.setattr(sound_files.Path, "replace", fails(errno.ENOSPC))
    with pytest.raises(OSError, match="No space"):
        store.write(KEY, b"cd")
    assert [file.name for file in files(tmp_path)] == [f"{KEY}.sound"]
    assert store.read(KEY) == b"ab"


@pytest.mark.parametrize("which", ["read", "write"])
async def test_a_failing_disk(which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    """Sentences are said and remembered in memory all the same; the log says so once."""
    monkeypatch.setattr(SoundFiles, which, fails(errno.EROFS))
    inner = ScriptedSpeech()
    speech = remembering(inner, tmp_path)
    for text in ("one", "two", "one"):
        assert await said(speech, text) == samples(300)
    assert len(inner.calls) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert json.loads(line)["ctx"]["error"] == "Read-only file system"


async def test_a_folder_that_may_only_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sound is found, although the time of use cannot be written."""
    inner = ScriptedSpeech()
    first = await said(remembering(inner, tmp_path, max_bytes=0))
    monkeypatch.setattr("os.utime", fails(errno.EPERM))
    assert await said(remembering(inner, tmp_path, max_bytes=0)) == first
    assert len(inner.calls) == 1


async def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    """A folder that cannot be made costs no sentence either."""
    (tmp_path / "file").write_text("")
    speech = remembering(ScriptedSpeech(), tmp_path / "file")
    assert await said(speech) == samples(600)


async def test_a_disk_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that hangs holds up one sentence for a moment, and is not asked again."""
    asked = []
    let_go = threading.Event()

    def hang(_self: object, key: str) -> None:
        asked.append(key)
        let_go.wait(30)

    monkeypatch.setattr(cache, "DISK_SECONDS", 0.01)
    monkeypatch.setattr(SoundFiles, "read", hang)
    speech = remembering(ScriptedSpeech(), tmp_path)
    try:
        for text in ("one", "two"):
            assert await said(speech, text) == samples(300)
    finally:
        let_go.set()
    assert len(asked) == 1
    assert not files(tmp_path)


async def test_whatever_else_the_voice_can_do() -> None:
    """Marks, the list of voices and the end are the engine's own; an engine without marks has none here either."""
    inner = Able(b"ab")
    speech = remembering(inner)
    for _ in range(2):
        assert [item async for item in speech.synthesize("Hello.", ANY, True)] == [b"ab"]
    assert await speech.voices() == [ANN]
    await speech.aclose()
    assert inner.done == ["aclose"]
    assert speech.marks_words
    assert not remembering(ScriptedSpeech()).marks_words


@pytest.mark.parametrize("max_bytes", [100_000, 0])
async def test_words_are_remembered(max_bytes: int, tmp_path: Path) -> None:
    """A sentence with its words is said once, too, in memory or on disk; without them it is another one."""
    inner = Marking()
    words = [WordMark(0, 5, 0.0), WordMark(6, 3, 120.5)]
    for _ in range(2):
        speech = remembering(inner, tmp_path, max_bytes=max_bytes)
        given = [item async for item in speech.synthesize("Hello you.", ANY, True)]
        assert [item for item in given if isinstance(item, WordMark)] == words
        assert b"".join(item for item in given if isinstance(item, bytes)) == b"abcd"
    assert inner.asked == 1
    assert await pieces(speech, "Hello you.") == [b"ab", b"cd"]
    assert await pieces(speech, "Hello you.") == [b"abcd"]
    assert inner.asked == 2


class Marking:
    """A voice that knows its words, when it is asked for them."""

    sample_rate = 22_050

    def __init__(self) -> None:
        self.asked = 0

    async def synthesize(self, text: str, voice: Voice) -> AsyncIterator[bytes]:
        self.asked += 1
        for piece in (b"ab", b"cd"):
            yield piece

    async def synthesize_marked(self, text: str, voice: Voice) -> AsyncIterator[bytes | WordMark]:
        self.asked += 1
        for piece in (WordMark(0, 5, 0.0), b"ab", WordMark(6, 3, 120.5), b"cd"):
            yield piece


def test_files_of_another_process(tmp_path: Path) -> None:
    """Two processes that share a folder keep within its bound together, but for the room that each has reserved."""
    stores = [SoundFiles(tmp_path, 16_000) for _ in range(2)]
    for number in range(200):
        stores[number % 2].write(f"{number:064x}", bytes(101 + number % 50))
    assert sum(file.stat().st_size for file in files(tmp_path)) <= 16_000 + 2 * 1000
