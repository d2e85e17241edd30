"""Is A a kind of B, by which path, and what sort of thing a concept is."""

from __future__ import annotations

import pytest

from matching.knowledge import hierarchy
from matching.knowledge.concepts import curated, split_cell, vocabulary
from matching.knowledge.lexicon import lookup


def id_of(name: str) -> str:
    found = lookup(name)
    assert found is not None
    assert found.id is not None
    return found.id


def test_the_path_shows_each_step() -> None:
    assert hierarchy.path("D003922", "D008659") == ("D003922", "D003920", "D044882", "D008659")
    assert [hierarchy.name(c) for c in ("D003922", "D003920", "D044882", "D008659")] == [
        "Diabetes Mellitus, Type 1",
        "Diabetes Mellitus",
        "Glucose Metabolism Disorders",
        "Metabolic Diseases",
    ]
    assert hierarchy.path("D003920", "D003922") is None
    assert hierarchy.path("D003922", "D003922") == ("D003922",)
    assert hierarchy.distance("D003922", "D008659") == 3
    assert hierarchy.distance("D003922", "D003924") is None


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        ("prednisone", "systemic corticosteroids"),
        ("prednisone", "corticosteroids"),
        ("prednisone", "immunosuppressants"),
        ("cisplatin", "chemotherapy"),
        ("cisplatin", "platinum-based chemotherapy"),
        ("docetaxel", "taxanes"),
        ("pembrolizumab", "checkpoint inhibitors"),
        ("pembrolizumab", "immunotherapy"),
        ("adalimumab", "TNF inhibitors"),
        ("adalimumab", "biologics"),
        ("lisinopril", "ACE inhibitors"),
        ("lisinopril", "antihypertensives"),
        ("metoprolol", "beta-blockers"),
        ("warfarin", "anticoagulants"),
        ("apixaban", "anticoagulants"),
        ("clopidogrel", "blood thinners"),
        ("ibuprofen", "NSAIDs"),
        ("atorvastatin", "statins"),
        ("empagliflozin", "SGLT2 inhibitors"),
        ("semaglutide", "GLP-1 receptor agonists"),
        ("insulin glargine", "insulin"),
        ("morphine", "opioids"),
        ("sertraline", "antidepressants"),
        ("olanzapine", "antipsychotics"),
        ("acyclovir", "antivirals"),
        ("type 1 diabetes", "autoimmune disease"),
        ("brain metastases", "cancer"),
        ("basal cell carcinoma of the skin", "non-melanoma skin cancer"),
        ("myocardial infarction", "cardiovascular disease"),
        ("hepatitis C", "viral hepatitis"),
        ("schizophrenia", "psychiatric illness"),
    ],
)
def test_kinds(child: str, parent: str) -> None:
    assert hierarchy.is_a(id_of(child), id_of(parent))
    chain = hierarchy.path(id_of(child), id_of(parent))
    assert chain is not None
    assert (chain[0], chain[-1]) == (id_of(child), id_of(parent))


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        ("corticosteroids", "prednisone"),
        ("paracetamol", "NSAIDs"),
        ("metformin", "insulin"),
        ("asthma", "cancer"),
        ("type 1 diabetes", "type 2 diabetes"),
        ("prednisone", "chemotherapy"),
        ("heparin", "warfarin"),
    ],
)
def test_not_kinds(child: str, parent: str) -> None:
    assert not hierarchy.is_a(id_of(child), id_of(parent))


def test_is_a_ancestors_descendants_and_path_agree() -> None:
    for top in (id_of("chemotherapy"), "D008659", "D000925", "TM:checkpoint-inhibitors"):
        below = hierarchy.descendants(top)
        assert top not in below
        assert len(below) > 5
        for code in below:
            assert top in hierarchy.ancestors(code)
            assert code not in hierarchy.ancestors(code)
            assert hierarchy.path(code, top) is not None
    assert "D003922" in hierarchy.descendants("D008659")


def test_inner_positions_that_no_row_holds_are_passed_over() -> None:
    held = {tree for trees in vocabulary().trees.values() for tree in trees}
    gaps = [t for t in held if t.startswith("C") and t.count(".") > 1 and t.rpartition(".")[0] not in held]
    assert gaps
    by_tree = {tree: code for code, trees in vocabulary().trees.items() for tree in trees}
    for tree in gaps:
        top = by_tree.get(tree.split(".")[0])
        assert top is None or top in hierarchy.ancestors(by_tree[tree])


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("diabetes", "condition"),
        ("schizophrenia", "condition"),
        ("headache", "finding"),
        ("prednisone", "drug"),
        ("insulin glargine", "drug"),
        ("trastuzumab", "drug"),
        ("palbociclib", "drug"),
        ("statins", "class"),
        ("chemotherapy", "class"),
        ("hysterectomy", "procedure"),
        ("radiotherapy", "procedure"),
        ("pacemaker", "device"),
        ("smoking", "behaviour"),
        ("liver", "anatomy"),
        ("pregnancy", "other"),
    ],
)
def test_sorts(name: str, category: str) -> None:
    assert hierarchy.category(id_of(name)) == category


@pytest.mark.parametrize(
    ("said", "asked", "expected"),
    [
        ("prednisone", "systemic corticosteroids", True),
        ("dexamethasone", "systemic corticosteroids", True),
        ("diabetes", "type 1 diabetes", True),
        ("asthma", "severe asthma", True),
        ("lung cancer", "adenocarcinoma", True),
        ("breast cancer", "metastatic disease", True),
        ("breast cancer", "solid tumor", True),
        ("lung cancer", "breast cancer", False),
        ("hypertension", "stroke", False),
        ("ibuprofen", "systemic corticosteroids", False),
    ],
)
def test_what_a_name_may_also_be(said: str, asked: str, expected: bool) -> None:
    assert hierarchy.may_be(id_of(said), id_of(asked)) is expected


def test_only_definitions_exclude() -> None:
    assert hierarchy.mutually_exclusive(id_of("obesity"), "D013851")
    assert hierarchy.mutually_exclusive("D013851", id_of("obesity"))
    assert not hierarchy.mutually_exclusive("D003922", "D003924")
    assert not hierarchy.mutually_exclusive("D003922", "D003922")
    assert all(row["why"] for row in curated("exclusive.csv"))


def test_an_unknown_id_has_no_family() -> None:
    assert hierarchy.name("D999999") is None
    assert hierarchy.ancestors("D999999") == frozenset()
    assert hierarchy.descendants("D999999") == frozenset()
    assert hierarchy.path("D999999", "D003920") is None


def test_the_table_of_drug_classes_is_large_enough_to_be_of_use() -> None:
    rows = list(curated("drug_classes.csv"))
    assert len(rows) == len({row["class"] for row in rows}) >= 60
    assert sum(len(split_cell(row["members"])) for row in rows) >= 600


def test_curated_ids_are_ours_and_name_each_concept_once() -> None:
    ids = [row["id"] for row in curated("concepts_curated.csv")]
    assert len(ids) == len(set(ids))
    assert all(code.startswith("TM:") and code == code.strip() for code in ids)
    sorts = {"condition", "finding", "drug", "class", "procedure", "device", "behaviour", "other"}
    assert {row["category"] for row in curated("concepts_curated.csv")} <= sorts
