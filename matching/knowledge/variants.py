"""Other wordings of a term that mean the same: "breast carcinoma" for "breast cancer", "hepatic disease" for "liver disease".

All work on keys (matching.knowledge.words), and each changes one thing; `variants` combines them in two rounds. A
variant never displaces a term that a publisher wrote.
"""

from __future__ import annotations

from collections.abc import Iterator

_TUMOUR = ("cancer", "carcinoma", "neoplasm", "tumor", "malignancy", "malignant neoplasm", "malignant tumor")
_DISEASE = ("disease", "disorder", "illness")
_LOOSELY = (
    "condition",
    "problem",
    "disturbance",
    "pathology",
    "abnormality",
)  # for a whole organ or system: "cardiac condition"
_FAILING = ("failure", "insufficiency", "impairment", "dysfunction")
_SAME = (
    ("liver", "hepatic"), ("kidney", "renal"), ("heart", "cardiac"), ("lung", "pulmonary"), ("stomach", "gastric"),
    ("brain", "cerebral"), ("eye", "ocular"), ("breast", "mammary"), ("ovary", "ovarian"), ("uterine", "uterus"),
    ("prostate", "prostatic"), ("pancrea", "pancreatic"), ("colon", "colonic"), ("rectum", "rectal"), ("esophagus", "esophageal"),
    ("bladder", "vesical"), ("urinary bladder", "bladder"), ("thyroid", "thyroid gland"), ("bowel", "intestinal"), ("mental", "psychiatric"),
    ("skin", "cutaneous"), ("skin", "dermatologic"), ("skin", "dermatological"), ("cardiovascular", "cardio vascular"), ("bone", "osseous"),
    ("neurologic", "neurological"), ("hematologic", "hematological"), ("immunologic", "immunological"), ("gynecologic", "gynecological"),
    ("rheumatic", "rheumatologic"), ("rheumatic", "rheumatological"), ("thromboembolism", "thromboembolic event"),
    ("urologic", "urological"), ("gastrointestinal", "gastro intestinal"), ("cerebrovascular", "cerebral vascular"), ("metastasis", "metastatic disease"),
    ("blood coagulation", "coagulation"), ("hemorrhage", "bleeding"), ("infarct", "infarction"), ("abnormality", "anomaly"), ("type 1", "type i"),
    ("type 2", "type ii"), ("type 3", "type iii"), ("uterine cervical", "cervical"),
    ("nasopharynx", "nasopharyngeal"), ("larynx", "laryngeal"), ("testicular", "testis"), ("vein", "venous"),
    ("artery", "arterial"), ("substance related", "substance use"),
)  # fmt: skip


_PREFIXES = ("anti", "cardio", "chemo", "gastro", "hyper", "immuno", "neuro", "radio", "cerebro", "musculo", "thrombo")


def variants(key: str, *, condition: bool) -> frozenset[str]:
    """Keys that mean the same as `key` and are not `key`; `condition`: it is a disease, whose wordings vary more."""
    if key.count(" ") > 6:
        return frozenset()
    if " " not in key:
        return frozenset(_parted(key))
    once = set(_one_change(key, condition))
    return frozenset((once | {v for k in once for v in _one_change(k, condition)}) - {key})


def _parted(key: str) -> Iterator[str]:
    """The key with its first word's prefix apart: people write "anti-coagulant" and "cardio-vascular"."""
    for prefix in _PREFIXES:
        first = key.partition(" ")[0]
        if first.startswith(prefix) and len(first) > len(prefix) + 4:
            yield f"{prefix} {key[len(prefix) :]}"


def _one_change(key: str, condition: bool) -> Iterator[str]:
    words = key.split()
    if "type" in words:
        yield from _replaced(key, (("type 1", "type i"), ("type 2", "type ii"), ("type 3", "type iii")))
    if words[0] in _PREFIXES:
        yield words[0] + key[len(words[0]) + 1 :]
    yield from _parted(key)
    if not condition:
        return
    head, tail = key.rsplit(" ", 1)
    if tail in _TUMOUR and head not in {"malignant", "benign"}:
        yield from (f"{head} {other}" for other in _TUMOUR if other != tail)
        if head.count(" ") < 2:
            yield from (f"{other} of {head}" for other in _TUMOUR)
    if tail in _DISEASE:
        yield from (f"{head} {other}" for other in _DISEASE if other != tail)
        if " " not in head:
            yield from (f"{head} {other}" for other in _LOOSELY)
        if head.count(" ") < 2:
            yield f"{tail} of {head}"
    if tail in _FAILING and head in {"kidney", "renal", "liver", "hepatic"}:
        yield from (f"{head} {other}" for other in _FAILING if other != tail)
    yield from _replaced(key, _SAME)


def _replaced(key: str, pairs: tuple[tuple[str, str], ...]) -> Iterator[str]:
    padded = f" {key} "
    for a, b in pairs:
        for old, new in ((a, b), (b, a)):
            if f" {old} " in padded:
                yield padded.replace(f" {old} ", f" {new} ", 1).strip()
