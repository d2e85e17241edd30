"""Places in requests and in type-ahead."""

import pytest

CHOICES = ["Vancouver, British Columbia, Canada", "Vancouver, Washington, United States"]
SENTENCE = f"several places have this name: send one of {'; '.join(CHOICES)}"


def nearest(answer):
    return {match["nct_id"]: match["nearest_site"] for match in answer.json()["matches"]}


def body(place, **more):
    return {
        "patient": {"conditions": [{"text": "type 1 diabetes"}], "location": {"place": place}},
        "on": "2026-11-22",
        **more,
    }


def test_distances_are_true_from_a_named_place(client):
    """MUSC is in Charleston: whoever names the city is told how near the site is."""
    named = nearest(client.post("/v1/matches", json=body("Charleston, SC", limit=100)))
    at_point = body("", limit=100)
    at_point["patient"]["location"] = {"lat": 32.776, "lon": -79.933}
    assert named == nearest(client.post("/v1/matches", json=at_point))
    in_town = [site for site in named.values() if site and site["city"] == "Charleston"]
    assert in_town and all(site["distance_km"] < 5 and site["precision"] == "city" for site in in_town)


def test_a_name_of_several_places_is_a_422_with_the_choices(client):
    answer = client.post("/v1/matches", json=body("Vancouver"))
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["errors"] == [{"pointer": "/patient/location/place", "message": SENTENCE}]
    assert [choice["label"] for choice in problem["choices"]] == CHOICES
    again = client.post("/v1/matches", json=body(problem["choices"][1]["label"]))
    assert again.status_code == 200


def test_a_place_nobody_knows_is_no_fault(client):
    answer = client.post("/v1/matches", json=body("Nowhereville"))
    assert answer.status_code == 200
    assert all(not site or site["distance_km"] is None for site in nearest(answer).values())


def test_each_patient_of_a_trial_is_told_of_its_own_place(client):
    patients = [body(place)["patient"] for place in ("Charleston, SC", "Vancouver")]
    answer = client.post("/v1/trials/NCT04061746/matches", json={"patients": patients, "on": "2026-11-22"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/patients/1/location/place", "message": SENTENCE}]


def test_a_what_if_that_moves_to_an_unclear_place_names_the_change(client):
    sent = {**body("Charleston, SC"), "change": {"location": {"place": "Vancouver"}}}
    answer = client.post("/v1/matches/what-if", json=sent)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/change/location/place", "message": SENTENCE}]


def test_a_line_of_a_batch_is_told_and_the_stream_goes_on(client):
    import orjson

    lines = b"\n".join(orjson.dumps({"id": i, **body(place)}) for i, place in enumerate(["Vancouver", "Vancouver, BC"]))
    answer = client.post("/v1/matches/batch", content=lines)
    first, second = (orjson.loads(line) for line in answer.content.splitlines())
    assert first["problem"]["errors"] == [{"pointer": "/patient/location/place", "message": SENTENCE}]
    assert second["id"] == 1 and "matches" in second


def test_type_ahead(client):
    answer = client.get("/v1/places", params={"q": "vancouver, b", "limit": 5})
    assert answer.json() == {
        "places": [
            {
                "label": "Vancouver, British Columbia, Canada",
                "name": "Vancouver",
                "admin1": "British Columbia",
                "country": "Canada",
                "country_code": "CA",
                "postal_code": None,
                "kind": "city",
                "population": 662248,
                "lat": 49.25,
                "lon": -123.119,
            }
        ]
    }
    assert answer.headers["cache-control"].startswith("public")
    assert (
        client.get(
            "/v1/places", params={"q": "vancouver, b"}, headers={"If-None-Match": answer.headers["etag"]}
        ).status_code
        == 304
    )


@pytest.mark.parametrize("params", [{}, {"q": ""}, {"q": "a", "limit": 0}, {"q": "a", "limit": 51}, {"q": "a" * 201}])
def test_bad_parameters_are_named(client, params):
    answer = client.get("/v1/places", params=params)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == ("limit" if "limit" in params else "q")
