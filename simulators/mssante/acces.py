"""Who may open which mailbox: the client certificate's OU (Struct_IdNat) owns the BAL named as login.

Source: ECO.1.3.1 (certificate ORG AUTH_CLI, login = BAL address, password unspecified: any is taken); that the OU must
own the BAL is a hypothèse of `mssante.md` §3.1.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from banc_segur.formats import certificat
from banc_segur.formats.errors import FormatError
from banc_segur.state.boites import Boite, Boites
from banc_segur.transport.model import Peer
from banc_segur.transport.tls import poignee


def pair(transport: asyncio.BaseTransport | None) -> Peer:
    """The TCP and TLS facts of a connection."""
    if transport is None:
        return Peer("", 0)
    address = transport.get_extra_info("peername") or ("", 0)
    ssl_object: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    if ssl_object is None:
        return Peer(str(address[0]), int(address[1]))
    cipher = ssl_object.cipher()
    return Peer(
        str(address[0]),
        int(address[1]),
        ssl_object.version() or "",
        cipher[0] if cipher else "",
        ssl_object.getpeercert(binary_form=True),
        poignee(ssl_object).client_hello,
    )


def pair_refuse(adresse: tuple[Any, ...], ssl_object: object) -> Peer:
    """The facts of a handshake that failed; ssl_object may be None."""
    facts = poignee(ssl_object)
    return Peer(str(adresse[0]), int(adresse[1]), certificat=facts.certificat, client_hello=facts.client_hello)


def structure(peer: Peer) -> str:
    """The OU of the client certificate, empty without one."""
    if not peer.certificat:
        return ""
    try:
        return certificat.read(peer.certificat).ou
    except FormatError:
        return ""


def motif(boites: Boites, login: str, peer: Peer) -> str:
    """Why `autoriser` said no, in French."""
    if not peer.certificat:
        return f"Authentification de « {login} » refusée : aucun certificat client présenté."
    box = boites.boite(login)
    if box is None or box.type == "PATIENT":
        return f"Authentification de « {login} » refusée : aucune boîte de ce nom ne s'ouvre chez cet opérateur."
    owner = structure(peer) or "(sans OU)"
    return f"Authentification de « {login} » refusée : cette boîte n'est pas à la structure {owner} du certificat."


def autoriser(boites: Boites, login: str, peer: Peer) -> Boite | None:
    """The mailbox that this peer may open under this login, or None. Patients' mailboxes are never opened here."""
    box = boites.boite(login)
    owner = structure(peer)
    if box is None or box.type == "PATIENT" or not owner or box.proprietaire_ou != owner:
        return None
    return box
