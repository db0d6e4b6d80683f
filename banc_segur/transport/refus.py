"""Why a handshake was refused, in French."""

from __future__ import annotations

import ssl

from cryptography import x509

from banc_segur.transport.poignee import Poignee, lire_certificat, lire_client_hello

# X509_V_ERR_* of OpenSSL (x509_vfy.h).
_EXPIRE, _PAS_ENCORE, _PURPOSE, _REVOQUE = 10, 9, 26, 23
_INCONNUES = {2, 18, 19, 20, 21, 24, 27}

_RAISONS = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "aucun certificat présenté",
    "HTTP_REQUEST": "pas du TLS : requête HTTP en clair sur le port TLS",
    "HTTPS_PROXY_REQUEST": "pas du TLS : requête de mandataire HTTP (CONNECT) sur le port TLS",
    "WRONG_VERSION_NUMBER": "pas du TLS : les premiers octets ne sont pas un ClientHello",
    "NO_SHARED_CIPHER": "aucune suite commune entre celles du client et celles du service",
    "NO_SHARED_GROUP": "aucun groupe (courbe) commun entre le client et le service",
    "UNEXPECTED_EOF_WHILE_READING": "connexion fermée par le client pendant la négociation",
    "TLSV1_ALERT_UNKNOWN_CA": "refusé par le client : il ne connaît pas l'autorité du certificat du service",
    "SSLV3_ALERT_BAD_CERTIFICATE": "refusé par le client : il juge mauvais le certificat du service",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "refusé par le client : il n'accepte pas le certificat du service",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "refusé par le client : il juge expiré le certificat du service",
    "TLSV1_ALERT_PROTOCOL_VERSION": "refusé par le client : version TLS qu'il n'accepte pas",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "refusé par le client : il n'accepte aucun des paramètres proposés",
    "BAD_SIGNATURE": "le client ne prouve pas qu'il détient la clé de son certificat",
}
_VERSION_ANCIENNE = {"UNSUPPORTED_PROTOCOL", "UNKNOWN_PROTOCOL", "VERSION_TOO_LOW", "WRONG_SSL_VERSION"}


def cause_refus(erreur: Exception, faits: Poignee) -> str:
    """Tell in French why a server-side handshake failed.

    Args:
        erreur: what `do_handshake` raised.
        faits: what `poignee` gives for that connection.
    """
    if isinstance(erreur, TimeoutError):
        return "négociation TLS non terminée dans le délai"
    if isinstance(erreur, ssl.SSLCertVerificationError):
        return _cause_certificat(erreur, faits)
    if isinstance(erreur, ssl.SSLError):
        raison = erreur.reason or ""
        if raison in _VERSION_ANCIENNE:
            hello = lire_client_hello(faits.client_hello)
            proposee = f" (au mieux {hello.versions[0]})" if hello and hello.versions else ""
            return f"version TLS trop ancienne{proposee} ; attendu TLSv1.2 ou plus"
        if isinstance(erreur, ssl.SSLEOFError):
            raison = "UNEXPECTED_EOF_WHILE_READING"
        return _RAISONS.get(raison, _autre(raison, faits))
    return "connexion coupée par le client pendant la négociation"


def _autre(raison: str, faits: Poignee) -> str:
    if not faits.client_hello:
        return f"pas du TLS : les premiers octets ne sont pas un ClientHello ({raison or 'sans détail'})"
    return f"négociation TLS en échec ({raison or 'sans détail'})"


def _cause_certificat(erreur: ssl.SSLCertVerificationError, faits: Poignee) -> str:
    certificat = lire_certificat(faits.certificat)
    code = erreur.verify_code
    if code == _EXPIRE:
        return "certificat expiré" + (f" le {certificat.not_valid_after_utc:%d/%m/%Y}" if certificat else "")
    if code == _PAS_ENCORE:
        return "certificat pas encore valide" + (
            f" : il le sera le {certificat.not_valid_before_utc:%d/%m/%Y}" if certificat else ""
        )
    if code in _INCONNUES:
        return "autorité inconnue" + _emetteur(certificat)
    if code == _PURPOSE:
        return "certificat non prévu pour l'authentification d'un client (usage étendu clientAuth absent)"
    if code == _REVOQUE:
        return "certificat révoqué"
    return f"certificat refusé : {erreur.verify_message}"


def _emetteur(certificat: x509.Certificate | None) -> str:
    if certificat is None:
        return ""
    try:
        return f" : certificat émis par « {certificat.issuer.rfc4514_string()} »"
    except ValueError:  # names whose SET is not in DER order, dmp.md §1.4
        return ""


_RAISONS_SERVEUR = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "le serveur exige un certificat client et n'en a pas reçu",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "le serveur juge notre certificat expiré",
    "SSLV3_ALERT_BAD_CERTIFICATE": "le serveur juge notre certificat mauvais",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "le serveur n'accepte pas notre certificat",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "le serveur juge que notre certificat n'est pas prévu pour cet usage",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "le serveur juge notre certificat révoqué",
    "TLSV1_ALERT_UNKNOWN_CA": "le serveur ne connaît pas l'autorité de notre certificat",
    "TLSV1_ALERT_PROTOCOL_VERSION": "le serveur n'accepte pas notre version de TLS",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "le serveur refuse la négociation (certificat absent, ou aucune suite commune)",
    "WRONG_VERSION_NUMBER": "le serveur ne parle pas TLS sur ce port",
    "UNSUPPORTED_PROTOCOL": "le serveur ne propose qu'une version de TLS trop ancienne",
}


def cause_serveur(erreur: ssl.SSLError) -> str:
    """Tell in French, from the client's side, why TLS failed."""
    if isinstance(erreur, ssl.SSLCertVerificationError):
        return f"le certificat du serveur est refusé ({erreur.verify_message})"
    raison = erreur.reason or ""
    return _RAISONS_SERVEUR.get(raison, f"échec TLS ({raison or erreur})")
