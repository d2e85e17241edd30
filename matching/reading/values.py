"""The grammar of values: quantities with their comparators, read into intervals, before it is known of what.

values    = value { "and" | "or" | "," | "to" value }
value     = comparator quantity [after] | "between" quantity ("and" | "to" | "-") quantity
          | quantity ("-" | "to") quantity | quantity after | quantity { ("," | "or" | "and" | "/") quantity }
"""

from __future__ import annotations

import re
from dataclasses import replace

from matching.model.codes import Times
from matching.reading import comparators
from matching.reading.comparators import Comparator
from matching.reading.quantities import LIMIT, TIME_UNITS, Form, Interval, Limit, Quantity, QuantityReader, Value

_INCLUSIVE = re.compile(
    r"(?i)\s*\(?(?:(?P<inc>inclusive(?:ly)?|included|extremes\s+included)|(?P<exc>exclusive(?:ly)?|excluded))\)?"
)
_FUZZY_AFTER = re.compile(
    r"(?i)\s*,?\s*(?:(?!(?:and|or|to|but|with|who|if|for|prior|within)\b)[a-z%/-]+\s+){0,3}?(?=(?:or|and|and/or)\s)"
)


class Reader(QuantityReader):
    """Reads the values of one line."""

    def values(self) -> list[Value]:
        """Every value of the line, in order."""
        out: list[Value] = []
        i = 0
        while i < self.count:
            kind = self.tokens[i].kind
            if kind in ("compare", "between", "number", "roman", "multiple") or (kind == "dash" and self._minus(i)):
                found = self.value(i)
                if found is not None:
                    out.append(found)
                    i = max(found.last, i + 1)
                    continue
            i += 1
        return out

    def _minus(self, i: int) -> bool:
        """A dash apart from the name before it and close to its number ("T-score -2.5")."""
        return i > 0 and self.tokens[i - 1].kind == "mention" and self.tokens[i - 1].end < self.tokens[i].start

    def value(self, i: int) -> Value | None:
        """value: see the head of this file."""
        token = self.tokens[i]
        if token.kind == "between":
            return self._between(i)
        if token.kind == "compare":
            return self._compared(i)
        return self._plain(i)

    def _between(self, i: int) -> Value | None:
        """("between" | "from") quantity ("and" | "to" | "-" | comparator) quantity | "from" quantity."""
        start, word, j = self.tokens[i].start, self.tokens[i].text, i + 1
        while self.kind(j) in ("colon", "between") or (
            self.kind(j) == "word" and self.tokens[j].text in ("of", "the", "ages", "age", "is", "a")
        ):
            j += 1
        if self.kind(j) == "compare":
            return None
        low = self.quantity(j, signed=True)
        if low is None:
            return None
        k = low[1]
        low_inclusive = True
        if (tag := _INCLUSIVE.match(self.text, low[0].end, self.end)) is not None:
            low_inclusive, k = tag["exc"] is None, self.beyond(k, tag.end())
        if self.kind(k) == "comma":
            k += 1
        if self.kind(k) in ("and", "to", "dash", "or") or (
            self.kind(k) == "compare" and self.tokens[k].compare == comparators.LE
        ):
            k += 1
            inclusive = True
            if self.kind(k) == "compare" and (said := self.tokens[k].compare) is not None and said.end == "upper":
                k, inclusive = k + 1, said.inclusive
            while self.kind(k) == "word" and self.tokens[k].text in ("the", "age", "ages", "of"):
                k += 1
            high = self.quantity(k, signed=True)
            if high is not None and self._alike(low[0], high[0]):
                tag = _INCLUSIVE.match(self.text, high[0].end, self.end)
                if tag is not None and tag["exc"] is not None and tag[0].lstrip().startswith("("):
                    inclusive = False
                return self._range(start, low[0], high[0], inclusive, i, high[1], low_inclusive)
        if word == "from" and low[0].unit in TIME_UNITS and self.kind(low[1]) not in ("dash", "to"):
            after = self._after(low[0].end, fuzzy=False)
            older = low[0].aged or (after is not None)
            if older:
                end = after[0] if after is not None else low[0].end
                return Value(start, end, (Interval(Limit(low[0]), None),), "bound", i, self.beyond(low[1], end), True)
        return None

    def _range(
        self,
        start: int,
        low: Quantity,
        high: Quantity,
        inclusive: bool,
        first: int,
        last: int,
        low_inclusive: bool = True,
    ) -> Value | None:
        if low.unit is None and high.unit is not None:
            low = replace(low, unit=high.unit, times=high.times, aged=high.aged)
        elif high.unit is None and low.unit is not None:
            high = replace(high, unit=low.unit, times=low.times)
        if low.unit == high.unit and low.first > high.first:
            if self.kind(first) == "number" and low.unit is None and low.times is None:
                return None  # "Vienna 4-1": a name
            low, high = high, low
        interval = Interval(Limit(low, low_inclusive), Limit(high, inclusive))
        return Value(start, max(low.end, high.end), (interval,), "range", first, last, low.aged or high.aged)

    @staticmethod
    def _alike(a: Quantity, b: Quantity) -> bool:
        """Two ends of one range: the same unit, or one of them without (or two times: "6 months to 5 years")."""
        if a.roman != b.roman and (a.roman or b.roman) is not False:
            return False
        if a.unit is None or b.unit is None or a.unit == b.unit:
            return True
        return a.unit in TIME_UNITS and b.unit in TIME_UNITS

    def _compared(self, i: int) -> Value | None:
        """Comparator ["(" comparator ")"] (quantity | limit) [after] {("and"|"or"|"to"|","|"-") comparator quantity}."""
        bound = self._bound(i)
        if bound is None:
            return None
        said, low, k = bound
        start = self.tokens[i].start
        if said.end == "lost" or said.end == "near":
            form: Form = "lost" if said.end == "lost" else "near"
            return Value(start, low.end, (Interval(Limit(low), None),), form, i, k, low.aged)
        if said.end == "equal":
            if self.kind(k) in ("dash", "to", "comma"):
                ranged = self._plain(i + 1)
                if ranged is not None and ranged.form in ("range", "set"):
                    return replace(ranged, start=start, first=i)
            return self._listed(start, low, i, k, "equal") if self.tokens[i].text else self._lost(start, low, i, k)
        older = low.aged or self._older(i)
        interval = self._one(said, low)
        end = low.end
        after = self._after(low.end, fuzzy=False)
        if after is not None and after[1].end == said.end:
            end, older = after[0], older or self._ages(low.end, after[0])
            k = self.beyond(k, end)
        return self._second(Value(start, end, (interval,), "bound", i, k, older))

    def _lost(self, start: int, low: Quantity, i: int, k: int) -> Value:
        """Lost = "=" quantity ["and" "=" quantity]: a lone "=" before a size is what is left of a sign that got lost on the way."""
        j = k
        while self.kind(j) in ("comma", "and", "or", "to", "dash") and j - k < 3:
            j += 1
        if (
            j > k
            and self.kind(j) == "compare"
            and self.tokens[j].compare == comparators.EQUAL
            and not self.tokens[j].text
        ):
            read = self.quantity(j + 1, signed=True)
            if read is not None and self._alike(low, read[0]) and read[0].first > low.first:
                high = read[0]
                low = replace(low, unit=low.unit or high.unit)
                interval = Interval(Limit(low), Limit(replace(high, unit=high.unit or low.unit)))
                return Value(start, high.end, (interval,), "lost", i, read[1], low.aged or high.aged)
        return Value(start, low.end, (Interval(Limit(low), None),), "lost", i, k, low.aged)

    def _bound(self, i: int) -> tuple[Comparator, Quantity, int] | None:
        said = self.tokens[i].compare
        if said is None:
            return None
        j = i + 1
        for _ in range(3):
            if self.kind(j) == "open" and self.kind(j + 1) == "compare" and self.kind(j + 2) == "close":
                said = self._agreed(said, self.tokens[j + 1].compare)
                j += 3
            elif self.kind(j) == "compare" and (again := self.tokens[j].compare) is not None:
                said = self._agreed(said, again)
                j += 1
            elif self.kind(j) == "colon" and self.tokens[i].text in ("below", "above", "over", "under"):
                return None  # "as specified below: 52. ..."
            elif self.kind(j) == "colon" or (
                self.kind(j) == "word"
                and self.tokens[j].text
                in ("a", "the", "age", "ages", "of", "score", "grade", "class", "stage", "about")
            ):
                j += 1
            else:
                break
        if said is None:
            return None
        found = self.quantity(j, signed=True)
        if (
            found is None
            and self.kind(j) == "word"
            and self.kind(j + 1) == "word"
            and self.tokens[j + 1].text in ("grade", "class", "stage", "type")
        ):
            found = self.quantity(j + 2) if self.kind(j + 2) in ("number", "roman") else None
        if found is None and self.kind(j) == "mention":
            after = j + 1
            while self.kind(after) in ("open", "close") or (
                self.kind(after) == "word"
                and self.tokens[after].text in ("class", "grade", "score", "stage", "of", "level")
            ):
                after += 1
            found = self.quantity(after) if self.kind(after) in ("number", "roman") else None
        if found is not None:
            return said, found[0], found[1]
        limit = LIMIT.match(self.text, self.tokens[j - 1].end, self.end)
        if limit is not None and said.end in ("lower", "upper"):
            times = Times.LLN if limit["lln"] else Times.ULN
            by = float(limit["by"]) if limit["by"] else 1.0
            start = limit.start("uln") if limit["uln"] else limit.start("lln")
            return said, Quantity(start, limit.end(), (by,), "1", times), self.beyond(j, limit.end())
        return None

    @staticmethod
    def _agreed(one: Comparator | None, other: Comparator | None) -> Comparator | None:
        """Two comparators before one number: the same end, or nothing. "at least >= 5"; "= <" is read as one sign."""
        if one is None or other is None:
            return None
        if one.end == other.end:
            return Comparator(one.end, one.inclusive or other.inclusive)
        if one.end in ("equal", "near", "lost"):
            return Comparator(other.end, True) if one.end == "equal" else None
        return Comparator(one.end, True) if other.end == "equal" else None

    @staticmethod
    def _one(said: Comparator, q: Quantity) -> Interval:
        limit = Limit(q, said.inclusive)
        return Interval(limit, None) if said.end == "lower" else Interval(None, limit)

    def _after(self, pos: int, *, fuzzy: bool) -> tuple[int, Comparator] | None:
        text, end = self.text, self.end
        while pos < end and text[pos] in " \u00a0,)]":
            pos += 1
        found = comparators.read_after(text, pos, end)
        if found is None and fuzzy and (m := _FUZZY_AFTER.match(text, pos, end)) is not None:
            found = comparators.read_after(text, m.end(), end)
        return found

    def _ages(self, a: int, b: int) -> bool:
        said = self.text[a:b].lower()
        return "older" in said or "younger" in said or "elder" in said

    def _older(self, i: int) -> bool:
        return self._ages(self.tokens[i].start, self.tokens[i].end)

    def _second(self, value: Value) -> Value:
        """A second comparator on the other side closes the range ("> 5 and <= 10") or opens an alternative ("< 14 or > 35")."""
        for _ in range(2):
            if len(value.intervals) != 1:
                return value
            one = value.intervals[0]
            k, connective = value.last, ""
            while self.kind(k) in ("comma", "and", "or", "to", "dash", "slash") and k - value.last < 3:
                connective = self.kind(k)
                k += 1
            if (
                self.kind(k) == "word"
                and self.tokens[k].text in ("is", "are", "age", "aged", "ages")
                and self.kind(k + 1) == "compare"
            ):
                k += 1
            high: Quantity | None = None
            said: Comparator | None = None
            if self.kind(k) == "compare":
                bound = self._bound(k)
                if bound is not None:
                    said, high, k = bound
            elif connective in ("to", "dash") and one.upper is None and one.lower is not None:
                read = self.quantity(k, signed=connective == "to")
                if read is not None:
                    said, high, k = comparators.LE, read[0], read[1]
            if said is None or high is None or said.end not in ("lower", "upper"):
                return value
            mine = one.lower or one.upper
            if mine is None or (said.end == "lower") == (one.lower is not None) or not self._alike(mine.quantity, high):
                return value
            if high.times != mine.quantity.times:
                return value
            low = mine.quantity
            if low.unit is None and high.unit is not None:
                low = replace(low, unit=high.unit, aged=high.aged)
            elif high.unit is None:
                high = replace(high, unit=low.unit)
            older = value.older or high.aged
            mine = Limit(low, mine.inclusive)
            other = Limit(high, said.inclusive)
            lower, upper = (mine, other) if one.lower is not None else (other, mine)
            apart = lower.quantity.first > upper.quantity.first and lower.quantity.unit == upper.quantity.unit
            if apart:
                pair = (Interval(None, upper), Interval(lower, None))
                value = Value(
                    value.start, high.end, pair if one.upper is not None else pair[::-1], "bound", value.first, k, older
                )
            else:
                value = Value(value.start, high.end, (Interval(lower, upper),), "range", value.first, k, older)
        return value

    def _plain(self, i: int) -> Value | None:
        """Quantity ("-" | "to") quantity | quantity after | quantity {"," quantity} | quantity comparator subject."""
        read = self.quantity(i, signed=self.kind(i) == "dash")
        if read is None:
            return None
        low, k = read
        start = low.start
        if self.kind(k) in ("dash", "to") and not (
            self.kind(k) == "to" and self.tokens[k].text in ("until", "till") and low.unit is None
        ):
            inclusive, j = True, k + 1
            said = self.tokens[j].compare if self.kind(j) == "compare" else None
            if said is not None and (said.end == "upper" or said.end == "equal"):
                inclusive, j = said.inclusive, j + 1
            if said is None or said.end in ("upper", "equal"):
                high = self.quantity(j, signed=self.kind(k) == "to")
                if high is not None and self._alike(low, high[0]) and high[0].over is None:
                    found = self._range(start, low, high[0], inclusive, i, high[1])
                    return found
        if (
            self.kind(k) == "compare"
            and (said := self.tokens[k].compare) is not None
            and said.end in ("lower", "upper")
        ):
            subject = self.tokens[k + 1] if k + 1 < self.count else None
            named = (
                subject is not None
                and subject.kind == "word"
                and self.kind(k + 2) == "compare"
                and said == self.tokens[k + 2].compare
            )
            if subject is not None and (named or subject.kind == "mention" or subject.text in ("age", "ages")):
                flipped = Comparator("lower" if said.end == "upper" else "upper", said.inclusive)
                interval = self._one(flipped, low)
                value = Value(
                    start, self.tokens[k].end, (interval,), "bound", i, k + 1, subject.text in ("age", "ages")
                )
                if self.kind(k + 2) == "compare":
                    closed = self._second(replace(value, last=k + 2))
                    if closed.last != k + 2:
                        return closed
                return value
            if subject is not None and subject.kind in ("number", "dash") and self.tokens[k].compare == comparators.LE:
                high = self.quantity(k + 1)
                if (
                    high is not None
                    and self.text[self.tokens[k].start : self.tokens[k].end].lower().startswith("up")
                    and self._alike(low, high[0])
                ):
                    return self._range(start, low, high[0], True, i, high[1])
        if low.more:
            return self._second(Value(start, low.end, (Interval(Limit(low, False), None),), "bound", i, k))
        after = self._after(low.end, fuzzy=True)
        if after is not None and low.unit is None and self.text[low.end : low.end + 1] == "+":
            later = self.years(after[0])
            if later is not None:  # "18+ years old"
                low = replace(low, unit="a", aged=later[1], end=later[0])
                after = (later[0], after[1])
        if after is not None:
            older = low.aged or self._ages(low.end, after[0])
            value = Value(start, after[0], (self._one(after[1], low),), "bound", i, self.beyond(k, after[0]), older)
            return self._second(value)
        return self._listed(start, low, i, k, "bare")

    def _joined_by_and(self, k: int, last: int) -> bool:
        return any(t.kind == "and" for t in self.tokens[k:last])

    def _listed(self, start: int, low: Quantity, i: int, k: int, form: Form) -> Value:
        """Quantity {("," | "or" | "and" | "/") quantity}: a set of values without comparators."""
        found, last = [low], k
        while len(found) < 12 and low.over is None:
            j = last
            while self.kind(j) in ("comma", "or", "and", "slash") and j - last < 3:
                j += 1
            if (
                self.kind(j) == "word"
                and self.tokens[j].text in ("class", "grade", "stage", "score")
                and self.kind(j + 1) in ("roman", "number")
            ):
                j += 1
            if j == last or self.kind(j) not in ("number", "roman"):
                break
            read = self.quantity(j)
            if (
                read is None
                or read[0].roman != low.roman
                or read[0].times
                or (read[0].unit != low.unit and low.unit is not None)
                or read[0].over is not None
            ):
                break
            if self._after(read[0].end, fuzzy=False) is not None or self.kind(read[1]) in ("dash", "to"):
                break
            found.append(read[0])
            last = read[1]
        if (
            len(found) == 2
            and found[1].aged
            and not low.roman
            and low.first < found[1].first
            and self._joined_by_and(k, last)
        ):
            ranged = self._range(start, low, found[1], True, i, last)
            if ranged is not None:
                return ranged
        if len(found) > 1:
            form = "set"
            if found[-1].unit is not None and low.unit is None:
                if not (found[-1].roman or len(found) > 2):
                    found, last, form = [low], k, "bare"
                else:
                    found = [replace(q, unit=found[-1].unit) for q in found]
        intervals = tuple(Interval(Limit(q), Limit(q)) for q in found)
        return Value(start, found[-1].end, intervals, form, i, last, low.aged)
