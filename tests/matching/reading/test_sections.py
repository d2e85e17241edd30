"""How eligibility texts are cut: every form of heading, bullet and wrap that the registry's texts have."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matching.model.codes import Role
from matching.model.criterion import Unreadable
from matching.reading.criteria import parse_eligibility
from matching.reading.sections import MAX_CHARACTERS, MAX_LINES, MAX_NUMBERS, Line, split


def outline(text: str) -> list[str]:
    """One row a line: role, H for a heading, depth by indentation, the quote with single spaces, the cohort."""
    depth: dict[int, int] = {}
    rows = []
    for line in split(text):
        depth[line.index] = 0 if line.parent is None else depth[line.parent] + 1
        quote = " ".join(text[line.start : line.end].split())
        mark = "H" if line.kind == "heading" else " "
        cohort = f" @{line.applies_to}" if line.applies_to else ""
        rows.append(f"{line.role.value[0]}{mark}{'  ' * depth[line.index]}{quote}{cohort}")
    return rows


FORMS = [
    (
        "markdown bullets, the registry's present form",
        "Inclusion Criteria:\n\n* Age \\> 18 years\n* Informed consent\n\nExclusion Criteria:\n\n* Late complications",
        [
            "iHInclusion Criteria:",
            "i Age \\> 18 years",
            "i Informed consent",
            "eHExclusion Criteria:",
            "e Late complications",
        ],
    ),
    (
        "the registry's older form: a margin of eight, lines wrapped at a hundred, numbers aligned at the right",
        "Inclusion Criteria:\n\n          9. Patients must have measurable disease per RECIST criteria v. 1.1 as described in\n"
        "             detail in section 11.0.\n\n         10. Age > 18 years.\n\n        Exclusion Criteria:\n\n"
        "          1. Pregnant or breast feeding.",
        [
            "iHInclusion Criteria:",
            "i Patients must have measurable disease per RECIST criteria v. 1.1 as described in detail in section 11.0.",
            "i Age > 18 years.",
            "eHExclusion Criteria:",
            "e Pregnant or breast feeding.",
        ],
    ),
    (
        "carriage returns",
        "Inclusion Criteria:\r\n\r\n          -  40 - 65 years of age\r\n\r\n          -  no previous invasive cancer\r\n",
        ["iHInclusion Criteria:", "i 40 - 65 years of age", "i no previous invasive cancer"],
    ),
    (
        "no bullets: one criterion a line",
        "Inclusion Criteria:\n\nAge 18 or over\nSymptom onset within 7 days\n\nExclusion Criteria:\n\nnone",
        [
            "iHInclusion Criteria:",
            "i Age 18 or over",
            "i Symptom onset within 7 days",
            "eHExclusion Criteria:",
            "e none",
        ],
    ),
    (
        "line ends that became tildes",
        "Inclusion Criteria:~Adults 18 - 65~Score 5~10 points~Exclusion Criteria:~Pregnancy",
        ["i Inclusion Criteria:~Adults 18 - 65", "i Score 5~10 points", "e Exclusion Criteria:~Pregnancy"],
    ),
    (
        "a list that was joined with stars",
        "Inclusion Criteria: * HER2 positive breast cancer. * Adequate organ function. Exclusion Criteria: * Pregnant women. * Seizures",
        [
            "i Inclusion Criteria: * HER2 positive breast cancer.",
            "i * Adequate organ function.",
            "e Exclusion Criteria: * Pregnant women.",
            "e * Seizures",
        ],
    ),
    (
        "numbers on one line, and a lead before them",
        "Inclusion Criteria:Patients with uterine fibroids who meet the following conditions: 1) Fibroids between the muscle walls; "
        "2) Subcutaneous fat <= 4 cm. Exclusion criteria：1) Unclear diagnosis; 2) Acute skin infection; 3) Large scars.",
        [
            "i Inclusion Criteria:Patients with uterine fibroids who meet the following conditions:",
            "i   1) Fibroids between the muscle walls;",
            "i   2) Subcutaneous fat <= 4 cm.",
            "e Exclusion criteria：1) Unclear diagnosis;",
            "e 2) Acute skin infection;",
            "e 3) Large scars.",
        ],
    ),
    (
        "a list written as a list of a programming language",
        'Inclusion Criteria:\n["Age > 12 months", "No previous radiotherapy"]',
        ["iHInclusion Criteria:", 'i ["Age > 12 months",', 'i "No previous radiotherapy"]'],
    ),
    (
        "nested bullets, letters under numbers, back to the outer list",
        "Inclusion Criteria:\n\n1. Not tolerating cisplatin, at least one of the following:\n\n   1. ECOG \\> 1;\n"
        "   2. Hearing loss;\n2. Willing to have surgery.\n3. Organ function:\n\n   a. Platelets ok\n   b. Bilirubin ok\n10. Last",
        [
            "iHInclusion Criteria:",
            "i Not tolerating cisplatin, at least one of the following:",
            "i   ECOG \\> 1;",
            "i   Hearing loss;",
            "i Willing to have surgery.",
            "i Organ function:",
            "i   Platelets ok",
            "i   Bilirubin ok",
            "i Last",
        ],
    ),
    (
        "roman numerals after bullets of the same depth hang on the bullet above",
        "Inclusion Criteria:\n\n* Age 18 or over\n* Diagnosis of leukemia. This includes:\n* i. High risk ALL\n* ii. AML in RC2\n* Consent",
        [
            "iHInclusion Criteria:",
            "i Age 18 or over",
            "i Diagnosis of leukemia. This includes:",
            "i   High risk ALL",
            "i   AML in RC2",
            "i Consent",
        ],
    ),
    (
        "cohorts in headings",
        "Part A Inclusion:\n\n* Non-smokers\n\nPart A Exclusion:\n\n* Seizures\n\nInclusion Criteria for Cohort B:\n\n* Chronic hepatitis C\n\n"
        "Exclusion Criteria:\n\n* Pregnancy",
        [
            "iHPart A Inclusion: @Part A",
            "i Non-smokers @Part A",
            "eHPart A Exclusion: @Part A",
            "e Seizures @Part A",
            "iHInclusion Criteria for Cohort B: @Cohort B",
            "i Chronic hepatitis C @Cohort B",
            "eHExclusion Criteria:",
            "e Pregnancy",
        ],
    ),
    (
        "a cohort's heading above its two lists",
        "Cohort 1:\n\nInclusion Criteria:\n\n* Asthma\n\nExclusion Criteria:\n\n* COPD\n\nCohort 2:\n\nInclusion Criteria:\n\n* COPD",
        [
            "iHCohort 1: @Cohort 1",
            "iHInclusion Criteria: @Cohort 1",
            "i Asthma @Cohort 1",
            "eHExclusion Criteria: @Cohort 1",
            "e COPD @Cohort 1",
            "eHCohort 2: @Cohort 2",
            "iHInclusion Criteria: @Cohort 2",
            "i COPD @Cohort 2",
        ],
    ),
    (
        "a cohort within one line",
        "Inclusion Criteria:\n\n* For Cohort A only: tumors must have PD-L1 expression\n* Resectable disease (Phase II patients only)",
        [
            "iHInclusion Criteria:",
            "i For Cohort A only: tumors must have PD-L1 expression @Cohort A",
            "i Resectable disease (Phase II patients only) @Phase II patients",
        ],
    ),
    (
        "donors are not patients; patients are",
        "Inclusion Criteria for Patients:\n\n* Leukemia\n\nDonor Inclusion Criteria:\n\n* HLA identical",
        [
            "iHInclusion Criteria for Patients:",
            "i Leukemia",
            "iHDonor Inclusion Criteria: @Donor",
            "i HLA identical @Donor",
        ],
    ),
    (
        "sentences as headings",
        "Eligible study subjects must meet all of the following inclusion criteria:\n\n1. Age 30 to 80\n\n"
        "Subjects who meet any of the following criteria will be excluded from this study:\n\n1. Dialysis",
        [
            "iHEligible study subjects must meet all of the following inclusion criteria:",
            "i Age 30 to 80",
            "eHSubjects who meet any of the following criteria will be excluded from this study:",
            "e Dialysis",
        ],
    ),
    (
        "the exclusion list first",
        "EXCLUSION CRITERIA\n\n- Seizures\n\n**INCLUSION CRITERIA:**\n\n- Epilepsy",
        ["eHEXCLUSION CRITERIA", "e Seizures", "iH**INCLUSION CRITERIA:**", "i Epilepsy"],
    ),
    (
        "headings that are bullets",
        "* INCLUSION CRITERIA:\n* Age 18 or over\n* EXCLUSION CRITERIA:\n* Pregnancy",
        ["iHINCLUSION CRITERIA:", "i Age 18 or over", "eHEXCLUSION CRITERIA:", "e Pregnancy"],
    ),
    (
        "no heading at all",
        "Patients of either gender with glaucoma.",
        ["i Patients of either gender with glaucoma."],
    ),
    (
        "lines that only look like headings",
        "Inclusion Criteria:\n\n* Individuals who meet the inclusion criteria of the parent study\n* Stroke within 90 days before inclusion\n"
        "* Other protocol-defined inclusion/exclusion criteria may apply\n\nExclusion Criteria:\n\n"
        "Stroke within 90 days before inclusion\nSubjects who do not meet the inclusion criteria\nPart of another study",
        [
            "iHInclusion Criteria:",
            "i Individuals who meet the inclusion criteria of the parent study",
            "i Stroke within 90 days before inclusion",
            "i Other protocol-defined inclusion/exclusion criteria may apply",
            "eHExclusion Criteria:",
            "e Stroke within 90 days before inclusion",
            "e Subjects who do not meet the inclusion criteria",
            "e Part of another study",
        ],
    ),
    (
        "the old paragraphs of the cancer institute, cut at their labels",
        "DISEASE CHARACTERISTICS: Acute lymphocytic leukemia\n\n        PATIENT CHARACTERISTICS: Age: 18 and over Performance status: Karnofsky above or equal\n"
        "        to 70% Renal: Creatinine no greater than 1.5 mg/dL Other: Not pregnant No serious illness",
        [
            "i DISEASE CHARACTERISTICS: Acute lymphocytic leukemia",
            "i PATIENT CHARACTERISTICS: Age: 18 and over",
            "i Performance status: Karnofsky above or equal to 70%",
            "i Renal: Creatinine no greater than 1.5 mg/dL",
            "i Other: Not pregnant",
            "i No serious illness",
        ],
    ),
    (
        "requirements of their own in one paragraph are parted, what explains or lets through stays",
        "Inclusion Criteria:\n\n* Breast cancer (e.g. HER2 positive). Patients must be postmenopausal. Prior chemotherapy is allowed.",
        [
            "iHInclusion Criteria:",
            "i Breast cancer (e.g. HER2 positive).",
            "i Patients must be postmenopausal. Prior chemotherapy is allowed.",
        ],
    ),
    (
        "what looks like a list mark at the beginning of a wrapped line is none",
        "Exclusion Criteria:\n\n          -  Have clinically significant cardiac disease (New York Heart Association, Class III or\n"
        "             IV) or a history of it.\n\n          -  Seizures",
        [
            "eHExclusion Criteria:",
            "e Have clinically significant cardiac disease (New York Heart Association, Class III or IV) or a history of it.",
            "e Seizures",
        ],
    ),
    (
        "a cohort above nested bullets is for these only",
        "Inclusion Criteria:\n\n* Part 2:\n\n  * Melanoma\n  * Asthma\n* Consent",
        ["iHInclusion Criteria:", "i Part 2: @Part 2", "i   Melanoma @Part 2", "i   Asthma @Part 2", "i Consent"],
    ),
    (
        "a period of the study is no cohort",
        "Screening Phase:\n\nInclusion Criteria:\n\n* Asthma",
        ["iHScreening Phase:", "iHInclusion Criteria:", "i Asthma"],
    ),
    (
        "cohorts named by sentences and after the title",
        "For Cohort 2 of this study, eligible patients must meet all of the following criteria:\n\n* Asthma\n\n"
        "Exclusion Criteria: Cohort 4, Step 1\n\n* COPD\n\nPart A3: Monotherapy Expansion Inclusion Criteria\n\n* Gout",
        [
            "iHFor Cohort 2 of this study, eligible patients must meet all of the following criteria: @Cohort 2",
            "i Asthma @Cohort 2",
            "eHExclusion Criteria: Cohort 4, Step 1 @Cohort 4, Step 1",
            "e COPD @Cohort 4, Step 1",
            "iHPart A3: Monotherapy Expansion Inclusion Criteria @Part A3: Monotherapy Expansion",
            "i Gout @Part A3: Monotherapy Expansion",
        ],
    ),
    (
        "or between two bullets makes one requirement of them",
        "Inclusion Criteria:\n\n* Cancer before the age of 21 years\n\nor\n\n* Transplant before the age of 21 years\n* Consent",
        [
            "iHInclusion Criteria:",
            "i Cancer before the age of 21 years or",
            "i   Transplant before the age of 21 years",
            "i Consent",
        ],
    ),
    (
        "a list of alternatives that stands level with its lead ends where requirements of their own begin",
        "Inclusion Criteria:\nDiagnosis of one of the following malignancies:\nMetastatic breast cancer\nMetastatic ovarian cancer\n"
        "Written informed consent",
        [
            "iHInclusion Criteria:",
            "i Diagnosis of one of the following malignancies:",
            "i   Metastatic breast cancer",
            "i   Metastatic ovarian cancer",
            "i Written informed consent",
        ],
    ),
    (
        "items of a numbered list on one line: the counting goes on behind the list's own mark",
        "1. Age > 18 2. ECOG 0-1 3. Written informed consent 4. BMI < 35",
        ["i Age > 18", "i 2. ECOG 0-1", "i 3. Written informed consent", "i 4. BMI < 35"],
    ),
    (
        "items in brackets, run together under a heading",
        "Exclusion Criteria:\n\n(1) Patients with cancer (2) Patients who are pregnant (3) Any active infection",
        [
            "eHExclusion Criteria:",
            "e Patients with cancer",
            "e (2) Patients who are pregnant",
            "e (3) Any active infection",
        ],
    ),
    (
        "one number more counts where the next line goes on behind it",
        "Inclusion Criteria:\n\n1. Adults with asthma 2. Able to consent\n3. BMI below 35",
        ["iHInclusion Criteria:", "i Adults with asthma", "i 2. Able to consent", "i BMI below 35"],
    ),
    (
        "a number inside a sentence is none where the next line has it",
        "Inclusion Criteria:\n\n1. Toxicity of 2. Patients are seen weekly\n2. Age > 18\n3. BMI < 30",
        ["iHInclusion Criteria:", "i Toxicity of 2. Patients are seen weekly", "i Age > 18", "i BMI < 30"],
    ),
    (
        "letters in order behind a colon",
        "Inclusion Criteria:\n\n* Laboratory tests within these ranges: a) ANC >= 1,500/uL b) Platelet count >= 100,000/uL, c) Creatinine <= 1.5 mg/dL\n* Age > 18",
        [
            "iHInclusion Criteria:",
            "i Laboratory tests within these ranges:",
            "i   a) ANC >= 1,500/uL",
            "i   b) Platelet count >= 100,000/uL,",
            "i   c) Creatinine <= 1.5 mg/dL",
            "i Age > 18",
        ],
    ),
    (
        "letters that no colon leads stay in their sentence",
        "Inclusion Criteria:\n\n* Breast cancer with evidence of a) metastatic or b) locally recurrent disease",
        ["iHInclusion Criteria:", "i Breast cancer with evidence of a) metastatic or b) locally recurrent disease"],
    ),
    (
        "dashes inside a bullet: items behind a colon and behind a full stop, no range, no remark",
        "Inclusion Criteria:\n\n* One of the following indications: - Frequent hypoglycemia - Severe hypoglycemia - HbA1c above 8.5 %\n"
        "* HbA1c 7.0 - 10.0 % (53 - 86 mmol/mol). - Stable dose\n* Prior radiotherapy is allowed. - Note: not of the study lesion",
        [
            "iHInclusion Criteria:",
            "i One of the following indications:",
            "i   - Frequent hypoglycemia",
            "i   - Severe hypoglycemia",
            "i   - HbA1c above 8.5 %",
            "i HbA1c 7.0 - 10.0 % (53 - 86 mmol/mol).",
            "i - Stable dose",
            "i Prior radiotherapy is allowed. - Note: not of the study lesion",
        ],
    ),
    (
        "semicolons, where one paragraph is the whole list",
        "Inclusion Criteria: Age 18 to 75 years; type 2 diabetes (HbA1c 7 %; fasting); BMI < 40 Exclusion Criteria: pregnancy; heart failure; cancer",
        [
            "i Inclusion Criteria: Age 18 to 75 years;",
            "i type 2 diabetes (HbA1c 7 %; fasting);",
            "i BMI < 40",
            "e Exclusion Criteria: pregnancy;",
            "e heart failure;",
            "e cancer",
        ],
    ),
    (
        "semicolons before an alternative join",
        "Inclusion Criteria: Age 18 to 75 years; type 2 diabetes; or prediabetes",
        ["i Inclusion Criteria: Age 18 to 75 years; type 2 diabetes; or prediabetes"],
    ),
    (
        "items without any mark: words that begin requirements, in the middle of a sentence",
        "Exclusion Criteria:\n\nRadiotherapy to any site within 4 weeks before the study Previous treatment with bevacizumab Untreated brain metastases or "
        "spinal cord compression History of stroke unless treated Symptomatic peripheral neuropathy of any kind",
        [
            "eHExclusion Criteria:",
            "e Radiotherapy to any site within 4 weeks before the study",
            "e Previous treatment with bevacizumab",
            "e Untreated brain metastases or spinal cord compression",
            "e History of stroke unless treated",
            "e Symptomatic peripheral neuropathy of any kind",
        ],
    ),
    (
        "no cuts where such a paragraph says how its items join",
        "Exclusion Criteria:\n\nAt least two of the following risk factors in the last year Previous treatment with bevacizumab Untreated brain metastases or "
        "spinal cord compression History of stroke unless treated Symptomatic peripheral neuropathy",
        [
            "eHExclusion Criteria:",
            "e At least two of the following risk factors in the last year Previous treatment with bevacizumab Untreated brain metastases or "
            "spinal cord compression History of stroke unless treated Symptomatic peripheral neuropathy",
        ],
    ),
    (
        "a cohort without a colon over its list",
        "Exclusion Criteria:\n\nFor the endometriosis cohort\n\n* polycystic ovary syndrome\n\nExclusion Criteria: For the fibromyalgia group\n\n* asthma",
        [
            "eHExclusion Criteria:",
            "eHFor the endometriosis cohort @endometriosis cohort",
            "e polycystic ovary syndrome @endometriosis cohort",
            "eHExclusion Criteria: For the fibromyalgia group @fibromyalgia group",
            "e asthma @fibromyalgia group",
        ],
    ),
]


@pytest.mark.parametrize(("text", "expected"), [form[1:] for form in FORMS], ids=[form[0] for form in FORMS])
def test_forms(text: str, expected: list[str]) -> None:
    assert outline(text) == expected


def lead(text: str) -> Line:
    return next(line for line in split(text) if line.kind == "lead")


@pytest.mark.parametrize(
    ("heading", "line", "connective"),
    [
        ("Inclusion", "At least one of the following:", ("any", 1, True)),
        ("Inclusion", "One or more of the following criteria:", ("any", 1, True)),
        ("Inclusion", "Either:", ("any", 1, True)),
        ("Inclusion", "At least two of the following:", ("at_least", 2, True)),
        ("Inclusion", "Meets >= 3 of the following criteria:", ("at_least", 3, True)),
        ("Inclusion", "All of the following:", ("all", 1, True)),
        ("Inclusion", "Adequate organ function:", ("all", 1, False)),
        ("Inclusion", "Diagnosis of lymphoma, including:", ("any", 1, False)),
        ("Exclusion", "Cardiac disease:", ("any", 1, False)),
        ("Exclusion", "All of the following:", ("all", 1, True)),
        ("Exclusion", "2 or more of the following:", ("at_least", 2, True)),
    ],
)
def test_how_a_lead_joins(heading: str, line: str, connective: tuple[str, int, bool]) -> None:
    found = lead(
        f"{heading} Criteria:\n\n* {line}\n\n  * Follicular type\n  * Mantle cell type\n  * Marginal type"
    ).connective
    assert found is not None
    assert (found.kind, found.count, found.stated) == connective


@pytest.mark.parametrize(
    "line", ["None of the following:", "Patients must not have any of:", "No history of:", "Absence of:"]
)
def test_leads_that_say_no(line: str) -> None:
    assert lead(f"Inclusion Criteria:\n\n* {line}\n\n  * Stroke\n  * Seizure").negated


@pytest.mark.parametrize(
    "line",
    ["Any of the following:", "Must agree, unless none of these apply:", "No cancer except:", "Patients must have:"],
)
def test_leads_that_do_not(line: str) -> None:
    assert not lead(f"Inclusion Criteria:\n\n* {line}\n\n  * Stroke\n  * Seizure").negated


def test_an_or_at_the_end_of_an_item_speaks_for_the_list() -> None:
    text = "Inclusion Criteria:\n\n* Adequate function:\n\n  * Creatinine <= 1.5 mg/dL; or\n  * Clearance >= 60 mL/min"
    found = lead(text).connective
    assert found is not None
    assert (found.kind, found.stated) == ("any", True)


def test_a_topic_above_a_line_is_kept_where_the_line_needs_it() -> None:
    text = "PATIENT CHARACTERISTICS:\n\nAge:\n\n* 18 and over\n\nRenal:\n\n* Creatinine normal"
    lines = [line for line in split(text) if line.kind == "criterion"]
    assert [None if line.context is None else text[slice(*line.context)] for line in lines] == ["Age:", None]


NOT_WORDS = re.compile(r"\w")


@given(st.text(max_size=400))
@settings(max_examples=300, deadline=None)
@example("Inclusion Criteria:\n*")
@example('\ud800~\x00~["')
@example('["a"')
@example("1. 2. 3. 4) 1) 2) 3)" * 5)
@example("(" * 200)
@example("Inclusion Criteria:" * 20)
def test_any_text_is_cut_without_loss_or_overlap(text: str) -> None:
    owned = [0] * len(text)
    for line in split(text):
        assert 0 <= line.start <= line.body <= line.end <= len(text)
        assert line.start < line.end
        for place in range(line.start, line.end):
            owned[place] += 1
    assert max(owned, default=0) <= 1


WORDS = st.sampled_from(
    [
        "Inclusion Criteria:",
        "Exclusion Criteria",
        "* Age > 18",
        "  * or",
        "1. Patients must have:",
        "   a. Stroke",
        "Cohort A:",
        "~",
        "or",
        "",
    ]
)


@given(st.lists(WORDS, max_size=25))
@settings(max_examples=200, deadline=None)
def test_every_word_of_a_text_lies_in_one_line(parts: list[str]) -> None:
    text = "\n".join(parts)
    lines = split(text)
    for found in re.finditer(r"[A-Za-z]{2,}", text):
        assert sum(line.start <= found.start() and found.end() <= line.end for line in lines) == 1, found


@pytest.mark.parametrize(
    "piece", ["* " + "3 " * 80 + "\n", "twenty ", "asthma and gout. Patients must not smoke. " * 3]
)
def test_what_lies_behind_more_words_and_numbers_than_any_text_has_is_not_read(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    lines = split(text)
    assert re.findall(r"\w+", " ".join(text[line.start : line.end] for line in lines)) == re.findall(r"\w+", text)
    assert sum(line.end - line.start for line in lines if not line.beyond) <= MAX_CHARACTERS or len(lines) == 1
    read = [c.text for c in parse_eligibility(text).criteria if not isinstance(c.expression, Unreadable)]
    assert sum(len(re.findall(r"\d+", words)) for words in read) <= MAX_NUMBERS + 80


@pytest.mark.parametrize("line", ["* ab\n", "ab\r\n", "* age 18\n  * or HbA1c > 7 %\n", "Patients must not smoke. "])
def test_what_lies_behind_more_lines_than_any_text_has_is_one_line_that_is_not_read(line: str) -> None:
    text = "Exclusion Criteria:\n" + line * (3 * MAX_LINES)
    lines = split(text)
    assert len(lines) == MAX_LINES + 1
    assert [each.index for each in lines if each.beyond] == [MAX_LINES]
    assert lines[-1].end == len(text.rstrip())
    last = parse_eligibility(text).criteria[-1]
    assert last.role is Role.EXCLUSION
    assert last.expression == Unreadable(last.start, last.end, "too long a text")
