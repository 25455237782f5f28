"""The process that holds espeak-ng: frames in on stdin, frames out on stdout, one piece of text at a time.

Run as ``python -I -S worker.py PACKAGES RATE PITCH``, so the packages of the installation are out of reach;
``PACKAGES`` is the folder that holds espeakng_loader. Nothing but the standard library, and little of it, may be
imported here: half of a worker's start is imports.

It is a process because espeak-ng is not thread-safe, has one state for the whole process, may crash, and is GPL-3.

A frame is ``HEADER`` (kind, job, length of the payload) and the payload. In: ``SPEAK`` (voice, words a minute, text,
with a NUL between them, UTF-8; 0 words = ``RATE``), ``SPEAK_MARKED`` (the same), ``ABORT``. Out, once at the start:
``READY`` (the voices, see ``Espeak.voices``) or ``FAILED``. Out, for each text: any number of ``AUDIO`` (whole
samples, signed 16-bit, mono, 22,050 Hz; a short one first, then longer ones, since each costs the parent the same) and
one ``DONE`` or ``FAILED`` (text of the reason); an aborted job is answered with ``DONE`` too. For ``SPEAK_MARKED``, an
``AUDIO`` in which words begin comes behind a ``WORDS``, which holds a ``WORD`` (index in the text's characters, ms
from its first sound) for each.
"""

import ctypes
import fcntl
import importlib
import os
import select
import signal
import struct
import sys

HEADER = struct.Struct("=BQI")
WORD = struct.Struct("=ii")
SPEAK, SPEAK_MARKED, ABORT, READY, WORDS, AUDIO, DONE, FAILED = range(1, 9)
SAMPLE_RATE = 22_050

# speak_lib.h of espeak-ng 1.52
_SYNCHRONOUS, _DONT_EXIT, _CHARS_UTF8, _ENDPAUSE, _RATE, _PITCH, _CHARACTERS = 2, 0x8000, 1, 0x1000, 1, 3, 1
_EVENTS_END, _EVENT_WORD = 0, 1
_PIECE_MS = 200
_SAMPLE_BYTES = ctypes.sizeof(ctypes.c_short)
_FRAME_BYTES = _SAMPLE_BYTES * SAMPLE_RATE
_PIPE_BYTES = 1 << 20
_GENDERS = ("", "male", "female")


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),  # pairs of a priority byte and a NUL-ended tag; a zero byte ends them
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # in characters, from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # in ms
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class Pipe:
    """Frames from and to the parent. When a read or a write fails, the parent is gone, and the process ends."""

    def __init__(self) -> None:
        self._out = os.dup(1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the library's own output must not land among the frames
        # A whole sentence fits in, so that a parent with much to do holds no worker up. Linux only, and not vital.
        try:  # noqa: SIM105  (contextlib would double the time of our imports)
            fcntl.fcntl(self._out, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        except (AttributeError, OSError):
            pass

    def read(self) -> tuple[int, int, bytes]:
        """Wait for the next frame: kind, job, payload."""
        kind, job, length = HEADER.unpack(self._exactly(HEADER.size))
        return kind, job, self._exactly(length)

    def waiting(self) -> bool:
        """Tell whether ``read`` would return at once."""
        return bool(select.select((0,), (), (), 0)[0])

    def write(self, kind: int, job: int, payload: bytes = b"") -> None:
        """Send one frame; waits while the pipe is full."""
        rest = memoryview(HEADER.pack(kind, job, len(payload)) + payload)
        try:
            while rest:
                rest = rest[os.write(self._out, rest) :]
        except OSError:
            os._exit(0)

    def _exactly(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            part = os.read(0, length - len(data))
            if not part:
                os._exit(0)
            data += part
        return data


class Espeak:
    """The library, loaded and ready. Raises ImportError, OSError or RuntimeError when it or its data cannot be used."""

    def __init__(self, packages: str, rate: int, pitch: int, pipe: Pipe) -> None:
        sys.path.append(packages)
        loader = importlib.import_module("espeakng_loader")
        self._library = ctypes.CDLL(loader.get_library_path())
        self._declare()
        home, data = os.path.split(loader.get_data_path())
        os.chdir(home)  # a path of more than about 160 characters fails, so it gets a relative one
        if self._library.espeak_Initialize(_SYNCHRONOUS, _PIECE_MS, os.fsencode(data), _DONT_EXIT) != SAMPLE_RATE:
            raise RuntimeError("the data of espeak-ng could not be loaded")
        self._pipe, self._default_rate, self._pitch = pipe, rate, pitch
        self._rate = 0
        self._voice, self._job, self._marked = b"", 0, False
        self._given = self._sent = 0  # bytes of sound of this job
        self._sound = self._begun = b""  # waiting for a frame: sound, and the WORDs that begin in it
        self._heard = _Callback(self._on_audio)  # kept: the library holds only its address
        self._library.espeak_SetSynthCallback(self._heard)

    def voices(self) -> str:
        """List the voices, one a line: identifier, gender, name, and ``priority:tag`` for each language, between tabs.

        Identifiers of variants begin with ``!v/``. The lower the priority, the better the voice for that tag.
        """
        return "\n".join(self._list(None) + self._list(b"variant"))

    def speak(self, job: int, voice: bytes, rate: int, text: bytes, marked: bool) -> str:
        """Send the audio of *text* (UTF-8, no NUL) through the pipe; if *marked*, also when its words begin.

        *rate*: words a minute, 0 = those of the settings.

        Return the reason of a failure, "" if there is none.
        """
        if voice != self._voice and not self._use(voice):
            return f"espeak-ng has no voice {voice.decode()}"
        if self._rate != (rate := rate or self._default_rate):
            self._rate = rate
            self._library.espeak_SetParameter(_RATE, rate, 0)
        self._job, self._marked, self._given, self._sent = job, marked, 0, 0
        size = len(text) + 1
        code = self._library.espeak_Synth(text, size, 0, _CHARACTERS, 0, _CHARS_UTF8 | _ENDPAUSE, None, None)
        self._send()
        return f"espeak_Synth returned {code}" if code else ""

    def _use(self, voice: bytes) -> bool:
        # With an unknown name or variant espeak-ng keeps the old voice or takes half of the new one: ask it.
        self._voice = b""
        if self._library.espeak_SetVoiceByName(voice) != 0:
            return False
        if self._library.espeak_GetCurrentVoice().contents.identifier != voice:
            return False
        self._rate = 0  # a voice may bring its own
        self._library.espeak_SetParameter(_PITCH, self._pitch, 0)
        self._voice = voice
        return True

    def _on_audio(self, samples: int | None, count: int, events: int | None) -> int:
        if samples and count > 0:
            sound = ctypes.string_at(samples, _SAMPLE_BYTES * count)
            self._sound += sound
            self._given += len(sound)
            if self._marked and events:
                self._begun += self._words(events)
            if len(self._sound) >= min(self._sent, _FRAME_BYTES):
                self._send()
        while self._pipe.waiting():
            kind, job, _ = self._pipe.read()
            if kind == ABORT and job == self._job:
                return 1
        return 0

    def _send(self) -> None:
        sound, begun = self._sound, self._begun
        self._sound = self._begun = b""
        self._sent += len(sound)
        if begun:
            self._pipe.write(WORDS, self._job, begun)
        if sound:
            self._pipe.write(AUDIO, self._job, sound)

    def _words(self, address: int) -> bytes:
        # At a rate of 450 the sound is shortened after positions were told: no position may lie beyond this sound.
        most = 1000 * self._given // (_SAMPLE_BYTES * SAMPLE_RATE)
        words = b""
        while (event := _Event.from_address(address)).type != _EVENTS_END:
            if event.type == _EVENT_WORD:
                words += WORD.pack(event.text_position - 1, min(event.audio_position, most))
            address += ctypes.sizeof(_Event)
        return words

    def _list(self, languages: bytes | None) -> list[str]:
        wanted = _Voice(languages=ctypes.cast(ctypes.c_char_p(languages), ctypes.c_void_p))
        lines = []
        for entry in self._library.espeak_ListVoices(ctypes.byref(wanted) if languages else None):
            if not entry:  # the end
                break
            voice = entry.contents
            name, gender = voice.name.decode(), _GENDERS[voice.gender % 3]
            lines.append("\t".join((voice.identifier.decode(), gender, name, *_tags(voice.languages))))
        return lines

    def _declare(self) -> None:
        library = self._library
        library.espeak_Initialize.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int)
        library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        library.espeak_GetCurrentVoice.restype = ctypes.POINTER(_Voice)
        text, number, pointer = (ctypes.c_char_p, ctypes.c_size_t), ctypes.c_uint, ctypes.c_void_p
        library.espeak_Synth.argtypes = (*text, number, ctypes.c_int, number, number, pointer, pointer)


def _tags(address: int) -> list[str]:
    tags = []
    while priority := ctypes.string_at(address, 1)[0]:
        tag = ctypes.string_at(address + 1)
        tags.append(f"{priority}:{tag.decode()}")
        address += 2 + len(tag)
    return tags


def main() -> None:
    """Serve until the parent closes the pipe."""
    # Ctrl-C goes to the whole foreground group and a service manager's SIGTERM to every process: the parent has yet to
    # drain.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pipe = Pipe()
    packages, rate, pitch = sys.argv[1:]
    try:
        espeak = Espeak(packages, int(rate), int(pitch), pipe)
    except (ImportError, OSError, RuntimeError) as error:
        pipe.write(FAILED, 0, str(error).encode())
        return
    pipe.write(READY, 0, espeak.voices().encode())
    while True:
        kind, job, payload = pipe.read()
        if kind in (SPEAK, SPEAK_MARKED):  # an ABORT that comes here crossed the DONE of its job
            voice, words, text = payload.split(b"\0", 2)
            problem = espeak.speak(job, voice, int(words), text, kind == SPEAK_MARKED)
            pipe.write(FAILED if problem else DONE, job, problem.encode())


if __name__ == "__main__":
    main()
