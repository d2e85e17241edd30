"""One regular expression for a large set of spellings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_VARIANTS = {" ": r"[\s\u00a0‑–-]{1,24}", "µ": "[µμ]", "'": "['’]"}


def trie_pattern(words: Iterable[str]) -> str:
    """An alternation that shares prefixes: a match costs the length of the word, not the size of the table.

    A space in a word stands for up to 24 spaces or hyphens (a name may be broken over lines). The longest word that the rest of the pattern allows wins.
    """
    root: dict[str, Any] = {}
    for word in words:
        node = root
        for character in word:
            node = node.setdefault(character, {})
        node[""] = {}
    return _render(root)


def _render(node: dict[str, Any]) -> str:
    branches = [
        _VARIANTS.get(character, re.escape(character)) + _render(child)
        for character, child in node.items()
        if character
    ]
    if not branches:
        return ""
    body = branches[0] if len(branches) == 1 and "" not in node else "(?:" + "|".join(branches) + ")"
    return body + ("?" if "" in node else "")
