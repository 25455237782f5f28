"""Which of espeak-ng's voices reads a sentence: by the request, by the script of the text, by the settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.interfaces import Voice
from pipeline.languages import ALPHABETS, CYRILLIC_LANGUAGES, CYRILLIC_LETTER, base_tag, tag_forms

VARIANTS = {"": "", "male": "", "female": "+f2"}
"""What is added to a voice for a gender: every voice of espeak-ng is male by itself, and +f2 is the one it takes for
a woman.
"""


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """A voice that may be asked for.

    ``name``: for the settings and requests; ``language``: BCP-47; ``gender``: male, female or empty.
    """

    name: str
    language: str
    gender: str
    engine: str = "espeak"


@dataclass(frozen=True, slots=True)
class Preferences:
    """The settings: a voice name for a language tag, the language if nothing else tells, and male, female or empty."""

    voices: Mapping[str, str]
    default_language: str
    gender: str = ""


class Voices:
    """What the installed espeak-ng can speak, and the choice among it.

    *catalogue* is the answer of a worker (``Espeak.voices``). Raises ValueError, which names the key, when
    *preferences* ask for a voice or a language that is not there.
    """

    def __init__(self, catalogue: str, preferences: Preferences) -> None:
        self.infos: list[VoiceInfo] = []
        self._identifiers: dict[str, str] = {}
        self._languages: dict[str, str] = {}
        self._variants: set[str] = set()
        self._read(catalogue)
        self._variant = VARIANTS[preferences.gender]
        self._preferred = {tag.lower(): self._setting(tag, name) for tag, name in preferences.voices.items()}
        default = preferences.default_language
        if not self._of_language(default):
            raise ValueError(f"default_language: espeak has no voice for {default!r}")
        self._default = default
        self.configured = (*self._preferred.values(), self._of_language(default))
        """The voices that the settings name; the last is that of the default language."""
        self._cyrillic = [tag for tag in (default, *preferences.voices, "ru") if base_tag(tag) in CYRILLIC_LANGUAGES]

    def choose(self, text: str, voice: Voice) -> str:
        """The identifier for espeak-ng of the voice that reads *text*.

        ``voice.name`` wins, then the request's language, then the default. A text with any Cyrillic letter takes, of
        these, the settings' languages and Russian, the first that reads Cyrillic and has all its letters, else the
        first that reads Cyrillic: the voices of these languages read Latin words too. What is not known is passed
        over: a wrong name must not silence an answer.
        """
        asked = (self._named(voice.name), self._of_language(voice.language))
        letters = frozenset(CYRILLIC_LETTER.findall(text.lower()))
        if not letters:
            return next(filter(None, asked), "") or self._of_language(self._default)
        found = filter(None, (*asked, *map(self._of_language, self._cyrillic)))
        cyrillic = [identifier for identifier in found if self._language(identifier) in CYRILLIC_LANGUAGES]
        # A voice spells words with letters that are not in its alphabet: "ef, a, short i, el, yery" for "файлы".
        fitting = (one for one in cyrillic if letters <= ALPHABETS.get(self._language(one), letters))
        return next(fitting, "") or next(iter(cyrillic), "") or self._of_language(self._default)

    def reads_in(self, text: str, voice: Voice) -> str:
        """The language of the voice that reads *text*: "en" of "en-us"."""
        return self._language(self.choose(text, voice))

    def _language(self, identifier: str) -> str:
        return self._languages[identifier.partition("+")[0]]

    def _of_language(self, tag: str) -> str:
        """The settings' voice for *tag* or espeak's own, else for a shorter form of it (en-GB-oxendict, en-GB, en)."""
        for form in tag_forms(tag):
            if found := self._preferred.get(form) or self._named(form):
                return found
        return ""

    def _named(self, name: str) -> str:
        plain, plus, variant = name.partition("+")
        identifier = self._identifiers.get(plain.lower(), "")
        if not identifier or (plus and variant not in self._variants):
            return ""
        return f"{identifier}+{variant}" if plus else identifier + self._variant

    def _setting(self, tag: str, name: str) -> str:
        if found := self._named(name):
            return found
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
            self.infos.append(VoiceInfo(short.lower(), language, gender))
            self._languages[identifier] = base_tag(language)
            self._identifiers |= dict.fromkeys((short.lower(), identifier.lower(), name.lower()), identifier)
            spoken += [(rank, tag.lower(), identifier) for rank, tag in ranked]
        # Only after all names: a tag must never hide a voice that has it for a name. The lowest number is the best
        # voice for a tag.
        for _, tag, identifier in sorted(spoken, key=lambda entry: entry[0]):
            self._identifiers.setdefault(tag, identifier)
