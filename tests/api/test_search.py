"""Finding trials over HTTP: what users of such searches have lost trials by, case by case."""

import csv
import io
from dataclasses import replace
from urllib.parse import urlencode

import orjson
import pytest

from app.main import create_app
from app.settings import Settings
from app.store.engine import create_engine_for, upgrade
from app.store.trials import TrialStore
from matching import AgeLimit, EligibilityFields, Intervention, PartialDate, Site, TrialDate
from tests.api.conftest import Client
from tests.store.trials_made import AT, no_text, registry_trial

PROBLEM = "application/problem+json"
CHARLESTON = "32.7765,-79.9311"


def trial(number, condition="Asthma", status="RECRUITING", **changes):
    bare = replace(
        registry_trial(number),
        brief_title=f"Trial {number}",
        overall_status=status,
        conditions=(condition,),
        keywords=(),
        condition_mesh=(),
        condition_ancestors=(),
        sites=(),
        countries=(),
        interventions=(),
        eligibility=EligibilityFields(sex="ALL"),
        last_update=TrialDate(PartialDate(2026, 1, number), "ACTUAL"),
    )
    return replace(bare, **changes)


def site(city, lat, lon, status="RECRUITING", country="United States", **more):
    return Site(facility=f"Hospital of {city}", city=city, country=country, lat=lat, lon=lon, status=status, **more)


@pytest.fixture
def find(tmp_path):
    """Stores trials and asks: gives the ids found, as numbers, or the whole answer."""
    url = f"sqlite:///{tmp_path / 'search.db'}"
    engine = create_engine_for(url)
    upgrade(engine)
    store = TrialStore(engine)
    client = Client(create_app(Settings(database_url=url)))

    def ask(*trials, whole=False, **asked):
        store.upsert(trials, at=AT, read=no_text)
        response = client.get("/v1/trials?" + urlencode(asked, doseq=True))
        assert response.status_code == 200, response.text
        answer = response.json()
        return answer if whole else [int(row["nct_id"][3:]) for row in answer["trials"]]

    ask.client = client
    yield ask
    engine.dispose()
    client.app.state.store.engine.dispose()


def ages(low=None, high=None):
    return EligibilityFields(minimum_age=low and AgeLimit(low, "a"), maximum_age=high and AgeLimit(high, "a"))


def test_a_missing_maximum_age_is_kept(find):
    rows = [trial(1, eligibility=ages(18, None)), trial(2, eligibility=ages(18, 30)), trial(3, eligibility=ages())]
    assert sorted(find(*rows, age="70")) == [1, 3]


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        ("17", []),
        ("18", [1]),
        ("40", [1]),
        ("41", []),
        ("17.9", []),
        ("40.9", [1]),
        ("215mo", []),
        ("216 months", [1]),
        ("491mo", [1]),
        ("2000 weeks", [1]),
    ],
)
def test_both_age_bounds_count_in_whole_years(find, age, expected):
    assert find(trial(1, eligibility=ages(18, 40)), age=age) == expected


def test_recruiting_is_not_mixed_with_not_yet(find):
    rows = [
        trial(1, status="NOT_YET_RECRUITING"),
        trial(2, status="RECRUITING"),
        trial(3, status="ENROLLING_BY_INVITATION"),
        trial(4, status="COMPLETED"),
        trial(5, status="RECRUITING"),
        trial(6, status=None),
    ]
    for sort in ("relevance", "last_update"):
        assert find(*rows, sort=sort) == [5, 2, 1, 3, 6]
    assert find(*rows, status="any", sort="last_update") == [6, 5, 4, 3, 2, 1]
    assert sorted(find(*rows, status=["COMPLETED", "NOT_YET_RECRUITING"])) == [1, 4, 6]


def test_the_matched_site_is_shown_first(find):
    near_but_closed = site("Charleston", 32.78, -79.93, "COMPLETED")
    open_one = site("Columbia", 34.0, -81.03)
    answer = find(trial(1, sites=(near_but_closed, open_one)), whole=True, near=CHARLESTON, radius="300km")
    assert answer["trials"][0]["nearest_site"] == {
        "facility": "Hospital of Columbia",
        "city": "Columbia",
        "country": "United States",
        "status": "RECRUITING",
        "distance_km": 170.1,
        "precision": "city",
        "state": None,
    }


def test_the_only_enrolling_site_is_not_hidden(find):
    closed = tuple(site(f"Town {n}", 32.7 + n / 100, -79.9, "COMPLETED") for n in range(30))
    there = trial(1, sites=(*closed, site("Boston", 42.36, -71.06)))
    assert find(there, near=CHARLESTON, radius="2000km") == [1]
    assert find(there, near=CHARLESTON, radius="300km") == []
    answer = find(there, whole=True, near=CHARLESTON)
    assert answer["trials"][0]["nearest_site"]["city"] == "Boston"


def test_nearest_is_by_true_distance(find):
    """From Portland, Vancouver in Washington is nearer than Salem, whatever the order of the list."""
    rows = [
        trial(1, sites=(site("Salem", 44.94, -123.04),)),
        trial(2, sites=(site("Vancouver", 45.64, -122.66, state="Washington"),)),
        trial(3, sites=(site("Vancouver", 49.25, -123.12, country="Canada"),)),
    ]
    answer = find(*rows, whole=True, near="45.52,-122.68")
    found = [(row["nct_id"][-1], row["nearest_site"]["distance_km"]) for row in answer["trials"]]
    assert found == [("2", 13.4), ("1", 70.4), ("3", 416.1)]


def test_across_the_antimeridian_and_at_the_pole(find):
    rows = [
        trial(1, sites=(site("Suva", -18.14, 178.44, country="Fiji"),)),
        trial(2, sites=(site("Apia", -13.83, -171.77, country="Samoa"),)),
        trial(3, sites=(site("Alert", 82.5, -62.35, country="Canada"),)),
    ]
    assert find(*rows, near="-18,-179.9", radius="200km") == [1]
    assert find(*rows, near="-14,179.9", radius="1000km") == [1, 2]
    assert find(*rows, near="89,120", radius="1000km") == [3]


def test_a_site_that_cannot_be_placed_is_kept_and_flagged(find):
    unplaced = Site(facility="A clinic", city="Nowhere", country="United States", status="RECRUITING")
    rows = [trial(1, sites=(unplaced,)), trial(2), trial(3, sites=(site("Boston", 42.36, -71.06),))]
    answer = find(*rows, whole=True, near=CHARLESTON, radius="50km")
    assert [(row["nct_id"][-1], (row.get("nearest_site") or {}).get("distance_km")) for row in answer["trials"]] == [
        ("1", None),
        ("2", None),
    ]


@pytest.mark.parametrize(("sex", "expected"), [("FEMALE", [1, 2, 4]), ("MALE", [1, 3, 4]), ("ALL", [1, 4])])
def test_sex_is_exact(find, sex, expected):
    sexes = {1: "ALL", 2: "FEMALE", 3: "MALE", 4: None}
    rows = [trial(number, eligibility=EligibilityFields(sex=value)) for number, value in sexes.items()]
    assert sorted(find(*rows, sex=sex)) == expected


def test_an_off_condition_trial_is_not_found_first(find):
    rows = [
        trial(1, "Type 1 Diabetes"),
        trial(2, "Asthma", brief_summary="Not about diabetes. Diabetes excludes. Diabetes, diabetes."),
        trial(3, "Diabetes Mellitus"),
    ]
    assert find(*rows, condition="diabetes") == [3, 1]
    assert find(*rows, term="diabetes")[-1] == 2


def test_kinds_are_found_with_the_path_and_lay_words_are_understood(find):
    answer = find(trial(1, "Type 1 Diabetes"), trial(2, "Type 2 Diabetes"), whole=True, condition="sugar diabetes")
    assert answer["read_as"]["condition"] == {
        "text": "sugar diabetes",
        "how": "exact",
        "concepts": [{"id": "D003920", "name": "Diabetes Mellitus"}],
    }
    assert answer["trials"][1]["condition_match"] == {
        "asked": "Diabetes Mellitus",
        "trial": "Diabetes Mellitus, Type 1",
        "path": ["D003922", "D003920"],
    }
    assert find(trial(3, "Myocardial Infarction"), condition="hart attack") == [3]


def test_a_class_of_drugs_finds_its_members(find):
    rows = [
        trial(1, interventions=(Intervention("Atorvastatin", "DRUG"),)),
        trial(2, interventions=(Intervention("Metformin", "DRUG"),)),
    ]
    assert find(*rows, intervention="statins") == [1]


def test_a_walk_yields_each_trial_once(find):
    rows = [trial(n, status=("RECRUITING", "NOT_YET_RECRUITING", None)[n % 3]) for n in range(1, 24)]
    find(*rows)
    seen, path = [], "/v1/trials?limit=5&condition=asthma"
    while path:
        response = find.client.get(path)
        seen += [row["nct_id"] for row in response.json()["trials"]]
        assert response.json()["total"] == 23
        link = response.headers.get("link")
        path = link.partition(">")[0].removeprefix("<") if link else None
    assert len(seen) == 23
    assert len(set(seen)) == 23


def test_an_old_cursor_with_other_filters_is_refused(find):
    cursor = find(*(trial(n) for n in range(1, 4)), whole=True, limit=1)["next_cursor"]
    assert find.client.get(f"/v1/trials?cursor={cursor}&limit=2").status_code == 200
    for other in ("condition=asthma", "status=any", "sort=last_update", "near=1,1", "age=4"):
        refused = find.client.get(f"/v1/trials?cursor={cursor}&{other}")
        assert (refused.status_code, refused.headers["content-type"]) == (400, PROBLEM)
    for broken in ("x", "e30", cursor[:-4]):
        assert find.client.get(f"/v1/trials?cursor={broken}").status_code == 400


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ("radius=50km", [("radius", "needs `near`")]),
        ("sort=distance", [("sort", "`distance` needs `near`")]),
        ("near=91,0", [("near", "lat from -90 to 90, lon from -180 to 180")]),
        ("colour=red", [("colour", "there is no such field")]),
        ("fields=colour", [("fields/0", "no such part of a trial")]),
        (
            "age=old&sex=X",
            [
                ("sex", "one of 'FEMALE', 'MALE' or 'ALL' is expected"),
                ("age", "an age is expected, such as 34 (years), 18mo or 6 weeks"),
            ],
        ),
    ],
)
def test_each_faulty_parameter_is_named(client, query, faults):
    is_refused(client, query, faults)


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("0", "at least 1 is expected"),
        ("1001", "at most 1000 is expected"),
        ("abc", "a whole number is expected"),
    ],
)
def test_limits_0_1001_and_abc_are_refused(client, limit, message):
    is_refused(client, f"limit={limit}", [("limit", message)])


@pytest.mark.parametrize("radius", ["50", "50 ", "5e1", "km"])
def test_a_radius_without_a_unit_is_refused(client, radius):
    message = "a distance with its unit is expected, such as 50km or 30mi"
    is_refused(client, f"near=1,1&radius={radius}", [("radius", message)])


def is_refused(client, query, faults):
    response = client.get(f"/v1/trials?{query}")
    assert (response.status_code, response.headers["content-type"]) == (422, PROBLEM)
    assert [(each["pointer"], each["message"]) for each in response.json()["errors"]] == faults


def test_a_name_of_several_places_returns_the_choices(client):
    response = client.get("/v1/trials?near=Vancouver")
    assert response.status_code == 422
    assert [choice["admin1"] for choice in response.json()["choices"]] == ["British Columbia", "Washington"]


def test_the_same_search_in_a_body(client):
    asked = {"condition": "cancer", "age": 50, "near": "40.7,-74.0", "radius": "500km", "limit": 7, "facets": ["phase"]}
    sent = client.post("/v1/trials/search", json=asked)
    assert sent.headers["cache-control"] == "no-store"
    assert sent.json() == client.get("/v1/trials?" + urlencode(asked, doseq=True)).json()
    assert sent.json()["total"] > 7
    assert client.post("/v1/trials/search", json={"age": True}).status_code == 422


def test_facets_lift_their_own_filter_and_the_funnel_tells_what_went(find):
    rows = [trial(1), trial(2, status="COMPLETED"), trial(3, "Gout"), trial(4, status=None)]
    answer = find(*rows, whole=True, condition="asthma", facets="status,sex,funnel")
    assert answer["facets"] == {
        "status": [
            {"value": None, "count": 1},
            {"value": "COMPLETED", "count": 1},
            {"value": "RECRUITING", "count": 1},
        ],
        "sex": [{"value": "ALL", "count": 2}],
    }
    assert answer["funnel"] == {
        "stored": 4,
        "steps": [{"filter": "condition", "removed": 1, "left": 3}, {"filter": "status", "removed": 1, "left": 2}],
    }


def test_cards_are_small_and_fields_give_more(client):
    answer = client.get("/v1/trials?status=any&limit=1000&near=40.7,-74.0&condition=cancer").json()
    assert len(answer["trials"]) == answer["total"] > 100
    assert max(len(orjson.dumps(card)) for card in answer["trials"]) < 1500
    one = client.get("/v1/trials?limit=1&fields=sponsor,arms").json()["trials"][0]
    assert {"sponsor", "arms"} <= set(one)


def test_the_first_page_is_small_on_the_wire(client):
    response = client.get("/v1/trials?condition=cancer", headers={"accept-encoding": "gzip"})
    assert int(response.headers["content-length"]) < 30_000


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/v1/trials?status=any", "application/json"),
        ("/v1/trials?status=any", "text/csv"),
        ("/v1/trials?status=any", "application/x-ndjson"),
        ("/v1/trials/NCT04061746", "application/json"),
        ("/v1/trials/NCT04061746", "application/fhir+json"),
    ],
)
def test_every_form_is_packed_for_who_can_unpack_it(client, path, accept):
    for coding in ("gzip", "br", "zstd"):
        packed = client.get(path, headers={"accept": accept, "accept-encoding": coding})
        assert (packed.status_code, packed.headers.get("content-encoding")) == (200, coding)
        plain = client.get(path, headers={"accept": accept, "accept-encoding": "identity"})
        assert (plain.status_code, plain.headers.get("content-encoding")) == (200, None)


def test_unchanged_answers_are_304(client):
    first = client.get("/v1/trials?condition=cancer")
    again = client.get("/v1/trials?condition=cancer", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = client.request("HEAD", "/v1/trials?condition=cancer")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", first.headers["etag"])


def test_browsers_may_call_from_the_origins_that_are_set_and_read_the_headers(sample_database):
    made = create_app(Settings(database_url=sample_database, cors_origins=("https://app.example",)))
    from_there = {"origin": "https://app.example"}
    answer = Client(made).get("/v1/trials?limit=1", headers=from_there)
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert {"ETag", "Link"} <= set(answer.headers["access-control-expose-headers"].split(", "))
    asked = {**from_there, "access-control-request-method": "PUT", "access-control-request-headers": "authorization"}
    assert Client(made).request("OPTIONS", "/v1/trials/NCT04061746", headers=asked).status_code == 200
    foreign = Client(made).get("/v1/trials?limit=1", headers={"origin": "https://other.example"})
    assert "access-control-allow-origin" not in foreign.headers
    made.state.store.engine.dispose()


def test_a_search_is_exported_whole_as_csv_and_ndjson(client):
    total = client.get("/v1/trials?condition=cancer").json()["total"]
    table = client.get("/v1/trials?condition=cancer", headers={"accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    lines = client.get("/v1/trials?condition=cancer", headers={"accept": "application/x-ndjson"}).text.splitlines()
    assert len(rows) == len(lines) == total
    assert [row["nct_id"] for row in rows] == [orjson.loads(line)["nct_id"] for line in lines]
    cut = client.get("/v1/trials?condition=cancer&limit=3", headers={"accept": "text/csv"})
    assert len(cut.text.splitlines()) == 4
    assert client.get("/v1/trials", headers={"accept": "image/png"}).status_code == 406


def test_a_cell_is_no_formula(find):
    find(trial(1, brief_title='=HYPERLINK("x")'))
    text = find.client.get("/v1/trials", headers={"accept": "text/csv"}).text
    assert "'=HYPERLINK" in text


def test_sites_come_nearest_first(find):
    rows = (site("Boston", 42.36, -71.06), Site(city="Nowhere"), site("Charleston", 32.78, -79.93, "COMPLETED"))
    find(trial(1, sites=rows))
    answer = find.client.get(f"/v1/trials/NCT00000001/sites?near={CHARLESTON}").json()
    assert [(row["city"], row["distance_km"], row["recruiting"]) for row in answer["sites"]] == [
        ("Charleston", 0.4, False),
        ("Boston", 1320.0, True),
        ("Nowhere", None, True),
    ]
    assert find.client.get("/v1/trials/NCT00000009/sites").status_code == 404


def test_the_related_list_of_the_seed_is_on_top(client):
    """The trials that its page names: umbilical cord stem cells in type 1 diabetes."""
    answer = client.get("/v1/trials/NCT04061746/related").json()
    first = [row["nct_id"] for row in answer["related"][:5]]
    assert sorted(first) == ["NCT01219465", "NCT01322789", "NCT01374854", "NCT02763423", "NCT06407297"]
    assert first[0] == "NCT06407297"  # the one that recruits
    kinds = [reason["kind"] for reason in answer["related"][0]["reasons"]]
    assert kinds == ["condition", "intervention", "population", "text"]
    assert client.get("/v1/trials/NCT99999999/related").status_code == 404


def test_type_ahead(client):
    assert client.get("/v1/conditions?q=hart+atack").json()["conditions"][0]["name"] == "Myocardial Infarction"
    assert [row["name"] for row in client.get("/v1/conditions?q=diab&limit=2").json()["conditions"]] == [
        "Diabetes Mellitus",
        "Diabetes Mellitus, Type 2",
    ]
    assert client.get("/v1/analytes?q=hba1").json()["analytes"][0]["loinc"] == "4548-4"
    assert client.get("/v1/analytes?q=creatinin").json()["analytes"][0]["name"] == "creatinine"
    assert client.get("/v1/analytes?q=hemoglobbin").json()["analytes"][0]["name"] == "hemoglobin"


def test_statistics(client):
    answer = client.get("/v1/stats").json()
    assert answer["trials"] == sum(answer["by_status"].values()) == answer["coverage"]["trials_read"]
    one = client.get("/v1/stats?analyte=BMI").json()["thresholds"]
    assert [row["analyte"] for row in one] == ["BMI"] * len(one)
    assert one[0]["lower"]["least"] <= one[0]["lower"]["median"] <= one[0]["lower"]["greatest"]
