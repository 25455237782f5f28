"""Written sentences as a voice should say them: without markup, with numbers in words."""

from pipeline.speakable.reading import Reading, ReadingOptions
from pipeline.speakable.speak import Emoji, load, speakable

__all__ = ["Emoji", "Reading", "ReadingOptions", "load", "speakable"]
