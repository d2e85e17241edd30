"""What happens on a day, rather than lasting."""

SUDDEN = frozenset(
    {
        "D009203",  # myocardial infarction
        "D054058",  # acute coronary syndrome
        "D000789",  # angina, unstable
        "D020521",  # stroke
        "D002546",  # ischemic attack, transient
        "D020300",  # intracranial hemorrhages
        "D006470",  # hemorrhage
        "D006323",  # heart arrest
        "D011655",  # pulmonary embolism
        "D020246",  # venous thrombosis
        "D012640",  # seizures
        "D014947",  # wounds and injuries
        "D016883",  # diabetic ketoacidosis
        "D007003",  # hypoglycemia
        "D012769",  # shock
        "D000707",  # anaphylaxis
        "D018805",  # sepsis
        "D000022",  # abortion, spontaneous
        "D013405",  # suicide
        "D006760",  # hospitalization
    }
)
"""Conditions that happen on a day, and may happen again: an old one says nothing of the last months."""
