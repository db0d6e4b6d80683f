"""The scenarios that the feature files hold, read without playing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gherkin.parser import Parser

from banc_segur.campaign.home import RACINE

FEATURES = RACINE / "features"


@dataclass(frozen=True, slots=True)
class ScenarioEcrit:
    """One written scenario; etiquettes are those of its feature and its own, without `@`."""

    fichier: str
    titre: str
    etiquettes: tuple[str, ...]


def scenarios() -> list[ScenarioEcrit]:
    """Every scenario, by file then by place in the file."""
    found = []
    for path in sorted(FEATURES.rglob("*.feature")):
        feature: Any = Parser().parse(path.read_text("utf-8"))["feature"]
        common = [tag["name"] for tag in feature["tags"]]
        for child in feature["children"]:
            scenario = child.get("scenario")
            if scenario:
                tags = common + [tag["name"] for tag in scenario["tags"]]
                found.append(
                    ScenarioEcrit(
                        path.relative_to(FEATURES).as_posix(),
                        scenario["name"],
                        tuple(sorted({tag.removeprefix("@") for tag in tags})),
                    )
                )
    return found
