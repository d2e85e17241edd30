"""The table of what is read from notes: one fact a row, as a clinician would tick it."""

import csv
from datetime import date
from pathlib import Path

import pytest

from matching import Condition, Treatment, read_note
from matching.knowledge import lexicon

ON = date(2026, 11, 22)
ROWS = list(csv.DictReader((Path(__file__).parent / "notes.csv").open(encoding="utf-8", newline="")))


def number(value):
    return f"{value:g}"


def said_of_condition(c: Condition):
    if not c.present:
        return {"absent"}
    return {"present", {True: "now", False: "over", None: "past"}[c.active]}


def said_of_treatment(t: Treatment):
    if not t.taken:
        return {"not taken"}
    if t.planned:
        return {"planned"}
    return {"taken", {True: "taken now", False: "stopped", None: "taken"}[t.current]}


def said(note, name):
    """All that is said of the fact of that name, as the table writes it; {"-"} for nothing."""
    reading = read_note(note, ON)
    patient = reading.patient
    if name == "age":
        return {f"{number(patient.age.value)} {patient.age.unit}" if patient.age else "-"}
    if name == "sex":
        return {patient.sex.value if patient.sex else "-"}
    if name in ("pregnant", "breastfeeding"):
        value = getattr(patient, name)
        return {"-" if value is None else str(value)}
    if name in ("can_consent", "will_comply"):
        return {str(patient.statements.get(name, "-"))}
    found = set()
    for o in patient.observations:
        if o.name == name:
            text = o.result if o.value is None else f"{o.comparator or ''}{number(o.value)} {o.unit or ''}".strip()
            found.add(text + (f" on {o.on}" if o.on else ""))
    for c in patient.conditions:
        if c.text.lower() == name.lower():
            found |= said_of_condition(c)
        elif c.text.lower() == f"possible {name}".lower():
            found.add("suspected")
    for t in patient.treatments:
        if t.text.lower() == name.lower():
            found |= said_of_treatment(t)
        elif t.text.lower() == f"possible {name}".lower():
            found.add("suspected")
    for f in reading.facts:
        if f.kind == "family" and str(f.fact["text"]).lower() == name.lower():
            found.add("family")
    return found or {"-"}


@pytest.mark.parametrize("row", ROWS, ids=[f"{r['fact']}: {r['note'][:40]}" for r in ROWS])
def test_notes(row):
    found = said(row["note"], row["fact"])
    assert row["is"] in found, found
    opposites = {"present": "absent", "absent": "present", "suspected": "present", "family": "present"}
    if row["fact"] not in ("age", "sex"):
        assert opposites.get(row["is"], "nothing") not in found


def test_every_concept_of_the_table_is_known():
    """A row about a name that the vocabulary lacks could not fail in the right way."""
    told = {
        "family",
        "absent",
        "present",
        "now",
        "past",
        "over",
        "suspected",
        "planned",
        "stopped",
        "taken",
        "taken now",
    }
    names = {r["fact"].removeprefix("hypersensitivity to ") for r in ROWS if r["is"] in told}
    assert [n for n in sorted(names) if lexicon.lookup(n) is None] == []
