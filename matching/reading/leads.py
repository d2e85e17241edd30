"""What a line that leads nested lines says about how they hang together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from matching.model.codes import Role
from matching.reading import windows


@dataclass(frozen=True, slots=True)
class Connective:
    """How the parts of a group join. `count` is the k of "at least k". `stated`: the text says so."""

    kind: Literal["all", "any", "at_least"]
    count: int = 1
    stated: bool = True


_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "1": 1,
    "2": 2,
    "3": 3,
    "4": 4,
    "5": 5,
    "6": 6,
}
_K = r"(?:one|two|three|four|five|six|[1-6])"
_WHAT = (
    r"(?:\w+[\s-]+){0,3}?(?:following|these|those|below|criteri\w+|conditions?|features|factors|characteristics|of)\b"
)
_AT_LEAST = re.compile(
    rf"(?i)(?:\bat\s+least|\bminimum\s+of|\bminimum|>=|≥)\s*{_K}\b(?:\s*\(\d\))?(?!\s*(?:\(\w+\)\s*)?(?:weeks?|months?|years?|days?|hours?|half|times?\b))|\b{_K}\s*(?:\(\d\)\s*)?(?:or\s+more|\+)(?=\s)|\b(?:more\s+than)\s+{_K}\b\s+of"
)
_ONE_OF = re.compile(
    rf"(?i)\b(?:one|1)(?:\s*\(1\))?\s+(?:\w+\s+){{0,2}}?of\b|\beither\b|\bor\s+more\s+of\b|\bmeet(?:s|ing)?\s+(?:one|1)\b|\b(?:one|1)\s+{_WHAT}"
)
_ANY = re.compile(r"(?i)\bany\b|\bone\s+or\s+(?:both|all|more)\b|\band\s*/\s*or\s*:|\bor\s*:\W*$")
_ALL = re.compile(
    r"(?i)\b(?:all|both|each|every)\b(?!\s+(?:patients|subjects|participants|males?|females?|wom[ae]n|men|sexes|genders|races|sites|eyes))"
)
_BOTH_EXACT = re.compile(rf"(?i)\b(?:the\s+following|these|meets?|fulfil\w*)\s+{_K}\s+(?:criteria|conditions)\b")
_TRAILING_OR = re.compile(r"(?i)(?:[,;.:]|\b)\s*\b(?:or|and\s*/\s*or)\b\s*[;:,.]?$")
_TRAILING_AND = re.compile(r"(?:[,;.:]\s*|\s)(?:AND|and)\b\s*[;:,.]?$")
_LONE_AND = re.compile(r"[\n\r]\s*(?:AND|and)\b\W*$|\sAND\W*$")
_LEADING_OR = re.compile(r"\W*(?:OR|or|Or)\b(?!\s*\d)(?:\W|\s)")

_NEGATED = re.compile(
    r"""(?ix) \bnone\s+of\b | \bno\s+(?:\w+\s+){0,3}?of\s+(?:any\s+of\s+)?(?:the\s+)?(?:following|these) | ^\W*(?:no|without|absence\s+of|free\s+(?:of|from))\b
    | \b(?:must|should|may|can|will|do|does|did|shall|are|is|have|has)\s*not\b | \bcannot\b | \bnot\s+(?:have|having|had|be|been|meet|currently|suffer\w*|receiv\w+|taking|tak\w+)\b
    | \bneither\b | \bnever\b | \babsence\s+of\b | \bfree\s+(?:of|from)\b | \bwithout\b | \bno\s+(?:evidence|history|known|prior|previous|current|active|concurrent|clinical\w*|sign|other)\b"""
)
_EXCEPTING = re.compile(
    r"""(?ix) \b(?:except(?:ions?|ing)?|unless|other\s+than|excluding|as\s+long\s+as|only\s+if|provided)\b
    | \b(?:allowed|permitted|acceptable|eligible|enrolled|included)[\s,]+(?:\w+[\s,]+){0,4}?(?:if|when|only|under|in\s+the\s+following|with\s+the)\b
    | \bnot\s+(?:be\s+)?(?:excluded|exclusionary|considered)\b | \b(?:allowed|permitted|acceptable)\W*$"""
)
_PURE = re.compile(
    r"""(?ix) \b(?:
      patients?|subjects?|participants?|individuals?|volunteers?|people|persons?|candidates?|who|whom|that|which|they|he|she|the|this|a|an|is|are|was|were|be|been|being|have|has|had|having|must|should|shall|will|may|need|needs|required|to|for|of|in|on|with|by|from|at|as|and|or|and/or
    |meet(?:s|ing)?|fulfil(?:l|ls|ling|led)?|satisf(?:y|ies|ying)|present(?:s|ing|ed)?|presence|exhibit(?:s|ing)?|show(?:s|ing)?|demonstrat(?:e|es|ed|ing)|met|apply|applies|exists?|suffer(?:s|ing)?|experienc(?:e|es|ed|ing)
    |following|below|these|those|criteri(?:a|on|um)|conditions?|requirements?|characteristics|features|factors|parameters|items|situations?|circumstances|listed|categories|category|types?|reasons?|findings?|symptoms|signs|diseases?|disorders?|abnormalit(?:y|ies)
    |any|all|both|each|either|every|one|two|three|four|five|six|more|least|minimum|\d|e\.?g|i\.?e|such|including|includes?|included|but|not\s+limited\s+to|limited|follows|namely|specifically|other
    |defined|definition|evidenced|evidence|documented|documentation|demonstrated|indicated|measured|determined|assessed|confirmed|based|according|described|characteri[sz]ed|manifested|shown|judged|mentioned|stated|outlined
    |adequate|acceptable|normal|sufficient|good|appropriate|satisfactory|organ|bone|marrow|ha?ematolog(?:y|ic(?:al)?)|ha?ematopoietic|hepatic|liver|renal|kidney|cardiac|pulmonary|coagulation|end-organ|functions?|reserve|status
    |laborator(?:y|ies)|lab|values?|tests?|results?|levels?|criteria|blood|counts?|biochemi(?:stry|cal)|chemistry|clinical(?:ly)?|significant(?:ly)?
    |history|known|current(?:ly)?|active|diagnos(?:is|ed|es)|medical|concurrent|concomitant|prior|previous(?:ly)?|past
    |reflect(?:s|ed|ing)?|risk|must|so|if|then|else|also|additional(?:ly)?|at\s+screening|screening|baseline|study|entry|enrol\w*|inclusion|exclusion|eligible|eligibility|excluded|trial
    )\b|[\W\d_]+"""
)
_NEGATIVE_WORDS = re.compile(r"(?i)\b(?:no|not|none|never|neither|without|free|absence|lack|cannot|do|does|did)\b")
_SUBGROUP = re.compile(
    r"(?ix)\W*(?:(?:for|if|in|when|where|among|only)\b|(?:(?:all|non-?pregnant|sexually\s+active|post-?menopausal|pre-?menopausal)\s+)?(?:females?|wom[ae]n|males?|m[ae]n|wocbp|children|adolescents?|infants?|adults|donors?|controls?)\b)"
)
_RESTRICTING = re.compile(
    r"(?i)\d|\b(?:within|prior\s+to|before|after|during|since|last|past|months?|years?|weeks?|days?|hours?|severe|uncontrolled|unstable|requiring|despite)\b"
)


def connective(text: str, start: int, end: int, role: Role) -> Connective:
    """How the lines under this line join: as it says; else any in an exclusion list and all in an inclusion list."""
    line = text[max(start, end - 160) : end]
    exact = _BOTH_EXACT.search(line)
    if exact:
        return Connective("all")
    at_least = _AT_LEAST.search(line)
    if at_least:
        count = next(_NUMBERS[k.lower()] for k in _groups(at_least) if k)
        if at_least[0].lower().startswith("more"):
            count += 1
        return Connective("any") if count == 1 else Connective("at_least", count)
    every, some = _ALL.search(line), _ANY.search(line)
    one = _ONE_OF.search(line)
    if every and not one and not (some and some.start() > every.start()):
        return Connective("all")
    if one or some:
        return Connective("any")
    return Connective("any" if role is Role.EXCLUSION else "all", stated=False)


def _groups(found: re.Match[str]) -> list[str]:
    return [piece for piece in re.findall(r"(?i)one|two|three|four|five|six|[1-6]", found[0])]


def is_negated(text: str, start: int, end: int) -> bool:
    """Whether the line says that what follows must not hold ("none of the following:", "Patients must not have:")."""
    last = None
    line = _ASIDE.sub(lambda m: " " * len(m[0]), text[start:end])
    for last in _NEGATED.finditer(line):  # noqa: B007 -- the last one is used below
        pass
    if last is None or _ASKED_THEN.search(text, start + last.end(), end):
        return False
    return not has_exception(text, start, end)


_ASIDE = re.compile(r"(?i)\([^()]*\)|\bwith(?:\s+or\s+|\s*/\s*)without\b")
"""What denies nothing of what follows: "migraine (without aura)", "with or without"."""
_ASKED_THEN = re.compile(
    r"(?i)\b(?:(?:must|should|shall|need(?:s)?\s+to|ha(?:s|ve)\s+to|(?:is|are)\s+required\s+to)\s+(?!not\b|never\b)\w+|defined\s+as|meaning|i\.?\s?e\b)|,\s*(?:and\s+|but\s+)?(?:with|having|who\s+have)\b"
)
"""What asks for something after a denial of another: "who are not of childbearing potential must meet one of:"."""


_STOPPING = re.compile(
    r"""(?ix) \b(?:must|should|may|shall|will)\s*not\s+(?:have|be|meet|receive|take|use|present|suffer|exhibit|show|participate|enter|enrol) | \bcannot\s+(?:have|be\s+(?:enrol|includ|eligib))
    | \b(?:not|non-?)\s*(?:be\s+)?(?:enrolled|included|eligible|allowed|permitted|recruited|entered|accepted|administered|randomi[sz]ed)"""
)
_LACKING = re.compile(
    r"""(?ix) \b(?:without|lacking|lacks?\s+(?:of\s+)?|absence\s+of)\s+(?:any|all|one|at\s+least|the)
    | \b(?:do|does|did|has|have|had)\s+not\s+(?:have|had|meet|met|undergone|received|been|fulfil\w*|experienc\w*|stopped|taken) | \bnot\s+(?:having|meeting|fulfil\w+)"""
)


def stops_whoever_has(text: str, start: int, end: int) -> bool:
    """Whether a denial in a line of an exclusion list only says who is not let in.

    "Patients must not have any of:", "Subjects with any of the following are not eligible:". What stands under it excludes as it stands.
    """
    return bool(_STOPPING.search(text, start, end)) and not _LACKING.search(text, start, end)


def lacks(text: str, start: int, end: int) -> bool:
    """Whether a line speaks of those who do not have what stands under it ("Patients who do not meet all of:")."""
    return bool(_LACKING.search(text, start, end))


def has_exception(text: str, start: int, end: int) -> bool:
    """Whether what follows the line is let through ("..., except:", "are allowed if:")."""
    return bool(_EXCEPTING.search(text, max(start, end - 90), end))


def admits(text: str, start: int, end: int) -> bool:
    """Whether the line only says who is let in at all ("Patients are eligible if they:"): what follows is required."""
    if _LETS_THROUGH.search(text, start, end) is not None:
        return False
    everybody = _EVERYBODY.match(text, start, end)
    return is_pure(text, everybody.end() if everybody is not None else start, end)


_EVERYBODY = re.compile(
    r"(?i)\W*(?:all\s+)?(?:(?:fe)?males?|m[ae]n|wom[ae]n)\s*(?:and|or|/|and/or)\s*(?:(?:fe)?males?|m[ae]n|wom[ae]n)\b"
)


def names_subgroup(text: str, start: int, end: int) -> bool:
    """Whether the line restricts what follows to some people ("Female participants:", "For patients with ...:")."""
    return bool(_SUBGROUP.match(text, start, end))


def restricts(text: str, start: int, end: int) -> bool:
    """Whether the line's own words narrow what follows (a number, a severity), beyond a time that is read with it."""
    covered = start
    for spot in windows.spot(text, start, end):
        if _RESTRICTING.search(text, covered, spot.start):
            return True
        covered = max(covered, spot.end)
    return bool(_RESTRICTING.search(text, covered, end))


def is_pure(text: str, start: int, end: int) -> bool:
    """Whether the line says nothing beyond how the lines under it join, and whether they must not hold."""
    line = _NEGATIVE_WORDS.sub(" ", text[start:end])
    position, length = 0, len(line)
    while position < length:
        found = _PURE.match(line, position)
        if found is None:
            return False
        position = found.end()
    return True


_TIME_APART = re.compile(
    r"(?i)\b(?:weeks?|months?|days?|years?|hours?|half-li\w+|washout|wash-out)\b[^.:;]{0,60}\b(?:from|since|after|between|elapsed|off|following)\W*$"
)


def sets_time_apart(text: str, start: int, end: int) -> bool:
    """Whether the line says how long something must be over ("At least 4 weeks since:"): who never had it meets that too."""
    return bool(_TIME_APART.search(text, max(start, end - 120), end))


_PEOPLE = re.compile(
    r"(?i)\W*(?:patients?|subjects?|participants?|individuals?|those|people|persons?)\s+(?:with|who|receiving|having|on|taking|treated)\b"
)


def says_little(text: str, start: int, end: int) -> bool:
    """Whether three words at most are left of the line beyond how it joins, and none of them narrows."""
    left = _PURE.sub(" ", _NEGATIVE_WORDS.sub(" ", text[start:end])).split()
    return len(left) <= 3 and not restricts(text, start, end)


def names_people(text: str, start: int, end: int) -> bool:
    """Whether the line is about people of one kind ("Patients with diabetes:")."""
    return bool(_PEOPLE.match(text, start, end))


_OF_PEOPLE = re.compile(
    r"(?i)\w\W+(?:in|among|for)\s+(?:(?:any|those|all)\s+)?(?:patients?|subjects?|participants?|individuals?|those|people|persons?|women|men|children)\s+"
    r"(?:with|who\s+have|who\s+had|who\s+are|having|receiving|on|taking|treated\s+with)\W*$"
)


def says_of_people(text: str, start: int, end: int) -> bool:
    """Whether the line says something of the people whom the lines under it name ("Heart failure in patients with:")."""
    return bool(_OF_PEOPLE.search(text, start, end))


_TREATING = re.compile(
    r"(?i)\W*(?:(?:\w+\s+){0,2}(?:treatments?|therap(?:y|ies)|prophylaxis|use|administration)|treated)\b"
)


def treats_people(text: str, start: int, end: int) -> bool:
    """Whether the line tells of a treatment of such people ("Treatment with metformin in patients with:").

    It may be asked of everybody that they are such people and treated so, or of such people only.
    """
    return bool(_TREATING.match(text, start, end)) and says_of_people(text, start, end)


_OF_ONE_ARM = re.compile(r"(?i)\W*(?:[\w/-]+\s+){1,3}(?:arm|cohort|group|part|phase|stratum)\b[^:.;]{0,20}:\s")


def is_for_one_arm(text: str, start: int, end: int) -> bool:
    """Whether an item begins with the arm that it is for ("Adult arm: aged at least 12 years")."""
    return bool(_OF_ONE_ARM.match(text, start, end))


_HANGS = re.compile(
    r"(?i)\b(?:following|including|of|either|as|by|with|must|have|has|are|is|e\.?g\.?|such\s+as|if|who)\W*$"
    r"|\bfollowing\b[^.:;]{0,90}$"
)


def leads_on(text: str, start: int, end: int) -> bool:
    """Whether the line cannot end where it does: a colon, or a word that asks for more ("including any history of")."""
    return ends_open(text, start, end) or bool(_HANGS.search(text, max(start, end - 110), end))


def ends_open(text: str, start: int, end: int) -> bool:
    """Whether the line ends with a colon, and so leads what follows it."""
    while end > start and text[end - 1] in " *_":
        end -= 1
    return end > start and text[end - 1] in ":："


def trailing_join(text: str, start: int, end: int) -> Literal["or", "and", "AND"] | None:
    """The word at the end of an item that joins it with the next; AND: written so that it must be meant."""
    tail = text[max(start, end - 24) : end]
    if tail.rstrip(" ;:,.\n\r")[-2:].lower() not in ("or", "nd"):
        return None
    if _TRAILING_OR.search(tail):
        return "or"
    if _LONE_AND.search(tail):
        return "AND"
    return "and" if _TRAILING_AND.search(tail) else None


def leading_or(text: str, start: int, end: int) -> bool:
    """Whether the item begins with "or" and so is an alternative to the one before."""
    if text[start : start + 1] not in "oO(-,;":
        return False
    return bool(_LEADING_OR.match(text, start, min(end, start + 40)))


_EXAMPLES = re.compile(r"(?i)\b(?:including|includes?|such\s+as|e\.g\.?|for\s+example|but\s+not\s+limited\s+to)\b")
_DEFINING = re.compile(
    r"(?i)\b(?:defined|definition|as\s+evidenced|evidenced|manifested|i\.e\.?|indicated|namely|as\s+follows|meaning|documented|confirmed|determined|demonstrated)\b"
)
_SUBGROUP_MUST = re.compile(
    r"(?i)\W*(?:patients?|subjects?|participants?|individuals?|those)\s+(?!(?:must|should|will|shall|ha(?:s|ve)|needs?|are|is)\b)\w+\b.*\b(?:must|should|(?:is|are)\s+required|needs?\s+to|ha(?:s|ve)\s+to)\b"
)
_NOT_A_NOUN = re.compile(
    r"(?i)\d|[<>=≤≥]|\b(?:must|should|no|not|at\s+least|is|are|was|were|has|have|had|will|may|can|allowed|permitted|eligible|required|without|if|unless)\b"
)


_DEMANDING = re.compile(
    r"(?i)\b(?:adequate|must|should|requirements?|functions?|laborator\w+|lab|parameters|values|willing|able|agree\w*|if|defined|evidenced|criteria|measured|normal|acceptable|need|capable|ability|status|healthy|women|females?|males?|men|participants?|subjects?)\b"
)
_NAMING = re.compile(
    r"(?i)\b(?:diagnos\w+|types?|subtypes?|histolog\w+|malignanc\w+|cancers?|tumou?rs?|lymphomas?|leuk\w+|diseases?|includ\w+|such\s+as|treated\s+with|treatment|therap\w+|received|categor\w+|groups?|stage)\b"
)
_DEMAND = re.compile(
    r"(?i)[<>≤≥]|\b(?:at\s+least|less\s+than|greater|more\s+than|no|not|must|able|willing|adequate|negative|normal|absence|without|be|is|are|has|have|had|agree\w*|provide|sign\w*|confirmed|using|practi[cs]\w+)\b"
)


def demands(text: str, start: int, end: int) -> bool:
    """Whether the line reads as a list of requirements is led ("Adequate organ function:"), not one of alternatives."""
    return bool(_DEMANDING.search(text, start, end)) and not _NAMING.search(text, start, end)


def names_kinds(text: str, start: int, end: int) -> bool:
    """Whether the line leads kinds of a thing ("Diagnosis of lymphoma, including:")."""
    return bool(_NAMING.search(text, start, end))


def is_demand(text: str, start: int, end: int) -> bool:
    """Whether an item demands something by itself."""
    return bool(_DEMAND.search(text, start, end))


def gives_examples(text: str, start: int, end: int) -> bool:
    """Whether what follows the line are examples of it ("... including:")."""
    return bool(_EXAMPLES.search(text, start, end))


def defines(text: str, start: int, end: int) -> bool:
    """Whether what follows the line says what it means ("... defined as:")."""
    return bool(_DEFINING.search(text, start, end))


def requires_of_some(text: str, start: int, end: int) -> bool:
    """Whether the line puts what follows on some people only ("Patients with hepatitis must:", "Women:")."""
    return names_subgroup(text, start, end) or bool(_SUBGROUP_MUST.match(text, start, end))


def is_noun(text: str, start: int, end: int) -> bool:
    """Whether an item only names a thing (a subtype, an alternative) and demands nothing by itself."""
    return end - start <= 100 and not _NOT_A_NOUN.search(text, start, end)


_LETS_THROUGH = re.compile(r"(?i)\b(?:except(?:ions?|ing)?|unless|other\s+than|excluding|with\s+the\s+exceptions?)\b")


def excepts(text: str, start: int, end: int) -> bool:
    """Whether the line says "except", "unless", "other than" (not "are allowed if", not "unless none of")."""
    found = _LETS_THROUGH.search(text, max(start, end - 90), end)
    return found is not None and not _NEGATED.search(text[found.end() : end])


_PERMITTING = re.compile(
    r"""(?ix) \b(?:allowed|permitted|permissible|exempt\w*|acceptable|unless|except(?:ions?|ing)?)\b
    | \b(?:is|are|be|was|were|remain)\s+(?:also\s+|still\s+|not\s+)?(?:eligible|included|enrolled|excluded|exclusionary|considered|accepted)\b"""
)


def permits(text: str, start: int, end: int) -> bool:
    """Whether an item lets people through that the line above it would stop ("Treated metastases are allowed")."""
    return bool(_PERMITTING.search(text, start, end))
