"""Titles inside an eligibility text: which list follows, and which cohort it is for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from matching.model.codes import Role
from matching.reading import leads


@dataclass(frozen=True, slots=True)
class Heading:
    """A title. `role` None: it does not say which list follows. `applies_to` None: it names no cohort.

    `everyone`: it says that what follows is for all cohorts. `end` is where the title ends (criteria may follow on
    the same line). `kind`: section (names a list), cohort, label (a topic such as "Hepatic:").
    `sentence`: a whole sentence ("Patients must meet ..."), not a title. `meant`: the label's words are needed to read what stands under it ("Age:" over "18 and over").
    """

    kind: str
    end: int
    role: Role | None = None
    applies_to: str | None = None
    everyone: bool = False
    meant: bool = False
    sentence: bool = False


_LEAD_IN = r"[\W\d_]*(?:[A-Za-z][.)]\s+|[IVX]{1,4}[.)]\s+)?"
_NOT_A_TITLE = re.compile(
    r"(?i)\b(?:at|before|after|prior|of|for|to|upon|until|from|since|between|and|on|in|day|days|weeks?|months?|time|date)\b|\d"
)
_LIST_WORD = (
    r"(?P<list>non[- ]?inclusions?|inclusions?|exclusions?|eligibility|selection|in-?/exclusion|inclusive|exclusive)"
)
_BEFORE = r"(?P<before>(?:(?!(?:not|no|do|does|who|any|other\s+protocol|may|apply|without|meets?|further|per|that|if|all\s+other|with|had|has|have|be|are|is|for)\b)[\w'’&,./()+:-]+\s+){0,7}?)"
_TITLE = re.compile(
    rf"""(?ix) {_LEAD_IN} {_BEFORE} {_LIST_WORD} (?:\s*(?:/|and|or|&)\s*(?P<second>exclusions?|inclusions?)\b)?
    (?:\s+(?P<criteria>crit[ea]ri(?:a|on|um|as|ons)\b|conditions?\b|requirements?\b|characteristics\b))?
    (?P<rest>[^\n]*)""",
)
_UNIT_TITLE = re.compile(
    r"(?:\W|\d+\.)*(?P<cohort>(?:Part|Cohort|Arm|Group|Phase|Step|Stage|Sub-?study)\s+\w{1,3}\b[^.;\n]{0,90}?)\s+(?:(?:Key|Main|Specific)\s+)?(?P<list>Inclusion|Exclusion|INCLUSION|EXCLUSION)\s+(?:[Cc]riteria|CRITERIA)\W*$"
)
_REST = re.compile(
    r"""(?ix) \s*(?:
      [\W_]*$
    | (?:(?:are|is|include|includes|including|will\s+be|were|must\s+be)\b[^.]{0,70})?[:：\W]*$
    | (?:\(|\[|[-–—,/]|for\b|of\b|at\b|in\b|to\b|by\b|on\b|specific\b|applicable\b|common\b|relating\b|related\b|that\s+apply|during\b|prior\s+to\b|before\b|only\b|list\b|as\s+follows|the\s+following|\#?\d|used\b|which\b|that\b|determined\b|defined\b|required\b|assessed\b|evaluated\b|verified\b|checked\b|met\b|within\b|after\b|part\b|cohort\b|phase\b|arm\b|group\b|step\b|stage\b)(?:[^.;:：]|\.(?=\d)){0,160}[:：\W]*$
    )"""
)
_INLINE_TITLE = re.compile(
    rf"""(?ix) {_LEAD_IN}
    (?:(?:key|main|major|general|primary|core|additional|other|specific|common|selected|patient|subject|participant|study|donor|recipient|control|healthy|volunteers?|controls?|(?:part|cohort|arm|phase|step|group)s?\s+[\w/,&]{{1,6}})\s+){{0,4}}
    (?P<list>non[- ]?inclusions?|inclusions?|exclusions?|eligibility)
    (?:\s*(?:/|and|&)\s*(?P<second>exclusions?|inclusions?))?
    (?:\s+crit[ea]ri(?:a|on|um))?
    (?P<rest>(?:\s+(?:are|is|include|includes|for|of|in|at)\b[^:：.;\n]{{0,60}}|\s*\([^()\n]{{0,60}}\))?)\s*\**\s*[:：]\s*"""
)
_BARE_INLINE_TITLE = re.compile(r"(?:Inclusion|Exclusion|INCLUSION|EXCLUSION) (?:[Cc]riteria|CRITERIA)\s+(?=[A-Z])")

_EXCLUDING = re.compile(
    r"""(?ix) \b(?:excluded?\b|excludes\b|exclusion\b|exclusionary\b|ineligible\b|not\s+(?:be\s+)?(?:eligible|included|enrol\w+|enter\w*|admitted|participate|allowed|considered|entered|recruited|qualify|able\s+to\s+participate)
    |(?:can\s?not|may\s+not|must\s+not|should\s+not|will\s+not|would\s+not|are\s+not\s+to)\s+(?:be\s+)?(?:eligible|included|enrol\w+|enter\w*|admitted|participate|considered|entered|recruited|qualify|take\s+part|meet|fulfil\w*|have\s+any))"""
)
_INCLUDING = re.compile(
    r"""(?ix) \b(?:eligible|eligibility|inclusion|included?|enrol\w+|enter|entry|participat\w+|qualify|recruited|admitted|registered)\b
    | ^\W*(?:(?:all|the|study|each)\s+){0,2}(?:patients?|subjects?|participants?|individuals?|volunteers?|candidates?)\s+(?:\w+\s+){0,2}?(?:meet|fulfil+|satisfy)"""
)
_STUDY_WORDS = re.compile(
    r"""(?i)\b(?:stud(?:y|ies)|trial|excludes?|excluded|exclusion(?:ary)?|inclusion|included?|eligib\w+|ineligib\w+|not|cannot|can|would|could|enter(?:ed|ing)?|entry|participat\w+|enrol\w*|admitted|admission|recruited|recruitment|consider(?:ed|ation)|allowed|qualify|take|part|into|upon|ha(?:s|ve|ving)|exhibit\w*|respond|checked|prior|before|receiv\w+|booster|registration|registered|randomi[sz]\w+|screening|visit|our|candidates?|abbreviated|list|main|key|additional|general|overall|purposes?|reasons?|constitute|does|do|did|take|if|when|only|phase|cohorts?|arms?|groups?|[A-Z]|able|potential|qualif\w+|you|your|unless|otherwise|satisfactorily|parts?|fulfillment|apply|applicable|answers?|minimum|protocol|mandatory|order|final|cohort|time|day|whom|selected|define[d]?|used|population|sample|individual|medical|current|present|true|documented|answer\w*|yes|no|ha[sd]|exist|found|at)\b"""
)
_ABOUT_STUDY = re.compile(
    r"(?i)\b(?:stud(?:y|ies)|trial|eligib\w+|ineligible|participation|enrol\w+|criteria|excluded?|excludes|exclusion|inclusion|included|participate)\b"
)
_GATHERING = re.compile(
    r"(?i)\b(?:following|criteria|conditions|apply|if|any of these|all of these|include[sd]?|are|who|be|below|met|must|with|they|following:)\W*$|\bfollowing\b|\bcriteria\b"
)

_UNIT_WORD = r"(?:sub-?cohorts?|cohorts?|arms?|parts?|phases?|groups?|steps?|sub-?stud(?:y|ies)|segments?|modules?|periods?|stages?|tiers?|strat(?:um|a)|aims?)"
_PEOPLE_WORD = r"(?:healthy\s+(?:volunteers?|controls?|subjects?|participants?|adults?|donors?)|(?:normal\s+)?controls?(?:\s+group)?|donors?|recipients?|care\s?givers?|care\s?partners?|parents?|partners?|infants?|mothers?|fathers?|children|adults?|cases?|patients?|clinicians?|providers?|family\s+members?|sib(?:ling)?s?|spouses?)"
_COHORT_LINE = re.compile(
    rf"""(?ix) {_LEAD_IN} (?:(?:for|in|only\s+for|applicable\s+to)\s+)?
    (?:(?:all|both|the|participants?|patients?|subjects?|enrol\w+|specific|additional|criteria)\s+(?:in\s+|of\s+|for\s+|to\s+)?(?:the\s+)?){{0,3}}
    (?:(?:[\w-]+\s+){{0,3}}?{_UNIT_WORD}\b(?:\s*[\#(]?\w{{1,4}}\b\)?)?|{_PEOPLE_WORD}\b)
    [^.;\n]{{0,110}}[:：]\W*$"""
)
_COHORT_PHRASE = re.compile(rf"(?i)\W*(?:only\s+)?for\s+(?:the\s+)?(?:[\w/-]+\s+){{1,4}}{_UNIT_WORD}(?:\s+only)?\W*$")
"""A cohort without a colon: "For the endometriosis cohort"."""
_BARE_COHORT = re.compile(
    r"(?i)\W*(?:part|cohort|arm|group|step|phase|sub-?study)\s+(?:[A-H]|\d{1,2}[a-d]?|[IVX]{1,4}[ab]?)\W*$"
)
_EVERYONE = re.compile(
    r"(?i)\b(?:all|both|every|each|any)\s+(?:\w+\s+){0,2}?(?:cohorts?|arms?|parts?|phases?|groups?|participants?|patients?|subjects?|stages?)\b"
)
_COHORT_IN_TITLE = re.compile(
    rf"(?i)\b(?:{_UNIT_WORD}|{_PEOPLE_WORD}|subjects?|participants?|volunteers?|females?|males?|women|men)\b"
)
_REQUIRING = re.compile(
    r"(?i)\b(?:must|should|have|has|had|with|who|are|is|meet|meets|need|requir\w+|will|following|can|may|not|no)\b"
)
_LINE_COHORT = re.compile(
    rf"(?i)(?:(?:for|only\s+for|in)\s+)?(?:(?:participants|patients|subjects)\s+in\s+)?(?:the\s+)?({_UNIT_WORD}\s+(?:[A-H]\d?|\d{{1,2}}[a-d]?|[IVX]{{1,4}}[ab]?)(?:\s*(?:,|/|&|and|or)\s*(?:{_UNIT_WORD}\s+)?(?:[A-H]\d?|\d{{1,2}}[a-d]?|[IVX]{{1,4}}))*)(?:\s+(?:only|participants|patients|subjects)){{0,2}}\s*[:,]\s"
)
_ONLY_COHORT = re.compile(
    rf"(?i)\(\s*((?:{_UNIT_WORD}|patients|participants|subjects|controls|donors)\b[^()]{{0,40}}?|[^()]{{0,40}}?\b{_UNIT_WORD}(?:\s+\w{{1,3}})?(?:\s+(?:patients|participants|subjects))?)\s+only\s*\)"
)

_TOPICS = re.compile(
    r"""(?ix) [\W]* (?P<topic>
      (?P<meant>age|sex|gender|menopausal\ status|performance\ status|life\ expectancy|weight|hormone\ receptor\ status|bmi|body\ mass\ index)
    | hematopoietic|haematopoietic|hematologic(?:al)?|haematologic(?:al)?|hepatic|renal|cardiovascular|cardiac|pulmonary|neurologic(?:al)?|ophthalmic|immunologic(?:al)?|gastrointestinal|metabolic|endocrine|other|general|systemic|ocular|notes?
    | biologic(?:al)?\ therapy|chemotherapy|endocrine\ therapy|radiotherapy|surgery|prior\ concurrent\ therapy|disease\ characteristics|patient\ characteristics
    ) \s*[:：]?\W*$"""
)
_NCI_TITLE = re.compile(
    r"\W*(?:DISEASE CHARACTERISTICS|PATIENT CHARACTERISTICS|PRIOR CONCURRENT THERAPY|PRIOR/CONCURRENT THERAPY|PROJECTED ACCRUAL)\s*:?\s*"
)


_ANYBODY = re.compile(
    r"(?i)(?:(?:the|study|all|enrolled|eligible|key|main|trial|general|adult|human)\s+)*(?:patients?|subjects?|participants?|volunteers?|individuals|adults?)(?:\s*(?:level|-level))?"
)


def _role_of(word: str, second: str | None) -> Role | None:
    word = word.lower()
    if second or word.startswith("in/"):
        return None
    if word.startswith("excl") or word.startswith("non"):
        return Role.EXCLUSION
    return Role.INCLUSION


_TRIMMED = re.compile(r"(?i)^(?:(?:the|key|main|major|additional|specific|only|for|in|selected?)\s+)+")
_MOMENT = re.compile(
    r"(?i)\b(?:screening|run-?in|baseline|randomi[sz]ation|enrol+ment|registration|wash-?out|pre-?treatment|lead-?in|treatment|maintenance|induction|follow-?up|titration|extension|open-label)\s+(?:period|phase|visit|stage)s?\b"
)


def cohort_of(words: str) -> tuple[str | None, bool]:
    """The cohort that a title's words name, and whether they name everyone. A period of the study is no cohort."""
    words = words.strip(" \t\r\n*_:：-–—,.#[]")
    if words.count("(") != words.count(")"):
        words = words.strip("()")
    words = _TRIMMED.sub("", words)
    if _MOMENT.search(words):
        return None, False
    if _EVERYONE.search(words):
        return None, True
    if words and _COHORT_IN_TITLE.search(words) and not _ANYBODY.fullmatch(words):
        return " ".join(words.split()), False
    return None, False


_CONNECT = re.compile(r"(?i)^\W*(?:(?:specific(?:ally)?|applicable|common|only)\s+)?(?:for|of|in|to|at)?\s*(?:the\s+)?")


def title(text: str, start: int, end: int, *, marked: bool, followed_by_list: bool) -> Heading | None:
    """What a line that is a title as a whole says; None for a line that is not one."""
    length = end - start
    if length > 260:
        return None
    line = text[start:end]
    colon = line.rstrip(" *_>")[-1:] in (":", "：")
    if length <= 210:
        nci = _NCI_TITLE.fullmatch(line)
        if nci:
            return Heading("section", end, Role.INCLUSION)
        unit = _UNIT_TITLE.match(line)
        if unit:
            return Heading("section", end, _role_of(unit["list"], None), cohort_of(unit["cohort"])[0])
        found = _TITLE.match(line)
        if found and (found["criteria"] or found["rest"].strip(" *_:：.-") == "" or colon):
            bare = found["list"].lower() in ("selection", "eligibility", "inclusive", "exclusive")
            if (found["criteria"] or (not bare and length <= 60)) and _REST.match(found["rest"]):
                words = found["before"] + " " + _CONNECT.sub("", found["rest"])
                cohort, everyone = cohort_of(words)
                loose = not found["criteria"] and not colon and _NOT_A_TITLE.search(found["before"])
                if not loose and not (found["before"].strip() and not colon and length > 70):
                    return Heading("section", end, _role_of(found["list"], found["second"]), cohort, everyone)
    if (
        not marked
        and (colon or followed_by_list)
        and _ABOUT_STUDY.search(line)
        and _GATHERING.search(line)
        and _only_gathers(line)
    ):
        unit = _UNIT_NAMED.search(line)
        cohort = unit[0] if unit else None
        if _EXCLUDING.search(line):
            return Heading("section", end, Role.EXCLUSION, cohort, sentence=True)
        if _INCLUDING.search(line) and (colon or "following" in line):
            return Heading("section", end, Role.INCLUSION, cohort, sentence=True)
    if length <= 100 and not marked and _TOPICS.match(line) and (colon or followed_by_list):
        return Heading("label", end, meant=_TOPICS.match(line)["meant"] is not None)  # type: ignore[index]
    if length <= 140 and ((not marked or followed_by_list) and colon and _COHORT_LINE.match(line)):
        if not _REQUIRING.search(line):
            if _MOMENT.search(line):
                return Heading("moment", end)
            cohort, everyone = cohort_of(re.sub(r"(?i)^\W*(?:only\s+)?(?:for|in)\s+", "", line))
            if cohort or everyone:
                return Heading("cohort", end, None, cohort, everyone)
    elif not marked and length <= 80 and followed_by_list and _COHORT_PHRASE.match(line) and not _MOMENT.search(line):
        cohort, everyone = cohort_of(line)
        if cohort or everyone:
            return Heading("cohort", end, None, cohort, everyone)
    elif not marked and length <= 30 and _BARE_COHORT.match(line):
        return Heading("cohort", end, None, " ".join(line.strip(" *:#").split()))
    return None


def _only_gathers(line: str) -> bool:
    """Whether a sentence says nothing of a patient, only which list follows."""
    return leads.is_pure(_STUDY_WORDS.sub(" ", line), 0, len(line))


_COHORT_ONLY = re.compile(rf"(?i){_UNIT_WORD}\s+\w{{1,3}}(?:\W+(?:(?:and|or|{_UNIT_WORD})\W+)*\w{{1,3}})*\W*$")
_UNIT_NAMED = re.compile(rf"\b(?i:{_UNIT_WORD})\s+(?:[A-H]\d?|\d{{1,2}}[a-d]?|[IVX]{{1,4}}[ab]?)\b")


def inline_title(text: str, start: int, end: int) -> Heading | None:
    """A title at the beginning of a line whose criteria follow on the same line."""
    stop = min(end, start + 220)
    nci = _NCI_TITLE.match(text, start, stop)
    if nci and nci.end() < end:
        return Heading("section", nci.end(), Role.INCLUSION)
    found = _INLINE_TITLE.match(text, start, stop)
    if found is None or found.end() >= end:
        return None
    groups = found.groupdict()
    rest = text[found.end() : end]
    if len(rest) <= 60 and (_COHORT_ONLY.match(rest) or (_COHORT_PHRASE.match(rest) and not _MOMENT.search(rest))):
        return Heading("section", end, _role_of(groups["list"], groups["second"]), *cohort_of(rest))
    words = found[0][: found.start("list") - found.start()] + " " + _CONNECT.sub("", groups["rest"])
    cohort, everyone = cohort_of(words)
    return Heading("section", found.end(), _role_of(groups["list"], groups["second"]), cohort, everyone)


def bare_inline_title(text: str, start: int, end: int) -> Heading | None:
    """A title without a colon before criteria on the same line ("Inclusion Criteria Adults aged ...")."""
    found = _BARE_INLINE_TITLE.match(text, start, end)
    return Heading("section", found.end(), _role_of(found[0].strip()[:9], None)) if found else None


def line_cohort(text: str, start: int, end: int) -> str | None:
    """The cohort that one line restricts itself to: "Cohort A only: ..." or "... (Phase II patients only)"."""
    found = _LINE_COHORT.match(text, start, min(end, start + 120))
    if found:
        return " ".join(found[1].split())
    if text.find("only", start, end) >= 0:
        only = _ONLY_COHORT.search(text, start, end)
        if only:
            return " ".join(only[1].split())
    return None
