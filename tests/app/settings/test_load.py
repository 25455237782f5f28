"""The settings: whatever is not exactly right is one clear line before anything listens."""

import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest

from app.container import Container
from app.settings.load import SettingsError, load
from app.settings.stages import SpeechSettings
from app.settings.tables import STAGES, Pipeline, Settings
from tests.processes import ROOT, settings

TYPE_CHECKED = {"llm", "tts"}
"""Built by a match over their kinds, which mypy holds complete."""

VOICES = ", ".join(repr(table.model_fields["kind"].default) for table in get_args(SpeechSettings))

PIPER = "[pipeline.tts]\nkind = 'piper'\nvoices = { en = 'x' }\n"
SPEECH = "[pipeline.tts]\nkind = 'openai'\nbase_url = 'x'\nmodel = 'm'\nvoice = 'v'\n"
MODEL = "[pipeline.llm]\nkind = 'openai'\nbase_url = 'http://127.0.0.1:1/v1'\nmodel = 'm'\n"
CUSTOM = "[pipeline.llm]\nkind = 'custom'\n"
JWT = "[auth]\nkind = 'jwt'\nissuer = 'i'\naudience = 'a'\n"
HASH = "a" * 64
NO_JSON = "must hold only what JSON can"

WRONG: dict[str, tuple[str, str]] = {
    "words in a language that there is not": (
        "[pipeline.error_texts.de]\nDRAINING = 'Bald.'",
        "pipeline.error_texts.de: must be one of the languages en, ru",
    ),
    "words for an unknown reason": (
        "[pipeline.error_texts.ru]\nDRAINED = 'Скоро.'",
        "pipeline.error_texts.ru.DRAINED: unknown reason, did you mean DRAINING?",
    ),
    "no words": (
        "[pipeline.error_texts.en]\nWORKING = ' '",
        "pipeline.error_texts.en.WORKING: must be one line of 1 to 200 characters",
    ),
    "words that are none": (
        "[pipeline]\nerror_texts = { ru = { DRAINING = 3 } }",
        "pipeline.error_texts.ru.DRAINING: must be text, in quotes",
    ),
    "unknown way to speak errors": (
        "[pipeline]\nspeak_errors = true",
        "pipeline.speak_errors: must be 'asked', 'always'",
    ),
    "negative patience": ("[pipeline.working]\nafter_seconds = -1", "pipeline.working.after_seconds: must be greater"),
    "unknown section": ("[servers]\nport = 1", "servers: unknown key, did you mean server?"),
    "unknown key": ("[limits]\nmax_stream = 3", "limits.max_stream: unknown key, did you mean"),
    "unknown key of a stage": ("[pipeline.tts]\nspeed = 3", "pipeline.tts.speed: unknown key"),
    "unknown key of a fallback": (
        PIPER + "fallback = { kind = 'espeak', speed = 3 }",
        "pipeline.tts.fallback.speed: unknown key",
    ),
    "unknown key of a store": ("[limits]\nstore = { kind = 'memory', url = 'x' }", "limits.store.url: unknown key"),
    "a later key": ("[telemetry]\nmetrics_port = 1", "telemetry: unknown key"),
    "text for a number": ('[server]\nport = "50051"', "server.port: must be a valid integer"),
    "truth for a number": ("[limits]\nmax_concurrent_streams = true", "limits.max_concurrent_streams: must be"),
    "number for text": ("[server]\nhost = 1", "server.host: must be text, in quotes"),
    "value for a table": ("pipeline = 3", "pipeline: must be a table"),
    "value for a stage": ("[pipeline]\nllm = 3", "pipeline.llm: must be a table"),
    "port too large": ("[server]\nport = 70000", "server.port: must be less than or equal to 65535"),
    "negative": ("[limits]\nidle_timeout_seconds = -1", "limits.idle_timeout_seconds: must be greater than or equal"),
    "not a number": ("[limits]\nidle_timeout_seconds = nan", "limits.idle_timeout_seconds: must be"),
    "endless": ("[limits]\nmax_stream_seconds = inf", "limits.max_stream_seconds: must be a finite number"),
    "zero where it is not off": ("[limits]\nsend_timeout_seconds = 0", "limits.send_timeout_seconds: must be greater"),
    "unknown choice": ("[limits]\nrate_policy = 'drop'", "limits.rate_policy: must be 'reject' or 'pace'"),
    "unknown kind": ("[pipeline.tts]\nkind = 'siri'", f"pipeline.tts.kind: must be one of {VOICES}"),
    "unknown store": ("[limits.store]\nkind = 'redis'", "limits.store.kind: must be 'memory'"),
    "rate too fast": ("[pipeline.tts]\nrate = 451", "pipeline.tts.rate: must be less than or equal to 450"),
    "rate too slow": ("[pipeline.tts]\nrate = 79", "pipeline.tts.rate: must be greater than or equal to 80"),
    "pitch too high": ("[pipeline.tts]\npitch = 101", "pipeline.tts.pitch: must be less than or equal to 100"),
    "unknown gender": ("[pipeline.tts]\ngender = 'x'", "pipeline.tts.gender: must be '', 'male' or 'female'"),
    "fewer workers than none": ("[pipeline.tts]\nworkers = -1", "pipeline.tts.workers: must be greater than or equal"),
    "endlessly fast piper": (
        PIPER + "length_scale = 0.0",
        "pipeline.tts.length_scale: must be greater than or equal to 0.1",
    ),
    "rate that nobody plays": (
        "[pipeline.tts]\noutput_sample_rate = 7",
        "pipeline.tts.output_sample_rate: must be from 4000 to 384000 Hz",
    ),
    "pause too long": (
        "[pipeline.tts]\nsentence_pause_ms = 2001",
        "pipeline.tts.sentence_pause_ms: must be less than or equal to 2000",
    ),
    "unknown loudness": ("[pipeline.tts]\nloudness = 'x'", "pipeline.tts.loudness: must be 'as_is' or 'even'"),
    "no rate of a speech server": (
        SPEECH + "sample_rate = 0",
        "pipeline.tts.sample_rate: must be greater than or equal to 4000",
    ),
    "rate of no sound": (
        "[pipeline.tts]\nkind = 'custom'\nfactory = 'm:f'\nsample_rate = 3000000000",
        "pipeline.tts.sample_rate: must be from 4000 to 384000 Hz",
    ),
    "language without a voice": ("[pipeline.tts]\ndefault_language = 'de'", "pipeline.tts.default_language: must be"),
    "no factory": ("[pipeline.llm]\nkind = 'custom'", "pipeline.llm.factory: must be set"),
    "factory is no name": (CUSTOM + "factory = 'x'", 'pipeline.llm.factory: must be "package.module:Name"'),
    "a date for JSON": (MODEL + "extra_body = { a = [2024-01-01] }", f"pipeline.llm.extra_body: {NO_JSON}"),
    "no number for JSON": (SPEECH + "extra_body = { speed = nan }", f"pipeline.tts.extra_body: {NO_JSON}"),
    "a date in a schema": (
        "[pipeline.commands]\nschemas = { wait = { examples = [2024-01-01] } }",
        f"pipeline.commands.schemas.wait: {NO_JSON}",
    ),
    "open to the network": ("[server]\nhost = '0.0.0.0'", "server.host: must be a loopback address"),
    "processes that count for themselves": ("[server]\nworkers = 2", "server.workers: must be 1"),
    "no TOML": ("server = ", "not readable as TOML"),
    "unknown key of a model": (MODEL + "base_ur = 1", "pipeline.llm.base_ur: unknown key, did you mean base_url?"),
    "credentials of no kind": ("[auth]\ntokens_file = 'x'", "auth.kind: must be set"),
    "unknown kind of credentials": ("[auth]\nkind = 'password'", "auth.kind: must be one of 'none', 'token', 'jwt'"),
    "no tokens": ("[auth]\nkind = 'token'", "auth.tokens: must not be empty without a tokens_file"),
    "a token for a hash": (
        "[auth]\nkind = 'token'\ntokens = [{ identity = 'a', sha256 = 'secret' }]",
        "auth.tokens.0.sha256: must be the SHA-256 of the token",
    ),
    "a name that nobody may have": (
        f"[auth]\nkind = 'token'\ntokens = [{{ identity = 'anonymous', sha256 = '{HASH}' }}]",
        "auth.tokens.0.identity: must be 1 to 255 printable characters",
    ),
    "a token of two": (
        f"[auth]\nkind = 'token'\n"
        f"tokens = [{{ identity = 'a', sha256 = '{HASH}' }}, {{ identity = 'b', sha256 = '{HASH}' }}]",
        "auth.tokens: the token of number 1 stands there twice",
    ),
    "unknown key of a token": (
        f"[auth]\nkind = 'token'\ntokens = [{{ identity = 'a', sha256 = '{HASH}', sha265 = 'x' }}]",
        "auth.tokens.0.sha265: unknown key, did you mean sha256?",
    ),
    "an issuer of whom nothing is known": (JWT, "auth.jwks_file: either this or jwks_url must be set"),
    "two sources of keys": (
        JWT + "jwks_file = 'x'\njwks_url = 'https://x/y'",
        "auth.jwks_file: either this or jwks_url must be set",
    ),
    "keys that anybody may change": (JWT + "jwks_url = 'http://example.com/k'", "auth.jwks_url: must be an https URL"),
    "keys of no address": (JWT + "jwks_url = 'https://'", "auth.jwks_url: must be an https URL"),
    "keys of a broken address": (JWT + "jwks_url = 'http://[::1/k'", "auth.jwks_url: must be an https URL"),
    "a shared secret": (JWT + "jwks_file = 'x'\nalgorithms = ['HS256']", "auth.algorithms.0: must be 'RS256', "),
    "no algorithm": (JWT + "jwks_file = 'x'\nalgorithms = []", "auth.algorithms: "),
    "too hot": (MODEL + "temperature = 3", "pipeline.llm.temperature: must be less than or equal to 2"),
    "two prompts": (
        MODEL + "system_prompt = 'a'\nsystem_prompt_file = 'b'",
        "pipeline.llm.system_prompt: must not be set beside",
    ),
    "fallback without a kind": (
        MODEL + "fallback = { base_url = 'http://x' }",
        "pipeline.llm.fallback.kind: must be set",
    ),
    "fallback without a server": (
        MODEL + "fallback = { kind = 'openai', model = 'm' }",
        "pipeline.llm.fallback.base_url: must be set",
    ),
    "unknown key of a model's fallback": (
        MODEL + "fallback = { kind = 'demo', modle = 'm' }",
        "pipeline.llm.fallback.modle: unknown key (allowed: delta_ms",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_settings(case: str, tmp_path: Path) -> None:
    """One line names the file, the key and what is allowed."""
    text, expected = WRONG[case]
    file = settings(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load(file, {})
    message = str(caught.value)
    assert message.startswith(f"{file}: {expected}")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("STENTOR__LIMITS__MAX_STREAMS", "2", "STENTOR__LIMITS__MAX_STREAMS: limits.max_streams: unknown key"),
        ("STENTOR__NOTHING", "2", "STENTOR__NOTHING: nothing: unknown key"),
        ("STENTOR__SERVER__PORT", "many", "STENTOR__SERVER__PORT: server.port: must be a valid integer"),
        ("STENTOR_SETTINGS", "/nowhere.toml", "STENTOR_SETTINGS: there is no file /nowhere.toml"),
    ],
)
def test_wrong_environment(name: str, value: str, expected: str) -> None:
    """A name or a value in the environment that is not right is told by that name."""
    with pytest.raises(SettingsError, match=expected):
        load(None, {name: value})


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000, "1" + "0" * 12])
def test_values_beyond_all_bounds(value: str, tmp_path: Path) -> None:
    """Also what Python cannot read, or gRPC cannot count, is told in one line by its name."""
    with pytest.raises(SettingsError, match=r"^STENTOR__LIMITS__MAX_CONCURRENT_STREAMS: limits"):
        load(None, {"STENTOR__LIMITS__MAX_CONCURRENT_STREAMS": value})
    file = settings(tmp_path, f"[limits]\nmax_message_rate_per_second = {value}")
    with pytest.raises(SettingsError, match=f"^{file}: [^\n]+$"):
        load(file, {})


def test_a_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    """Some editors put one in front."""
    file = tmp_path / "settings.toml"
    file.write_text("[server]\nport = 7", encoding="utf-8-sig")
    assert load(str(file), {}).server.port == 7


@pytest.mark.parametrize("is_link", [False, True])
def test_the_default_file_is_no_file(is_link: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder or a broken link of that name is a mistake, not a wish for the defaults."""
    (tmp_path / "settings.toml").symlink_to("nowhere") if is_link else (tmp_path / "settings.toml").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"settings\.toml: not readable"):
        load(None, {})


def test_order_of_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--settings before $STENTOR_SETTINGS before ./settings.toml before the defaults; the environment before the
    file.
    """
    files = {}
    for number, name in enumerate(("given.toml", "variable.toml", "settings.toml"), start=1):
        files[name] = tmp_path / name
        files[name].write_text(f"[server]\nport = {number}\nworkers = 1")
    monkeypatch.chdir(tmp_path)
    variable = {"STENTOR_SETTINGS": str(files["variable.toml"])}
    assert load(str(files["given.toml"]), variable).server.port == 1
    assert load(None, variable).server.port == 2
    assert load(None, {}).server.port == 3
    assert load(None, {**variable, "STENTOR__SERVER__PORT": "4"}).server.port == 4
    files["settings.toml"].unlink()
    assert load(None, {}) == Settings()


@pytest.mark.parametrize(("value", "read"), [("False", False), ("FALSE", False), ("True", True), (" true ", True)])
def test_a_truth_in_any_spelling(value: str, read: bool) -> None:
    """What Python, YAML and shells call true or false is taken; any other word is told what to be."""
    assert load(None, {"STENTOR__SERVER__REFLECTION": value}).server.reflection is read
    with pytest.raises(SettingsError, match=r"^STENTOR__SERVER__REFLECTION: server.reflection: must be true or false$"):
        load(None, {"STENTOR__SERVER__REFLECTION": "off"})


def test_a_value_where_a_table_should_be() -> None:
    """It is told, also where another source has a key of that table."""
    with pytest.raises(SettingsError, match="STENTOR__SERVER: server: must be a table"):
        load("/dev/null", {"STENTOR__SERVER": "5"}, {("server", "port"): 0})


def test_environment_values() -> None:
    """They are read as TOML: numbers, truth, lists; what is no TOML is text. Another kind starts its table anew."""
    environment = {
        "STENTOR__SERVER__REFLECTION": "false",
        "STENTOR__LIMITS__IDLE_TIMEOUT_SECONDS": "2.5",
        "STENTOR__LIMITS__SINGLE_FLIGHT": "replace",
        "STENTOR__PIPELINE__COMMANDS__ALLOW": '["open_app"]',
        "STENTOR__PIPELINE__TTS__KIND": "off",
        "PATH": "/bin",
    }
    loaded = load(None, environment)
    assert loaded.server.reflection is False
    assert (loaded.limits.idle_timeout_seconds, loaded.limits.single_flight) == (2.5, "replace")
    assert loaded.pipeline.commands.model_dump()["allow"] == ["open_app"]
    assert loaded.pipeline.tts.kind == "off"


def test_the_same_kind_again(tmp_path: Path) -> None:
    """A kind in the environment that the table has already, also by default, leaves the rest of it."""
    file = settings(tmp_path, "[pipeline.memory]\nmax_turns = 5\n[pipeline.tts]\nkind = 'espeak'\nrate = 300")
    kinds = {"STENTOR__PIPELINE__MEMORY__KIND": "memory", "STENTOR__PIPELINE__TTS__KIND": "espeak"}
    pipeline = load(file, kinds).pipeline
    assert (pipeline.memory.model_dump()["max_turns"], pipeline.tts.model_dump()["rate"]) == (5, 300)


def test_the_file_repeats_every_default() -> None:
    """The settings.toml of the repository says what holds without it, key by key."""
    table = tomllib.loads((ROOT / "settings.toml").read_text())
    assert {**table, "interceptors": []} == Settings().model_dump(exclude_none=True)  # no table stands for no link


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage not in TYPE_CHECKED])
def test_every_kind_has_a_builder(stage: str) -> None:
    """The kinds that the settings allow are the kinds that the container can build."""
    union: Any = Pipeline.model_fields[stage].annotation
    kinds = {member.model_fields["kind"].default for member in get_args(union)}
    assert set(getattr(Container, stage).providers) == kinds


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        (CUSTOM, "factory = 'nowhere:Name'", "factory: nowhere:Name cannot be imported: ModuleNotFoundError"),
        (
            CUSTOM,
            "factory = 'tests.scripted:Nobody'",
            "factory: tests.scripted:Nobody cannot be imported: AttributeError",
        ),
        (CUSTOM, "factory = 'tests.scripted:diary'", "factory: tests.scripted:diary cannot be called"),
        (
            CUSTOM,
            "factory = 'tests.scripted:ScriptedModel'\noptions = { nonsense = 1 }",
            "factory: tests.scripted:ScriptedModel cannot be built with these options: TypeError",
        ),
        (CUSTOM, "factory = 'tests.scripted:Diary'", "factory: what tests.scripted:Diary gives has no stream"),
        (MODEL, "system_prompt_file = 'nowhere.txt'", "system_prompt_file: there is no readable file"),
        (MODEL, "system_prompt_file = 'binary.txt'", "system_prompt_file: "),
        (MODEL, "extra_headers = { 'a b' = 'c' }", "extra_headers: "),
        (MODEL, "fallback = { kind = 'openai', model = 'm', base_url = 'ftp://x' }", "fallback.base_url: must be"),
        (MODEL, "fallback = { kind = 'custom', factory = 'nowhere:N' }", "fallback.factory: nowhere:N cannot"),
    ],
)
def test_model_that_cannot_be_built(kind: str, more: str, expected: str, tmp_path: Path) -> None:
    """What only building shows stops the start too; files are looked for beside the settings."""
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe")
    container = Container(settings=load(settings(tmp_path, kind + more), {}))
    with pytest.raises(SettingsError) as caught:
        container.servicer()
    assert str(caught.value).startswith(f"pipeline.llm.{expected}")


def test_factory_beside_the_settings(tmp_path: Path) -> None:
    """A module in the folder of the settings file is found there."""
    (tmp_path / "beside_the_settings.py").write_text("class Model:\n    def stream(self, turn): ...\n")
    file = settings(tmp_path, CUSTOM + "factory = 'beside_the_settings:Model'")
    assert type(Container(settings=load(file, {})).llm()._model).__name__ == "Model"
