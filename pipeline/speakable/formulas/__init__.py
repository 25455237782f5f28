"""Formulas in LaTeX, in words."""

from pipeline.speakable.formulas.find import spoken

__all__ = ["spoken"]
