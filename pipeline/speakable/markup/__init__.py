"""Markdown, HTML and emoji."""
