"""Lawful CDA documents and letters of other vendors: silent, but for what each row names; and real defects told."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from banc_segur.formats import cda_read, cda_write, lettre, pdf
from banc_segur.rules import catalogue
from banc_segur.rules.cda.page import lire
from banc_segur.rules.model import Sujet
from tests.cda_monde import CONTEXTE, DOCUMENT, PATIENT, document, page

BON = document().decode()


def regles(text: str) -> dict[str, list[str]]:
    """Rule -> what it says of a document."""
    found: dict[str, list[str]] = {}
    for constat in catalogue.evaluer(Sujet("cda", cda_read.read(text.encode())), CONTEXTE).constats:
        found.setdefault(constat.regle, []).append(f"{constat.ou} : {constat.attendu} / {constat.observe}")
    return found


def _changer(*paires: tuple[str, str]) -> str:
    text = BON
    for old, new in paires:
        changed = re.sub(old, new, text, flags=re.DOTALL)
        assert changed != text, old
        text = changed
    return text


VARIANTES = {
    "témoin": BON,
    "préfixe pour l'espace de noms": re.sub(r"<(/?)(?=[A-Za-z])", r"<\1cda:", BON)
    .replace('xmlns="urn:hl7-org:v3"', 'xmlns:cda="urn:hl7-org:v3"')
    .replace("<cda:?xml", "<?xml"),
    "feuille de style": BON.replace(
        "<ClinicalDocument", '<?xml-stylesheet type="text/xsl" href="./a.xsl"?>\n<ClinicalDocument', 1
    ),
    "auto-présentable": BON.replace(
        "<ClinicalDocument", '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><ClinicalDocument', 1
    )
    + "</xsl:stylesheet>",
    "effectiveTime sans décalage": _changer(
        ('<effectiveTime value="20260115103000\\+0100"', '<effectiveTime value="20260115103000"')
    ),
    "effectiveTime au jour": _changer(
        ('<effectiveTime value="20260115103000\\+0100"', '<effectiveTime value="20260115"')
    ),
    "effectiveTime avec millisecondes": _changer(
        ('<effectiveTime value="20260115103000\\+0100"', '<effectiveTime value="20260115103000.123+0100"')
    ),
    "été, décalage +0200": _changer(
        ('<effectiveTime value="20260115103000\\+0100"', '<effectiveTime value="20260715103000+0200"')
    ),
    "id par UUID": _changer(('<id root="1.2.250.1.999.1.1.2.1"', '<id root="E9B4B6A4-0C0F-4C5C-8A0B-1F1F1F1F1F1F"')),
    "id par OID d'UUID": _changer(
        ('<id root="1.2.250.1.999.1.1.2.1"', '<id root="2.25.329800735698586629295641978511506172918"')
    ),
    "confidentialité restreinte": _changer(('<confidentialityCode code="N"', '<confidentialityCode code="R"')),
    "année de naissance seule": _changer(('<birthTime value="19600101"', '<birthTime value="1960"')),
    "sexe indéterminé": _changer(('<administrativeGenderCode code="M"', '<administrativeGenderCode code="UN"')),
    "nom utilisé en plus": _changer(
        ('(<family qualifier="BR">[^<]*</family>)', r'\1<family qualifier="CL">AUTRE</family>')
    ),
    "prénom utilisé en plus": _changer(('(<given qualifier="BR">)', r'<given qualifier="CL">LOUIS</given>\1')),
    "commentaires": BON.replace("<title>", "<!-- x --><title><!-- y -->"),
    "base64 en lignes": re.sub(
        r"(representation=\"B64\"[^>]*>)([^<]*)",
        lambda m: m[1] + "\r\n" + "\r\n".join(re.findall(".{1,76}", "".join(m[2].split()))) + "\r\n",
        BON,
    ),
    "texte simple": re.sub(r'mediaType="application/pdf"([^>]*>)[^<]*', r'mediaType="text/plain"\1Qm9uam91cg==', BON),
    "copyTime, élément inconnu": BON.replace("</versionNumber>", "</versionNumber>").replace(
        "<recordTarget", '<sdtc:x xmlns:sdtc="urn:hl7-org:sdtc"/><recordTarget', 1
    ),
    "deux auteurs": _changer(("(<author>.*?</author>)", r"\1\1")),
    "NIA": _changer(('root="1.2.250.1.213.1.4.10"', 'root="1.2.250.1.213.1.4.9"')),
}


@pytest.mark.parametrize("nom", VARIANTES)
def test_lawful_document(nom: str) -> None:
    assert regles(VARIANTES[nom]) == {}


DEFAUTS = {
    "PDF remplacé par du HTML": (
        re.sub(r'(representation="B64"[^>]*>)[^<]*', r"\1PGh0bWw+PC9odG1sPg==", BON),
        "CDA-N1-04",
    ),
    "corps vide": (re.sub(r'(representation="B64"[^>]*>)[^<]*', r"\1", BON), "CDA-N1-03"),
    "base64 coupé": (re.sub(r'(representation="B64"[^>]*>)[^<]*', r"\1JVBERi0xLjQKJ", BON), "CDA-N1-03"),
    "image": (BON.replace("application/pdf", "image/jpeg"), "CDA-N1-01"),
    "clé fausse": (BON.replace(PATIENT.ins.matricule, PATIENT.ins.matricule[:-1] + "4"), "CDA-INS-01"),  # type: ignore[union-attr]
    "30 février": (BON.replace('value="19600101"', 'value="19600230"'), "CDA-RT-09"),
    "nom d'usage SP": (BON.replace('<family qualifier="BR">', '<family qualifier="SP">'), "CDA-RT-06"),
    "code retiré": (BON.replace('<code code="11490-0"', '<code code="11493-4"'), "CDA-SM-11"),
}


@pytest.mark.parametrize("nom", DEFAUTS)
def test_a_real_defect_is_told(nom: str) -> None:
    text, rule = DEFAUTS[nom]
    assert rule in regles(text)


FIN = "Né(e) le 01/01/1960"
CARTOUCHES = {
    "une seule ligne avec deux-points": "Nom de naissance : {n} Premier prénom : {p} Sexe : M "
    f"{FIN} INS : {{m}} NIR",
    "une seule ligne sans deux-points": "Nom de naissance {n} 1er prénom {p} Sexe M "
    f"{FIN} Matricule INS {{m}} (NIR)",
    "deux champs par ligne": "Nom de naissance {n} Sexe M\nPremier prénom {p} IPP ABC\nDDN 01/01/1960\nINS {m} NIR",
    "étiquettes au-dessus": "Nom de naissance\n{n}\nPremier prénom\n{p}\nSexe\nMasculin\n"
    "Date de naissance\n01/01/1960\nINS {m} NIR",
    "matricule groupé": "Nom de naissance : {n}\nPremier prénom de naissance : {p}\nSexe : M\n"
    "DDN : 01.01.1960\nINS : {g} NIR",
    "minuscules et accents": "nom de naissance : {nl}\npremier prénom : {p}\nsexe : masculin\n"
    "née le 01-01-1960\nins {m} nir",
}


@pytest.mark.parametrize("nom", CARTOUCHES)
def test_lawful_page(nom: str) -> None:
    assert PATIENT.ins is not None
    matricule = PATIENT.ins.matricule
    text = CARTOUCHES[nom].format(
        n=PATIENT.traits.nom_naissance,
        nl=PATIENT.traits.nom_naissance.lower(),
        p=PATIENT.traits.premier_prenom,
        m=matricule,
        g=" ".join(
            (
                matricule[0],
                matricule[1:3],
                matricule[3:5],
                matricule[5:7],
                matricule[7:10],
                matricule[10:13],
                matricule[13:],
            )
        ),
    )
    body = lettre.write(page())
    read = lire(replace(pdf.read(body), texte=text), cda_read.read(cda_write.write(DOCUMENT, body)))
    jugement = catalogue.evaluer(Sujet("lettre", read), CONTEXTE)
    assert [f"{c.regle} {c.attendu} / {c.observe}" for c in jugement.constats] == []


@pytest.mark.parametrize(
    ("ancien", "nouveau"),
    [("{n}", "{n}-MARTIN"), ("{n}", "MARTIN"), ("Sexe : M", "Sexe : F"), ("{m}", "160012B02077999")],
)
def test_a_wrong_page_is_told(ancien: str, nouveau: str) -> None:
    assert PATIENT.ins is not None
    text = CARTOUCHES["une seule ligne avec deux-points"].replace(ancien, nouveau)
    text = text.format(n=PATIENT.traits.nom_naissance, p=PATIENT.traits.premier_prenom, m=PATIENT.ins.matricule)
    body = lettre.write(page())
    read = lire(replace(pdf.read(body), texte=text), cda_read.read(cda_write.write(DOCUMENT, body)))
    assert "CDA-DOC-01" in {c.regle for c in catalogue.evaluer(Sujet("lettre", read), CONTEXTE).constats}
