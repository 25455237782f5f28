"""What a voice gets instead of a sentence as it was written: no markup, and numbers as words."""

from pipeline.speakable.speak import Emoji, load, speakable

__all__ = ["Emoji", "load", "speakable"]
