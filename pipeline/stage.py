"""What a custom stage imports to know its turn: the public name of ``pipeline.interfaces``."""

from pipeline.interfaces import Commands, Message, Model, Screenshot, Segmenter, Speech, Turn, Voice

__all__ = ["Commands", "Message", "Model", "Screenshot", "Segmenter", "Speech", "Turn", "Voice"]
