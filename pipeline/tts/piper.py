"""Speech by piper: neural voices from local files, without a network.

piper is GPL-3 and an optional extra. It is imported only when a ``PiperSpeech`` is made, and runs in threads of this
process: onnxruntime does not hold the interpreter while it computes.
"""

import asyncio
import importlib
import importlib.util
import re
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

from pipeline.events import WordMark
from pipeline.interfaces import Voice
from pipeline.languages import CYRILLIC_LANGUAGES, base_tag, is_cyrillic, script_for, script_of, tag_forms
from pipeline.pcm import RATES
from pipeline.tts.convert import Converter, PcmFormat, require_soxr
from pipeline.tts.engines import VoiceInfo
from pipeline.tts.espeak.words import words_of
from pipeline.tts.phonemes import Begin, begins

WORKERS = 2
"""Sentences at once. onnxruntime spreads each over all cores by itself; the second thread keeps a long sentence from
holding up all others.
"""

_LETTER = re.compile(r"[^\W\d_]")
_UNSPEAKABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]|(?<=\[)(?=\[)")
"""Control characters and lone surrogates, which espeak, piper's reader, can't take; and the place between two brackets,
since ``[[`` would begin phonemes.
"""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A voice of the settings: *language* as they name it, *name* of its file. *marks*: it tells when it says which
    phoneme.
    """

    language: str
    name: str
    piper: Any
    settings: Any
    marks: bool

    @property
    def rate(self) -> int:
        return int(self.piper.config.sample_rate)

    @property
    def cyrillic(self) -> bool:
        return base_tag(self.language) in CYRILLIC_LANGUAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class PiperOptions:
    """The settings of the voice.

    ``voices``: path of the ``.onnx``, with its ``.onnx.json`` beside it, for a BCP-47 language.
    ``default_language``: when neither request nor script tell; empty = the first of ``voices``.
    ``length_scale``: 0.1-10; above 1 is slower, below faster.
    """

    voices: Mapping[str, Path]
    default_language: str
    length_scale: float


class PiperSpeech:
    """Speaks with the voice files of the settings. Calls may overlap; they queue for two threads, in order of arrival.

    ``sample_rate`` is that of the default language's voice; others are converted, which needs the extra ``resample``.

    The voices are loaded at once. Raise ValueError, with the key, for a file that is not there or is no voice, and
    ModuleNotFoundError when an extra is not installed.
    """

    rate_varies = False

    def __init__(self, options: PiperOptions) -> None:
        default_language = options.default_language or next(iter(options.voices), "")
        if default_language not in options.voices:
            raise ValueError(f"default_language: must be one of the voices' languages: {', '.join(options.voices)}")
        if importlib.util.find_spec("piper") is None:
            raise ModuleNotFoundError("the piper voice needs piper-tts: pip install 'stentor[piper]'", name="piper")
        self._voices = {tag: _load(tag, path, options.length_scale) for tag, path in options.voices.items()}
        self.marks_words = any(voice.marks for voice in self._voices.values())
        self._default = self._voices[default_language]
        self.sample_rate = self._default.rate
        if any(voice.rate != self.sample_rate for voice in self._voices.values()):
            require_soxr()
        self._threads = ThreadPoolExecutor(WORKERS, "piper")

    async def start(self) -> None:
        """Do nothing: the voices are loaded."""

    async def synthesize(
        self, text: str, voice: Voice, marks: bool = False, *_: object
    ) -> AsyncGenerator[bytes | WordMark, None]:
        """Yield the sound of *text*, one piece for each sentence that piper finds in it.

        ``voice.name`` is a language of the settings or the name of one of their files; the choice: see ``choose``.
        Leaving ends the synthesis after the piece that is being made; a piece that has not begun never begins.

        The WordMarks of a piece come before it, if the voice that is chosen can tell them. Marks grow in offset and
        never go back in ms. A word whose place among the phonemes is in doubt has none: see ``phonemes``.
        """
        chosen = self.choose(text, voice)
        settings = replace(chosen.settings, length_scale=chosen.settings.length_scale / voice.speaking_rate)
        spoken = _spoken(chosen, text, settings, marks and chosen.marks)
        convert = Converter(PcmFormat(chosen.rate), self.sample_rate)
        loop = asyncio.get_running_loop()
        while (piece := await loop.run_in_executor(self._threads, next, spoken, None)) is not None:
            words, pcm = piece
            for mark in words:
                yield mark
            if given := convert.feed(pcm):
                yield given
        if given := convert.flush():
            yield given

    def knows(self, name: str) -> bool:
        return not name or self._named(name) is not None

    def fits(self, text: str, voice: Voice) -> bool:
        """See Engine. A voice of piper has the sounds of its language only, and of that which the request names."""
        written, language = script_of(text), base_tag(self.choose(text, voice).language)
        if written in ("", "other"):
            return True
        wanted = base_tag(voice.language)
        return written == script_for(language) and (not wanted or wanted == language or written != script_for(wanted))

    def reads_in(self, text: str, voice: Voice) -> str:
        return base_tag(self.choose(text, voice).language)

    async def voices(self) -> Sequence[VoiceInfo]:
        """List the voices of the settings."""
        return [VoiceInfo(voice.name, voice.language, "", "piper") for voice in self._voices.values()]

    async def aclose(self) -> None:
        """Wait for the pieces that are being made; whoever still waits for others gets an error."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    def choose(self, text: str, voice: Voice) -> "_Loaded":
        """Give the voice that reads *text*: the first that knows its letters, else the first.

        The voices are tried in this order: the one asked for by name, that of the request's language, the default, and
        the rest of the settings. A text with any Cyrillic letter needs a voice of such a language, one with other
        letters another voice: a Russian voice has no sounds for English, and the other way round.
        """
        asked = [self._named(voice.name), self._of_language(voice.language), self._default, *self._voices.values()]
        known = [loaded for loaded in asked if loaded is not None]
        if not _LETTER.search(text):
            return known[0]
        cyrillic = is_cyrillic(text)
        return next((loaded for loaded in known if loaded.cyrillic == cyrillic), known[0])

    def _named(self, name: str) -> "_Loaded | None":
        same = (each for each in self._voices.values() if name.lower() in (each.name.lower(), each.language.lower()))
        return next(same, None)

    def _of_language(self, tag: str) -> "_Loaded | None":
        """Find the voice of *tag*, else of a shorter form of it, else of another form of the same language."""
        tags = {language.lower().replace("_", "-"): voice for language, voice in self._voices.items()}
        for form in tag_forms(tag):
            if form in tags:
                return tags[form]
        return next((voice for voice in tags.values() if tag and base_tag(voice.language) == base_tag(tag)), None)


def _load(language: str, path: Path, length_scale: float) -> _Loaded:
    config = Path(f"{path}.json")
    for file in (path, config):
        if not file.is_file():
            raise ValueError(f"voices.{language}: there is no file {file}")
    piper: Any = importlib.import_module("piper")
    try:
        # Most files keep to themselves how long each phoneme is; with onnx piper makes them tell.
        voice = piper.PiperVoice.load(path, config, include_alignments=importlib.util.find_spec("onnx") is not None)
        settings = piper.SynthesisConfig(length_scale=voice.config.length_scale * length_scale)
        # Loads the rest now, not in the first sentence.
        marks = all(_places(chunk, voice) for chunk in voice.synthesize("a", settings, include_alignments=True))
    except _unreadable() as error:
        raise ValueError(f"voices.{language}: {path} is no voice that piper can speak with") from error
    if voice.config.sample_rate not in RATES:
        raise ValueError(f"voices.{language}: {config} tells an impossible sample rate")
    return _Loaded(language, path.stem, voice, settings, marks and _reads_words(voice.config))


def _unreadable() -> tuple[type[Exception], ...]:
    """List what piper raises for a file that is no voice; onnxruntime's exceptions have no class in common."""
    protobuf: Any = importlib.import_module("google.protobuf.message")
    state: Any = importlib.import_module("onnxruntime.capi.onnxruntime_pybind11_state")
    onnx = (value for value in vars(state).values() if isinstance(value, type) and issubclass(value, Exception))
    return (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, protobuf.DecodeError, *onnx)


def _reads_words(config: Any) -> bool:
    """Tell whether a word alone costs little and is said as in its sentence. In Arabic and in the languages that piper
    does not leave to espeak a model reads the whole sentence first.
    """
    return config.phoneme_type in ("espeak", "text") and config.espeak_voice != "ar"


def _spoken(voice: _Loaded, text: str, settings: Any, marks: bool) -> Iterator[tuple[list[WordMark], bytes]]:
    """Yield the pieces of *text*, each with its words. To be run in a thread."""
    words = _words(voice.piper, text) if marks else {}
    samples = 0
    chunks = voice.piper.synthesize(_speakable(text), settings, include_alignments=marks)
    for number, chunk in enumerate(chunks):
        places = _places(chunk, voice.piper) if number in words else []
        starts = [(word, samples + places[word.phoneme]) for word in words.get(number, ()) if places]
        begun = [WordMark(word.offset, word.length, 1000 * start / voice.rate) for word, start in starts]
        yield begun, chunk.audio_int16_bytes
        samples += len(chunk.audio_float_array)


def _words(voice: Any, text: str) -> dict[int, list[Begin]]:
    """Give the words of each of piper's sentences that has any."""
    sentences = [phonemes for phonemes in voice.phonemize(_speakable(text)) if phonemes]
    written = list(words_of(text))
    words: dict[int, list[Begin]] = {}
    for word in begins(written, _alone(voice, [_speakable(text[start:end]) for start, end in written]), sentences):
        words.setdefault(word.sentence, []).append(word)
    return words


def _alone(voice: Any, words: list[str]) -> list[list[str]]:
    """Give the phonemes of each word. As paragraphs of one text, which takes espeak a twentieth of the time in Russian,
    unless some word is none for it or several.
    """
    paragraphs: list[list[str]] = voice.phonemize("\n\n".join(words))
    if len(paragraphs) == len(words):
        return paragraphs
    return [list(chain.from_iterable(voice.phonemize(word))) for word in words]


def _places(chunk: Any, voice: Any) -> list[int]:
    """Give the sample at which each phoneme of *chunk* begins; none when the voice doesn't tell, or tells something
    else than the sound's length.
    """
    parts: Iterable[Any] = chunk.phoneme_alignments or ()
    _, *places = accumulate((int(part.num_samples) for part in parts), initial=0)
    off = abs((places or [0])[-1] - len(chunk.audio_float_array))
    return places if len(places) == len(chunk.phonemes) + 2 and off <= voice.config.hop_length else []


def _speakable(text: str) -> str:
    return _UNSPEAKABLE.sub(" ", text)
