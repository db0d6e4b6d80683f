"""A real DMP for tests: simulator over HTTPS with client certificates, a recorder in memory, a witness client."""

from pathlib import Path

from banc_segur.formats import cda_write
from banc_segur.formats.cda import DocumentCda
from banc_segur.formats.certificat import read_pem
from banc_segur.formats.identite import Identifiant, Ins, Patient, Professionnel, Sejour, Structure, Traits
from banc_segur.formats.mdm import DocumentMdm
from banc_segur.pki import Pki
from banc_segur.rules import catalogue
from banc_segur.rules.analyse import analyser
from banc_segur.rules.model import Analyse, Constat, Contexte, EchangeBrut
from banc_segur.state.base import Etat
from banc_segur.state.dmp import RegistreDmp
from banc_segur.temoin.config import Certificat, Certificats, ConfigTemoin, Liens
from banc_segur.temoin.defauts import Defauts
from banc_segur.temoin.depot import ClientDmp, IdentifiantsLot
from banc_segur.transport.https import HttpsServer
from banc_segur.transport.model import EchangeRecu
from banc_segur.transport.tls import contexte_serveur
from simulators.dmp import RACINE, ReglagesDmp, routes
from tests.carnet import Carnet
from tests.certificats import pki_partagee
from tests.dmp_exemples import MATRICULE

INS = Ins(MATRICULE, "1.2.250.1.213.1.4.10")
TRAITS = Traits("DUPONT-TEST", "ANNE MARIE", "ANNE", "F", "1963-05-15", "63220")
PATIENT = Patient(Identifiant("1234567", "1.2.250.1.999.1.1.1"), TRAITS, "qualifiee", INS)
AUTEUR = Professionnel("899900000019", "MARTEL", "Jeanne")
STRUCTURE = Structure("175B000001", "CH SEGUR TEST")
SEJOUR = Sejour(Identifiant("N1", "1.2.250.1.999.1.1.2"), "V1", "I", "20260110090000", fin="20260115093000")
PDF = b"%PDF-1.4\n%%EOF\n"


def document(numero: int, version: int = 1, remplace: str = "") -> DocumentCda:
    """A discharge letter of the person of the tests."""
    return DocumentCda(
        f"1.2.250.1.999.1.1.7.{numero}",
        "1.2.250.1.999.1.1.8.1",
        version,
        "11490-0",
        "Lettre de liaison à la sortie d'un établissement de soins",
        "Lettre de liaison à la sortie",
        "20260115093000+0100",
        PATIENT,
        AUTEUR,
        STRUCTURE,
        SEJOUR,
        remplace=remplace,
    )


def message(numero: int, action: str = "T02", remplace: str = "") -> DocumentMdm:
    """The MDM of that letter."""
    doc = document(numero, 2 if remplace else 1, remplace)
    return DocumentMdm(
        action,
        PATIENT,
        SEJOUR,
        doc.document_id,
        doc.type_code,
        doc.type_libelle,
        cda_write.write(doc, PDF),
        AUTEUR,
        STRUCTURE,
        remplace=remplace,
    )


def identifiants(numero: int) -> IdentifiantsLot:
    return IdentifiantsLot(f"1.2.250.1.999.1.1.9.{numero}", f"1.2.250.1.999.1.1.10.{numero}")


class BancDmp:
    """Simulator, state, recorder and witness."""

    def __init__(self, dossier: Path, reglages: ReglagesDmp | None = None) -> None:
        pki = pki_partagee()
        self.etat = Etat(":memory:")
        self.registre = RegistreDmp(self.etat)
        self.registre.ouvrir(INS)
        self.carnet = Carnet()
        self.routes = routes(self.etat, reglages or ReglagesDmp())
        server = pki.serveur()
        context = contexte_serveur(server.certificat, server.cle, pki.ac)
        self.serveur = HttpsServer(self.routes, context, self.carnet, "pfi-dmp")
        self.port = self.serveur.start()
        self.defauts = Defauts()
        self.config = configuration(pki, dossier, f"https://127.0.0.1:{self.port}{RACINE}")
        self.client = ClientDmp(self.config, self.defauts)

    def analyses(self) -> list[Analyse]:
        """Every recorded exchange, understood."""
        return [_analyser(item) for item in self.carnet.echanges]

    def constats(self) -> list[Constat]:
        """Everything the rules say of every recorded exchange, as the judge would ask them."""
        found: list[Constat] = []
        tls = read_pem(self.config.certificats.dmp_auth.certificat.read_bytes())[0].der
        for echange in self.carnet.echanges:
            context = Contexte(echange.debut, "pfi-dmp", tls)
            for sujet in _analyser(echange).sujets:
                found.extend(catalogue.evaluer(sujet, context).constats)
        return found


def _analyser(echange: EchangeRecu) -> Analyse:
    return analyser(EchangeBrut("http", "pfi-dmp", echange.requete, echange.reponse))


def configuration(pki: Pki, dossier: Path, url: str) -> ConfigTemoin:
    def paire(usage: str) -> Certificat:
        files = pki.produit(usage)
        return Certificat(certificat=files.certificat, cle=files.cle)

    return ConfigTemoin(
        roles=("PFI",),
        dossier=dossier,
        liens=Liens(dmp=url),
        certificats=Certificats(
            ac=pki.ac,
            insi_auto=paire("insi-auto"),
            dmp_auth=paire("dmp-auth"),
            dmp_sign=paire("dmp-sign"),
            bal_app=paire("bal-app"),
            lgc=paire("lgc"),
        ),
        structure={  # type: ignore[arg-type]
            "id_national": STRUCTURE.id_national,
            "nom": STRUCTURE.nom,
            "secteur": STRUCTURE.secteur,
            "bal_app": "pfi@ch-segur-test.mssante.fr",
            "bal_reponse": "secretariat@ch-segur-test.mssante.fr",
            "oid_racine": "1.2.250.1.999.1.1",
            "domaine_ipp": "1.2.250.1.999.1.1.1",
        },
        auteur={  # type: ignore[arg-type]
            "id_national": AUTEUR.id_national,
            "nom": AUTEUR.nom,
            "prenom": AUTEUR.prenom,
            "profession": "10",
            "savoir_faire": "SM54",
        },
        medecin_traitant={  # type: ignore[arg-type]
            "id_national": "899900000027",
            "nom": "GENERALISTE",
            "prenom": "Paul",
            "profession": "10",
            "savoir_faire": "SM54",
        },
    )
