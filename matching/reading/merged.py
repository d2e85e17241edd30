"""Runs of words that are one item of a line: kinds of reaction before "to", and what keeps a drug from being absorbed."""

from __future__ import annotations

import re
from typing import NamedTuple

from matching.model.criterion import Concept, ConditionIs, Expression, TreatmentIs, Unreadable
from matching.reading import signals
from matching.reading.cues import Cue
from matching.reading.logic import any_of, narrowed

_KIND = (
    r"(?:(?:known|prior|previous|past|severe|serious|significant|clinically|major|immediate|delayed|suspected|any|other|adverse|allergic|"
    r"anaphylactic|anaphylactoid|hypersensitivity|idiosyncratic|systemic|life-threatening|drug|infusion)\s+){0,4}"
    r"(?:allerg(?:y|ies)|hypersensitivit(?:y|ies)|reactions?|anaphylaxis|sensitivit(?:y|ies)|anaphylactic\s+shock)"
)
_REACTIONS = re.compile(
    rf"(?i)\b(?<![-\w]){_KIND}(?:(?:\s*,\s*(?:and\s*/\s*or|or|and)?\s*|\s*/\s*|\s+(?:and\s*/\s*or|or|and)\s+){_KIND}){{1,4}}\s*,?\s+(?:to|towards?|against)\b"
)
_ABSORPTION = re.compile(
    r"(?i)\b(?:any\s+(?:(?:other|medical|known)\s+){0,2}(?:conditions?|disorders?|diseases?|illness(?:es)?|abnormalit(?:y|ies)|patholog(?:y|ies))\s+)?"
    r"(?:that|which|likely\s+to|known\s+to|expected\s+to|(?:may|might|could|would|can)|(?:significantly|possibly|potentially|adversely)|"
    r"affect(?:s|ing)?|alter(?:s|ing)?|interfer(?:es?|ing)\s+with|impair(?:s|ing)?|influenc(?:es?|ing)|modif(?:y|ies|ying)|"
    r"impact(?:s|ing)?|compromis(?:es?|ing)|preclud(?:es?|ing)|hinder(?:s|ing)?|prevent(?:s|ing)?|limit(?:s|ing)?|reduc(?:es?|ing))"
    r"(?:\s+(?:that|which|likely\s+to|(?:is|are)\s+(?:likely|known|expected)\s+to|may|might|could|would|can|significantly|possibly|potentially|adversely|severely|"
    r"materially|substantially|seriously|markedly|negatively|affect(?:s|ing)?|alter(?:s|ing)?|interfer(?:es?|ing)|with|impair(?:s|ing)?|influenc(?:es?|ing)|"
    r"modif(?:y|ies|ying)|impact(?:s|ing)?|(?:up)?on|compromis(?:es?|ing)|preclud(?:es?|ing)|hinder(?:s|ing)?|prevent(?:s|ing)?|"
    r"limit(?:s|ing)?|reduc(?:es?|ing)|the|an?|adequate|oral|enteral|intestinal|gastrointestinal|gastric|gi|gis|study|trial|drugs?|medications?|"
    r"medicines?|treatments?|product|investigational|ability|patient'?s?|subject'?s?|participant'?s?|s|to|take|swallow|ingest|retain|or|and)){0,12}\s+"
    r"(?:absorption|absorb)\b"
    r"(?:\s+of(?:\s+(?:the|an?|any|orally?|administered|study|trial|investigational|drugs?|medications?|medicines?|treatments?|products?|agents?|therapy|"
    r"oral)){0,6}|\s+(?:the\s+)?(?:oral|study)\s+(?:drugs?|medications?|treatments?))?"
)
_AXIS = re.compile(
    r"(?i)\b(?:DSM[-\s]*(?:IV|4)(?:[-\s]*TR)?[-\s]+(?:defined\s+|criteria\s+for\s+(?:an?\s+)?)?)?axis[-\s]+(?:I|1|one)\b(?!\s*(?:and|or|/|,)\s*(?:axis[-\s]+)?(?:II|2))"
    r"(?:\s+(?:DSM[-\s]*(?:IV|4)(?:[-\s]*TR)?|psychiatric|mental|clinical|mood|primary))*\s+(?:disorders?|diagnos[ei]s|conditions?|illness(?:es)?|disturbances?)"
)
"""The first axis of DSM-IV alone."""
_VERB = re.compile(
    r"(?i)\b(?:affect|alter|interfer|impair|influenc|modif|impact|compromis|preclud|hinder|prevent|limit|reduc)"
)


class Merged(NamedTuple):
    """text[start:end] as one item of that kind."""

    start: int
    end: int
    kind: str
    cue: Cue


def merged(text: str, start: int, end: int, told: int = signals.ALL) -> list[Merged]:
    """The runs of text[start:end], in order. `told` are the signals of its words."""
    found: list[Merged] = []
    if told & signals.REACTION and told & signals.TOWARDS:
        for m in _REACTIONS.finditer(text, start, end):
            found.append(Merged(m.start(), m.end(), "shift", Cue("shift", "hypersensitivity")))
    if told & signals.ABSORPTION:
        for m in _ABSORPTION.finditer(text, start, end):
            if _VERB.search(m[0]) is not None:
                found.append(Merged(m.start(), m.end(), "absorption", Cue("absorption", "")))
    if told & signals.AXIS:
        for m in _AXIS.finditer(text, start, end):
            found.append(Merged(m.start(), m.end(), "axis_one", Cue("axis_one", "")))
    return sorted(found)


def axis_one(start: int, end: int, text: str) -> Expression:
    """A mental disorder of the first axis of DSM-IV: any but those of the second, of personality and intellect."""
    second = (
        ConditionIs(start, end, Concept("personality disorder", "D010554", "D010554")),
        ConditionIs(start, end, Concept("intellectual disability", "D008607", "D008607")),
    )
    return ConditionIs(start, end, Concept(text, "D001523", "D001523"), exceptions=second)


def badly_absorbed(start: int, end: int) -> Expression:
    """What keeps a drug from being absorbed lies in the gut, or was done to it; whether a disease of it does is not said."""
    gut = any_of(
        (
            ConditionIs(start, end, Concept("disease of the digestive system", "D004066", "D004066")),
            ConditionIs(start, end, Concept("digestive symptoms", "D012817", "D012817")),
            ConditionIs(start, end, Concept("cystic fibrosis", "D003550", "D003550")),
            TreatmentIs(start, end, Concept("surgery of the digestive system", "D013505", "D013505"), "procedure"),
            TreatmentIs(start, end, Concept("bariatric surgery", "D050110", "D050110"), "procedure"),
        )
    )
    return narrowed(gut, Unreadable(start, end, "whether it changes what is absorbed"))
