"""Chooses the voice of espeak-ng that reads a sentence: by the request, by the script of the text, by the settings."""

from collections.abc import Mapping

from pipeline.interfaces import Voice
from pipeline.languages import ALPHABETS, CYRILLIC_LANGUAGES, CYRILLIC_LETTER, base_tag, tag_forms
from pipeline.tts.engines import VoiceInfo

VARIANTS = {"": "", "male": "", "female": "+f2"}
"""The variant that is added to a voice for a gender. Every voice of espeak-ng is male by itself; +f2 is its own choice
for a woman.
"""


class Voices:
    """The voices of the installed espeak-ng, and the choice among them.

    *catalogue* is the answer of a worker (``Espeak.voices``); the rest are settings, see ``EspeakOptions``. Raise
    ValueError, which names the key, when the settings ask for a voice or a language that is not there.
    """

    def __init__(self, catalogue: str, voices: Mapping[str, str], default_language: str, gender: str) -> None:
        self.infos: list[VoiceInfo] = []
        self._identifiers: dict[str, str] = {}
        self._languages: dict[str, str] = {}
        self._variants: set[str] = set()
        self._read(catalogue)
        self._variant = VARIANTS[gender]
        self._preferred = {tag.lower(): self._setting(tag, name) for tag, name in voices.items()}
        self._default = self._of_language(default_language)
        if not self._default:
            raise ValueError(f"default_language: espeak has no voice for {default_language!r}")
        self.configured = (*self._preferred.values(), self._default)
        """The voices that the settings name."""
        self._cyrillic = [tag for tag in (default_language, *voices, "ru") if base_tag(tag) in CYRILLIC_LANGUAGES]

    def choose(self, text: str, voice: Voice) -> str:
        """Give espeak-ng's identifier of the voice that reads *text*.

        ``voice.name`` wins, then the request's language, then the default. A text with any Cyrillic letter needs a
        voice that reads Cyrillic: of these voices, those of the settings' languages, and the Russian one, it takes the
        first that knows all its letters, else the first. Such voices read Latin words too. An unknown name or language
        is passed over: it must not silence an answer.
        """
        asked = [self._named(voice.name), self._of_language(voice.language)]
        letters = frozenset(CYRILLIC_LETTER.findall(text.lower()))
        if letters:
            candidates = [*asked, *map(self._of_language, self._cyrillic)]
            cyrillic = [each for each in candidates if each and self._language(each) in CYRILLIC_LANGUAGES]
            # A voice spells words with letters that are not in its alphabet: "ef, a, short i, el, yery" for "файлы".
            fitting = [each for each in cyrillic if letters <= ALPHABETS.get(self._language(each), letters)]
            asked = [*fitting, *cyrillic]
        return next(filter(None, asked), self._default)

    def reads_in(self, text: str, voice: Voice) -> str:
        """Give the language of the voice that reads *text*: "en" of "en-us"."""
        return self._language(self.choose(text, voice))

    def knows(self, name: str) -> bool:
        """Tell whether espeak has a voice of this name."""
        return bool(self._named(name))

    def _language(self, identifier: str) -> str:
        return self._languages[identifier.partition("+")[0]]

    def _of_language(self, tag: str) -> str:
        """Find the settings' voice for *tag* or espeak's own, else for a shorter form of it (en-GB-oxendict, en-GB)."""
        for form in tag_forms(tag):
            if identifier := self._preferred.get(form) or self._named(form):
                return identifier
        return ""

    def _named(self, name: str) -> str:
        plain, plus, variant = name.partition("+")
        identifier = self._identifiers.get(plain.lower(), "")
        if not identifier or (plus and variant not in self._variants):
            return ""
        return f"{identifier}+{variant}" if plus else identifier + self._variant

    def _setting(self, tag: str, name: str) -> str:
        if identifier := self._named(name):
            return identifier
        raise ValueError(f"voices.{tag}: espeak has no voice {name!r}; `stentor voices` lists them")

    def _read(self, catalogue: str) -> None:
        spoken: list[tuple[int, str, str]] = []
        for line in catalogue.splitlines():
            identifier, gender, name, *tags = line.split("\t")
            short = identifier.rpartition("/")[2]
            if identifier.startswith("!v/"):
                self._variants.add(short)
                continue
            ranked = [(int(rank), tag) for rank, _, tag in (tag.partition(":") for tag in tags)]
            language = ranked[0][1]
            self.infos.append(VoiceInfo(short.lower(), language, gender, "espeak"))
            self._languages[identifier] = base_tag(language)
            self._identifiers |= dict.fromkeys((short.lower(), identifier.lower(), name.lower()), identifier)
            spoken += [(rank, tag.lower(), identifier) for rank, tag in ranked]
        # Only after all names: a tag must never hide a voice that has it for a name. The lowest number is the best
        # voice for a tag.
        for _, tag, identifier in sorted(spoken, key=lambda entry: entry[0]):
            self._identifiers.setdefault(tag, identifier)
