"""Dossier rules: silent on a coherent journey, each raised by one wrong thing, at the step of its first emitter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from banc_segur.formats import ack, adt, er7, mdm, zam
from banc_segur.rules import dossier as regles_dossier
from banc_segur.rules import hl7 as regles_hl7
from banc_segur.rules.analyse import analyser
from banc_segur.rules.catalogue import evaluer, toutes
from banc_segur.rules.model import Analyse, Constat, Contexte, Dossier, EchangeBrut, Etape, Fait, Jugement, Sujet
from banc_segur.temoin import defauts
from banc_segur.temoin.defauts import dossier as defauts_dossier
from tests.formats.hl7_monde import DOCUMENT, ENTETE, INS, PROVISOIRE, QUALIFIE, RECUPERE, SEJOUR, TRAITS

assert regles_dossier and regles_hl7 and defauts_dossier
DEBUT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
REGLES = [r.id for r in toutes() if r.id.startswith("DOS-")]
DEFAUTS = {d.regle: d for d in defauts.tous() if d.regle.startswith("DOS-")}
EMPREINTE = "0" * 40
ROLES = {"ri": "RI", "eai": "EAI", "dpi": "DPI", "pfi": "PFI", "insi": "INSi", "dmp": "DMP", "mss": "MSSanté"}


def etape(numero: int, lien: str, analyse: Analyse) -> Etape:
    """A step of that link."""
    de, vers = lien.split("-")
    return Etape(numero, DEBUT + timedelta(seconds=numero), lien, ROLES[de], ROLES[vers], analyse)


def insi(trouve: bool = True) -> Analyse:
    """An INSi answer 00, or 01."""
    values = {**TRAITS_INSI, "matricule": INS.matricule, "oid": INS.oid} if trouve else {}
    return Analyse("recherche", "", True, faits=tuple(Fait(d, v, "INSi", "INDIVIDU") for d, v in values.items()))


TRAITS_INSI = {
    "nom_naissance": TRAITS.nom_naissance,
    "prenoms": TRAITS.prenoms,
    "sexe": TRAITS.sexe,
    "date_naissance": TRAITS.date_naissance,
    "lieu_naissance": TRAITS.lieu_naissance,
}


def message(lien: str, value: er7.Message) -> Analyse:
    """A real HL7 message, acknowledged."""
    answer = ack.write(value, "AA", identifiant="1", instant="20260302080001")
    return analyser(EchangeBrut("mllp", lien, value.write(), answer.write()))


def porteur(nom: str, operation: str, cles: tuple[tuple[str, str], ...] = (), **values: str) -> Analyse:
    """An exchange of another family with these facts."""
    return Analyse(operation, "", True, cles=cles, faits=tuple(Fait(d, v, nom, "ici") for d, v in values.items()))


def adt_de(evenement: str, patient: adt.Patient, identifiant: str) -> er7.Message:
    entete = replace(ENTETE, identifiant=identifiant)
    return adt.write(evenement, patient, entete, sejour=SEJOUR, insi_appele="20260302080430", ancien_ins=INS)


def parcours() -> dict[str, Etape]:
    """A coherent journey, by name of step, in order."""
    creation, qualification = adt_de("A28", replace(PROVISOIRE, traits=TAPES), "R1"), adt_de("A31", QUALIFIE, "R2")
    document = mdm.write(replace(DOCUMENT), replace(ENTETE, application_emetteur="DPI", identifiant="D1"))
    doc = DOCUMENT.document_id
    depose = message("dpi-pfi", document)
    sha1 = next(f.valeur for f in depose.faits if f.donnee == "empreinte")
    ident = {"matricule": INS.matricule, "oid": INS.oid}
    steps = [
        ("a28", "ri-eai", message("ri-eai", creation)),
        ("insi", "ri-insi", insi()),
        ("a28 relayé", "eai-dpi", message("eai-dpi", creation)),
        ("a31", "ri-eai", message("ri-eai", qualification)),
        ("a31 relayé", "eai-dpi", message("eai-dpi", qualification)),
        ("mdm", "dpi-pfi", depose),
        ("td02", "pfi-dmp", replace(porteur("TD0.2", "TD0.2", **ident), attributs=(("existence", "OK"),))),
        ("td21", "pfi-dmp", porteur("XDS", "TD2.1", (("document", doc),), document=doc, empreinte=sha1, **ident)),
        ("z01", "pfi-dpi", message("pfi-dpi", zam.write_z01("D1", ENTETE))),
        ("courriel", "pfi-mss", porteur("courriel", "SMTP", document=doc, nom_naissance=TRAITS.nom_naissance)),
    ]
    return {nom: etape(n, lien, analyse) for n, (nom, lien, analyse) in enumerate(steps, 1)}


TAPES = replace(TRAITS, nom_naissance="PATTROIS", prenoms="", premier_prenom="DOMI")


def juger(etapes: dict[str, Etape]) -> Jugement:
    subject = Sujet("dossier", Dossier(tuple(etapes.values())))
    return evaluer(subject, Contexte(DEBUT))


def constats(etapes: dict[str, Etape]) -> list[Constat]:
    return list(juger(etapes).constats)


def avec(nom: str, *faits: Fait) -> dict[str, Etape]:
    """The journey where one step holds other values for these data."""
    steps = parcours()
    step = steps[nom]
    changed = {(f.donnee, f.porteur) for f in faits}
    kept = tuple(f for f in step.analyse.faits if (f.donnee, f.porteur) not in changed)
    steps[nom] = replace(step, analyse=replace(step.analyse, faits=(*kept, *faits)))
    return steps


def test_a_coherent_journey_is_silent_and_every_rule_was_evaluated() -> None:
    outcome = juger(parcours())
    assert outcome.constats == ()
    assert outcome.non_evaluees == ()
    assert sorted(outcome.evaluees) == REGLES == sorted(DEFAUTS)


@pytest.mark.parametrize(
    ("regle", "nom", "fait"),
    [
        ("DOS-01", "td21", Fait("matricule", "277076322082910", "VIHF", "resource-id")),
        ("DOS-02", "mdm", Fait("oid", "1.2.250.1.213.1.4.11", "datamatrix", "page 1")),
        ("DOS-03", "mdm", Fait("nom_naissance", "PAT-TROISX", "CDA", "family")),
        ("DOS-04", "a31", Fait("prenoms", "DOMINIQUE ANNE", "ADT", "PID-5[1].3")),
        ("DOS-05", "mdm", Fait("premier_prenom", "DOMINIQUEX", "MDM", "PID-5[1].2")),
        ("DOS-06", "mdm", Fait("sexe", "M", "CDA", "administrativeGenderCode")),
        ("DOS-07", "td21", Fait("date_naissance", "1900-01-01", "XDS", "PID-7")),
        ("DOS-08", "mdm", Fait("lieu_naissance", "75056", "MDM", "PID-11")),
        ("DOS-09", "td21", Fait("document", "1.2.3", "XDS", "uniqueId")),
        ("DOS-13", "td21", Fait("empreinte", EMPREINTE, "XDS", "Document")),
    ],
)
def test_a_wrong_value_names_the_step_the_place_and_the_datum(regle: str, nom: str, fait: Fait) -> None:
    steps = avec(nom, fait)
    found = [c for c in constats(steps) if c.regle == regle]
    assert [(c.etape, c.ou, c.observe, c.donnee) for c in found] == [
        (steps[nom].numero, f"{fait.porteur}, {fait.ou}", fait.valeur, fait.donnee)
    ]
    assert {c.regle for c in constats(steps)} <= {regle, "DOS-11"}


def test_the_first_emitter_is_named_once_for_all_later_carriers() -> None:
    steps = avec("a31", Fait("sexe", "M", "ADT", "PID-8"))
    relayed = avec("a31 relayé", Fait("sexe", "M", "ADT", "PID-8"))["a31 relayé"]
    found = constats(steps | {"a31 relayé": relayed})
    assert [(c.regle, c.etape) for c in found] == [("DOS-06", steps["a31"].numero)]


def test_no_ins_before_insi_found_it() -> None:
    steps = parcours()
    steps["insi"] = replace(steps["insi"], analyse=insi(trouve=False))
    found = [c for c in constats(steps) if c.regle == "DOS-10"]
    assert {(c.etape, c.ou.split(",")[0]) for c in found} == {
        (steps["a31"].numero, "ADT"),
        (steps["mdm"].numero, "MDM"),
        (steps["td02"].numero, "TD0.2"),
        (steps["td21"].numero, "XDS"),
    }


def test_no_ins_in_a_document_while_the_identity_is_only_recuperee() -> None:
    steps = parcours()
    steps["a31"] = replace(steps["a31"], analyse=message("ri-eai", adt_de("A31", RECUPERE, "R2")))
    found = [(c.etape, c.ou.split(",")[0]) for c in constats(steps) if c.regle == "DOS-10"]
    assert (steps["mdm"].numero, "MDM") in found


def test_a_deposit_without_existence_test_or_on_a_closed_dmp() -> None:
    steps = parcours()
    del steps["td02"]
    assert [(c.regle, c.etape) for c in constats(steps)] == [("DOS-11", steps["td21"].numero)]
    steps = parcours()
    closed = replace(steps["td02"].analyse, attributs=(("existence", "OK"), ("statut", "terminated")))
    steps["td02"] = replace(steps["td02"], analyse=closed)
    assert [(c.regle, c.etape) for c in constats(steps)] == [("DOS-11", steps["td21"].numero)]


def test_an_accepted_deposit_without_positive_receipt() -> None:
    steps = parcours()
    del steps["z01"]
    assert [(c.regle, c.etape) for c in constats(steps)] == [("DOS-12", steps["td21"].numero)]
    steps = parcours()
    negative = DEFAUTS["DOS-12"].muter(zam.write_z01("D1", ENTETE))
    steps["z01"] = replace(steps["z01"], analyse=message("pfi-dpi", negative))
    assert [(c.regle, c.etape) for c in constats(steps)] == [("DOS-12", steps["z01"].numero)]


def test_rules_without_material_say_why() -> None:
    outcome = juger({"a": etape(1, "pfi-mss", Analyse("SMTP", "", True))})
    assert outcome.constats == ()
    assert sorted(regle for regle, _ in outcome.non_evaluees) == REGLES


def test_the_hl7_defects_are_caught() -> None:
    steps = parcours()
    wrong = DEFAUTS["DOS-04"].muter(adt_de("A31", QUALIFIE, "R2"))
    steps["a31"] = replace(steps["a31"], analyse=message("ri-eai", wrong))
    assert "DOS-04" in {c.regle for c in constats(steps)}
    for regle in ("DOS-05", "DOS-08"):
        steps = parcours()
        entete = replace(ENTETE, application_emetteur="DPI", identifiant="D1")
        wrong = mdm.write(DEFAUTS[regle].muter(DOCUMENT), entete)
        steps["mdm"] = replace(steps["mdm"], analyse=message("dpi-pfi", wrong))
        assert {c.regle for c in constats(steps)} == {regle}
    steps = parcours()
    steps["insi"] = replace(steps["insi"], analyse=insi(trouve=False))
    invented = DEFAUTS["DOS-10"].muter(adt_de("A31", RECUPERE, "R2"))
    only = {"insi": steps["insi"], "a31": replace(steps["a31"], analyse=message("ri-eai", invented))}
    assert "DOS-10" in {c.regle for c in constats(only)}
