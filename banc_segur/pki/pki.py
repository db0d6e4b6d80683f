"""The PKI of one bench: a folder made once, kept for years, shared by the processes of the bench.

Files: `racine.pem`, `ac.pem` and their keys, `ac-bundle.pem` (what products must trust), `autre-ac.pem` (an authority
nobody trusts), then one `NAME.pem` (chain) and `NAME.key` (0600) per certificate. A lock file serialises the processes;
every file is replaced in one step, and a key is never replaced except by `renouveler`.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from banc_segur.errors import BancError, UsageError
from banc_segur.fichiers import dossier_prive, ecrire
from banc_segur.pki import certificats as fabrique

NOM_RACINE = "TEST AC RACINE IGC-SANTE ELEMENTAIRE"
NOM_AC = "TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"
NOM_AUTRE_AC = "TEST AC HORS IGC-SANTE"

NOMS_LOCAUX = ("localhost", "127.0.0.1", "::1")
DUREE = 3 * fabrique.ANNEE  # insi.md §2.2: three years
MARGE = timedelta(days=2)

STRUCTURE = "175B000001"
AUTRE_STRUCTURE = "175B000002"
ORGANISATION = "CH SEGUR TEST"
AUTRE_ORGANISATION = "CABINET MEDICAL SEGUR TEST"
DEPARTEMENT = "Paris (75)"

COMMUNS = {
    "insi-auto": "INSI-AUTO",
    "insi-manu": "INSI-MANU",
    "dmp-auth": "DMP-AUTH",
    "dmp-sign": "DMP-SIGN",
    "bal-app": "BAL-APP",
    "lgc": "LGC",
    "expire": "INSI-AUTO",
    "autre-ac": "INSI-AUTO",
    "mauvais-cn": "INSI-ROBOT",
}
USAGES = tuple(COMMUNS)


@dataclass(frozen=True, slots=True)
class Paire:
    """PEM files: the certificate followed by its intermediate authority, and the private key."""

    certificat: Path
    cle: Path


class Pki:
    """The test PKI of a bench. Use `Pki.ouvrir`."""

    def __init__(
        self, dossier: Path, noms: Sequence[str], structure: str = STRUCTURE, organisation: str = ORGANISATION
    ) -> None:
        self.dossier = dossier
        self.noms = tuple(dict.fromkeys([*NOMS_LOCAUX, *noms]))
        fabrique.alternatives(self.noms)  # refuses what is no host
        self.structure = structure
        self.organisation = organisation

    @classmethod
    def ouvrir(
        cls, dossier: Path, noms: Sequence[str] = (), structure: str = STRUCTURE, organisation: str = ORGANISATION
    ) -> Pki:
        """Open the PKI of `dossier`, making what is missing.

        The server certificate is issued again when `noms` changes or when it expires, a client certificate when
        `structure` or `organisation` changes or when it expires; authorities and keys stay.

        Raises:
            UsageError: the folder cannot be written, or a name is not a host.
            BancError: a file of the folder is damaged.
        """
        pki = cls(dossier, noms, structure, organisation)
        try:
            dossier_prive(dossier)
            with pki._verrou():
                pki._preparer()
        except OSError as error:
            raise UsageError(
                f"Le dossier des certificats {dossier} ne peut pas être écrit : {error.strerror}."
            ) from error
        return pki

    @property
    def ac(self) -> Path:
        """PEM bundle to trust: the root and the « organisations » authority."""
        return self.dossier / "ac-bundle.pem"

    def serveur(self) -> Paire:
        """Return the certificate of the bench's servers."""
        return self._paire("serveur")

    def produit(self, usage: str) -> Paire:
        """Return the certificate of one usage (see `USAGES`).

        Raises:
            UsageError: unknown usage.
        """
        if usage not in COMMUNS:
            raise UsageError(f"Usage de certificat inconnu : « {usage} » ; attendu l'un de {', '.join(USAGES)}.")
        return self._paire(usage)

    def renouveler(self) -> None:
        """Throw everything away and make new authorities, keys and certificates."""
        with self._verrou():
            for path in [*self.dossier.glob("*.pem"), *self.dossier.glob("*.key")]:
                path.unlink()
            self._preparer()

    # ---- inside ----

    def _paire(self, nom: str) -> Paire:
        return Paire(self.dossier / f"{nom}.pem", self.dossier / f"{nom}.key")

    @contextmanager
    def _verrou(self) -> Iterator[None]:
        with (self.dossier / ".verrou").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _preparer(self) -> None:
        maintenant = datetime.now(UTC).replace(microsecond=0)
        racine = self._autorite("racine", NOM_RACINE, None, maintenant)
        ac = self._autorite("ac", NOM_AC, racine, maintenant)
        autre = self._autorite("autre-ac-autorite", NOM_AUTRE_AC, None, maintenant)
        bundle = fabrique.pem(racine.certificat, ac.certificat)
        if not self.ac.exists() or self.ac.read_bytes() != bundle:
            _ecrire(self.ac, bundle)
        hote = next((nom for nom in self.noms if nom not in NOMS_LOCAUX), "localhost")
        serveur = fabrique.modele_serveur(self._sujet(hote[:64]), self.noms)
        self._entite("serveur", serveur, ac, maintenant)
        for usage in USAGES:
            self._entite(usage, self._modele(usage), autre if usage == "autre-ac" else ac, maintenant)

    def _sujet(self, commun: str, *, autre: bool = False) -> x509.Name:
        if autre:
            return fabrique.nom_structure(commun, AUTRE_STRUCTURE, AUTRE_ORGANISATION, DEPARTEMENT)
        return fabrique.nom_structure(commun, self.structure, self.organisation, DEPARTEMENT)

    def _modele(self, usage: str) -> fabrique.Modele:
        sujet = self._sujet(COMMUNS[usage], autre=usage == "lgc")
        return fabrique.modele_cachet(sujet) if usage == "dmp-sign" else fabrique.modele_client(sujet)

    def _autorite(
        self, nom: str, commun: str, mere: fabrique.Autorite | None, maintenant: datetime
    ) -> fabrique.Autorite:
        paire = self._paire(nom)
        if paire.certificat.exists() and paire.cle.exists():
            return fabrique.Autorite(self._lire_certificat(paire.certificat), self._lire_cle(paire.cle))
        made = fabrique.autorite(commun, mere, maintenant)
        _ecrire(paire.cle, fabrique.cle_pem(made.cle))
        _ecrire(paire.certificat, fabrique.pem(made.certificat))
        return made

    def _entite(self, nom: str, modele: fabrique.Modele, mere: fabrique.Autorite, maintenant: datetime) -> None:
        paire = self._paire(nom)
        cle = self._lire_cle(paire.cle) if paire.cle.exists() else None
        if cle is not None and paire.certificat.exists():
            actuel = self._lire_certificat(paire.certificat)
            if self._convient(actuel, modele, mere, cle) and (nom == "expire" or _valide(actuel, maintenant)):
                return
        if cle is None:
            cle = fabrique.nouvelle_cle()
            _ecrire(paire.cle, fabrique.cle_pem(cle))
        debut = maintenant - timedelta(days=1)
        dates = (debut, maintenant + DUREE)
        if nom == "expire":
            dates = (maintenant - DUREE, debut)
        certificat = fabrique.entite(modele, cle.public_key(), mere, dates)
        _ecrire(paire.certificat, fabrique.pem(certificat, mere.certificat))

    @staticmethod
    def _convient(
        actuel: x509.Certificate, modele: fabrique.Modele, mere: fabrique.Autorite, cle: rsa.RSAPrivateKey
    ) -> bool:
        noms: list[x509.GeneralName] = []
        if modele.noms:
            noms = list(actuel.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
        akid = actuel.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        attendu = x509.AuthorityKeyIdentifier.from_issuer_public_key(mere.cle.public_key())
        return (
            actuel.subject == modele.sujet
            and noms == fabrique.alternatives(modele.noms)
            and akid == attendu
            and actuel.public_key() == cle.public_key()
        )

    @staticmethod
    def _lire_certificat(path: Path) -> x509.Certificate:
        try:
            return x509.load_pem_x509_certificate(path.read_bytes())
        except ValueError as error:
            raise BancError(_abime(path)) from error

    @staticmethod
    def _lire_cle(path: Path) -> rsa.RSAPrivateKey:
        try:
            cle = serialization.load_pem_private_key(
                path.read_bytes(),
                None,
                unsafe_skip_rsa_key_validation=True,  # our own files; checking costs 60 ms each
            )
        except (ValueError, TypeError) as error:
            raise BancError(_abime(path)) from error
        if not isinstance(cle, rsa.RSAPrivateKey):
            raise BancError(_abime(path))
        return cle


def _ecrire(path: Path, data: bytes) -> None:
    ecrire(path, data, 0o600 if path.suffix == ".key" else 0o644)


def _valide(certificat: x509.Certificate, maintenant: datetime) -> bool:
    return certificat.not_valid_before_utc <= maintenant < certificat.not_valid_after_utc - MARGE


def _abime(path: Path) -> str:
    return f"Le fichier {path} est abîmé : remettez-le, ou refaites les certificats (option --nouvelle-pki)."
