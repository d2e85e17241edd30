"""How the words around a name in a note are meant: denied, of the family, suspected, past, planned, taken now.

One sweep to the right for cues that stand before their names and one to the left for those that stand behind them. A cue
holds until a word that begins something new: a verb, a subject, "but". Where the sentence leaves it open, the name is
`unsure`: it is then neither stated nor denied.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from matching.knowledge.spellings import trie_pattern

RELATIVES = (
    r"(?:grand)?(?:mothers?|fathers?|parents?)|moms?|dads?|(?:half-?)?(?:sisters?|brothers?|siblings?)|sons?|daughters?|(?:grand)?children|aunts?|uncles?"
    r"|cousins?|nieces?|nephews?|wife|husband|spouse|partner|relatives?|family\s+members?|twin|girlfriend|boyfriend"
)
_SAYS = (
    r"(?:also\s+|who\s+|has\s+|had\s+|then\s+|both\s+)*(?:report|say|said|state|note|notice|recall|describe|tell|told|endorse|confirm|find|found|call|"
    r"brought|bring|observe|mention|witness|think|believe|are\s+concerned|is\s+concerned|complain|den(?:y|ies|ied))"
)
_HAVING = r"(?:\s+(?:(?:that\s+)?(?:he|she|they|(?:the\s+)?(?:patient|pt))\s+)?(?:has|have|had|having|been|be|ever|any|shows?|showed|reveal(?:s|ed)?|use[sd]?|using|take[sn]?|taking))*"

_FORWARD = re.compile(
    rf"""(?ix)
      (?P<report>\b(?:{RELATIVES})\s+{_SAYS}\w*)
    | (?P<pseudo>\b(?:no|without)\s+(?:\w+\s+)?(?:change|increase|decrease|improvement|relief|response|difference|difficulty|residual|further|new|longer\s+have|recent|other|doubt)\b
        |\bnot\s+(?:respond\w*|reliev\w+|improv\w+|tolerat\w+|control\w+|explain\w+|due|secondary|related|increased|associated|worsen\w*|compliant|only|well|clear|sure|known|certain|yet)\b
        |\b(?:unable|failed|inability)\s+to\s+(?:tolerate|perform)\b|\bcannot\s+(?:rule\s+out|exclude)\b|\bnot\s+(?:be\s+)?(?:ruled?\s+out|excluded?)\b)
    | (?P<skip>\bprior\s+to\b|\b(?:the\s+)?onset\s+of\b)
    | (?P<family>\bfamil(?:y|ial)\s+(?:\w+\s+)?(?:history|hx)\b|\bfhx?\b|\b(?:{RELATIVES})\b(?!\s+of\s+(?:\w+\s+)?(?:child|kid|one|two|three|four))(?!['’]s))
    | (?P<post_no>\b(?:is|was|were|are|been|being|came\s+back)\s+(?:also\s+|all\s+|both\s+)?(?:negative(?!\s+for)|absent|ruled\s+out|excluded|denied|not\s+(?:present|seen|found|noted|detected|identified|observed|appreciated))\b|:\s*(?:none|negative|denied|absent|no)\b(?!\s+\w)|\bunlikely\b)
    | (?P<post_over>\b(?:(?:has|have|had|was|were|is|are|which|that)\s+(?:\w+\s+)?resolved|resolved|(?:in|into)\s+(?:complete\s+|full\s+)?remission|cured|went\s+away|subsided)\b)
    | (?P<post_stopped>\b(?:is|was|were|are|been)\s+(?:\w+\s+)?(?:discontinued|stopped|held|withdrawn|completed|finished)\b)
    | (?P<post_maybe>\b(?:is|was|were|are)\s+(?:also\s+)?(?:suspected|possible|likely|considered|in\s+question|questionable|probable|entertained)\b|\?(?=\s*(?:,|;|$|\)|\()))
    | (?P<post_past>\b(?:years?|yrs?|months?|decades?)\s+(?:ago|before|earlier|prior)\b|\bin\s+the\s+past\b|\bas\s+a\s+child\b|\bin\s+(?:childhood|infancy)\b|\bat\s+(?:the\s+)?age\s+(?:of\s+)?\d+)
    | (?P<post_family>\bin\s+(?:(?:his|her|the|a|an|both|two|three|several|many|of|older|younger|maternal|paternal|first|second|degree)[\s-]+)*(?:{RELATIVES})\b)
    | (?P<over>\b(?:resolution\s+of|resolved|recovered\s+from|remission\s+(?:of|from)|cured\s+of)\b)
    | (?P<maybe>\b(?:rul(?:e|ing)\s+out|r/o|concern(?:ing|ed|s)?\s+(?:for|about)|suspect(?:ed|s|ing)?|suspicio(?:n|us)(?:\s+(?:of|for))?|possib(?:le|ly|ility\s+of)|probabl[ey]|(?:most\s+)?likely|presum(?:ed|ptive|ptively|ably)|questionable|question\s+of|versus|vs\.?|differential(?:\s+diagnos[ei]s)?|suggest(?:s|ed|ive|ing)?(?:\s+of)?|may|might|could|would|thought\s+to|appears?\s+to|fears?\s+of|worried\s+about|unclear|whether|if|unless)\b|(?<=\s)\?(?=\w))
    | (?P<idle>\b(?:(?:at|high|low|increased)\s+risk\s+(?:for|of)|risks?\s+(?:for|of)|risk\s+factors?|screen(?:ing|ed)?\s+(?:for|of)|monitor(?:ed|ing)?\s+for|prophyla(?:xis|ctic)(?:\s+(?:for|of|against))?|prevent(?:ion|ing)?(?:\s+of)?|vaccin(?:e|es|ated|ation)\s+(?:for|against)|exposed?\s+to|exposure\s+to|in\s+case\s+of|recommend(?:s|ed)?|advis(?:es?|ed)|consider(?:s|ed|ing)?(?:\s+for)?|candidate\s+for|referred\s+to|offered|refus(?:es?|ed)|declin(?:es?|ed)|defer(?:red|ring)|discuss(?:ed|ing)?|instead\s+of|request(?:s|ed)?)\b)
    | (?P<sought>\b(?:evaluat(?:e|ed|ion)|work-?up|assess(?:ed|ment)?|seen|referred)\s+(?:for|of)\b)
    | (?P<planned>\b(?:will\s+(?:\w+\s+)?(?:undergo|receive|start|begin|need|require|have|be\s+(?:started|treated|given))|scheduled\s+(?:for|to)|planned(?:\s+(?:for|to))?|plans?\s+(?:for|to)|is\s+to\s+(?:undergo|start|begin|receive)|await(?:s|ing)|prepared\s+to\s+undergo|pending|upcoming)\b)
    | (?P<allergy>\b(?:allerg(?:ic|ies|y)|hypersensitiv(?:e|ity)|intolerant|intolerance)\s*(?:to\b|:|include[sd]?\b))
    | (?P<never>\b(?:never|no\s+(?:prior|previous|known\s+)?\s*(?:history|hx|h/o)(?:\s+of)?|no\s+(?:prior|previous)){_HAVING}\b)
    | (?P<no>(?:\b(?:no|not|without|w/o|den(?:y|ies|ied|ying)|negative\s+for|absence\s+of|absent|free\s+(?:of|from)|neither|nor|rule[sd]\s+out|exclude[sd]|unremarkable\s+for|fail(?:s|ed)\s+to\s+(?:show|reveal|demonstrate))|n['’]t){_HAVING}\b(?!\s+(?:on|off)\b))
    | (?P<since>\b(?:\d+(?:\.\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|several|few|couple\s+of)[\s-]+(?:hours?|days?|weeks?|wks?|months?|mos?|years?|yrs?)['’]?(?:[\s-]+long)?[\s-]+(?:history|hx|h/o)(?:\s+of)?\b|\b(?:history|hx|h/o)\s+of\s+(?:(?:the\s+)?(?:past|last)\s+)?(?:\d+(?:\.\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|several|few)[\s-]+(?:hours?|days?|weeks?|wks?|months?|mos?|years?|yrs?)['’]?\s+(?:of\b|history\b))
    | (?P<status_post>\bs/p\b|\bstatus[\s-]+post\b)
    | (?P<past>\b(?:history|hx|histories)(?:\s+(?:is|was))?(?:\s+(?:of|notable|significant|remarkable|positive|includes?|for))*\b|\bh/o\b|\bpmhx?\b|\b(?:previous(?:ly)?|prior|formerly|former|past|remote)\b)
    | (?P<stopped>\b(?:discontinu(?:ed|ing|ation\s+of)|stopp(?:ed|ing)(?:\s+taking)?|(?:tapered|taken|weaned|now|been|is)\s+off|withdr(?:awn|ew)|quit(?:ting)?|gave\s+up|ceased|no\s+longer\s+(?:on|taking|takes|uses|using|smokes)|completed|finished|(?:not|n['’]t)\s+(?:currently\s+|now\s+)?on|held)\b)
    | (?P<now>\b(?:current(?:ly)?|(?:home|current|daily|his|her|discharge)\s+med(?:s|ications?)(?:\s+(?:includ(?:es?|ed|ing)|are|consist\s+of))?|med(?:s|ications?)\s+(?:includ(?:es?|ed|ing)|are|consist\s+of)|takes|taking|uses|using|receives|receiving|maintained\s+on|remains\s+on|(?:is|are|been)\s+(?:also\s+|now\s+|still\s+)?(?:on|taking|receiving|using)|on\s+(?:home|stable|daily|chronic|long-term|maintenance|a\s+stable|high|low)|continu(?:es|ed|ing)\s+(?:on|to\s+take)|on(?=\s+(?!examination|exam|admission|presentation|arrival|the|a|an|his|her|this|that|further|review|physical|ct|mri)\w))\b)
    | (?P<done>\b(?:underwent|undergone|undergoing|receiv(?:ed)|(?:was|were|been)\s+(?:\w+\s+)?(?:given|treated|administered|performed)|treated\s+with|given|treatment\s+with|therapy\s+(?:with|included)|required|requiring)\b)
    | (?P<but>\b(?:but|however|except(?:\s+for)?|although|though|yet|while|whereas|otherwise|other\s+than|apart\s+from|aside\s+from)\b|[;•]|\s-\s|\s--)
    | (?P<subject>\b(?:he|she|patient|pt|they|who|which)\b(?!['’]))
    | (?P<presents>\b(?:present(?:s|ed|ing)|com(?:es|ing)|came|admitted|complain(?:s|ed|ing)?(?:\s+of)?|complaints?\s+of|brought|diagnosed\s+with)\b)
    | (?P<is>\b(?:has|have|is|are|reports?|reported|states|feels?|suffers?|suffering|shows?|showed|reveal(?:s|ed)|demonstrat(?:es|ed)|found|noted|notes|consistent\s+with|continues?|continued|remains?|positive\s+for|due\s+to|because\s+of|secondary\s+to|confirm(?:s|ed))\b)
    | (?P<was>\b(?:had|was|were|been|suffered|sustained|experienced|developed|diagnosed|hospitali[sz]ed|began|started|noticed)\b)
    | (?P<with_>\bwith\b)
    | (?P<comma>,)
    """
)

_STEMS = (
    "mother father parent grand mom dad half sister brother sibling son daughter child aunt uncle cousin niece nephew wife husband spouse "
    "partner relative famil twin girlfriend boyfriend fh no not without unable failed fail inability cannot is was were are been being came "
    "unlikely has have had which that resolved into in cured went subsided year yr month decade as at resolution recovered remission rul r/o "
    "concern suspect suspicio possib probabl most likely presum question versus vs differential suggest may might could would thought appear "
    "fear worried unclear whether if unless high low increased risk screen monitor prophyla prevent vaccin expos recommend advis consider "
    "candidate referred offered refus declin defer discuss instead request evaluat work assess seen will schedul plan await prepared pending "
    "upcoming allerg hypersensitiv intolera never w/o den negative absen free neither nor exclude unremarkable history hx h/o histories pmh "
    "previous prior formerly former past remote s/p status discontinu stop taper taken weaned now off withd quit gave ceased completed finished "
    "held current home daily his her discharge med takes taking uses using receiv maintained remain on continu underwent undergo given treat "
    "therapy requir but however except although though yet while whereas otherwise other apart aside he she patient pt they who present com "
    "admitted brought diagnosed report state feel suffer show reveal demonstrat found note consistent positive due because secondary confirm "
    "sustained experienced developed hospitali began started notic with the onset an one two three four five six seven eight nine ten several "
    "few couple a"
).split()
_START = re.compile(rf"(?i)\b(?:{trie_pattern(_STEMS)}|\d)|[,;:?•]|n['’]t|\s--?")
"""Where a cue can begin: a quick look that spares the long one."""


def _find(text: str, start: int, end: int) -> list[tuple[str, int, int]]:
    """All cues of text[start:end]: kind, start, end."""
    found: list[tuple[str, int, int]] = []
    pos = start
    while (near := _START.search(text, pos, end)) is not None:
        cue = _FORWARD.match(text, near.start(), end)
        if cue is None or cue.end() == cue.start():
            pos = near.start() + 1
            continue
        found.append((cue.lastgroup or "", cue.start(), cue.end()))
        pos = cue.end()
    return found


@dataclass(frozen=True, slots=True)
class Meaning:
    """How a name is meant.

    `unsure`: it may or may not be so; `sought`: it was looked for, which says of a symptom that it is there and of a
    disease that it may be. The other marks are what was said of it.
    """

    denied: bool = False
    never: bool = False
    family: bool = False
    unsure: bool = False
    sought: bool = False
    past: bool = False
    over: bool = False
    planned: bool = False
    now: bool = False
    done: bool = False
    stopped: bool = False
    allergy: bool = False


_FRESH = Meaning()
_OF_TIME = frozenset({"since", "post_past", "past"})


class Cues:
    """The cues of one sentence, answering for each place in it."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._places: list[int] = []
        self._before: list[Meaning] = []
        found = _find(text, start, end)
        self._found = found
        self._starts = [at for _, at, _ in found]
        self._bounds = (start, end)
        state = _FRESH
        for kind, _, behind in found:
            state = _after(kind, state)
            self._places.append(behind)
            self._before.append(state)
        self._back_places: list[int] = []
        self._back: list[Meaning] = []
        state = _FRESH
        for kind, at, _ in reversed(found):
            state = _ahead(kind, state)
            self._back_places.append(at)
            self._back.append(state)
        self._back_places.reverse()
        self._back.reverse()

    def beside(self, start: int, end: int) -> tuple[int, int]:
        """The stretch around the name at [start, end) that speaks of it alone: up to the next cues, with those of time."""
        n = bisect_left(self._starts, start) - 1
        low, high = self._bounds
        if n >= 0:
            kind, at, behind = self._found[n]
            low = at if kind in _OF_TIME else min(behind, start)
        m = bisect_left(self._starts, end)
        if m < len(self._found):
            kind, at, behind = self._found[m]
            high = behind if kind in _OF_TIME else at
        return max(low, start - 60), min(high, end + 60)

    def meaning(self, start: int, end: int) -> Meaning:
        """How the name at [start, end) is meant."""
        n = bisect_left(self._places, start + 1) - 1
        m = bisect_left(self._back_places, end)
        ahead = self._before[n] if n >= 0 else _FRESH
        behind = self._back[m] if m < len(self._back) else _FRESH
        if behind is _FRESH or ahead is _FRESH:
            return ahead if behind is _FRESH else behind
        return joined((ahead, behind))


def joined(parts: Sequence[Meaning]) -> Meaning:
    """All marks together."""
    return Meaning(*(any(getattr(p, name) for p in parts) for name in Meaning.__slots__))


@cache
def _after(kind: str, state: Meaning) -> Meaning:
    """What holds behind a cue. Family goes on until another subject; the rest until a verb; commas part only short cues."""
    match kind:
        case "no":
            return replace(_kept(state), denied=True, past=False)
        case "never":
            return replace(_kept(state), denied=True, never=True)
        case "family":
            return replace(_FRESH, family=True, denied=state.denied)
        case "post_family":
            return state
        case "maybe" | "idle" | "pseudo":
            return replace(state, unsure=True, denied=False, never=False)
        case "sought":
            return replace(state, sought=True)
        case "skip":
            return state
        case "past":
            return replace(state, past=True)
        case "status_post":
            return replace(state, past=True, done=True, denied=False, never=False)
        case "over":
            return replace(state, over=True)
        case "planned":
            return replace(_kept(state), planned=True)
        case "now":
            return replace(state, now=True, stopped=False)
        case "done":
            return replace(_kept(state), done=True)
        case "stopped":
            return replace(_kept(state), stopped=True)
        case "allergy":
            return replace(state, allergy=True)
        case "with_":
            return replace(state, unsure=True, denied=False, never=False) if state.denied else state
        case "is" | "since" | "presents":
            return replace(_FRESH, family=state.family and kind != "presents")
        case "was" | "post_past":
            return replace(_FRESH, family=state.family, past=True)
        case "but" | "subject" | "report":
            return replace(_FRESH, past=state.past and kind == "subject")
        case "comma":
            return replace(state, done=state.done and not state.past, planned=False)
        case _:
            return _FRESH if kind != "post_no" else state


def _kept(state: Meaning) -> Meaning:
    return Meaning(family=state.family, past=state.past, now=state.now)


@cache
def _ahead(kind: str, state: Meaning) -> Meaning:
    """What holds before a cue that stands behind its names."""
    match kind:
        case "post_no":
            return Meaning(denied=True)
        case "post_over":
            return Meaning(over=True)
        case "post_stopped":
            return Meaning(stopped=True)
        case "post_maybe":
            return Meaning(unsure=True)
        case "post_past":
            return Meaning(past=True)
        case "post_family":
            return Meaning(family=True)
        case "comma":
            return Meaning(
                unsure=state.family or state.unsure, denied=state.denied, over=state.over, stopped=state.stopped
            )
        case _:
            return _FRESH
