"""The dashboard: what Grafana needs to take it as it is, on any Prometheus."""

from itertools import combinations
from typing import Any


def test_it_has_an_address_of_its_own_and_the_schema_of_todays_grafana(dashboard: dict[str, Any]) -> None:
    assert dashboard["uid"] == "eny-pds"
    assert dashboard["schemaVersion"] == 42
    assert "id" not in dashboard  # Grafana's own number of it, in one database


def test_every_query_goes_to_the_prometheus_that_is_chosen(dashboard: dict[str, Any]) -> None:
    (variable,) = dashboard["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == ("datasource", "datasource", "prometheus")
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for panel in dashboard["panels"]:
        if panel["type"] != "row":
            assert panel["datasource"] == chosen, panel["title"]
            assert [target["datasource"] for target in panel["targets"]] == [chosen] * len(panel["targets"])


def test_every_panel_has_a_number_a_title_and_says_what_it_shows(dashboard: dict[str, Any]) -> None:
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(numbers)) == len(numbers)
    assert [panel["id"] for panel in dashboard["panels"] if not panel["title"]] == []
    assert [each["title"] for each in dashboard["panels"] if each["type"] != "row" and not each["description"]] == []


def test_no_panel_lies_over_another_or_over_the_edge(dashboard: dict[str, Any]) -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in dashboard["panels"]]
    assert [title for title, at in places if at["x"] + at["w"] > 24] == []
    assert [(one, other) for (one, a), (other, b) in combinations(places, 2) if overlap(a, b)] == []


def overlap(a: dict[str, int], b: dict[str, int]) -> bool:
    beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
    above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
    return not beside and not above
