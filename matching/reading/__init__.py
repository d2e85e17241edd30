"""Text -> expressions and facts."""

PARSER_VERSION = "1"
"""Raised with every change that reads some text in another way: stored criteria of another version are read again."""
