"""Brands and personas: each tenant's own, versioned, refused with their fields."""

import pytest

BRAND = {"name": "Northwind", "tone": ["warm"], "voice": "Like a colleague."}
PERSONA = {"name": "Mara", "role": "Support", "style": "Short.", "examples": ["Hello there."]}
CASES = [("brands", BRAND, "brandId"), ("personas", PERSONA, "personaId")]


@pytest.mark.parametrize(("kind", "config", "id_field"), CASES)
def test_put_get_delete(world, kind, config, id_field):
    first = world.call("PUT", f"/{kind}/new", config)
    second = world.call("PUT", f"/{kind}/new", config | {"name": "Renamed"})

    assert (first.status, first.json["version"], first.json[id_field]) == (200, 1, "new")
    assert (second.json["version"], second.json["name"]) == (2, "Renamed")
    assert world.call("GET", f"/{kind}/new", role="viewer").json == second.json
    assert world.call("GET", f"/{kind}/new", tenant="globex").status == 404
    assert world.call("DELETE", f"/{kind}/new", tenant="globex").status == 404
    deleted = world.call("DELETE", f"/{kind}/new")
    assert (deleted.status, deleted.text) == (204, "")
    assert world.call("GET", f"/{kind}/new").status == 404
    assert world.call("DELETE", f"/{kind}/new").status == 404


@pytest.mark.parametrize(("kind", "config", "id_field"), CASES)
def test_what_get_answers_can_be_put_back(world, kind, config, id_field):
    world.call("PUT", f"/{kind}/new", config)
    found = world.call("GET", f"/{kind}/new").json
    assert world.call("PUT", f"/{kind}/new", found).json == found | {"version": 2}
    assert world.call("PUT", f"/{kind}/new", found | {"version": 1}).json == found | {"version": 3}
    other = world.call("PUT", f"/{kind}/other", found)
    assert (other.status, other.fields) == (422, [id_field])
    assert "the path says other" in other.json["detail"]
    assert world.call("GET", f"/{kind}/other").status == 404


@pytest.mark.parametrize(("kind", "config", "id_field"), CASES)
def test_a_viewer_changes_nothing(world, kind, config, id_field):
    assert world.call("PUT", f"/{kind}/new", config, role="viewer").status == 403
    assert world.call("DELETE", f"/{kind}/{'northwind' if kind == 'brands' else 'mara'}", role="viewer").status == 403
    assert world.call("GET", f"/{kind}/new").status == 404


@pytest.mark.parametrize(("kind", "config", "id_field"), CASES)
def test_what_is_wrong_is_named(world, kind, config, id_field):
    unknown = world.call("PUT", f"/{kind}/new", config | {"colour": "red"})
    missing = world.call("PUT", f"/{kind}/new", {k: v for k, v in config.items() if k != "name"})
    bad_id = world.call("PUT", f"/{kind}/Not_A_Slug", config)

    assert (unknown.status, unknown.fields) == (422, ["colour"])
    assert (missing.status, missing.fields) == (422, ["name"])
    assert (bad_id.status, bad_id.fields) == (422, [id_field])
    assert world.call("GET", f"/{kind}/Not_A_Slug").status == 404
    assert world.call("PUT", f"/{kind}/new", "{").status == 400
    assert world.call("GET", f"/{kind}/new").status == 404
