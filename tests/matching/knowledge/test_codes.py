"""Codes of other vocabularies."""

from __future__ import annotations

import re

import pytest

from matching.knowledge import hierarchy
from matching.knowledge.build import build
from matching.knowledge.build import canonical_mesh as canonical_at_build
from matching.knowledge.codes import canonical_mesh, concept_of, icd10_of
from matching.knowledge.concepts import curated


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        ("mesh", "D003922", "D003922"),
        ("mesh", "D000003922", "D003922"),
        ("mesh", "d003922", "D003922"),
        ("mesh", "D000077868", "D000077868"),
        ("mesh", "D999999", None),
        ("mesh", "C000500026", "C500026"),
        ("mesh", "C500026", "C500026"),
        ("icd10cm", "E10", "D003922"),
        ("icd10cm", "E10.9", "D003922"),
        ("icd10cm", "E109", "D003922"),
        ("icd10cm", "c50.911", "D001943"),
        ("icd10cm", "N18.3", "D051436"),
        ("icd10cm", "N18.6", "D007676"),
        ("icd10cm", "QQQ", None),
        ("snomed", "44054006", "D003924"),
        ("snomed", "254837009", "D001943"),
        ("rxnorm", "860975", "D008687"),
        ("mondo", "MONDO:0005147", "D003922"),
        ("mondo", "0005147", "D003922"),
        ("loinc", "4548-4", None),
        ("snomed", "", None),
    ],
)
def test_codes(system: str, code: str, expected: str | None) -> None:
    assert concept_of(system, code) == expected


def test_a_padded_id_is_cut_only_where_the_long_one_is_not_genuine() -> None:
    assert canonical_mesh("D000008659") == "D008659"
    assert canonical_mesh("D000086382") == "D000086382"
    assert canonical_mesh("C000613593") == "C000613593"
    assert canonical_mesh("C000579720") == "C579720"
    assert canonical_at_build("D000008659", {}) == "D008659"
    assert canonical_at_build("D000086382", {}) == "D000086382"


def test_a_concept_has_the_shortest_code() -> None:
    assert icd10_of("D003922") == "E10"
    assert icd10_of("D999999") is None


def test_every_curated_code_is_well_formed_and_stands_once() -> None:
    shapes = {"icd10cm": r"[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?", "snomed": r"\d{6,18}", "rxnorm": r"\d{3,7}"}
    rows = list(curated("codes_curated.csv"))
    assert [r for r in rows if not re.fullmatch(shapes[r["system"]], r["code"])] == []
    assert len(rows) == len({(r["system"], r["code"]) for r in rows})
    assert all(concept_of(r["system"], r["code"]) for r in rows)


def test_snomed_check_digits() -> None:
    bad = [r["code"] for r in curated("codes_curated.csv") if r["system"] == "snomed" and not _verhoeff(r["code"])]
    assert bad == []


def _verhoeff(code: str) -> bool:
    d = [
        "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
        "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
    ]  # fmt: skip
    p = [
        "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
    ]  # fmt: skip
    c = 0
    for i, digit in enumerate(reversed(code)):
        c = int(d[c][int(p[i % 8][int(digit)])])
    return c == 0


def test_the_build_reads_publishers_files_and_gives_the_same_bytes_twice(tmp_path) -> None:
    mesh = tmp_path / "mesh.jsonl"
    mesh.write_text(
        '{"ui": "D000001", "name": "Heart Diseases", "terms": ["heart diseases", "diseases, cardiac"], "trees": ["C14.280"]}\n'
        '{"ui": "D000002", "name": "Failure, Heart", "terms": ["failure, heart"], "trees": ["C14.280.434"]}\n'
        '{"ui": "D000003", "name": "Students", "terms": ["students"], "trees": ["M01.848"]}\n'
    )
    mondo = tmp_path / "mondo.tsv"
    mondo.write_text(
        "mondo_id\tlabel\tmesh\ticd10cm\tsnomed\tncit\n"
        "MONDO:0000001\theart disease\tD000001\tI51\t\t\n"
        "MONDO:0000002\tcongenital heart disease\t\t\t13213009\t\n"
        "MONDO:0000003\tobsolete thing\t\tZ00\t1\t\n"
    )
    registry = tmp_path / "texts.jsonl"
    registry.write_text('{"id": "NCT1", "text": "heart failure"}\n')
    first, second = tmp_path / "a", tmp_path / "b"
    for out in (first, second):
        out.mkdir()
        counts = build(mesh, mondo, [registry], None, out)
    names = ["codes.tsv.gz", "concepts.tsv.gz", "terms.tsv.gz"]
    assert counts["concepts"] == 3
    assert sorted(p.name for p in first.iterdir()) == names
    assert all((first / n).read_bytes() == (second / n).read_bytes() for n in names)


def test_names_of_the_classes_of_a_concept_are_known() -> None:
    assert all(hierarchy.name(up) for code in ("D011241", "C582435") for up in hierarchy.ancestors(code))
