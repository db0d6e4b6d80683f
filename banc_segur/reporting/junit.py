"""JUnit XML from our own events: one test case per scenario, one per product for the constats."""

from __future__ import annotations

from lxml import etree

from banc_segur.formats import xml
from banc_segur.reporting.model import CODE_BANC, Rapport, Resultat, Scenario


def render(rapport: Rapport) -> bytes:
    """Return the JUnit document. A failed product is a failure, a broken bench an error, an unplayed one skipped."""
    root = etree.Element("testsuites", name="Banc Ségur")
    _banc(root, rapport)
    _scenarios(root, rapport)
    _constats(root, rapport)
    return xml.serialize(root)


def _suite(root: etree._Element, name: str, cases: list[etree._Element]) -> None:
    count = {kind: sum(case.find(kind) is not None for case in cases) for kind in ("failure", "error", "skipped")}
    suite = etree.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(len(cases)),
        failures=str(count["failure"]),
        errors=str(count["error"]),
        skipped=str(count["skipped"]),
    )
    suite.extend(cases)


def _banc(root: etree._Element, rapport: Rapport) -> None:
    """One case for the bench itself, so that a broken bench never looks like an empty success."""
    case = etree.Element("testcase", classname="banc", name="Le banc a fonctionné")
    if rapport.code == CODE_BANC:
        etree.SubElement(case, "error", message=_printable(rapport.conclusion))
    _suite(root, "banc", [case])


def _scenarios(root: etree._Element, rapport: Rapport) -> None:
    _suite(root, "scénarios", [_cas(scenario) for scenario in rapport.scenarios])


def _cas(scenario: Scenario) -> etree._Element:
    case = etree.Element("testcase", classname=scenario.fichier, name=scenario.titre, time=f"{scenario.duree:.3f}")
    properties = etree.SubElement(case, "properties")
    for tag in scenario.etiquettes:
        etree.SubElement(properties, "property", name="requirement", value=tag)
    kind = {Resultat.ECHOUE: "failure", Resultat.ERREUR: "error", Resultat.NON_JOUE: "skipped"}.get(scenario.resultat)
    if kind:
        etree.SubElement(case, kind, message=_printable(scenario.message))
    return case


def _constats(root: etree._Element, rapport: Rapport) -> None:
    cases = []
    for produit in rapport.produits:
        case = etree.Element("testcase", classname="constats", name=produit.nom)
        errors = [c for c in rapport.constats if c.produit == produit.nom and c.severite == "erreur"]
        if errors:
            lines = [f"{c.regle} {c.titre} — {c.ou} : attendu {c.attendu}, observé {c.observe}" for c in errors]
            failure = etree.SubElement(case, "failure", message=_printable(f"{len(errors)} erreur(s) imputée(s)"))
            failure.text = _printable("\n".join(lines))
        cases.append(case)
    _suite(root, "constats", cases)


def _printable(text: str) -> str:
    """XML 1.0 has no place for control characters; observed values may hold some."""
    return "".join(char if char in "\n\t" or char >= " " else "�" for char in text)
