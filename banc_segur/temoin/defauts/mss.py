"""Defects of the witness PFI's mail side, one for each rule of `rules/mss`.

Points: `pfi.courriel` (Courriel), `pfi.courriel.octets` (bytes of the mail), `pfi.xdm` (bytes of IHE_XDM.zip),
`pfi.smtp` (options of the session, see `temoin.envoi`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from banc_segur.formats import xdm
from banc_segur.formats.courriel import Courriel
from banc_segur.formats.xdm_pages import Emetteur
from banc_segur.temoin.defauts import defaut

_EMETTEUR = Emetteur("CH SEGUR TEST", "175B000001")


def _refaire(archive: bytes, metadonnees: bytes) -> bytes:
    return xdm.write(metadonnees, list(xdm.read(archive).documents.items()), _EMETTEUR)


@defaut("MSS-T02", role="PFI", point="pfi.smtp", titre="envoi tenté sans STARTTLS")
def sans_tls(options: dict[str, Any]) -> dict[str, Any]:
    """Everything in clear."""
    return options | {"starttls": False}


@defaut("MSS-T09", role="PFI", point="pfi.smtp", titre="aucun certificat client présenté")
def sans_certificat(options: dict[str, Any]) -> dict[str, Any]:
    """The login alone."""
    return options | {"certificat": False}


@defaut("MSS-T14", role="PFI", point="pfi.courriel.octets", titre="fins de ligne LF dans le corps")
def lf_nu(octets: bytes) -> bytes:
    """One bare LF inside the text."""
    return octets.replace(b"=C3=A9=\r\n", b"=C3=A9=\n", 1) if b"=C3=A9=\r\n" in octets else _premier_lf(octets)


def _premier_lf(octets: bytes) -> bytes:
    head, separator, body = octets.partition(b"\r\n\r\n")
    return head + separator + body.replace(b"\r\n", b"\n", 1)


@defaut("MSS-H01", role="PFI", point="pfi.courriel", titre="Message-ID sans domaine")
def message_id(mail: Courriel) -> Courriel:
    """No `@`."""
    return replace(mail, message_id=mail.message_id.partition("@")[0] + ">")


@defaut("MSS-H02", role="PFI", point="pfi.courriel", titre="From autre que la BAL authentifiée")
def expediteur(mail: Courriel) -> Courriel:
    """Another local part."""
    return replace(mail, de=f"medecin.{mail.de}")


@defaut("MSS-H03", role="PFI", point="pfi.courriel", titre="From sans libellé d'affichage")
def etiquette(mail: Courriel) -> Courriel:
    """No label."""
    return replace(mail, etiquette="")


@defaut("MSS-H04", role="PFI", point="pfi.courriel", titre="X-MSS-NIL absent")
def nil(mail: Courriel) -> Courriel:
    """Never configured."""
    return replace(mail, nil="")


@defaut("MSS-H05", role="PFI", point="pfi.courriel", titre="X-MSS-CODECDA d'un autre type de document")
def code_cda(mail: Courriel) -> Courriel:
    """A constant of the software."""
    return replace(mail, codes_cda=("34112-3",) if mail.codes_cda != ("34112-3",) else ("11490-0",))


@defaut("MSS-H06", role="PFI", point="pfi.courriel", titre="X-MSS-INS à N pour une INS qualifiée")
def ins(mail: Courriel) -> Courriel:
    """The other value."""
    return replace(mail, ins="N" if mail.ins == "O" else "O")


@defaut("MSS-H08", role="PFI", point="pfi.courriel.octets", titre="X-MSS-MES en minuscules")
def mes(octets: bytes) -> bytes:
    """`fin`."""
    return b"X-MSS-MES: fin\r\n" + octets.replace(b"X-MSS-MES: FIN\r\n", b"", 1)


@defaut("MSS-H10", role="PFI", point="pfi.courriel", titre="Reply-To vers la BAL applicative")
def reponse(mail: Courriel) -> Courriel:
    """Answers reach a mailbox that nobody reads."""
    return replace(mail, repondre_a=mail.de)


@defaut("MSS-S01", role="PFI", point="pfi.courriel", titre="objet au nom d'un autre patient")
def objet(mail: Courriel) -> Courriel:
    """A name that is not in the CDA."""
    return replace(mail, sujet=re.sub(r" \S+ \S+( \S+)$", r" AUTRE Personne\1", mail.sujet))


@defaut("MSS-U01", role="PFI", point="pfi.smtp", titre="courriel à un autre usager que le patient du document")
def usager(options: dict[str, Any]) -> dict[str, Any]:
    """A citizen address more."""
    return options | {"rcpt_to": (*options["rcpt_to"], "279035121518989@patient.mssante.fr")}


@defaut("MSS-P02", role="PFI", point="pfi.courriel", titre="PDF absent à côté de l'archive")
def sans_pdf(mail: Courriel) -> Courriel:
    """The archive alone."""
    return replace(mail, pdfs=())


@defaut("MSS-P03", role="PFI", point="pfi.courriel", titre="PDF nommé document.pdf")
def nom_pdf(mail: Courriel) -> Courriel:
    """A name of the software."""
    return replace(mail, pdfs=tuple(("document.pdf", data) for _, data in mail.pdfs))


@defaut("MSS-P04", role="PFI", point="pfi.courriel", titre="PDF joint différent de celui du CDA")
def autre_pdf(mail: Courriel) -> Courriel:
    """A comment at its end."""
    return replace(mail, pdfs=tuple((name, data + b"%copie\n") for name, data in mail.pdfs))


@defaut("MSS-X01", role="PFI", point="pfi.xdm", titre="archive tronquée")
def tronquee(archive: bytes) -> bytes:
    """Its last bytes are missing."""
    return archive[:-30]


@defaut("MSS-X01-FORME", role="PFI", point="pfi.xdm", titre="README.TXT oublié dans l'archive")
def sans_readme(archive: bytes) -> bytes:
    """The name of the entry is another one, of the same length."""
    return archive.replace(b"README.TXT", b"LISEZ.TXTX")


@defaut("MSS-B01", role="PFI", point="pfi.courriel.octets", titre="corps en HTML seulement")
def html(octets: bytes) -> bytes:
    """The type of the only text part."""
    return octets.replace(b"Content-Type: text/plain", b"Content-Type: text/html", 1)


@defaut("MSS-B02", role="PFI", point="pfi.courriel.octets", titre="corps déclaré en windows-1252")
def windows(octets: bytes) -> bytes:
    """The charset of the text part."""
    return re.sub(rb'charset="?utf-8"?', b'charset="windows-1252"', octets, count=1)


@defaut("MSS-X02", role="PFI", point="pfi.xdm", titre="empreinte fausse dans METADATA.XML")
def empreinte(archive: bytes) -> bytes:
    """The hash slot with other digits."""
    metadata = xdm.read(archive).metadonnees
    return _refaire(archive, re.sub(rb">[0-9a-fA-F]{40}<", b">" + b"0" * 40 + b"<", metadata, count=1))


@defaut("MSS-X03", role="PFI", point="pfi.xdm", titre="patientId d'un autre patient dans METADATA.XML")
def autre_patient(archive: bytes) -> bytes:
    """The matricule of somebody else."""
    metadata = xdm.read(archive).metadonnees
    return _refaire(archive, re.sub(rb"\d\w{14}\^\^\^", b"299999999999999^^^", metadata))
