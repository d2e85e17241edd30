"""What only the study team can settle, by its topic; inability and refusal are the promise denied."""

import pytest

from matching.model.codes import Role
from matching.reading.grammar import read_line
from tests.spec.render_sentence import render_sentence


@pytest.mark.parametrize(
    ("role", "line", "reading"),
    [
        ("inclusion", "Provide written informed consent", "on site: consent"),
        ("inclusion", "Willing and able to give written informed consent", "on site: consent"),
        ("exclusion", "Unable to give informed consent", "not(on site: consent)"),
        ("inclusion", "Parental permission and child assent", "on site: assent"),
        ("inclusion", "Willing to comply with all study visits", "on site: compliance"),
        ("exclusion", "Poor compliance", "not(on site: compliance)"),
        ("inclusion", "Agrees to use effective contraception during the study", "on site: contraception"),
        ("exclusion", "Women of childbearing potential not using contraception", "all(childbearing_potential; not(on site: contraception))"),
        ("inclusion", "Able to read and understand English", "on site: language"),
        ("inclusion", "Available for follow-up visits", "on site: availability"),
        ("exclusion", "Any condition that, in the opinion of the investigator, precludes participation", "on site: investigator_opinion"),
        ("exclusion", "Stroke or any condition that would interfere with the study", "any(condition D020521; on site: investigator_opinion)"),
        ("inclusion", "Informed consent and age > 18 years", "all(on site: consent; age > 18 a)"),
        ("exclusion", "Epilepsy, pregnancy, inability to comply", "any(condition D004827; pregnant; not(on site: compliance))"),
        ("inclusion", "Measurable disease according to RECIST 1.1", "on site: disease_assessment"),
        ("inclusion", "Recovered from all prior therapy", "on site: recovery"),
        ("exclusion", "Uncontrolled intercurrent illness", "on site: investigator_opinion"),
        ("inclusion", "See Disease Characteristics", "on site: protocol"),
    ],
)  # fmt: skip
def test_topic(role: str, line: str, reading: str) -> None:
    assert render_sentence(read_line(line, 0, len(line), Role(role)).expression) == reading
