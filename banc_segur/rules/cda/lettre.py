"""Rules of letters in PDF: PDF/A-1, identity shown, INS datamatrix.

Source: guide d'implémentation INS rules 7 and 32, référentiel datamatrix INS v2.2 (`insi.md` §13), `cda.md` §8.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from banc_segur.formats.datamatrix import DatamatrixIns
from banc_segur.formats.ins import OID_NIA
from banc_segur.formats.pdf import Symbole
from banc_segur.rules.catalogue import regle
from banc_segur.rules.cda.page import LettreLue
from banc_segur.rules.model import Contexte, Ecart, NonEvaluable, Severite

DATAMATRIX = "Référentiel datamatrix INS v2.2 (26/09/2023)"
PAPIER = "Guide d'implémentation INS, règle 32"
VISIBLES = ("nom_naissance", "premier_prenom", "date_naissance", "sexe", "matricule")
NOMS = {
    "nom_naissance": "le nom de naissance",
    "premier_prenom": "le premier prénom de naissance",
    "date_naissance": "la date de naissance",
    "sexe": "le sexe",
    "matricule": "le matricule INS",
}


@regle(
    "CDA-PDF-01",
    "Le document PDF se déclare PDF/A-1",
    genre="lettre",
    source="Référentiel MSSanté #2, ECO.2.1.5 ; ISO 19005-1",
    remede="Produire le document en PDF/A-1 : métadonnées XMP avec pdfaid:part 1 et conformance A ou B.",
    exigences=("DOC/va1.01",),
)
def pdfa_revendique(lettre: LettreLue, _contexte: Contexte) -> Iterable[Ecart]:
    """The XMP claims PDF/A-1, level A or B."""
    if not lettre.pdf.pdfa.revendique:
        claim = f"{lettre.pdf.pdfa.partie}{lettre.pdf.pdfa.conformite}"
        observed = f"PDF/A-{claim}" if claim else f"PDF {lettre.pdf.pdfa.version} sans déclaration PDF/A"
        yield Ecart("PDF, métadonnées XMP", "PDF/A-1 (part 1, conformance A ou B)", observed)


@regle(
    "CDA-PDF-02",
    "La structure du PDF ne contredit pas PDF/A-1 (indices structurels)",
    genre="lettre",
    source="ISO 19005-1 (liste de contrôles structurels ; ne vaut pas certificat)",
    remede="Corriger le générateur de PDF à l'endroit indiqué, puis valider avec un outil PDF/A complet.",
    severite=Severite.AVERTISSEMENT,
)
def pdfa_structure(lettre: LettreLue, _contexte: Contexte) -> Iterable[Ecart]:
    """Only for a file that claims PDF/A-1: without the claim, CDA-PDF-01 says enough."""
    if not lettre.pdf.pdfa.revendique:
        raise NonEvaluable("le fichier ne se déclare pas PDF/A-1")
    for departure in lettre.pdf.pdfa.ecarts:
        yield Ecart("PDF, structure", "conforme à PDF/A-1", departure)


@regle(
    "CDA-DOC-01",
    "Le document imprimé montre les traits du patient et son matricule INS",
    genre="lettre",
    source=PAPIER,
    remede="Imprimer nom de naissance, premier prénom, date de naissance, sexe et matricule INS qualifié.",
    exigences=("INS/va1.15",),
)
def traits_visibles(lettre: LettreLue, _contexte: Contexte) -> Iterable[Ecart]:
    """Each value of the CDA's qualified identity is readable on the page."""
    for datum, expected in _attendus_qualifies(lettre).items():
        if datum in VISIBLES and not _visible(lettre, datum, expected):
            observed = lettre.page.get(datum, "absent de la page")
            yield Ecart("PDF, texte", f"{NOMS[datum]} : {expected}", observed, datum)


def _attendus_qualifies(lettre: LettreLue) -> dict[str, str]:
    if lettre.cda is None:
        raise NonEvaluable("le PDF est venu seul : l'identité attendue n'est pas connue")
    if lettre.cda.ins is None:
        raise NonEvaluable("le document ne porte pas d'INS : identité non qualifiée")
    return lettre.attendus()


def _visible(lettre: LettreLue, datum: str, expected: str) -> bool:
    if lettre.page.get(datum) == expected:
        return True
    if datum == "sexe":
        return False
    forms = {expected}
    if datum == "date_naissance":
        year, month, day = ([*expected.split("-"), "", ""])[:3]
        forms = {f"{day}{sep}{month}{sep}{year}" for sep in "/-. "}
    if datum in lettre.page:
        return False
    return any(re.search(rf"(?<![A-Z0-9-]){re.escape(form)}(?![A-Z0-9-])", lettre.texte) for form in forms)


@regle(
    "CDA-DOC-02",
    "Le matricule INS imprimé est suivi de sa nature (NIR ou NIA)",
    genre="lettre",
    source=PAPIER,
    remede="Faire suivre le matricule de sa nature, NIR ou NIA selon l'OID.",
    exigences=("INS/va1.15",),
)
def nature_visible(lettre: LettreLue, _contexte: Contexte) -> Iterable[Ecart]:
    """NIR or NIA beside the matricule, and the right one."""
    oid = _attendus_qualifies(lettre)["oid"]
    expected = "NIA" if oid == OID_NIA else "NIR"
    if "matricule" not in lettre.page:
        raise NonEvaluable("aucun matricule INS lisible sur la page")
    if lettre.nature != expected:
        yield Ecart("PDF, texte", f"matricule suivi de {expected}", lettre.nature or "nature absente")


@regle(
    "CDA-DTM-01",
    "Le document d'une identité qualifiée porte le datamatrix INS",
    genre="lettre",
    source=f"{DATAMATRIX} ; guide d'implémentation INS, règle 32",
    remede="Imprimer le datamatrix INS (mention « INS à scanner »), 20 mm de côté ou plus, avec sa zone de silence.",
    exigences=("INS/va1.03", "DOC/va1.04"),
)
def datamatrix_present(lettre: LettreLue, _contexte: Contexte) -> Iterable[Ecart]:
    """One readable INS symbol when the CDA (or the page) carries an INS."""
    if not lettre.porte_ins:
        raise NonEvaluable("le document ne porte pas d'INS : identité non qualifiée")
    if not lettre.ins:
        others = ", ".join(sorted({s.format for s in lettre.pdf.symboles}))
        yield Ecart("PDF, page", "un datamatrix INS lisible à 200 ou 300 dpi", others or "aucun symbole trouvé")


@regle(
    "CDA-DTM-02",
    "Le contenu du datamatrix INS respecte le référentiel",
    genre="lettre",
    source=DATAMATRIX,
    remede="Composer l'en-tête IS01 puis les blocs S1 à S7 ; séparateur GS seulement après un bloc variable incomplet.",
    exigences=("INS/va1.03",),
)
def datamatrix_lisible(lettre: LettreLue, _contexte: Contexte) -> Iterable[Ecart]:
    """Header, blocks, lengths, separators."""
    for symbol, content, reason in _symboles(lettre):
        anomalies = content.anomalies if content else (reason,)
        for anomaly in anomalies:
            yield Ecart(f"PDF, datamatrix page {symbol.page}", "contenu conforme au référentiel", anomaly)


def _symboles(lettre: LettreLue) -> Iterator[tuple[Symbole, DatamatrixIns | None, str]]:
    if not lettre.ins:
        raise NonEvaluable("aucun datamatrix INS trouvé")
    yield from lettre.ins


@regle(
    "CDA-DTM-03",
    "Le datamatrix INS dit la même identité que le document",
    genre="lettre",
    source=f"{DATAMATRIX} ; RNIV",
    remede="Composer le datamatrix à partir de l'identité qualifiée du patient, celle du CDA et de la page.",
    exigences=("INS/va1.03",),
)
def datamatrix_egal(lettre: LettreLue, _contexte: Contexte) -> Iterable[Ecart]:
    """Each value of the symbol equals the CDA's or, for a PDF alone, what the page shows."""
    expected = lettre.attendus() or lettre.page
    for symbol, content, _reason in _symboles(lettre):
        for datum, value in (content.valeurs if content else {}).items():
            if expected.get(datum, value) != value:
                yield Ecart(f"PDF, datamatrix page {symbol.page}", expected[datum], value, datum)


@regle(
    "CDA-DTM-04",
    "Le datamatrix INS est carré",
    genre="lettre",
    source=DATAMATRIX,
    remede="Demander la forme carrée à l'encodeur Data Matrix (beaucoup choisissent un rectangle d'eux-mêmes).",
    exigences=("INS/va1.03",),
)
def datamatrix_carre(lettre: LettreLue, _contexte: Contexte) -> Iterable[Ecart]:
    """Width and height equal within 15 %."""
    for symbol, _content, _reason in _symboles(lettre):
        if not symbol.carre:
            yield Ecart(
                f"PDF, datamatrix page {symbol.page}", "un symbole carré", f"largeur/hauteur {symbol.rapport:.2f}"
            )


@regle(
    "CDA-DTM-05",
    "Sans identité qualifiée, le document ne montre ni INS ni datamatrix INS",
    genre="lettre",
    source="RNIV ; guide d'implémentation INS, règles 7 et 32",
    remede="N'imprimer le matricule INS et son datamatrix que pour une identité qualifiée.",
    exigences=("INS/va1.03",),
)
def sans_ins(lettre: LettreLue, _contexte: Contexte) -> Iterable[Ecart]:
    """The CDA carries no INS: neither does its page."""
    if lettre.cda is None:
        raise NonEvaluable("le PDF est venu seul : le statut de l'identité n'est pas connu")
    if lettre.cda.ins is not None:
        return
    if lettre.ins:
        yield Ecart("PDF, datamatrix", "aucun datamatrix INS", "datamatrix INS présent")
    if "matricule" in lettre.page and lettre.nature:
        yield Ecart("PDF, texte", "aucun matricule INS", lettre.page["matricule"], "matricule")
