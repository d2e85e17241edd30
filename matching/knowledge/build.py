"""Builds the vocabulary's data files from the publishers' files; to be run when one of those changes.

python -m matching.knowledge.build --mesh mesh2021.jsonl.gz --mondo mondo_mappings.tsv.gz \
    --registry ctgov_v2.jsonl.gz eligibility_text.jsonl.gz --icd icd10cm.tsv

Files in, files out: `data/concepts.tsv.gz` (id, name, trees, parents), `data/terms.tsv.gz` (key, surface, id, kind),
`data/codes.tsv.gz` (system, code, id) and `data/uses.tsv.gz` (id, in how many texts it is named). The hand-written tables beside them are read when the service starts, not here.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matching.knowledge.variants import variants
from matching.knowledge.words import key_of, uninvert

DATA = Path(__file__).parent / "data"

# Trees that name things a criterion is about. Left out: people, places, professions, food, chemistry of nature,
# animals and plants: their terms are everyday words in criteria ("students", "history", "time", "dogs").
_KEPT = re.compile(
    r"C|F03|F01\.145|F04\.(?:570|669|754)|D|B0[34]|B01\.(?:043|046|300|500|630|750|775)|A0[1-9]|A10|A14|A15|"
    r"E0[12346]|E07|G07\.203\.300\.456|G08\.686\.(?:157|784\.769)|J01\.637\.767\.844|"
    r"B01\.650\.940\.800\.575\.912\.250\.(?:859\.937\.055\.500|908\.500\.900|859\.625\.500|875\.177\.538)$"
)
_CHEMICAL = re.compile(r"\d,\d|[(\[{]|\d'|--|^\W|(?:^| )[a-z]-\d")
_WORD = re.compile(r"[A-Za-z]+")


@dataclass
class _Entry:
    id: str
    name: str
    trees: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    surfaces: list[str] = field(default_factory=list)


def _lines(path: Path) -> Iterator[str]:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as f:
        yield from f


def canonical_mesh(code: str, known: Iterable[str] | dict[str, _Entry]) -> str:
    """A MeSH id as its publisher writes it.

    The registry pads ids with three zeros. An id that is known stands; then the unpadded one if known; then, since no
    7-character supplementary id is above C588999 and no 7-character descriptor above D065999, the number decides.
    """
    if code in known or len(code) != 10 or code[1:4] != "000":
        return code
    short = code[0] + code[4:]
    if short in known:
        return short
    return short if int(code[4:]) <= (588_999 if code[0] == "C" else 65_999) else code


def read_mesh(path: Path) -> dict[str, _Entry]:
    """MeSH descriptors of the kept trees; surfaces in natural order, the name first."""
    entries: dict[str, _Entry] = {}
    for line in _lines(path):
        row = json.loads(line)
        if not any(_KEPT.match(tree) for tree in row["trees"]):
            continue
        surfaces = [row["name"]]
        natural = {t for t in row["terms"] if ", " not in t}
        for term in row["terms"]:
            if _CHEMICAL.search(term) or len(term) > 80:
                continue
            surfaces.append(term if term in natural else uninvert(term))
        entries[row["ui"]] = _Entry(row["ui"], row["name"], tuple(row["trees"]), (), list(dict.fromkeys(surfaces)))
    return entries


def read_registry(paths: list[Path], entries: dict[str, _Entry]) -> Counter[str]:
    """Adds MeSH concepts that only the registry's records name, and counts the words of all its texts as written.

    A concept's parents are taken from the records in which it is the only one of its kind, because there the listed
    ancestors are its own.
    """
    written: Counter[str] = Counter()
    new: dict[str, _Entry] = {}
    for path in paths:
        for line in _lines(path):
            row = json.loads(line)
            protocol = row.get("protocolSection", {})
            text = row.get("text") or protocol.get("eligibilityModule", {}).get("eligibilityCriteria") or ""
            written.update(_WORD.findall(text))
            for module in ("conditionBrowseModule", "interventionBrowseModule"):
                browse = row.get("derivedSection", {}).get(module, {})
                meshes = browse.get("meshes", [])
                for mesh in meshes:
                    code = canonical_mesh(mesh["id"], entries)
                    if code in entries or _CHEMICAL.search(mesh["term"].lower()):
                        continue
                    entry = new.setdefault(code, _Entry(code, mesh["term"], surfaces=[mesh["term"]]))
                    if mesh["term"][:1].isupper():
                        entry.name = mesh["term"]
                    if len(meshes) == 1 and browse.get("ancestors"):
                        up = (canonical_mesh(a["id"], entries) for a in browse["ancestors"])
                        entry.parents = tuple(u for u in up if u in entries)
    entries.update(new)
    return written


def index_terms(entries: dict[str, _Entry], written: Counter[str]) -> dict[str, tuple[str, str, str]]:
    """Key -> (surface, id, kind). Names win over other terms, and terms over variants; kind A is an abbreviation."""
    index: dict[str, tuple[str, str, str]] = {}

    def add(surface: str, code: str) -> None:
        key, kind = key_of(surface), ""
        if not key or len(key) < 2 or key.isdigit():
            return
        if " " not in key and len(surface) <= 5 and _is_abbreviation(surface, written):
            key, kind = surface.upper().replace("-", ""), "A"
        index.setdefault(key, (surface, code, kind))

    for entry in entries.values():
        add(uninvert(entry.name), entry.id)
    for entry in entries.values():
        for surface in entry.surfaces[1:]:
            add(surface, entry.id)
    for entry in entries.values():
        if ", " in entry.name and len(entry.name) <= 80 and not _CHEMICAL.search(entry.name.lower()):
            key = key_of(entry.name)
            index.setdefault(key, (entry.name, entry.id, "C"))
    for key, (surface, code, kind) in list(index.items()):
        if kind != "A":
            for variant in variants(key, condition=_is_condition(entries[code])):
                index.setdefault(variant, (surface, code, "V"))
    return index


def _is_condition(entry: _Entry) -> bool:
    return not entry.trees or any(t.startswith(("C", "F03")) for t in entry.trees)


def _is_abbreviation(surface: str, written: Counter[str]) -> bool:
    lower, title, upper = written[surface.lower()], written[surface.capitalize()], written[surface.upper()]
    if lower + title + upper >= 3:
        return upper > 2 * (lower + title)
    return len(surface) <= 4 or not re.search(r"[aeiouy]", surface.lower())


def read_mondo(
    path: Path, entries: dict[str, _Entry], index: dict[str, tuple[str, str, str]]
) -> list[tuple[str, str, str]]:
    """Adds Mondo's labels as terms, diseases that MeSH lacks as concepts, and returns the codes of other systems."""
    codes: list[tuple[str, str, str]] = []
    added: list[_Entry] = []
    for row in csv.DictReader(_lines(path), delimiter="\t"):
        label = row["label"]
        if label.startswith("obsolete "):
            continue
        meshes = [canonical_mesh(m, entries) for m in (row["mesh"] or "").split("|") if m]
        known = next((m for m in meshes if m in entries), None)
        held = index.get(key_of(label))
        if known is None and held is not None and held[2] != "A":
            known = held[1]
        if known is None:
            known = meshes[0] if meshes else row["mondo_id"]
            added.append(_Entry(known, label, surfaces=[label]))
        elif held is None:
            index[key_of(label)] = (label, known, "")
        codes.append(("mondo", row["mondo_id"], known))
        for system in ("icd10cm", "snomed", "ncit"):
            codes.extend((system, code, known) for code in (row[system] or "").split("|") if code)
    for entry in added:
        if entry.id in entries:
            continue
        entries[entry.id] = entry
        index.setdefault(key_of(entry.name), (entry.name, entry.id, ""))
    for entry in added:
        broader = _broader(key_of(entry.name).split(), entry.id, index, entries)
        entry.parents = (broader,) if broader else ()
    return codes


_NOT_A_KIND = frozenset(
    {"non", "pseudo", "anti", "no", "without", "pre", "post", "like", "susceptibility", "to", "resistance"}
)
_TOO_WIDE = frozenset(
    {"disease", "syndrome", "disorder", "disability", "anomaly", "abnormality", "deficiency", "defect", "symptom"}
)


def _broader(
    words: list[str], own: str, index: dict[str, tuple[str, str, str]], entries: dict[str, _Entry]
) -> str | None:
    """The disease named by a label's last words: "autosomal dominant cerebellar ataxia" is a cerebellar ataxia."""
    if _NOT_A_KIND & set(words):
        return None
    while len(words) > 2 and (
        words[-1].isalnum() and (words[-1][0].isdigit() or len(words[-1]) <= 2 or words[-1] == "type")
    ):
        words = words[:-1]
    for i in range(len(words)):
        key = " ".join(words[i:])
        found = index.get(key)
        if found and found[1] != own and found[2] != "A" and key not in _TOO_WIDE and _is_condition(entries[found[1]]):
            return found[1]
    return None


def read_icd(
    path: Path, index: dict[str, tuple[str, str, str]], entries: dict[str, _Entry]
) -> list[tuple[str, str, str]]:
    """ICD-10-CM codes whose title is a term of the vocabulary (tab-separated: code, title)."""
    codes = []
    for line in _lines(path):
        code, _, title = line.rstrip("\n").partition("\t")
        plain = re.sub(
            r",? (?:unspecified|NOS|without complications)$|^Unspecified |^Other |^Malignant neoplasm of ",
            _plain,
            title,
        )
        for form in (title, plain):
            found = index.get(key_of(form))
            if found and found[2] != "A" and _is_condition(entries[found[1]]) and not form.startswith("Other "):
                codes.append(("icd10cm", code, found[1]))
                break
    return codes


def _plain(found: re.Match[str]) -> str:
    return "cancer of " if found[0].startswith("Malignant") else ("Other " if found[0].startswith("Other") else "")


def _write(path: Path, rows: Iterable[tuple[str, ...]]) -> None:
    """Sorted, tab-separated and compressed with no time stamp: the same input gives the same bytes."""
    text = "".join("\t".join(row) + "\n" for row in sorted(rows))
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, compresslevel=9) as f:
        f.write(text.encode())
    path.write_bytes(buffer.getvalue())


def build(mesh: Path, mondo: Path, registry: list[Path], icd: Path | None, out: Path) -> dict[str, int]:
    """Writes the three files and returns how many rows each has."""
    entries = read_mesh(mesh)
    written = read_registry(registry, entries)
    index = index_terms(entries, written)
    codes = read_mondo(mondo, entries, index)
    held = {(system, code) for system, code, _ in codes}
    codes += [row for row in (read_icd(icd, index, entries) if icd else []) if row[:2] not in held]
    concepts = [(e.id, e.name, " ".join(e.trees), " ".join(e.parents)) for e in entries.values()]
    terms = [
        (key, "" if surface.lower() == key else surface, code, kind) for key, (surface, code, kind) in index.items()
    ]
    _write(out / "concepts.tsv.gz", concepts)
    _write(out / "terms.tsv.gz", terms)
    _write(out / "codes.tsv.gz", set(codes))
    return {"concepts": len(concepts), "terms": len(terms), "codes": len(set(codes))}


def count_uses(registry: list[Path], out: Path) -> int:
    """Counts in how many of the registry's texts each concept is named, and writes `uses.tsv.gz` (id, count)."""
    from matching.knowledge.lexicon import find_terms  # it loads the files that `build` has just written

    uses: Counter[str] = Counter()
    for path in registry:
        for line in _lines(path):
            row = json.loads(line)
            protocol = row.get("protocolSection", {})
            texts = [row.get("text") or protocol.get("eligibilityModule", {}).get("eligibilityCriteria") or ""]
            texts += protocol.get("conditionsModule", {}).get("conditions", [])
            uses.update({match.concept_id for text in texts for match in find_terms(text)})
    _write(out / "uses.tsv.gz", ((code, str(count)) for code, count in uses.items()))
    return len(uses)


def main(arguments: list[str] | None = None) -> int:
    """The command line; prints the counts."""
    parser = argparse.ArgumentParser(
        prog="python -m matching.knowledge.build", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--mesh", type=Path, required=True)
    parser.add_argument("--mondo", type=Path, required=True)
    parser.add_argument("--registry", type=Path, nargs="+", required=True)
    parser.add_argument("--icd", type=Path)
    parser.add_argument("--out", type=Path, default=DATA)
    given = parser.parse_args(arguments)
    print(build(given.mesh, given.mondo, given.registry, given.icd, given.out))
    if given.out == DATA:
        print({"concepts used": count_uses(given.registry, given.out)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
