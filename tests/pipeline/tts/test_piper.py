"""The real piper code with made-up voices: a random sound for each phoneme, as long as the voice's file says."""

import asyncio
import gc
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipeline.events import WordMark
from pipeline.interfaces import Voice
from pipeline.tts import convert, piper
from pipeline.tts.espeak.words import words_of
from pipeline.tts.piper import PiperSpeech
from tests.fakes import PATIENCE, until
from tests.pipeline.tts.engines import piper as piper_speech
from tests.pipeline.tts.openai.hostile_speech import needs_soxr, pieces, said

np = pytest.importorskip("numpy", reason="numpy is not installed (extra `piper`)")
onnx = pytest.importorskip("onnx", reason="onnx is not installed, which makes the voice")
phoneme_ids = pytest.importorskip("piper.phoneme_ids", reason="piper-tts is not installed (extra `piper`)")

helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto

ANY = Voice()
ENGLISH = "The quick brown fox."
RUSSIAN = "Съешь ещё булок."
SYMBOLS = 256
RATE = 22_050


def made_up_voice(
    path: Path, language: str, rate: int = RATE, *, samples: int = 64, seed: int = 1, tells: bool = True, hop: int = 0
) -> Path:
    """A voice as piper exports them, with piper's inputs and outputs: *samples* of noise for each phoneme, times twice
    the length scale. It *tells* the length of each phoneme, in parts of *hop* samples, as piper's own do: within.
    """
    weights = np.random.default_rng(seed).uniform(-0.3, 0.3, (SYMBOLS, samples)).astype(np.float32)
    constants = {"weights": weights, "at": np.array(1), "one": np.array([1]), "two": np.array([2.0], np.float32)}
    constants["flat"] = np.array([1, 1, 1, -1])
    nodes = [
        helper.make_node("Gather", ["weights", "input"], ["rows"]),  # 1, phonemes, samples
        helper.make_node("Gather", ["scales", "at"], ["scale"]),
        helper.make_node("Mul", ["scale", "two"], ["times"]),
        helper.make_node("Cast", ["times"], ["count"], to=TensorProto.INT64),
        helper.make_node("Concat", ["one", "one", "count"], ["repeats"], axis=0),
        helper.make_node("Tile", ["rows", "repeats"], ["long"]),
        helper.make_node("Reshape", ["long", "flat"], ["output"]),
    ]
    if tells:
        nodes += [
            helper.make_node("Shape", ["input"], ["shape"]),
            helper.make_node("Cast", ["count"], ["whole"], to=TensorProto.FLOAT),
            helper.make_node("Expand", ["whole", "shape"], ["each"]),
            helper.make_node("Ceil", ["each"], ["durations"]),
        ]
    inputs = [
        helper.make_tensor_value_info("input", TensorProto.INT64, [1, "phonemes"]),
        helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
    ]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, 1, "samples"])
    kept = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "voice", inputs, [output], kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    config = {
        "audio": {"sample_rate": rate},
        "espeak": {"voice": language},
        "phoneme_type": "espeak",
        "num_symbols": SYMBOLS,
        "num_speakers": 1,
        "hop_length": hop or samples,
        "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8},
        "phoneme_id_map": phoneme_ids.DEFAULT_PHONEME_ID_MAP,
    }
    Path(f"{path}.json").write_text(json.dumps(config))
    return path


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("voices")
    return {
        "en": made_up_voice(folder / "en_US-ann-low.onnx", "en-us"),
        "ru": made_up_voice(folder / "ru_RU-anna-low.onnx", "ru", seed=2),
    }


@pytest.fixture
async def speech(voices: dict[str, Path]) -> AsyncIterator[PiperSpeech]:
    async with aclosing(piper_speech(voices=voices, default_language="en")) as engine:
        yield engine


async def test_speech(speech: PiperSpeech) -> None:
    """A sentence has sound of its length, the same each time: the made-up voice knows no chance."""
    assert speech.sample_rate == RATE
    short, long = await said(speech, "Hello."), await said(speech, "Hello to everybody who listens.")
    assert len(long) > 2 * len(short) > 1000
    assert await said(speech, "Hello.") == short


async def test_a_piece_for_each_sentence(speech: PiperSpeech) -> None:
    """The first sentence of a text is given before the next is made."""
    assert len(await pieces(speech, "One. Two. Three.")) == 3


async def test_russian_and_english(speech: PiperSpeech) -> None:
    """Each script is read by another voice, with other phonemes."""
    russian = await said(speech, RUSSIAN)
    assert russian == await said(speech, RUSSIAN, Voice(language="en"))
    assert russian != await said(speech, ENGLISH)


@pytest.mark.parametrize(
    ("text", "voice", "language"),
    [
        (ENGLISH, Voice(), "en"),
        (RUSSIAN, Voice(), "ru"),
        ("Откройте Safari.", Voice(), "ru"),
        ("Откройте Safari.", Voice(language="en-GB"), "ru"),
        (ENGLISH, Voice(language="ru"), "en"),
        ("42", Voice(), "en"),
        ("42", Voice(language="ru-RU"), "ru"),
        ("42", Voice(language="RU_ru"), "ru"),
        (ENGLISH, Voice("ru_RU-anna-low"), "en"),
        (RUSSIAN, Voice("en_US-ann-low"), "ru"),
        ("42", Voice("RU_RU-Anna-Low"), "ru"),
        ("42", Voice("ru"), "ru"),
        ("42", Voice("nobody", "xx"), "en"),
        ("日本語", Voice(), "en"),
    ],
)
async def test_who_reads(speech: PiperSpeech, text: str, voice: Voice, language: str) -> None:
    """The voice is chosen by name, by the request's language, by default, but it must know the letters; unknown names
    are passed over.
    """
    assert speech.choose(text, voice).language == language


async def test_nearest_language(voices: dict[str, Path]) -> None:
    """A language is found by a shorter tag or by another of the same language; a single voice reads everything."""
    engine = piper_speech(voices={"ru": voices["ru"], "en-GB": voices["en"]}, default_language="ru")
    assert engine.choose("42", Voice(language="en-US")).language == "en-GB"
    assert engine.choose("42", Voice(language="en-GB-oxendict")).language == "en-GB"
    assert engine.choose(ENGLISH, ANY).language == "en-GB"
    assert (engine.reads_in("42", ANY), engine.reads_in(ENGLISH, ANY)) == ("ru", "en")
    alone = piper_speech(voices={"en": voices["en"]})
    assert alone.choose(RUSSIAN, ANY).language == "en"
    await engine.aclose()
    await alone.aclose()


@pytest.mark.parametrize(
    ("languages", "text", "voice", "fits"),
    [
        ("en", ENGLISH, Voice(), True),
        ("en", RUSSIAN, Voice(), False),
        ("en", "日本語です", Voice(), False),
        ("en", "42!", Voice(language="ru"), True),
        ("en", "Guten Tag", Voice(language="de"), False),
        ("en", "Hello", Voice(language="en-GB"), True),
        ("ru", ENGLISH, Voice(), False),
        ("ru", "Откройте Safari.", Voice(), True),
        ("ru", "Привіт", Voice(language="uk"), False),
        ("en ru", ENGLISH + RUSSIAN, Voice(language="en"), True),
    ],
)
async def test_fits(languages: str, text: str, voice: Voice, fits: bool, voices: dict[str, Path]) -> None:
    """A voice fits a text of its own language, by its letters and by what the request says."""
    engine = piper_speech(voices={language: voices[language] for language in languages.split()})
    assert engine.fits(text, voice) == fits
    await engine.aclose()


async def test_knows(speech: PiperSpeech) -> None:
    """A voice may be asked for by the name of its file or by its language; no name is no wish."""
    assert [speech.knows(name) for name in ("", "RU_RU-anna-low", "ru", "typo")] == [True, True, True, False]


async def test_slower(speech: PiperSpeech, voices: dict[str, Path]) -> None:
    """The length scale of the settings multiplies that of the voice."""
    async with aclosing(piper_speech(voices=voices, default_language="en", length_scale=2.0)) as twice:
        assert len(await said(twice, ENGLISH)) == 2 * len(await said(speech, ENGLISH))


async def test_speaking_rate(speech: PiperSpeech) -> None:
    """Twice as fast is half as long."""
    async with aclosing(speech.synthesize(ENGLISH, Voice(speaking_rate=0.5))) as pieces:
        slow = b"".join([piece async for piece in pieces])
    assert len(slow) == 2 * len(await said(speech, ENGLISH))


TRICKY = "At the end of the day, it cost $5.20 in a shop. Isn't it 10%?"
HARD = "В лесу, на опушке — не то чтобы [[в доме]]; и я с тобой 🙂, из-за 5 кг."


async def marked(speech: PiperSpeech, text: str, voice: Voice = ANY) -> tuple[list[WordMark], list[int]]:
    """The marks of *text*, and how many bytes of sound came before each."""
    marks: list[WordMark] = []
    before: list[int] = []
    sound = 0
    async with aclosing(speech.synthesize(text, voice, True)) as given:
        async for item in given:
            if isinstance(item, WordMark):
                marks.append(item)
                before.append(sound)
            else:
                sound += len(item)
    assert marks == sorted(marks, key=lambda mark: (mark.offset, mark.ms))
    assert all(first.offset + first.length <= second.offset for first, second in pairwise(marks))
    assert all(0 <= mark.ms < 500 * sound / speech.sample_rate for mark in marks)
    return marks, before


@pytest.mark.parametrize("text", [ENGLISH, RUSSIAN, TRICKY, HARD])
async def test_words(text: str, speech: PiperSpeech) -> None:
    """Every word has a mark, before the sound in which it begins, and the sound is what it is without marks."""
    assert speech.marks_words
    marks, before = await marked(speech, text)
    words = [text[mark.offset : mark.offset + mark.length] for mark in marks]
    assert words == [text[start:end] for start, end in words_of(text)]
    assert all(sound / 2 <= mark.ms / 1000 * RATE + 1 for mark, sound in zip(marks, before, strict=True))
    with_marks = [item async for item in speech.synthesize(text, ANY, True) if isinstance(item, bytes)]
    assert b"".join(with_marks) == await said(speech, text)


async def test_words_begin_with_their_sound(speech: PiperSpeech) -> None:
    """The sound from a mark to the next is that of the word's phonemes, so the same for the same word."""
    text = "Fox one fox two fox."
    sound = await said(speech, text)
    places = [2 * round(mark.ms / 1000 * RATE) for mark in (await marked(speech, text))[0]]
    foxes = [sound[at : at + 6 * 4 * 64] for at in places[::2]]
    assert len(places) == 5
    assert foxes[0] == foxes[1] == foxes[2]
    assert foxes[0] != sound[places[1] : places[1] + len(foxes[0])]


@pytest.mark.parametrize("rate", [0.5, 2.0])
async def test_words_at_another_speed(rate: float, speech: PiperSpeech) -> None:
    """Half as fast, each word begins twice as late. The made-up voice can't be faster than twice."""
    normal, _ = await marked(speech, TRICKY)
    other, _ = await marked(speech, TRICKY, Voice(speaking_rate=rate))
    assert [mark.ms * rate for mark in other] == pytest.approx([mark.ms for mark in normal])


@needs_soxr
async def test_words_at_another_rate(voices: dict[str, Path], tmp_path: Path) -> None:
    """The time of a word is the same, whatever the rate of the sound."""
    low = made_up_voice(tmp_path / "low.onnx", "ru", 16_000, seed=2)
    async with (
        aclosing(piper_speech(voices={"en": voices["en"], "ru": low}, default_language="en")) as engine,
        aclosing(piper_speech(voices={"ru": low}, default_language="ru")) as alone,
    ):
        assert (await marked(engine, HARD))[0] == (await marked(alone, HARD))[0] != []


async def test_a_voice_that_does_not_know_words(voices: dict[str, Path], tmp_path: Path) -> None:
    """It gives its sound without marks, also beside one that does; and so does one whose times can't be right."""
    dumb = made_up_voice(tmp_path / "dumb.onnx", "en-us", tells=False)
    wrong = made_up_voice(tmp_path / "wrong.onnx", "en-us", hop=32)
    for file in (dumb, wrong):
        async with aclosing(piper_speech(voices={"en": file}, default_language="en")) as alone:
            assert not alone.marks_words
    async with aclosing(piper_speech(voices={"en": dumb, "ru": voices["ru"]}, default_language="en")) as both:
        assert both.marks_words
        assert (await marked(both, ENGLISH))[0] == []
        assert (await marked(both, RUSSIAN))[0] != []


async def test_without_onnx(voices: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that keep to themselves how long a phoneme is have no words then."""
    monkeypatch.setattr(piper.importlib.util, "find_spec", lambda name: None if name == "onnx" else name)
    async with aclosing(piper_speech(voices=voices, default_language="en")) as engine:
        assert not engine.marks_words
        assert await said(engine, ENGLISH)


@needs_soxr
async def test_voices_of_two_rates(voices: dict[str, Path], tmp_path: Path) -> None:
    """Everything has the rate of the default voice, and lasts as long as it would at its own."""
    low = made_up_voice(tmp_path / "low.onnx", "ru", 16_000, seed=2)
    engine = piper_speech(voices={"en": voices["en"], "ru": low}, default_language="en")
    alone = piper_speech(voices={"ru": low}, default_language="ru")
    assert (engine.sample_rate, alone.sample_rate) == (RATE, 16_000)
    seconds = [len(await said(each, RUSSIAN)) / each.sample_rate for each in (engine, alone)]
    assert seconds[0] == pytest.approx(seconds[1], rel=0.01)
    await engine.aclose()
    await alone.aclose()


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "[[aa]] b", "[[[", "\x1b[0m", "  \n ", "[[unclosed"])
async def test_odd_text(speech: PiperSpeech, text: str) -> None:
    """Nothing in a text is an instruction for piper, or stops it."""
    assert await said(speech, text) == await said(speech, text.replace("[[", "[ [").replace("[[", "[ ["))
    assert await said(speech, "Hello.")


async def test_nothing_to_say(speech: PiperSpeech) -> None:
    """White space has no sound, and is no error."""
    assert await said(speech, " ") == b""


class Slow:
    """piper's own generator, held up before each piece until ``go`` is released. ``engine`` speaks with it."""

    engine: PiperSpeech

    def __init__(self, real: Any) -> None:
        self.config = real.config
        self.go = threading.Semaphore(0)
        self.begun = 0
        self._real = real

    def synthesize(self, text: str, settings: Any, **named: Any) -> Iterator[Any]:
        chunks = self._real.synthesize(text, settings, **named)
        while True:
            self.begun += 1
            assert self.go.acquire(timeout=PATIENCE)
            if (chunk := next(chunks, None)) is None:
                return
            yield chunk


@pytest.fixture
async def slow(monkeypatch: pytest.MonkeyPatch, voices: dict[str, Path]) -> AsyncIterator[Slow]:
    """The English voice of the next engine, held up."""
    real = piper._load

    def load(language: str, path: Path, scale: float) -> Any:
        found = real(language, path, scale)
        return replace(found, piper=Slow(found.piper))

    monkeypatch.setattr(piper, "_load", load)
    async with aclosing(piper_speech(voices={"en": voices["en"]}, default_language="en")) as engine:
        held: Slow = engine.choose("a", ANY).piper
        held.engine = engine
        yield held


async def test_leaving_stops_between_two_pieces(slow: Slow) -> None:
    """The piece that is being made is finished and no other is begun; the thread is free for the next sentence."""
    engine = slow.engine
    sound = engine.synthesize("One. Two. Three.", ANY)
    slow.go.release()
    await anext(sound)
    await sound.aclose()
    assert slow.begun == 1
    task = asyncio.create_task(said(engine, "One. Two. Three."))
    await until(lambda: slow.begun >= 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    slow.go.release(9)
    assert await said(engine, "Hello.")
    assert slow.begun == 4  # two for Hello: the piece, and to see that it was the last


async def test_what_waits_for_a_thread_can_be_left(slow: Slow) -> None:
    """A sentence that was left before its turn costs nothing."""
    engine = slow.engine
    tasks = [asyncio.create_task(said(engine, "Hello.")) for _ in range(piper.WORKERS + 3)]
    await until(lambda: slow.begun >= piper.WORKERS)
    for task in tasks[piper.WORKERS :]:
        task.cancel()
    await asyncio.wait(tasks[piper.WORKERS :])
    slow.go.release(99)
    given = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(given[: piper.WORKERS])
    assert all(isinstance(each, asyncio.CancelledError) for each in given[piper.WORKERS :])
    assert slow.begun == 2 * piper.WORKERS


async def test_the_end_does_not_wait_for_the_queue(slow: Slow) -> None:
    """At the end the piece that is being made is finished; sentences that wait for a thread fail at once."""
    engine = slow.engine
    tasks = [asyncio.create_task(said(engine, "Hello.")) for _ in range(piper.WORKERS + 3)]
    await until(lambda: slow.begun >= piper.WORKERS)
    closing = asyncio.create_task(engine.aclose())
    await asyncio.wait(tasks[piper.WORKERS :])
    slow.go.release(99)
    await closing
    assert slow.begun == piper.WORKERS
    assert not any(isinstance(each, bytes) for each in await asyncio.gather(*tasks, return_exceptions=True))


async def test_a_slow_reader(slow: Slow) -> None:
    """Nothing is made ahead of the reader."""
    engine = slow.engine
    slow.go.release(99)
    async with aclosing(engine.synthesize("One. Two. Three.", ANY)) as sound:
        await anext(sound)
        await asyncio.sleep(0.02)
        assert slow.begun == 1


async def test_the_loop_is_free(slow: Slow) -> None:
    """While a piece is made in its thread, everything else goes on."""
    engine = slow.engine
    task = asyncio.create_task(said(engine, "Hello."))
    await until(lambda: slow.begun >= 1)  # which needs the loop
    slow.go.release(9)
    assert await task


async def test_many_at_once(speech: PiperSpeech) -> None:
    """Sentences at once are whole and not mixed up."""
    alone = [await said(speech, text) for text in (ENGLISH, RUSSIAN)]
    assert await asyncio.gather(*(said(speech, text) for text in (ENGLISH, RUSSIAN) * 10)) == alone * 10


async def test_closed(voices: dict[str, Path]) -> None:
    """After the end there is no sound, and no thread is left."""
    engine = piper_speech(voices=voices, default_language="en")
    await said(engine, "Hello.")
    await engine.aclose()
    with pytest.raises(RuntimeError):
        await said(engine, "Hello.")
    gc.collect()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("piper")]


async def test_voices(speech: PiperSpeech) -> None:
    """The voices of the settings can be listed."""
    assert [(info.name, info.language, info.engine) for info in await speech.voices()] == [
        ("en_US-ann-low", "en", "piper"),
        ("ru_RU-anna-low", "ru", "piper"),
    ]


DAMAGES: dict[str, Callable[[Path, Path], object]] = {
    "no file": lambda file, _: file.unlink(),
    "no config": lambda _, config: config.unlink(),
    "no onnx": lambda file, _: file.write_bytes(b"not a model" * 99),
    "empty": lambda file, _: file.write_bytes(b""),
    "no json": lambda _, config: config.write_bytes(b"\xff{"),
    "other json": lambda _, config: config.write_text("[]"),
    "bad rate": lambda _, config: config.write_text(config.read_text().replace(str(RATE), "0")),
    "bad language": lambda _, config: config.write_text(config.read_text().replace('"ru"', '"nowhere"')),
    # a good model, but of a voice with many speakers
    "other model": lambda _, config: config.write_text(config.read_text().replace('speakers": 1', 'speakers": 9')),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_voice_that_cannot_be_used(damage: Callable[[Path, Path], object], tmp_path: Path) -> None:
    """The start fails under the voice's key."""
    file = made_up_voice(tmp_path / "voice.onnx", "ru")
    damage(file, Path(f"{file}.json"))
    with pytest.raises(ValueError, match=r"^voices\.ru: "):
        piper_speech(voices={"ru": file}, default_language="ru")


@pytest.mark.parametrize("wrong", [{"default_language": "de"}, {"voices": {}, "default_language": ""}])
def test_wrong_settings(wrong: dict[str, Any], voices: dict[str, Path]) -> None:
    """Options that cannot work are refused at the start, under their key."""
    with pytest.raises(ValueError, match=r"^default_language: "):
        piper_speech(**{"voices": voices, "default_language": "en", **wrong})


def test_without_the_extras(monkeypatch: pytest.MonkeyPatch, voices: dict[str, Path], tmp_path: Path) -> None:
    """The error says what to install, for piper and for voices of two rates."""
    low = made_up_voice(tmp_path / "low.onnx", "ru", 16_000)
    with monkeypatch.context() as patched:
        patched.setattr(convert.importlib.util, "find_spec", lambda name: None if name == "soxr" else name)
        with pytest.raises(ModuleNotFoundError, match=r"stentor\[resample\]"):
            piper_speech(voices={"en": voices["en"], "ru": low}, default_language="en")
        patched.setattr(piper.importlib.util, "find_spec", lambda name: None)
        with pytest.raises(ModuleNotFoundError, match=r"stentor\[piper\]"):
            piper_speech(voices=voices, default_language="en")
