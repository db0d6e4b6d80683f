"""Lawful journeys of other vendors raise nothing in the dossier rules; what is wrong in them is still seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from banc_segur.formats import adt, mdm, zam
from banc_segur.formats.identite import Ins, Patient
from banc_segur.rules.model import Analyse, Etape, Fait
from tests.formats.hl7_monde import DOCUMENT, ENTETE, INS, PROVISOIRE, QUALIFIE, RECUPERE, SEJOUR
from tests.rules.dossier.test_dossier import TAPES, adt_de, constats, etape, insi, message, parcours, porteur

IDENT = {"matricule": INS.matricule, "oid": INS.oid}
DOC = {"document": DOCUMENT.document_id}
TYPE = replace(PROVISOIRE, traits=TAPES)
Pas = tuple[str, Analyse]


def suite(*pas: Pas) -> dict[str, Etape]:
    """These (link, analysis) in order."""
    return {str(n): etape(n, lien, analyse) for n, (lien, analyse) in enumerate(pas, 1)}


def ri(evenement: str, patient: Patient, identifiant: str, insi_appele: str = "", lien: str = "ri-eai") -> Pas:
    """An ADT; ZFD-5 is INSI when `insi_appele` is given."""
    entete = replace(ENTETE, identifiant=identifiant)
    sejour = SEJOUR if evenement.startswith("A0") else None
    known = evenement if evenement not in ("A04", "A05") else "A01"
    value = adt.write(known, patient, entete, sejour=sejour, insi_appele=insi_appele, ancien_ins=INS)
    value.set("MSH-9.2", evenement)
    return lien, message(lien, value)


def mdm_de(document: mdm.DocumentMdm = DOCUMENT, identifiant: str = "D1", code: bool | None = True) -> Pas:
    value = mdm.write(document, replace(ENTETE, application_emetteur="DPI", identifiant=identifiant))
    return "dpi-pfi", replace(message("dpi-pfi", value), reussi=code)


def td02(existence: str = "OK", reussi: bool | None = True) -> Pas:
    analyse = porteur("TD0.2", "TD0.2", (), **IDENT)
    attributs = (("existence", existence),) if reussi else ()
    return "pfi-dmp", replace(analyse, reussi=reussi, attributs=attributs)


def td21(reussi: bool | None = True, **values: str) -> Pas:
    doc = values.get("document", DOCUMENT.document_id)
    analyse = porteur("XDS", "TD2.1", (("document", doc),), **{**DOC, **IDENT, **values})
    return "pfi-dmp", replace(analyse, reussi=reussi)


def z01(identifiant: str = "D1", code: str = "") -> Pas:
    return "pfi-dpi", message("pfi-dpi", zam.write_z01(identifiant, ENTETE, code=code))


def z02(adresse: str, identifiant: str = "D1") -> Pas:
    return "pfi-dpi", message("pfi-dpi", zam.write_z02(identifiant, ENTETE, adresse))


APPELE = "20260302080430"
QUALIFICATION = (("ri-insi", insi()), ri("A31", QUALIFIE, "R2", APPELE))
ANCIEN = Ins("277076322082910", INS.oid)
VARIANTES: dict[str, Callable[[], tuple[Pas, ...]]] = {
    "01 puis 00, INSi avant A28": lambda: (
        ("ri-insi", insi(trouve=False)),
        ("ri-insi", insi()),
        ri("A28", RECUPERE, "R1", APPELE),
        ri("A31", QUALIFIE, "R2", APPELE),
    ),
    "appel répété, 01 la seconde fois": lambda: (*QUALIFICATION, ("ri-insi", insi(trouve=False)), mdm_de()),
    "identité saisie encore provisoire après 00": lambda: (("ri-insi", insi()), ri("A31", TYPE, "R1"), *QUALIFICATION),
    "admission saisie après 00": lambda: (("ri-insi", insi()), ri("A04", TYPE, "R1"), ri("A05", TYPE, "R2")),
    "A31 relayé sous un autre MSH-10 après 00": lambda: (
        ri("A31", TYPE, "R1"),
        ("ri-insi", insi()),
        ri("A31", TYPE, "E1", lien="eai-dpi"),
        *QUALIFICATION[1:],
    ),
    "identité validée autrement que rendue par INSi, sans INS": lambda: (
        ("ri-insi", insi()),
        ri("A31", replace(TYPE, statut="validee"), "R1"),
    ),
    "document sans INS, identité provisoire": lambda: (
        ("ri-insi", insi()),
        ri("A31", TYPE, "R1"),
        mdm_de(replace(DOCUMENT, patient=TYPE, indicateurs={"DESTMSSANTEPS": True})),
    ),
    "document avant l'INS, courriel après": lambda: (
        ri("A31", TYPE, "R1"),
        mdm_de(replace(DOCUMENT, patient=TYPE, indicateurs={"DESTMSSANTEPS": True})),
        *QUALIFICATION,
        ("pfi-mss", porteur("XDM", "SMTP", (), **DOC, nom_naissance=TAPES.nom_naissance)),
    ),
    "mouvement sans PID-32 après la qualification": lambda: (*QUALIFICATION, _sans_statut("A03"), mdm_de()),
    "NIR et NIA": lambda: (*QUALIFICATION, _nir_et_nia()),
    "INS changé": lambda: (
        ("ri-insi", insi()),
        (
            "ri-eai",
            message("ri-eai", adt.write("A47", QUALIFIE, replace(ENTETE, identifiant="R9"), ancien_ins=ANCIEN)),
        ),
    ),
    "deux séjours": lambda: (*QUALIFICATION, *(ri(e, QUALIFIE, e, APPELE) for e in ("A01", "A03", "A01", "A03"))),
    "dépôt repris après coupure, même uniqueId": lambda: (
        *QUALIFICATION, mdm_de(), td02(), td21(reussi=None), td21(), z01(),
    ),
    "reprise refusée comme doublon, récépissé négatif": lambda: (
        *QUALIFICATION, mdm_de(), td02(), td21(), td21(reussi=False), z01(code="XDSDuplicateUniqueIdInRegistry"),
    ),
    "refus puis reprise acceptée, deux récépissés": lambda: (
        *QUALIFICATION, mdm_de(), td02(), td21(reussi=False), z01(code="XDSRepositoryBusy"), td21(), z01(),
    ),
    "message refusé puis renvoyé sous un autre MSH-10": lambda: (
        *QUALIFICATION, mdm_de(code=False), mdm_de(identifiant="D2"), td02(), td21(), z01("D2"),
    ),
    "message répété sans accusé reçu": lambda: (
        *QUALIFICATION, mdm_de(code=None), mdm_de(identifiant="D2"), td02(), td21(), z01("D2"),
    ),
    "remplacement": lambda: (
        *QUALIFICATION,
        mdm_de(), td02(), td21(), z01(),
        mdm_de(replace(DOCUMENT, action="T10", document_id="1.2.3.9", remplace=DOCUMENT.document_id), "D2"),
        td21(document="1.2.3.9"), z01("D2"),
    ),
    "deux destinataires, un récépissé pour chacun": lambda: (
        *QUALIFICATION, mdm_de(), *(z02(d.adresse) for d in DOCUMENT.destinataires),
    ),
    "test d'existence en échec puis repris": lambda: (
        *QUALIFICATION, mdm_de(), td02(reussi=False), td02(), td21(), z01(),
    ),
    "patient qui refuse le DMP": lambda: (*QUALIFICATION, mdm_de(replace(DOCUMENT, indicateurs={}))),
}  # fmt: skip


def _sans_statut(evenement: str) -> Pas:
    value = adt_de(evenement, QUALIFIE, "R3")
    value.set("PID-32", "")
    return "ri-eai", message("ri-eai", value)


def _nir_et_nia() -> Pas:
    value = adt_de("A31", QUALIFIE, "R3")
    present = value.premier("PID")
    assert present
    nia = "277076322082910^^^ASIP-SANTE-INS-NIA&1.2.250.1.213.1.4.9&ISO^INS"
    present.champs[3] = f"{present.champs[3]}~{nia}"
    return "ri-eai", message("ri-eai", value)


@pytest.mark.parametrize("nom", VARIANTES)
def test_a_lawful_journey_is_silent(nom: str) -> None:
    assert [(c.regle, c.etape, c.ou, c.observe) for c in constats(suite(*VARIANTES[nom]()))] == []


FAUTES: dict[str, tuple[str, Callable[[], tuple[Pas, ...]]]] = {
    "traits saisis dits récupérés": (
        "DOS-03",
        lambda: (("ri-insi", insi()), ri("A31", replace(TYPE, statut="recuperee"), "R1", APPELE)),
    ),
    "INS retiré puis document avec INS": (
        "DOS-10",
        lambda: (*QUALIFICATION, ri("A47", RECUPERE, "R3"), mdm_de()),
    ),
    "dépôt après un test d'existence sans réponse": (
        "DOS-11",
        lambda: (*QUALIFICATION, mdm_de(), td02(reussi=None), td21(), z01()),
    ),
    "récépissé positif d'un dépôt refusé": (
        "DOS-12",
        lambda: (*QUALIFICATION, mdm_de(), td02(), td21(reussi=False), z01()),
    ),
    "récépissé négatif d'un dépôt accepté": (
        "DOS-12",
        lambda: (*QUALIFICATION, mdm_de(), td02(), td21(), z01(code="DMPClosed")),
    ),
    "ancien INS après la réponse d'INSi": (
        "DOS-01",
        lambda: (("ri-insi", insi()), ri("A31", replace(QUALIFIE, ins=ANCIEN), "R1", APPELE)),
    ),
}


@pytest.mark.parametrize("nom", FAUTES)
def test_a_wrong_journey_is_seen(nom: str) -> None:
    regle, pas = FAUTES[nom]
    assert regle in {c.regle for c in constats(suite(*pas()))}


def test_the_helpers_make_facts_that_differ() -> None:
    assert TAPES.nom_naissance != QUALIFIE.traits.nom_naissance
    assert constats(parcours()) == []
    assert Fait("matricule", INS.matricule, "INSi", "INDIVIDU") in insi().faits
