import pytest
from sqlalchemy import delete, text, update

from app.store.search_text import FIELDS, holding_all, row_of, search_words, with_all
from app.store.tables import FACET, TRIAL
from app.store.trials import TrialStore
from matching import Intervention
from tests.store.test_reader import trial
from tests.store.trials_made import AT, no_text, registry_trial


def found(store: TrialStore, asked: str, fields: tuple[str, ...] = FIELDS) -> list[int]:
    words = [[word] for word in search_words(asked)]
    with store.engine.connect() as connection:
        ids = connection.scalars(holding_all(with_all(store.engine.dialect.name, words, fields))).all()
    return sorted(int(nct_id[3:]) for nct_id in ids)


@pytest.mark.parametrize(
    ("asked", "fields", "expected"),
    [
        ("heart", FIELDS, [1, 2]),
        ("hearts and LUNGS", FIELDS, [1]),
        ("heart", ("title",), [1]),
        ("haemoglobin", FIELDS, [2]),
        ("Gerät", FIELDS, [2]),
        ("глюкоза", FIELDS, [2]),
        ("pump", ("title", "names", "treatments"), [2]),
        ("Crohn's", FIELDS, [1]),
        ("type-1", FIELDS, [1]),
        ("nothing of this", FIELDS, []),
    ],
)
def test_words_are_found_in_their_fields(
    store: TrialStore, asked: str, fields: tuple[str, ...], expected: list[int]
) -> None:
    rows = [
        trial(1, brief_title="Heart and lung in Crohn’s disease, type 1"),
        trial(2, brief_summary="The heart. Hemoglobin, глюкоза, Gerat", interventions=(Intervention("A pump"),)),
    ]
    store.upsert(rows, at=AT, read=no_text)
    assert found(store, asked, fields) == expected


def test_words_go_with_their_trial(store: TrialStore) -> None:
    store.upsert([trial(1, brief_title="Heart")], at=AT, read=no_text)
    store.upsert([trial(1, brief_title="Liver")], at=AT, read=no_text, replace=True)
    assert (found(store, "heart"), found(store, "liver")) == ([], [1])
    store.withdraw("NCT00000001", at=AT)
    assert found(store, "liver") == []


def test_trials_of_an_older_version_get_what_search_needs(store: TrialStore) -> None:
    store.upsert([registry_trial(1), registry_trial(2)], at=AT, read=no_text)

    def everything() -> list[object]:
        with store.engine.connect() as connection:
            facets = connection.execute(FACET.select().order_by(*FACET.c)).all()
            ages = connection.execute(TRIAL.select().order_by(TRIAL.c.nct_id)).all()
        return [facets, ages, found(store, "teplizumab")]

    before = everything()
    assert before[2] == [1, 2]
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM trial_text"))
        connection.execute(delete(FACET).where(FACET.c.kind.in_(["intervention", "intervention_above"])))
        connection.execute(update(TRIAL).values(too_old_at_days=None))
    assert (store.index_missing(), everything()) == (2, before)
    assert store.index_missing() == 0


def test_an_id_of_another_registry_has_a_row_of_its_own() -> None:
    assert row_of("NCT00000017") == 17
    assert row_of("2024-51") != row_of("2024-52")
    assert row_of("2024-51") > 1 << 61
