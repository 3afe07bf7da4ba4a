"""The page "Your own brand, in five minutes": its commands are run as they stand there, and its table is current."""

import json
import re
import shlex

from lambdas.domain.models.campaign import CampaignStatus
from local import brief_fields
from local.process import ROOT
from tests.support.api import ACME, Reply, World

PAGE = (ROOT / "docs" / "first-brand.md").read_text("utf-8")


def commands() -> list[list[str]]:
    """The words of each ``curl`` in the page's blocks of shell, as a shell would split them."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    return [shlex.split(block) for block in blocks if block.startswith("curl ")]


def run(world: World, words: list[str]) -> Reply:
    method, headers, body, url = "GET", {}, None, ""
    rest = iter(words[1:])
    for word in rest:
        match word:
            case "-X":
                method = next(rest)
            case "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            case "-d":
                body = next(rest)
            case _:
                url = word
    assert headers.pop("Authorization") == "Bearer $TOKEN"
    assert body is None or headers["Content-Type"] == "application/json"
    assert url.startswith("$API/"), url
    return world.call(method, url.removeprefix("$API"), body, headers=headers)


def test_the_commands_of_the_page_do_what_it_says(world: World) -> None:
    replies = [run(world, words) for words in commands()]
    assert [reply.status for reply in replies] == [200, 200, 200, 202], [reply.text for reply in replies]
    brand, persona, brands, started = (reply.json for reply in replies)
    assert (brand["brandId"], brand["version"], persona["personaId"]) == ("corner-bakery", 1, "lea")
    assert "corner-bakery" in [each["brandId"] for each in brands["items"]]
    (campaign,) = world.campaigns.page(ACME, 10).items
    assert (campaign.campaign_id, campaign.status) == (started["campaignId"], CampaignStatus.QUEUED)
    again = [run(world, words) for words in commands()]
    assert again[-1].json == started


def test_every_route_that_the_page_names_is_there(world: World) -> None:
    paths = set(world.call("GET", "/openapi.json", tenant=None).json["paths"])
    named = re.findall(r'"\$API(/[^"?]*)', PAGE)
    assert len(named) >= 8
    known = {"$ID": "{campaignId}", "corner-bakery": "{brandId}", "lea": "{personaId}"}
    for name in named:
        path = "/".join(known.get(part, part) for part in name.split("/"))
        assert path in paths


def test_the_table_of_fields_is_as_the_models_are() -> None:
    page = brief_fields.PAGE.read_text("utf-8")
    assert page == brief_fields.page_with(brief_fields.table(), page), "run `make brief-fields`"


def test_every_field_of_the_examples_is_in_the_table() -> None:
    paths = set(re.findall(r"^\| `([\w.]+)` \|", brief_fields.table(), re.MULTILINE))

    def leaves(value: object, path: str) -> set[str]:
        if isinstance(value, dict):
            return {leaf for name, inner in value.items() for leaf in leaves(inner, f"{path}.{name}" if path else name)}
        return {path}

    for file in (ROOT / "examples").glob("*/campaign.json"):
        assert leaves(json.loads(file.read_text("utf-8")), "") <= paths
