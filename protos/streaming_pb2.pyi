from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RequestPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REQUEST_PHASE_UNSPECIFIED: _ClassVar[RequestPhase]
    REQUEST_PHASE_COLLECT: _ClassVar[RequestPhase]
    REQUEST_PHASE_COMMIT: _ClassVar[RequestPhase]

class EndReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    END_REASON_UNSPECIFIED: _ClassVar[EndReason]
    END_REASON_COMPLETE: _ClassVar[EndReason]
    END_REASON_LENGTH: _ClassVar[EndReason]
    END_REASON_CONTENT_FILTER: _ClassVar[EndReason]
REQUEST_PHASE_UNSPECIFIED: RequestPhase
REQUEST_PHASE_COLLECT: RequestPhase
REQUEST_PHASE_COMMIT: RequestPhase
END_REASON_UNSPECIFIED: EndReason
END_REASON_COMPLETE: EndReason
END_REASON_LENGTH: EndReason
END_REASON_CONTENT_FILTER: EndReason

class StreamRequest(_message.Message):
    __slots__ = ("prompt", "screenshot", "screen_width", "screen_height", "hardware_id", "session_id", "phase", "chunk_seq", "chunk_text", "voice", "language", "word_timings", "replace", "speaking_rate", "speak_errors", "heard")
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    SCREENSHOT_FIELD_NUMBER: _ClassVar[int]
    SCREEN_WIDTH_FIELD_NUMBER: _ClassVar[int]
    SCREEN_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    HARDWARE_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_SEQ_FIELD_NUMBER: _ClassVar[int]
    CHUNK_TEXT_FIELD_NUMBER: _ClassVar[int]
    VOICE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    WORD_TIMINGS_FIELD_NUMBER: _ClassVar[int]
    REPLACE_FIELD_NUMBER: _ClassVar[int]
    SPEAKING_RATE_FIELD_NUMBER: _ClassVar[int]
    SPEAK_ERRORS_FIELD_NUMBER: _ClassVar[int]
    HEARD_FIELD_NUMBER: _ClassVar[int]
    prompt: str
    screenshot: str
    screen_width: int
    screen_height: int
    hardware_id: str
    session_id: str
    phase: RequestPhase
    chunk_seq: int
    chunk_text: str
    voice: str
    language: str
    word_timings: bool
    replace: bool
    speaking_rate: float
    speak_errors: bool
    heard: Heard
    def __init__(self, prompt: _Optional[str] = ..., screenshot: _Optional[str] = ..., screen_width: _Optional[int] = ..., screen_height: _Optional[int] = ..., hardware_id: _Optional[str] = ..., session_id: _Optional[str] = ..., phase: _Optional[_Union[RequestPhase, str]] = ..., chunk_seq: _Optional[int] = ..., chunk_text: _Optional[str] = ..., voice: _Optional[str] = ..., language: _Optional[str] = ..., word_timings: _Optional[bool] = ..., replace: _Optional[bool] = ..., speaking_rate: _Optional[float] = ..., speak_errors: _Optional[bool] = ..., heard: _Optional[_Union[Heard, _Mapping]] = ...) -> None: ...

class Heard(_message.Message):
    __slots__ = ("sentence_index", "offset_ms")
    SENTENCE_INDEX_FIELD_NUMBER: _ClassVar[int]
    OFFSET_MS_FIELD_NUMBER: _ClassVar[int]
    sentence_index: int
    offset_ms: float
    def __init__(self, sentence_index: _Optional[int] = ..., offset_ms: _Optional[float] = ...) -> None: ...

class StreamResponse(_message.Message):
    __slots__ = ("text_chunk", "audio_chunk", "end_message", "error_message", "action_message", "sentence_index", "final", "session_id", "end", "warning", "sequence", "error_audio")
    TEXT_CHUNK_FIELD_NUMBER: _ClassVar[int]
    AUDIO_CHUNK_FIELD_NUMBER: _ClassVar[int]
    END_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ACTION_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_INDEX_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    WARNING_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ERROR_AUDIO_FIELD_NUMBER: _ClassVar[int]
    text_chunk: str
    audio_chunk: AudioChunk
    end_message: str
    error_message: str
    action_message: ActionMessage
    sentence_index: int
    final: bool
    session_id: str
    end: EndInfo
    warning: Warning
    sequence: int
    error_audio: AudioChunk
    def __init__(self, text_chunk: _Optional[str] = ..., audio_chunk: _Optional[_Union[AudioChunk, _Mapping]] = ..., end_message: _Optional[str] = ..., error_message: _Optional[str] = ..., action_message: _Optional[_Union[ActionMessage, _Mapping]] = ..., sentence_index: _Optional[int] = ..., final: _Optional[bool] = ..., session_id: _Optional[str] = ..., end: _Optional[_Union[EndInfo, _Mapping]] = ..., warning: _Optional[_Union[Warning, _Mapping]] = ..., sequence: _Optional[int] = ..., error_audio: _Optional[_Union[AudioChunk, _Mapping]] = ...) -> None: ...

class AudioChunk(_message.Message):
    __slots__ = ("audio_data", "dtype", "shape", "sample_rate", "channels", "words")
    AUDIO_DATA_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    audio_data: bytes
    dtype: str
    shape: _containers.RepeatedScalarFieldContainer[int]
    sample_rate: int
    channels: int
    words: _containers.RepeatedCompositeFieldContainer[WordMark]
    def __init__(self, audio_data: _Optional[bytes] = ..., dtype: _Optional[str] = ..., shape: _Optional[_Iterable[int]] = ..., sample_rate: _Optional[int] = ..., channels: _Optional[int] = ..., words: _Optional[_Iterable[_Union[WordMark, _Mapping]]] = ...) -> None: ...

class WordMark(_message.Message):
    __slots__ = ("text_offset", "text_length", "offset_ms")
    TEXT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    TEXT_LENGTH_FIELD_NUMBER: _ClassVar[int]
    OFFSET_MS_FIELD_NUMBER: _ClassVar[int]
    text_offset: int
    text_length: int
    offset_ms: float
    def __init__(self, text_offset: _Optional[int] = ..., text_length: _Optional[int] = ..., offset_ms: _Optional[float] = ...) -> None: ...

class ActionMessage(_message.Message):
    __slots__ = ("action_json", "session_id", "feature_id", "command", "args")
    ACTION_JSON_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    FEATURE_ID_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    action_json: str
    session_id: str
    feature_id: str
    command: str
    args: _struct_pb2.Struct
    def __init__(self, action_json: _Optional[str] = ..., session_id: _Optional[str] = ..., feature_id: _Optional[str] = ..., command: _Optional[str] = ..., args: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class EndInfo(_message.Message):
    __slots__ = ("reason", "input_tokens", "output_tokens", "sentences", "commands", "audio_samples", "first_text_ms", "first_audio_ms", "total_ms")
    REASON_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SENTENCES_FIELD_NUMBER: _ClassVar[int]
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    AUDIO_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    FIRST_TEXT_MS_FIELD_NUMBER: _ClassVar[int]
    FIRST_AUDIO_MS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_MS_FIELD_NUMBER: _ClassVar[int]
    reason: EndReason
    input_tokens: int
    output_tokens: int
    sentences: int
    commands: int
    audio_samples: int
    first_text_ms: float
    first_audio_ms: float
    total_ms: float
    def __init__(self, reason: _Optional[_Union[EndReason, str]] = ..., input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., sentences: _Optional[int] = ..., commands: _Optional[int] = ..., audio_samples: _Optional[int] = ..., first_text_ms: _Optional[float] = ..., first_audio_ms: _Optional[float] = ..., total_ms: _Optional[float] = ...) -> None: ...

class Warning(_message.Message):
    __slots__ = ("reason", "message", "sentence_index")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_INDEX_FIELD_NUMBER: _ClassVar[int]
    reason: str
    message: str
    sentence_index: int
    def __init__(self, reason: _Optional[str] = ..., message: _Optional[str] = ..., sentence_index: _Optional[int] = ...) -> None: ...

class InterruptRequest(_message.Message):
    __slots__ = ("hardware_id", "session_id", "heard")
    HARDWARE_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    HEARD_FIELD_NUMBER: _ClassVar[int]
    hardware_id: str
    session_id: str
    heard: Heard
    def __init__(self, hardware_id: _Optional[str] = ..., session_id: _Optional[str] = ..., heard: _Optional[_Union[Heard, _Mapping]] = ...) -> None: ...

class InterruptResponse(_message.Message):
    __slots__ = ("success", "interrupted_sessions", "message")
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    INTERRUPTED_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    success: bool
    interrupted_sessions: _containers.RepeatedScalarFieldContainer[str]
    message: str
    def __init__(self, success: _Optional[bool] = ..., interrupted_sessions: _Optional[_Iterable[str]] = ..., message: _Optional[str] = ...) -> None: ...

class WelcomeRequest(_message.Message):
    __slots__ = ("text", "session_id", "voice", "language")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    VOICE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    text: str
    session_id: str
    voice: str
    language: str
    def __init__(self, text: _Optional[str] = ..., session_id: _Optional[str] = ..., voice: _Optional[str] = ..., language: _Optional[str] = ...) -> None: ...

class WelcomeResponse(_message.Message):
    __slots__ = ("audio_chunk", "metadata", "end_message", "error_message")
    AUDIO_CHUNK_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    END_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    audio_chunk: AudioChunk
    metadata: WelcomeMetadata
    end_message: str
    error_message: str
    def __init__(self, audio_chunk: _Optional[_Union[AudioChunk, _Mapping]] = ..., metadata: _Optional[_Union[WelcomeMetadata, _Mapping]] = ..., end_message: _Optional[str] = ..., error_message: _Optional[str] = ...) -> None: ...

class WelcomeMetadata(_message.Message):
    __slots__ = ("method", "duration_sec", "sample_rate", "channels", "dtype")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    DURATION_SEC_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    method: str
    duration_sec: float
    sample_rate: int
    channels: int
    dtype: str
    def __init__(self, method: _Optional[str] = ..., duration_sec: _Optional[float] = ..., sample_rate: _Optional[int] = ..., channels: _Optional[int] = ..., dtype: _Optional[str] = ...) -> None: ...
