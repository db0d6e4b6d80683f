"""VIHF: the signed SAML assertion that tells the DMP who acts, for which structure, on which patient.

Sources: `dmp.md` §2 (GSV-MSG samples, ANS-HL7V2 mapping); SAML 2.0 core.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lxml import etree

from banc_segur import tables
from banc_segur.formats import dn, dsig, soap, xml
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Ins, Professionnel, Structure

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
HL7 = "urn:hl7-org:v3"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XS = "http://www.w3.org/2001/XMLSchema"
FORMAT_ISSUER = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
CLASSE_MOT_DE_PASSE = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
SECTEURS = "1.2.250.1.71.4.2.4"
SYSTEME_ACCES = "1.2.250.1.213.1.1.4.248"
SYSTEME_AUTOMATE = "1.2.250.1.213.1.1.4.6"
CONNEXION_CACHEE = "INVISIBLE_REPRESENTANTS_LEGAUX^1.2.250.1.213.1.1.4.13"  # « connexion secrète »
MODES = ("Authentification_mode", "Authentification_Mode")

# Field of `Vihf` -> attribute name, for the plain string attributes, in the order written.
ATTRIBUTS: Mapping[str, str] = {
    "structure": "Identifiant_Structure",
    "secteur": "Secteur_Activite",
    "subject_id": "urn:oasis:names:tc:xspa:1.0:subject:subject-id",
    "version": "VIHF_Version",
    "resource_id": "urn:oasis:names:tc:xacml:2.0:resource:resource-id",
    "ressource_urn": "Ressource_URN",
    "confidentialite": "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code",
    "lps_id": "LPS_ID",
    "lps_nom": "LPS_Nom",
    "lps_version": "LPS_Version",
    "lps_homologation": "LPS_ID_HOMOLOGATION_DMP",
}
ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"
PURPOSE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"


@dataclass(frozen=True, slots=True)
class Code:
    """A coded value (`Role`, `PurposeOfUse`). espace: XML namespace of the element; type: local part of xsi:type."""

    code: str
    systeme: str
    libelle: str = ""
    nom_systeme: str = ""
    espace: str = HL7
    type: str = "CE"


@dataclass(frozen=True, slots=True)
class Vihf:
    """All that a VIHF says, as written; absent strings are empty, absent lists too.

    instant, authn_instant: xs:dateTime text. roles: every value of the role attribute, in order; attributs_role: how
    many Attribute elements carry it. resource_id: `<INS>^^^&<OID>&ISO^NH`. autres: attributes not listed in the guide.
    """

    identifiant: str
    instant: str
    issuer: str
    nameid: str
    authn_instant: str
    authn_context: str
    structure: str
    secteur: str
    roles: tuple[Code, ...]
    resource_id: str
    lps_nom: str
    lps_version: str
    lps_homologation: str
    mode: str = "INDIRECTE"
    mode_nom: str = MODES[0]
    subject_id: str = ""
    version: str = "3.0"
    ressource_urn: str = "urn:dmp"
    purpose: Code | None = Code("normal", SYSTEME_ACCES, "Accès normal", "mode acces VIHF 2.0")
    confidentialite: str = ""
    lps_id: str = ""
    issuer_format: str = FORMAT_ISSUER
    audience: bool = False
    not_before: str = ""
    not_on_or_after: str = ""
    attributs_role: int = 1
    repetes: tuple[str, ...] = ()
    autres: Mapping[str, str] = field(default_factory=dict)


def instant_texte(instant: datetime) -> str:
    """An aware instant as `AAAA-MM-JJTHH:MM:SS.mmmZ` in UTC."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def indirecte(
    *,
    structure: Structure,
    acteur: Professionnel | None,
    automate: str = "",
    ins: Ins | None,
    cle: dsig.Cle,
    instant: datetime,
    authn_instant: datetime,
    responsable: str = "",
    lps: tuple[str, str, str],
    connexion_secrete: bool = False,
    authn_context: str = CLASSE_MOT_DE_PASSE,
) -> Vihf:
    """The VIHF of a PFI in mode INDIRECTE, derived from the document message (`dmp.md` §2.5).

    Args:
        structure: PRT-8 of SB, with the sector from the PFI's settings.
        acteur: PRT-5 of SB; None for a device, then `automate` is its name and `responsable` the PS_IdNat answerable.
        ins: PID-3; None leaves `resource-id` out (TD0.4, TD0.5).
        lps: name, version and homologation number of the PFI.
    """
    if acteur is None:
        roles: tuple[Code, ...] = (Code("AUTOMATE", SYSTEME_AUTOMATE, "Automate"),)
    else:
        codes = (acteur.profession, acteur.savoir_faire) if acteur.profession in ("10", "21") else (acteur.profession,)
        roles = tuple(_role(code) for code in codes)
    return Vihf(
        identifiant=f"_{uuid.uuid4()}",
        instant=instant_texte(instant),
        issuer=dn.write(cle.certificat.sujet),
        nameid=acteur.id_national if acteur else responsable,
        authn_instant=instant_texte(authn_instant),
        authn_context=authn_context,
        structure=structure.id_national,
        secteur=f"{structure.secteur}^{SECTEURS}",
        subject_id=f"{acteur.nom} {acteur.prenom}" if acteur else automate,
        roles=roles,
        resource_id=f"{ins.matricule}^^^&{ins.oid}&ISO^NH" if ins else "",
        lps_nom=lps[0],
        lps_version=lps[1],
        lps_homologation=lps[2],
        confidentialite=CONNEXION_CACHEE if connexion_secrete else "",
    )


def _role(code: str) -> Code:
    row = tables.index("jdv_j65", "code").get(code)
    return Code(code, row["codeSystem"], row["displayName"]) if row else Code(code, "")


def write(vihf: Vihf, cle: dsig.Cle | None, *, sha1: bool = False) -> etree._Element:
    """Build the assertion and sign it with the structure's signature key; unsigned when `cle` is None."""
    assertion = etree.Element(
        _saml("Assertion"),
        {"ID": vihf.identifiant, "IssueInstant": vihf.instant, "Version": "2.0"},
        nsmap={"saml2": SAML, "xsi": XSI, "xs": XS},
    )
    etree.SubElement(assertion, _saml("Issuer"), {"Format": vihf.issuer_format}).text = vihf.issuer
    subject = etree.SubElement(assertion, _saml("Subject"))
    etree.SubElement(subject, _saml("NameID")).text = vihf.nameid
    _write_conditions(assertion, vihf)
    statement = etree.SubElement(assertion, _saml("AuthnStatement"), {"AuthnInstant": vihf.authn_instant})
    context = etree.SubElement(statement, _saml("AuthnContext"))
    etree.SubElement(context, _saml("AuthnContextClassRef")).text = vihf.authn_context
    attributes = etree.SubElement(assertion, _saml("AttributeStatement"))
    strings = {name: str(getattr(vihf, key)) for key, name in ATTRIBUTS.items()}
    for name, value in {vihf.mode_nom: vihf.mode, **strings, **vihf.autres}.items():
        if value:
            _write_attribute(attributes, name, [_string(value)])
    if vihf.roles:
        _write_attribute(attributes, ROLE, [_code("Role", role) for role in vihf.roles])
    if vihf.purpose:
        _write_attribute(attributes, PURPOSE, [_code("PurposeOfUse", vihf.purpose)])
    if cle is not None:
        dsig.sign(assertion, cle, sha1=sha1)
    return assertion


def _saml(local: str) -> str:
    return xml.q(SAML, local)


def _write_conditions(assertion: etree._Element, vihf: Vihf) -> None:
    bounds = {"NotBefore": vihf.not_before, "NotOnOrAfter": vihf.not_on_or_after}
    if vihf.audience or any(bounds.values()):
        conditions = etree.SubElement(assertion, _saml("Conditions"), {k: v for k, v in bounds.items() if v})
        if vihf.audience:
            restriction = etree.SubElement(conditions, _saml("AudienceRestriction"))
            etree.SubElement(restriction, _saml("Audience")).text = "urn:dmp"


def _write_attribute(parent: etree._Element, name: str, values: Iterable[etree._Element]) -> None:
    etree.SubElement(parent, _saml("Attribute"), {"Name": name}).extend(values)


def _string(value: str) -> etree._Element:
    element = etree.Element(_saml("AttributeValue"), {xml.q(XSI, "type"): "xs:string"})
    element.text = value
    return element


def _code(local: str, code: Code) -> etree._Element:
    element = etree.Element(_saml("AttributeValue"))
    attributes = {
        xml.q(XSI, "type"): code.type,
        "code": code.code,
        "codeSystem": code.systeme,
        "codeSystemName": code.nom_systeme,
        "displayName": code.libelle,
    }
    tag = xml.q(code.espace, local) if code.espace else local
    etree.SubElement(element, tag, {k: v for k, v in attributes.items() if v})
    return element


def find(envelope: soap.Envelope) -> etree._Element:
    """Return the assertion: the only one of the message, directly inside the only `wsse:Security` header.

    Raises:
        FormatError: none, several, or somewhere else (first anti-wrapping rule).
    """
    every = list(envelope.root.iter(_saml("Assertion")))
    blocks = envelope.header_blocks(soap.WSSE, "Security")
    placed = [child for block in blocks for child in block.findall(_saml("Assertion"))]
    if len(blocks) != 1 or len(every) != 1 or len(placed) != 1:
        raise FormatError(
            "Header/Security/Assertion",
            "une seule assertion SAML dans le message, directement dans l'unique en-tête Security",
            f"{len(every)} assertion(s), dont {len(placed)} à sa place ; {len(blocks)} en-tête(s) Security",
        )
    return placed[0]


def read(assertion: etree._Element) -> tuple[Vihf, dsig.Verification]:
    """Read an assertion at its place, and tell whether its signature holds on this very element.

    Raises:
        FormatError: not a SAML 2.0 assertion.
    """
    if assertion.tag != _saml("Assertion"):
        raise FormatError("Assertion", f"un élément Assertion ({SAML})", str(assertion.tag))
    statements = assertion.findall(f"{_saml('AttributeStatement')}/{_saml('Attribute')}")
    named = [(entry.get("Name", ""), entry) for entry in statements]
    values: dict[str, str] = {}
    for name, entry in named:
        values.setdefault(name, xml.text(entry.find(_saml("AttributeValue"))))
    names = [name for name, _ in named]
    mode_nom = next((name for name in names if name in MODES), MODES[0])
    purposes = [code for name, entry in named if name == PURPOSE for code in _codes(entry)]
    statement = assertion.find(_saml("AuthnStatement"))
    conditions = assertion.find(_saml("Conditions"))
    issuer = assertion.find(_saml("Issuer"))
    known = {*ATTRIBUTS.values(), *MODES, ROLE, PURPOSE}
    vihf = Vihf(
        identifiant=assertion.get("ID", ""),
        instant=assertion.get("IssueInstant", ""),
        issuer=xml.text(issuer),
        issuer_format=_attribute(issuer, "Format"),
        nameid=xml.text(assertion.find(f"{_saml('Subject')}/{_saml('NameID')}")),
        authn_instant=_attribute(statement, "AuthnInstant"),
        authn_context=xml.text(
            assertion.find(f"{_saml('AuthnStatement')}/{_saml('AuthnContext')}/{_saml('AuthnContextClassRef')}")
        ),
        roles=tuple(code for name, entry in named if name == ROLE for code in _codes(entry)),
        purpose=purposes[0] if purposes else None,
        mode=values.get(mode_nom, ""),
        mode_nom=mode_nom,
        audience=conditions is not None and conditions.find(_saml("AudienceRestriction")) is not None,
        not_before=_attribute(conditions, "NotBefore"),
        not_on_or_after=_attribute(conditions, "NotOnOrAfter"),
        attributs_role=names.count(ROLE),
        repetes=tuple(sorted({name for name in names if names.count(name) > 1})),
        autres={name: value for name, value in values.items() if name not in known},
        **{key: values.get(name, "") for key, name in ATTRIBUTS.items()},
    )
    return vihf, dsig.verify(assertion)


def _attribute(element: etree._Element | None, name: str) -> str:
    return "" if element is None else element.get(name, "")


def _codes(attribute: etree._Element) -> list[Code]:
    found = []
    for value in attribute.findall(_saml("AttributeValue")):
        for element in xml.children(value)[:1]:
            name = etree.QName(element)
            found.append(
                Code(
                    element.get("code", ""),
                    element.get("codeSystem", ""),
                    element.get("displayName", ""),
                    element.get("codeSystemName", ""),
                    name.namespace or "",
                    element.get(xml.q(XSI, "type"), "").rpartition(":")[2],
                )
            )
    return found
