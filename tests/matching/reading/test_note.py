"""Notes: places, merging, and what no note may do."""

import random
from datetime import date
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from matching import Condition, Observation, Patient, Quantity, Role, Sex, Verdict, judge_text, merge_note, read_note
from matching.model.patient import Code, NoteSpan, PartialDate
from matching.reading.note_text import sentences, shown
from tests.matching.proportion import grows_in_proportion

ON = date(2026, 11, 22)
NOTE = (
    "A 58-year-old woman with mild asthma presents with chest pain for 2 days. She denies diabetes.\n"
    "Her mother had breast cancer. She takes lisinopril. BP 150/90, Na 138."
)
WORDS = (
    "no not denies without family history of mother had asthma diabetes , . ; : but and or with she he takes on BP 150/90 Na 138 was"
    " T 38.5 possible ? s/p CABG \n PMH: - 1. weeks pregnant G2P1 at 20 [**2148-1-1**] 3 years ago 2026-13-45 smokes packs per day"
).split(" ")


def test_every_fact_has_its_place():
    reading = read_note(NOTE, ON)
    assert [(f.kind, f.text) for f in reading.facts] == [
        ("age", "58-year-old"),
        ("sex", "woman"),
        ("condition", "mild asthma"),
        ("condition", "chest pain"),
        ("condition", "diabetes"),
        ("family", "breast cancer"),
        ("treatment", "lisinopril"),
        ("observation", "BP 150/90"),
        ("observation", "BP 150/90"),
        ("observation", "Na 138"),
    ]
    assert all(NOTE[f.start : f.end] == f.text for f in reading.facts)


def test_the_patient_of_a_note():
    patient = read_note(NOTE, ON).patient
    assert patient.age == Quantity(58.0, "a")
    assert patient.sex is Sex.FEMALE
    assert patient.conditions == (
        Condition("asthma", (Code("mesh", "D001249"),), active=True, qualifiers=("mild",), span=NoteSpan(25, 36)),
        Condition("chest pain", (Code("mesh", "D002637"),), onset_on=PartialDate(2026, 11, 20), active=True, span=NoteSpan(51, 61)),
        Condition("diabetes", (Code("mesh", "D003920"),), present=False, span=NoteSpan(85, 93)),
    )  # fmt: skip
    assert [(t.text, t.current) for t in patient.treatments] == [("lisinopril", True)]


def test_facts_are_written_as_in_a_request():
    facts = read_note("She denies diabetes. HbA1c was 7.2% on 2026-10-02.", ON).facts
    assert [dict(f.fact) for f in facts if f.kind != "sex"] == [
        {"text": "diabetes", "codes": [{"system": "mesh", "code": "D003920"}], "present": False},
        {"name": "HbA1c", "loinc": "4548-4", "value": 7.2, "unit": "%", "on": "2026-10-02"},
    ]


def test_what_the_caller_says_of_a_person_wins():
    reading = read_note(NOTE, ON)
    merged = merge_note(Patient(birth_date=PartialDate(1970), sex=Sex.MALE, statements={"can_consent": False}), reading)
    assert (merged.birth_date, merged.age, merged.sex) == (PartialDate(1970), None, Sex.MALE)
    assert merged.statements == {"can_consent": False}
    assert merged.conditions == reading.patient.conditions


def test_lists_are_put_together_and_a_conflict_is_left_to_the_judge():
    reading = read_note("She denies diabetes.", ON)
    merged = merge_note(
        Patient(conditions=(Condition("diabetes"),), observations=(Observation("ALT", value=3.0),)), reading
    )
    assert [(c.text, c.present) for c in merged.conditions] == [("diabetes", True), ("diabetes", False)]
    judged = judge_text("Diabetes", Role.EXCLUSION, merged, ON)
    assert (judged.verdict, judged.why_unknown) == (Verdict.UNKNOWN, "conflict")


def test_relatives_suspicions_and_silence_settle_nothing():
    for note in ("Her mother had breast cancer.", "Suspected breast cancer.", "A 58-year-old woman."):
        judged = judge_text("Breast cancer", Role.EXCLUSION, read_note(note, ON).patient, ON)
        assert judged.verdict is Verdict.UNKNOWN, note


def test_a_suspicion_holds_back_a_complete_list():
    reading = read_note("Suspected breast cancer.", ON)
    patient = merge_note(Patient(complete=frozenset({"conditions"})), reading)
    assert judge_text("Breast cancer", Role.EXCLUSION, patient, ON).verdict is Verdict.UNKNOWN
    assert judge_text("Asthma", Role.EXCLUSION, patient, ON).verdict is Verdict.NOT_EXCLUDED


def test_days_are_not_counted_back_where_the_note_hides_its_days():
    plain = read_note("Stroke 3 years ago.", ON).patient.conditions[0]
    hidden = read_note("Seen on [**2148-10-1**]. Stroke 3 years ago.", ON).patient.conditions[0]
    assert (plain.onset_on, hidden.onset_on) == (PartialDate(2023), None)


def test_nothing_is_dated_after_the_day():
    patient = read_note("HbA1c 7.2 % on 2027-01-05. Asthma since 2031.", ON).patient
    assert (patient.observations, patient.conditions) == ((), ())


def test_sentences_keep_their_places():
    text = shown("Dr. Ann saw her on [**2148-10-1**] in clinic.\nAllergies: none\n- one\n- two. Three; four")
    assert [text[s.start : s.end] for s in sentences(text)] == [
        "Dr.",
        "Ann saw her on                 in clinic.",
        "Allergies: none",
        "- one",
        "- two.",
        "Three; four",
    ]  # fmt: skip


@given(st.one_of(st.text(max_size=300), st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join)))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_read(note):
    reading = read_note(note, ON)
    assert all(note[f.start : f.end] == f.text and f.start < f.end for f in reading.facts)
    for c in reading.patient.conditions:
        assert c.onset_on is None or c.onset_on.earliest <= ON


def test_a_long_note_takes_no_longer_than_its_length():
    rng = random.Random(7)
    long = " ".join(rng.choice(WORDS) for _ in range(45_000))[:200_000]
    for note in (long, "no " * 66_000, "(" * 200_000, "1 " * 100_000, "1/" * 100_000, "A" * 200_000, "\n" * 200_000,
                 "fever, " * 28_000, "BP 150/90 " * 20_000, "[**" * 66_000, "his mother " * 18_000):  # fmt: skip
        assert grows_in_proportion(lambda part: read_note(part, ON), note[:80_000]), note[:20]


def test_the_project_names_no_source_of_test_notes():
    """The cues come from no labelled data: the rooms of the note hold no names of such sets."""
    rooms = Path(read_note.__code__.co_filename).parent.glob("note*.py")
    assert not [p.name for p in rooms if "trialgpt" in p.read_text().lower() or "sigir" in p.read_text().lower()]


def test_an_adjective_that_no_table_knows_says_what_kind_it_is():
    """A trial may ask for a cryptogenic stroke in this very word; "typical" says of no kind."""
    reading = read_note("She had a cryptogenic stroke, then typical chest pain.", ON)
    assert [(c.text, c.qualifiers) for c in reading.patient.conditions] == [
        ("stroke", ("cryptogenic",)),
        ("chest pain", ()),
    ]
