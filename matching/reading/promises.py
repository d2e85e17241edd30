"""What only the study team can settle: consent, compliance, the opinion of the investigator, and so on."""

from __future__ import annotations

import re

from matching.model.criterion import (
    AgeIs,
    AnyOf,
    Expression,
    Not,
    OnSite,
    PregnancyIs,
    SexIs,
    TreatmentIs,
    Unreadable,
)
from matching.reading.items import CONTENT, Item, find, has, trim
from matching.reading.logic import all_of, any_of, between, clouded, leaves, narrowed, negate
from matching.reading.mentions import CONDITIONS, TREATMENTS, TRIAL, Mods
from matching.reading.parts import Line
from matching.reading.people import on_subgroup, who

_UNABLE = re.compile(
    r"(?i)\b(?:un(?:able|willing\w*|available|availability|reliable|likely|cooperative)|inab\w+|incap\w+|refus\w+|non[- ]?complian\w+|"
    r"non[- ]?adheren\w+|poor|declin\w+|barriers?|illitera\w+|lack\w*|not|cannot|can't|without|difficult\w*|prisoners?|"
    r"incarcerated|detained|depriv\w+|guardianship|opposition|opposed|drop|lost|homeless|non[- ]english)\b"
)


_ASIDE = re.compile(r"\([^()]*\)")
"""What stands in brackets denies no promise: "a stable (not as-needed) dose and willing to keep it"."""
_AS_JUDGED = re.compile(
    r"(?i)\W*(?:as|if|when)\s+(?:judged|deemed|determined|assessed|considered|evaluated|decided|defined)\b|\W*(?:in|per|at|according\s+to|based\s+on|by)\s+(?:the\s+)?"
    r"(?:opinion|judge?ment|discretion|view|investigator|judgement|clinical)\b|\W*(?:judged|deemed|determined|considered)\s+(?:to\s+be\s+\w+\s+)?by\b"
)
"""Who weighs what stands before the comma: the one is not enough without the other."""
_TAKEN_PART = re.compile(r"(?i)\b(?:enrol\w*|randomi[sz]ed|participat\w+|completed|parent|core|main|lead[\s-]in)\b")
"""What says that somebody takes part, or took part, in this study or in the one before it."""
_CAUSE = re.compile(
    r"(?i)\b(?:due\s+to|because|owing\s+to|as\s+a\s+(?:result|consequence)\s+of|on\s+account\s+of|caused\s+by)\b"
)
_TELLING = frozenset({"consent", "assent", "contraception", "language", "abstention", "legal_status", "insurance"})


_FORMS = frozenset({"written", "signed", "voluntary", "dated"})
"""Adjectives before "informed consent" that a comma may part from it."""
_OF_CONSENT = _FORMS | {"verbal", "oral", "freely", "valid", "personal", "electronic"}
"""Adjectives that say how the consent is given: they ask nothing more of the patient."""
_ATTRIBUTES = frozenset({"health", "availability", "legal_status", "language", "insurance", "ability"})
"""Promises that stand before people as an adjective does ("English speaking adults with asthma")."""
_GUARDIANS = frozenset(
    """patient patients parent parents guardian guardians legal legally authorized authorised acceptable representative representatives
    surrogate surrogates proxy proxies caregiver caregivers caretaker caretakers family kin next lar custodian""".split()
)
"""Those who speak for a patient: who it is that consents asks nothing of the patient."""


def read_promise(items: list[Item], mods: Mods, line: Line, depth: int) -> Expression | None:
    """on-site = [clause (","|"and"|"or")] {word} promise {word} [(","|"and"|"or"|"but") statement].

    A promise takes the words after it up to the next statement. What stands in the same part before it is narrowed by
    it ("heart disease that would interfere with the study").
    """
    weighed_whole = _any_disease(items)
    if weighed_whole is not None:
        return weighed_whole
    n = _promised(items, find(items, "on_site"), line)
    item = items[n]
    assert item.cue is not None
    cut = n
    while cut > 0 and not (items[cut - 1].kind == "sep" or items[cut - 1].kind == "conj"):
        cut -= 1
    stop = n + 1
    cause = _CAUSE.search(line.text, item.end, items[-1].end)
    while stop < len(items):
        if cause is not None and items[stop].start >= cause.start():
            stop = len(items)  # "unable to consent due to dementia or psychosis": the causes alone are nothing
            break
        if (
            items[stop].kind in {"conj", "sep"}
            and items[stop - 1].text.rpartition(" ")[2] not in _FORMS
            and (_restarts(items, stop + 1) or (item.cue.value == "registration" and _names_treatment(items, stop + 1)))
        ):
            break
        if items[stop].kind in {"except", "unless"}:
            break
        stop += 1
    of_people = _of_people(items, n, cut)
    if of_people is not None:
        asked = line.read(of_people, mods, depth + 1)
        described: Expression = OnSite(item.start, item.end, item.cue.value)
        if _UNABLE.search(item.text):
            described = negate(described)
        return described if asked is None else all_of((described, asked))
    span = items[n:stop]
    begin = items[cut].start
    topic = item.cue.value
    understood = item.text.startswith("understand") and not item.text.endswith("english")
    if topic in {"ability", "compliance"} or understood:  # "able and willing to give consent" is about consent
        told = [i.cue.value for i in span[:8] if i.kind == "on_site" and i.cue is not None]
        if understood:  # "must understand and be willing to comply"
            told = [i.cue.value for i in items[n + 1 :] if i.kind == "on_site" and i.cue is not None]
            told = told or (["compliance"] if "willing" in line.text[item.start : span[-1].end].lower() else [])
            topic = next((t for t in told if t != "ability"), topic)
        else:
            topic = next((t for t in told if t in _TELLING), next((t for t in told if t != "ability"), topic))
    judged = item.cue.value == "investigator_opinion"
    unread: Expression | None = None
    if judged and cut > 1 and items[cut - 2].text in _RELATIVE and has(items[:cut], CONTENT):
        cut = 0  # "a disease which, in the opinion of the investigator, ..."
    if cut > 0 and not has(items[:cut], CONTENT) and not (topic == "legal_status" and _of_age(items[:cut])):
        ahead = trim(items[:cut])
        known = _GUARDIANS | _OF_CONSENT if topic == "consent" else _GUARDIANS
        says = any(i.kind == "word" and i.text not in known for i in ahead) or (
            not judged and any(i.kind == "qual" for i in ahead)
        )
        if ahead and says and not _UNABLE.search(line.text, ahead[0].start, ahead[-1].end):
            unread = line.unreadable(ahead)
        else:
            cut = 0
    head = items[cut:n]
    spoken = _ASIDE.sub(" ", line.text[(items[cut].start if cut < n else begin) : item.end])
    end = max(item.end, min(span[-1].end, item.start + 90))
    site: Expression = OnSite(item.start, end, topic)
    denials = [k for k, i in enumerate(head) if i.kind == "neg" and has(head[:k], CONTENT)]
    if denials and not has(head[denials[-1] :], CONTENT - {"on_site"}):  # "women not using contraception"
        head, denied = head[: denials[-1]], True
    else:
        denied = not has(head, CONTENT - {"on_site"}) and any(i.kind == "neg" for i in head)
    denied = denied or (not judged and _UNABLE.search(spoken) is not None)
    if topic == "registration" and _TAKEN_PART.search(spoken) is not None:
        # Who was in no trial was not in this one, nor in the one that it follows.
        site = all_of((TreatmentIs(item.start, end, TRIAL, "drug", "prior"), site))
    promise = negate(site) if denied else site
    kept = _kept_treatment(span) if topic == "compliance" else None
    if kept is not None:
        promise = clouded(promise, Unreadable(kept.start, kept.end, "keeping to a treatment, not to the study"))
    expression = promise
    if has(head, CONTENT - {"on_site"}):
        if judged:
            head, cut = items[:n], 0
        inner = line.read(_without_trailing(head), mods, depth + 1)
        group = who(head) or (inner if topic == "contraception" and inner is not None and _fertile(inner) else None)
        if group is not None:
            expression = on_subgroup(group, promise, line)
        elif inner is not None:
            # How a disease bears on a promise is for the team to say, whatever the patient can promise.
            weighed: Expression = OnSite(item.start, end, "investigator_opinion")
            if not isinstance(inner, Not) and all(isinstance(e, (AgeIs, SexIs, Unreadable)) for e in leaves(inner)):
                weighed = promise  # "adults who have signed the consent form"
            expression = negate(all_of((inner.of, weighed))) if isinstance(inner, Not) else all_of((inner, weighed))
    parts: list[Expression] = []
    joints: list[str] = []
    if judged and unread is not None:  # "visual field loss that, in the opinion of the investigator, ..."
        expression, cut = all_of((unread, expression)), 0
    if cut > 0:
        before = unread or line.read(items[:cut], mods, depth + 1)
        among = _those_fertile(before, expression) if topic == "contraception" and line.exclusion else None
        if among is not None:
            expression = among
        elif topic == "contraception" and before is not None and _fertile(before):
            expression = on_subgroup(before, expression, line)  # "fertile patients, men or women, must use ..."
        elif before is not None:
            parts.append(before)
            joints.append(_joint_at(items, cut - 1))
    parts.append(expression)
    if stop < len(items):
        if items[stop].kind in {"except", "unless"}:
            line.skip(items[stop:])
            return (
                narrowed(expression, Unreadable(items[stop].start, items[-1].end, "an exception"))
                if not cut
                else all_of((*parts, expression))
            )
        after = line.read(items[stop + 1 :], mods, depth + 1)
        if after is not None and not (judged and isinstance(after, OnSite) and after.topic == topic):
            parts.append(after)
            joints.append(_joint_at(items, stop))
    parts = _once(parts)
    if len(parts) == 1:
        return parts[0]
    joint = next((j for j in joints if j), "")
    if judged and not joint and len(parts) == 2 and _AS_JUDGED.match(line.text, items[cut].start) is not None:
        return all_of(parts)  # "cognitive impairment, as judged by the doctor"
    if joint == "or" or (not joint and line.exclusion):
        return any_of(parts)
    if joint == "and" and line.exclusion:
        return between(parts, Unreadable(items[0].start, items[-1].end, "whether both or either is meant"))
    return all_of(parts)


def _promised(items: list[Item], n: int, line: Line) -> int:
    """Where the promise stands: behind an opinion, if all that is an opinion is whether it will be kept.

    "Unlikely, in the opinion of the investigator, to comply": as "unlikely to comply, in the opinion ...".
    """
    cue = items[n].cue
    if cue is None or cue.value != "investigator_opinion":
        return n
    for k in range(n + 1, len(items)):
        item = items[k]
        if item.kind == "on_site" and item.cue is not None:
            kept = item.cue.value in {"compliance", "consent"}
            return k if kept and _UNABLE.search(line.text, items[0].start, items[n].start) is not None else n
        if item.kind not in {"plain", "word", "prep", "link", "person", "modal"} and item.text != ",":
            return n
    return n


def _of_age(items: list[Item]) -> bool:
    """Whether a group of an age is listed for itself before the promise ("minors, prisoners")."""
    groups = [i for i in items if i.kind == "agegroup" and i.cue is not None and i.cue.value == "child"]
    return bool(groups) and all(i.kind in {"agegroup", "sep", "conj", "plain"} for i in items)


_RELATIVE = frozenset({"that", "which", "who"})
_KEEPING = re.compile(r"(?i)(?:non[\s-]?)?(?:compl(?:y|ian(?:t|ce)|ies)|adher(?:e|ent|ence))$")


def _of_people(items: list[Item], n: int, cut: int) -> list[Item] | None:
    """What else is asked of the people whom a promise describes; None where it stands before none, or nothing else is."""
    cue, rest = items[n].cue, items[n + 1 :]
    if cue is None or cue.value not in _ATTRIBUTES or cut > 0 or len(rest) < 2:
        return None
    if has(items[:n], CONTENT | {"word", "neg"}) or has(
        rest, frozenset({"on_site", "except", "unless", "permit", "if"})
    ):
        return None
    if rest[0].kind in {"agegroup", "sex", "bothsex"} or (rest[0].kind == "person" and rest[0].text in _PEOPLE):
        return rest if has(rest[1:], CONTENT) else None
    return None


_DESCRIBING = re.compile(r"(?:\w{3,}(?:al|ic|ar|ary|ory|ive|ous|ing|ed)|health|laboratory|mental)$")
_MATTERS = frozenset({"reason", "reasons", "factor", "factors", "circumstance", "circumstances", "situation", "situations", "issue", "issues"})  # fmt: skip
_BETWEEN = frozenset({"plain", "that", "person", "modal", "prep", "status", "qual"})


def _any_disease(items: list[Item]) -> Expression | None:
    """Any = ["no"] {adjective} ("condition" | "illness" | ...) ["that" "could"] promise, with nothing named.

    Whatever the disease, the team weighs it: "any psychological, social or medical condition that could hamper compliance".
    """
    n = next((k for k, i in enumerate(items) if i.kind == "generic" or i.text in _MATTERS), -1)
    if n < 1:
        return None
    noun = items[n].cue
    if items[n].kind == "generic" and (noun is None or noun.value != "condition"):
        return None
    for k, i in enumerate(items[:n]):
        adjective = i.kind in {"word", "on_site"} and _DESCRIBING.search(i.text.lower()) is not None
        if not (adjective or i.kind in {"plain", "sep", "conj", "qual", "status"} or (i.kind == "neg" and k == 0)):
            return None
        if i.kind == "sep" and i.text not in {",", "/", "-"}:
            return None
    m = n + 1
    while m < len(items) and (
        items[m].kind in _BETWEEN or (items[m].kind == "word" and items[m].text.endswith(("ly", "ing")))
    ):
        m += 1
    if m == n + 1 or m >= len(items) or items[m].kind != "on_site":
        return None
    cue = items[m].cue
    if cue is None or cue.value not in {"investigator_opinion", "compliance"} or _UNABLE.search(items[m].text):
        return None
    rest = items[m + 1 :]
    if has(rest, CONTENT - {"on_site"} | {"neg", "except", "unless", "permit", "forbid", "group", "if"}):
        return None
    linked = any(i.kind in {"that", "person", "word"} for i in items[n + 1 : m])
    if not linked or any(i.kind == "sep" and i.text == ":" for i in rest):
        return None
    site = OnSite(items[m].start, items[m].end, "investigator_opinion")
    return negate(site) if items[0].kind == "neg" else site


_PEOPLE = frozenset(
    """patients patient subjects subject participants participant individuals individual people persons person volunteers
    volunteer""".split()
)


def _kept_treatment(span: list[Item]) -> Item | None:
    """What somebody keeps to that is no part of the study ("compliant with a ketogenic diet"), None for a mere promise."""
    if not _KEEPING.search(span[0].text):
        return None
    for item in span[1:6]:
        if item.kind == "term" and item.term is not None and item.term.category in TREATMENTS:
            return item if _STUDY.isdisjoint(item.text.lower().split()) else None
        if item.kind not in {"link", "prep", "plain", "qual", "status", "route"} or not _STUDY.isdisjoint(
            item.text.split()
        ):
            return None
    return None


_STUDY = frozenset({"study", "trial", "protocol", "procedures", "visits", "requirements", "treatment"})


def _fertile(told: Expression) -> bool:
    """Whether people of childbearing potential are meant, of one sex or of both."""
    found = leaves(told)
    return (
        not isinstance(told, Not)
        and any(isinstance(e, PregnancyIs) for e in found)
        and all(
            isinstance(e, SexIs) or (isinstance(e, PregnancyIs) and e.states == ("childbearing_potential",))
            for e in found
        )
    )


def _those_fertile(before: Expression | None, promise: Expression) -> Expression | None:
    """The promise is asked of the last only: "pregnant, or of childbearing potential and not using contraception"."""
    members = before.of if isinstance(before, AnyOf) else (before,)
    last = members[-1]
    if not isinstance(last, PregnancyIs) or last.states != ("childbearing_potential",):
        return None
    fertile = all_of((last, promise))
    return any_of((*(m for m in members[:-1] if m is not None), fertile))


def _once(parts: list[Expression]) -> list[Expression]:
    """The parts without a promise that only repeats the topic of the one before it."""
    out: list[Expression] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, OnSite) and isinstance(last, OnSite) and part.topic == last.topic:
            continue
        out.append(part)
    return out


def _without_trailing(items: list[Item]) -> list[Item]:
    """The items without the words that only lead on to what follows ("that would")."""
    b = len(items)
    while b and items[b - 1].kind in {"that", "modal", "person", "prep", "word", "sep", "conj", "plain", "link"}:
        b -= 1
    return items[:b]


def _joint_at(items: list[Item], n: int) -> str:
    for k in (n, n + 1):
        if 0 <= k < len(items) and items[k].kind == "conj":
            cue = items[k].cue
            return cue.value if cue is not None else ""
    return ""


def _names_treatment(items: list[Item], n: int) -> bool:
    """Whether a past treatment is listed here ("previously enrolled in this study or treated with infliximab")."""
    told = False
    for item in items[n : n + 6]:
        if item.kind == "term":
            return told and item.term is not None and item.term.category in TREATMENTS
        told = told or item.kind in {"verb", "compound"}
        if item.kind not in {"status", "verb", "compound", "plain", "link", "prep", "modal", "person"}:
            return False
    return False


def _restarts(items: list[Item], n: int) -> bool:
    """Whether a new statement begins here: a measure, a negation, a name, a habit, a pregnancy or a new promise."""
    for k in range(n, min(n + 6, len(items))):
        kind = items[k].kind
        if kind in {"measure", "neg", "pregtest", "pregnancy", "lifestyle", "sex", "not_childbearing"}:
            return True
        if kind == "on_site":
            return True
        if kind == "term":
            term = items[k].term
            return term is not None and term.category in CONDITIONS
        if kind in {"conj", "plain", "modal", "person", "status", "qual"} or (kind == "sep" and k == n):
            continue
        return False
    return False
