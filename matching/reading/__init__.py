"""Text -> expressions and facts."""

from hashlib import blake2b
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_ROOMS = ("reading", "knowledge", "model")


def _version() -> str:
    """A digest of everything that a reading rests on: the reader's code, the vocabulary and the tables."""
    digest = blake2b(digest_size=8)
    for path in sorted(p for room in _ROOMS for p in (_ROOT / room).rglob("*") if p.suffix in (".py", ".csv", ".gz")):
        digest.update(str(path.relative_to(_ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


PARSER_VERSION = _version()
"""Differs whenever some text may be read in another way: stored criteria of another version are read again."""
