"""What the grammar's rules share: the line being read, and one member of a coordination."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from matching.model.criterion import Expression, Unreadable, Window
from matching.reading.items import Item
from matching.reading.mentions import NOTHING, Mods

Clause = Callable[[list[Item], Mods, "Line", int], Expression | None]
"""The rule for a clause, which the other rules call for what stands inside them."""


@dataclass(slots=True)
class Line:
    """What every rule needs to know of the line; `unread` holds where the words begin that no rule took.

    It ends at `end`: what stands behind is another line. `aged`: the line bounds the age in numbers, so words such as "adults" add nothing.
    """

    text: str
    end: int
    exclusion: bool
    clause: Clause
    unread: set[int] = field(default_factory=set)
    aged: bool = False

    def read(self, items: list[Item], mods: Mods, depth: int) -> Expression | None:
        """The clause that the items make, `depth` levels down."""
        return self.clause(items, mods, self, depth)

    def unreadable(self, items: list[Item], reason: str = "words that could not be read") -> Unreadable:
        """The leaf for items that no rule takes; their words count as unread."""
        self.skip(items)
        return Unreadable(items[0].start, items[-1].end, reason)

    def skip(self, items: list[Item]) -> None:
        """Counts the words among the items as unread."""
        for item in items:
            if item.kind == "word":
                self.unread.add(item.start)
            elif item.inner:
                self.skip(item.inner)


@dataclass(slots=True)
class Part:
    """One member of a coordination.

    `joint` is the connective before it and `comma` whether a comma stands there too. `negated`: it begins with a
    negation, `either` with that word, `predicate` with a verb. `alone`: its negation ("non-") denies no further member. `restart`: it begins a new statement. `alternative`: it is
    the part before it with other modifiers. `base`: what a link
    ("diabetes with nephropathy") joins its last name to, which may hold for the next member too;
    `loose`: the link says no more than that they belong together ("requiring", "after"), `required` that it is "requiring". `mods` hold for the members after it. `window` is one that stands
    after its last name.
    """

    items: list[Item]
    joint: str
    comma: bool
    expression: Expression | None = None
    negated: bool = False
    mods: Mods = NOTHING
    window: Window | None = None
    restart: bool = False
    alternative: bool = False
    base: Expression | None = None
    loose: bool = False
    either: bool = False
    predicate: bool = False
    required: bool = False
    alone: bool = False
