"""Injected defects of CDA documents and letters, carried by the DPI.

Points: `dpi.lettre` (formats.lettre.Lettre), `dpi.datamatrix` (payload bytes), `dpi.pdf` (bytes of the PDF),
`dpi.cda` (formats.cda.DocumentCda), `dpi.cda.octets` (bytes of the CDA).
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from dataclasses import replace

import pikepdf
from lxml import etree

from banc_segur.formats import xml
from banc_segur.formats.cda import NS, TEMPLATE_CISIS, TEMPLATE_XDS_SD, DocumentCda
from banc_segur.formats.lettre import LIBELLES, Lettre
from banc_segur.temoin.defauts import defaut

Retouche = Callable[[etree._Element], object]


def _retoucher(octets: bytes, chemin: str, retouche: Retouche) -> bytes:
    """Apply a change to the first element of a slash-separated path of the header."""
    root = xml.parse(octets)
    found = root.find("/".join(xml.q(NS, name) for name in chemin.split("/")))
    if found is not None:
        retouche(found)
    return xml.serialize(root)


def _ecrire(attribute: str, value: str) -> Retouche:
    return lambda element: element.set(attribute, value)


def _oter(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _doubler(element: etree._Element) -> None:
    element.addnext(copy.deepcopy(element))


def _octets(regle: str, titre: str, chemin: str, retouche: Retouche) -> None:
    """Register a defect that changes one element of the written CDA."""

    @defaut(regle, role="DPI", point="dpi.cda.octets", titre=titre)
    def muter(octets: bytes) -> bytes:
        return _retoucher(octets, chemin, retouche)


def _modele(ancien: str, nouveau: str) -> Callable[[bytes], bytes]:
    def muter(octets: bytes) -> bytes:
        return octets.replace(b'templateId root="' + ancien.encode() + b'"', b'templateId root="%s"' % nouveau.encode())

    return muter


_octets("CDA-SM-00", "typeId d'un autre standard", "typeId", _ecrire("extension", "POCD_HD000050"))
_octets("CDA-SM-05", "domaine d'application américain", "realmCode", _ecrire("code", "US"))
_octets("CDA-SM-08", "setId oublié", "setId", _oter)
_octets("CDA-SM-09", "responsable sans signature", "legalAuthenticator/signatureCode", _ecrire("code", "I"))
_octets("CDA-SM-02", "acte sans exécutant", "documentationOf/serviceEvent/performer", _oter)
_octets("CDA-SM-13", "mois 13 dans la date du document", "effectiveTime", _ecrire("value", "20261315103000+0100"))
_octets("CDA-LA-02", "responsable sans identifiant", "legalAuthenticator/assignedEntity/id", _oter)
_octets("CDA-AU-06", "spécialité retirée", "author/assignedAuthor/code", _ecrire("code", "G15_10/SCH10"))
_octets(
    "CDA-CU-03",
    "structure conservatrice identifiée hors du référentiel national",
    "custodian/assignedCustodian/representedCustodianOrganization/id",
    _ecrire("root", "1.2.3.4"),
)
_octets(
    "CDA-RT-06",
    "ancien qualificatif SP sur le nom",
    "recordTarget/patientRole/patient/name/given",
    _ecrire("qualifier", "SP"),
)
_octets("CDA-RT-03", "identifiant du patient écrit deux fois", "recordTarget/patientRole/id", _doubler)
_octets("CDA-N1-01", "média faux", "component/nonXMLBody/text", _ecrire("mediaType", "application/octet-stream"))
_octets(
    "CDA-N1-02", "représentation base64 oubliée", "component/nonXMLBody/text", lambda e: e.attrib.pop("representation")
)


@defaut("CDA-N1-03", role="DPI", point="dpi.cda.octets", titre="base64 interrompu par un caractère étranger")
def base64_abime(octets: bytes) -> bytes:
    """A foreign character in the encoded body."""
    return octets.replace(b'representation="B64">', b'representation="B64">*')


defaut("CDA-SM-07", role="DPI", point="dpi.cda.octets", titre="modèle CI-SIS oublié")(
    _modele(TEMPLATE_CISIS, "1.2.250.1.213.1.1.1.2")
)
defaut("CDA-SM-03", role="DPI", point="dpi.cda.octets", titre="niveau 1 déclaré sous le modèle d'un volet")(
    _modele(TEMPLATE_XDS_SD, "1.2.250.1.213.1.1.1.29")
)


@defaut("CDA-SM-10", role="DPI", point="dpi.cda", titre="identifiant du document préfixé urn:oid:")
def identifiant_urn(doc: DocumentCda) -> DocumentCda:
    """The id is a URN, not an OID."""
    return replace(doc, document_id=f"urn:oid:{doc.document_id}")


@defaut("CDA-SM-11", role="DPI", point="dpi.cda", titre="type de document hors nomenclature")
def type_inconnu(doc: DocumentCda) -> DocumentCda:
    """A local code in place of a J07 code."""
    return replace(doc, type_code="LETTRE")


@defaut("CDA-DO-07", role="DPI", point="dpi.cda", titre="cadre d'exercice hors nomenclature")
def cadre_inconnu(doc: DocumentCda) -> DocumentCda:
    """A local code in place of a J04 code."""
    return replace(doc, cadre="HOSPITALISATION")


@defaut("CDA-CO-05", role="DPI", point="dpi.cda", titre="secteur d'activité hors nomenclature")
def secteur_inconnu(doc: DocumentCda) -> DocumentCda:
    """A local code in place of a J02 code."""
    return replace(doc, structure=replace(doc.structure, secteur="CH"))


@defaut("CDA-SM-18", role="DPI", point="dpi.cda", titre="INS sans lieu de naissance")
def sans_lieu(doc: DocumentCda) -> DocumentCda:
    """The place of birth is left empty."""
    traits = replace(doc.patient.traits, lieu_naissance="")
    return replace(doc, patient=replace(doc.patient, traits=traits))


@defaut("CDA-RT-09", role="DPI", point="dpi.cda", titre="date de naissance lunaire envoyée telle quelle")
def date_irreelle(doc: DocumentCda) -> DocumentCda:
    """A day that no calendar has."""
    traits = replace(doc.patient.traits, date_naissance=f"{doc.patient.traits.date_naissance[:4]}-02-31")
    return replace(doc, patient=replace(doc.patient, traits=traits))


@defaut("CDA-INS-01", role="DPI", point="dpi.cda", titre="matricule INS sans sa clé")
def sans_cle(doc: DocumentCda) -> DocumentCda:
    """Thirteen characters: the key is cut."""
    if doc.patient.ins is None:
        return doc
    ins = replace(doc.patient.ins, matricule=doc.patient.ins.matricule[:13])
    return replace(doc, patient=replace(doc.patient, ins=ins))


@defaut("CDA-DTM-05", role="DPI", point="dpi.cda", titre="lettre avec datamatrix INS, CDA sans INS")
def cda_sans_ins(doc: DocumentCda) -> DocumentCda:
    """The CDA forgets the INS that its page shows."""
    return replace(doc, patient=replace(doc.patient, ins=None))


@defaut("CDA-N1-04", role="DPI", point="dpi.pdf", titre="octets étrangers avant le PDF")
def pdf_decale(octets: bytes) -> bytes:
    """A length prefix slipped before the file."""
    return len(octets).to_bytes(4, "big") + octets


@defaut("CDA-PDF-02", role="DPI", point="dpi.pdf", titre="PDF/A-1 réenregistré en PDF 1.5 compressé")
def pdf_recompresse(octets: bytes) -> bytes:
    """Object streams, which PDF/A-1 forbids, while the claim stays."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(octets)) as document:
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, force_version="1.5")
    return out.getvalue()


@defaut("CDA-PDF-01", role="DPI", point="dpi.lettre", titre="PDF ordinaire au lieu de PDF/A-1")
def pdf_ordinaire(lettre: Lettre) -> Lettre:
    """No XMP claim."""
    return replace(lettre, conforme=False)


@defaut("CDA-DOC-01", role="DPI", point="dpi.lettre", titre="matricule INS absent de la page")
def sans_matricule(lettre: Lettre) -> Lettre:
    """The matricule line is not printed."""
    lines = tuple(line for line in lettre.cartouche if line[0] != LIBELLES["matricule"])
    return replace(lettre, cartouche=lines)


@defaut("CDA-DOC-02", role="DPI", point="dpi.lettre", titre="nature du matricule (NIR, NIA) non imprimée")
def sans_nature(lettre: Lettre) -> Lettre:
    """The matricule alone."""
    lines = tuple((label, value.removesuffix(" (NIR)").removesuffix(" (NIA)")) for label, value in lettre.cartouche)
    return replace(lettre, cartouche=lines)


@defaut("CDA-DTM-01", role="DPI", point="dpi.lettre", titre="datamatrix INS absent")
def sans_datamatrix(lettre: Lettre) -> Lettre:
    """No symbol."""
    return replace(lettre, datamatrix=b"")


@defaut("CDA-DTM-04", role="DPI", point="dpi.lettre", titre="datamatrix rectangulaire")
def datamatrix_rectangle(lettre: Lettre) -> Lettre:
    """The encoder's own choice of shape."""
    return replace(lettre, carre=False)


@defaut("CDA-DTM-02", role="DPI", point="dpi.datamatrix", titre="séparateurs GS perdus")
def sans_separateurs(payload: bytes) -> bytes:
    """Variable blocks run into the next ones."""
    return payload.replace(b"\x1d", b"")


@defaut("CDA-DTM-03", role="DPI", point="dpi.datamatrix", titre="datamatrix d'un autre sexe")
def autre_sexe(payload: bytes) -> bytes:
    """M for F and F for M."""
    return payload.replace(b"S5M", b"S5X").replace(b"S5F", b"S5M").replace(b"S5X", b"S5F")
