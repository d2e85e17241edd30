import pytest

from app.ingest.words import age_limit, mesh_id
from matching import AgeLimit


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("18 Years", AgeLimit(18, "a")),
        ("1 Year", AgeLimit(1, "a")),
        ("6 Months", AgeLimit(6, "mo")),
        ("2 Weeks", AgeLimit(2, "wk")),
        ("28 Days", AgeLimit(28, "d")),
        ("12 Hours", AgeLimit(12, "h")),
        ("30 Minutes", AgeLimit(30, "min")),
        ("0 Years", AgeLimit(0, "a")),
        ("N/A", None),
        ("18", None),
        ("adult", None),
        ("-1 Years", None),
    ],
)
def test_ages(text: str, limit: AgeLimit | None) -> None:
    assert age_limit(text) == limit


@pytest.mark.parametrize(
    ("written", "genuine", "why"),
    [
        ("D003922", "D003922", "seven characters are never padded"),
        ("D000003924", "D003924", "padded: Diabetes Mellitus, Type 2"),
        ("D000066331", "D066331", "the largest number of seven characters"),
        ("D000066388", "D000066388", "the smallest of ten"),
        ("D000084202", "D000084202", "younger than MeSH 2021"),
        ("C000031621", "C031621", "a padded supplementary concept"),
        ("C000589319", "C000589319", "a genuine one"),
        ("X000003924", "X000003924", "not a MeSH letter"),
        ("D00000392A", "D00000392A", "not a number"),
    ],
)
def test_mesh_ids(written: str, genuine: str, why: str) -> None:
    assert mesh_id(written) == genuine, why
