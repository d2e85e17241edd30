"""Words that the rules of one phrase tell apart (phrase.py)."""

from __future__ import annotations

NOT_NOUNS = ("ed", "ing", "ly", "able", "ible")
DIAGNOSED = frozenset(
    {"diagnosed with", "diagnosis of", "been diagnosed with", "have been diagnosed with", "has been diagnosed with"}
)
DISEASES = frozenset(
    {"disease", "diseases", "disorder", "disorders", "illness", "illnesses", "pathology", "pathologies"}
)
AND_SO_ON = frozenset(
    {"etc", "et cetera", "and so on", "and so forth", "patients", "subjects", "participants", "people"}
)
"""What may end a name without governing what follows."""
SHOWING = frozenset(
    {"shows", "showed", "showing", "demonstrates", "demonstrated", "demonstrating", "reveals", "revealed", "revealing", "indicates",
     "indicated", "indicating", "suggests", "suggesting", "suggestive", "confirms", "confirmed", "confirming"}
)  # fmt: skip
REQUIRING = frozenset({"requiring", "required", "requires", "require", "that requires", "that require"})
NEEDING = REQUIRING | {
    "due to", "caused by", "secondary to", "because of", "as a result of", "induced by", "attributed to", "complicated by",
    "accompanied by", "result of", "consequence of",
}  # fmt: skip
"""Links that need what stands after them to be there, whatever stands before them."""
OPERATIONS = frozenset({"surgery", "surgeries", "procedure", "procedures", "operation", "operations"})
SORTS = frozenset(
    {"infection", "infections", "disease", "diseases", "disorder", "disorders", "virus", "viral infection"}
)
TESTS = frozenset({"D003933", "D019937", "D019411", "D008919"})
"""Diagnosis, diagnostic, laboratory and investigative techniques."""
INFECTIONS = frozenset({"D007239", "D014777", "D001424", "D009181"})
"""Infections; those by viruses, bacteria, fungi."""
PEOPLES = frozenset(
    {"japanese", "chinese", "korean", "taiwanese", "asian", "caucasian", "hispanic", "latino", "latina", "indian", "european", "vietnamese",
     "thai", "filipino", "turkish", "egyptian", "iranian", "mexican", "brazilian", "ashkenazi"}
)  # fmt: skip
"""Words for descent: they narrow who is meant, and are no part of a name."""
OF_PREGNANCIES = frozenset(
    {"singleton", "single", "twin", "triplet", "multiple", "multifetal", "intrauterine", "viable", "uncomplicated", "normal", "term",
     "spontaneous", "ongoing"}
)  # fmt: skip
"""Adjectives that say what kind of pregnancy it is."""
