"""The witness RI over real sockets: INSi simulator in mutual TLS, an EAI on MLLP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from banc_segur.formats import ack, adt, er7, http, insi, soap
from banc_segur.formats.identite import Ins, Traits
from banc_segur.pki.pki import Pki
from banc_segur.rules import catalogue
from banc_segur.rules import insi as _regles  # noqa: F401 - registers the analyser
from banc_segur.rules.analyse import analyser
from banc_segur.rules.model import Contexte, EchangeBrut
from banc_segur.state.base import Etat
from banc_segur.state.fictives import ReglagesPersonnes
from banc_segur.state.personnes import Personnes
from banc_segur.temoin import defauts
from banc_segur.temoin.base import ActionRefusee
from banc_segur.temoin.config import (
    Certificat,
    Certificats,
    ConfigTemoin,
    Liens,
    ReglagesMedecin,
    ReglagesStructure,
)
from banc_segur.temoin.defauts import insi as _defauts  # noqa: F401 - registers the defects
from banc_segur.temoin.ri import Ri
from banc_segur.temoin.ri_insi import accepter, prenoms_a_envoyer
from banc_segur.transport.https import HttpsServer
from banc_segur.transport.mllp import MllpServer
from banc_segur.transport.model import EchangeRecu, Peer
from banc_segur.transport.tls import contexte_serveur
from simulators.insi import ReglagesInsi, routes

ZOE = Traits("ADRUN", "ZOE", "ZOE", "F", "1975-12-31", "63220")


class Memoire:
    """A recorder that keeps exchanges and peers."""

    def __init__(self) -> None:
        self.echanges: list[EchangeRecu] = []
        self.peers: list[Peer] = []

    def connexion(self, lien: str, protocole: str, peer: Peer, debut: datetime) -> int:
        self.peers.append(peer)
        return len(self.peers)

    def refus(self, lien: str, protocole: str, peer: Peer, debut: datetime, cause: str) -> int:
        return 0

    def fin_connexion(self, connexion: int, fin: datetime) -> None:
        pass

    def echange(self, echange: EchangeRecu) -> int:
        self.echanges.append(echange)
        return len(self.echanges)

    def prenoms(self) -> list[tuple[str, str]]:
        """(prénom, lieu) of each call."""
        calls = [insi.read_request(soap.read(http.read(e.requete).body)) for e in self.echanges]
        return [(" ".join(c.prenoms), c.lieu_naissance) for c in calls]


class Eai:
    """Keeps the ADT it gets, answers the codes it is told, then AA."""

    def __init__(self) -> None:
        self.messages: list[er7.Message] = []
        self.codes: list[str] = []
        self.serveur = MllpServer(self._recevoir, "127.0.0.1", 0)
        self.port = self.serveur.start()

    def _recevoir(self, data: bytes) -> bytes:
        message = er7.read(data)
        code = self.codes.pop(0) if self.codes else "AA"
        if code == "AA":
            self.messages.append(message)
        erreurs = [] if code == "AA" else [ack.Erreur("207", "occupé")]
        return ack.write(message, code, identifiant="E1", instant="20260115103000", erreurs=erreurs).write()

    def suite(self) -> list[tuple[str, str, str]]:
        """(event, PID-32, matricule) of each message."""
        lus = [adt.read(message) for message in self.messages]
        return [
            (lu.evenement, message.get("PID-32"), lu.patient.ins.matricule if lu.patient.ins else "")
            for lu, message in zip(lus, self.messages, strict=True)
        ]


class Monde:
    """One bench's INSi, one EAI, one RI."""

    def __init__(self, pki: Pki, dossier: Path) -> None:
        self.pki, self.dossier = pki, dossier
        self.etat = Etat(":memory:")
        self.personnes = Personnes(self.etat)
        self.memoire = Memoire()
        paire = pki.serveur()
        contexte = contexte_serveur(paire.certificat, paire.cle, pki.ac)
        self.serveur = HttpsServer(routes(self.etat, ReglagesInsi()), contexte, self.memoire, "ri-insi")
        self.url = f"https://127.0.0.1:{self.serveur.start()}/lps"
        self.eai = Eai()
        self.ri = self.nouveau_ri()

    def nouveau_ri(self, delais: tuple[float, float] | None = (3.0, 5.0), **liens: str) -> Ri:
        def certificat(usage: str) -> Certificat:
            paire = self.pki.produit(usage)
            return Certificat(certificat=paire.certificat, cle=paire.cle)

        medecin = ReglagesMedecin(
            id_national="899900000019", nom="MARTEL", prenom="Jeanne", profession="10", savoir_faire="SM54"
        )
        config = ConfigTemoin(
            roles=("RI",),
            dossier=self.dossier,
            liens=Liens(**{"insi": self.url, "ri_eai": f"127.0.0.1:{self.eai.port}", **liens}),
            certificats=Certificats(
                ac=self.pki.ac,
                insi_auto=certificat("insi-auto"),
                dmp_auth=certificat("dmp-auth"),
                dmp_sign=certificat("dmp-sign"),
                bal_app=certificat("bal-app"),
                lgc=certificat("lgc"),
            ),
            structure=ReglagesStructure(
                id_national="175B000001",
                nom="CH SEGUR TEST",
                secteur="SA01",
                bal_app="pfi@ch.test",
                bal_reponse="secretariat@ch.test",
                oid_racine="1.2.250.1.999.1.1",
                domaine_ipp="1.2.250.1.999.1.1.1",
            ),
            auteur=medecin,
            medecin_traitant=medecin,
        )
        ri = Ri(config, delais_insi=delais)
        ri.start()
        return ri

    def admettre(self, traits: Traits, preuve: str = "CN") -> dict[str, Any]:
        names = ("nom_naissance", "prenoms", "premier_prenom", "sexe", "date_naissance", "lieu_naissance")
        parametres = {name: getattr(traits, name) for name in names} | {"preuve": preuve, "classe": "I"}
        result = self.ri.actions["admettre"](parametres)
        assert attendre(self.ri.au_repos)
        return result

    def stop(self) -> None:
        self.ri.stop()
        self.serveur.stop()
        self.eai.serveur.stop()
        self.etat.close()


def attendre(condition: Any, delai: float = 5.0) -> bool:
    """Poll a condition until it holds, at most `delai` seconds."""
    fin, pause = monotonic() + delai, threading.Event()
    while not condition():
        if monotonic() > fin:
            return False
        pause.wait(0.01)
    return True


@pytest.fixture
def monde(pki: Pki, tmp_path: Path) -> Iterator[Monde]:
    monde = Monde(pki, tmp_path)
    yield monde
    monde.stop()


def test_une_identite_trouvee_et_prouvee_est_qualifiee(monde: Monde) -> None:
    personne = monde.personnes.creer(11, reglages=ReglagesPersonnes())
    assert personne.ins is not None
    result = monde.admettre(personne.traits)
    matricule = personne.ins.matricule
    assert (result["statut"], result["insi"], result["cause"]) == ("qualifiee", "00", "")
    assert monde.eai.suite() == [
        ("A28", "PROV", ""),
        ("A31", "PROV", ""),
        ("A31", "VALI", matricule),
        ("A01", "VALI", matricule),
    ]
    lu = adt.read(monde.eai.messages[2])
    assert (lu.patient.traits, lu.patient.ins, lu.preuve) == (personne.traits, personne.ins, "CN")
    assert monde.eai.messages[1].get("ZFD-5") == "INSI"
    assert monde.eai.messages[0].get("ZFD-5") == "SM"
    assert len({message.identifiant for message in monde.eai.messages}) == 4


def test_sans_preuve_l_identite_reste_recuperee_et_l_ins_ne_part_pas(monde: Monde) -> None:
    result = monde.admettre(ZOE, preuve="")
    assert result["statut"] == "recuperee"
    assert monde.eai.suite() == [("A28", "PROV", ""), ("A31", "PROV", ""), ("A01", "PROV", "")]


@pytest.mark.parametrize(("preuve", "statut", "suite"), [("CN", "validee", 3), ("PC", "provisoire", 2)])
@pytest.mark.parametrize("issue", ["01", "02", "insi_102", "cle-fausse", "jour-00", "autre-nom", "sexe-vide"])
def test_sans_identite_unique_l_admission_continue_sans_ins(
    monde: Monde, issue: str, preuve: str, statut: str, suite: int
) -> None:
    monde.personnes.forcer("275126322074974", issue)
    result = monde.admettre(ZOE, preuve)
    assert result["statut"] == statut
    assert result["cause"]
    assert [matricule for _, _, matricule in monde.eai.suite()] == [""] * suite
    assert monde.eai.suite()[-1][0] == "A01"


def test_un_prenom_par_appel_puis_la_liste(monde: Monde) -> None:
    result = monde.admettre(Traits("HOUILLES", "PIERRE PAUL JACQUES", "PIERRE", "M", "1993-01-27", "63220"))
    assert monde.memoire.prenoms() == [("PIERRE", ""), ("PAUL", ""), ("JACQUES", ""), ("PIERRE PAUL JACQUES", "")]
    assert result["insi"] == "01"


def test_la_suite_s_arrete_au_premier_00(monde: Monde) -> None:
    traits = Traits("TCHITCHI", "OLA CATARINA BELLA", "OLA", "F", "1936-06-21", "63220")
    result = monde.admettre(traits)
    assert [prenom for prenom, _ in monde.memoire.prenoms()] == ["OLA", "CATARINA"]
    assert "premier prénom" in result["cause"]  # RI.INS.15: alert, no silent overwrite


def test_le_lieu_de_naissance_leve_l_ambiguite(monde: Monde) -> None:
    result = monde.admettre(Traits("DE VINCI", "LEONARDO PIERO", "LEONARDO", "M", "2014-02-01", "63220"))
    assert monde.memoire.prenoms() == [("LEONARDO", ""), ("LEONARDO", "63220")]
    assert (result["statut"], result["matricule"]) == ("qualifiee", "114026322083356")


def test_une_faute_arrete_la_suite_sans_nouvel_essai(monde: Monde) -> None:
    traits = Traits("HOUILLES", "PIERRE PAUL", "PIERRE", "M", "1993-01-27", "63220")
    monde.personnes.forcer(traits, "insi_102")
    result = monde.admettre(traits)
    assert len(monde.memoire.echanges) == 1
    assert result["insi"] == "insi_102"


def test_chaque_appel_a_ses_identifiants_et_aucune_regle_ne_parle(monde: Monde) -> None:
    monde.admettre(Traits("HOUILLES", "PIERRE PAUL", "PIERRE", "M", "1993-01-27", "63220"))
    seen = set()
    for echange in monde.memoire.echanges:
        analyse = analyser(EchangeBrut("http", "ri-insi", echange.requete, echange.reponse))
        contexte = Contexte(datetime.now(UTC), "ri-insi", monde.memoire.peers[0].certificat)
        jugement = catalogue.evaluer(analyse.sujets[0], contexte)
        assert (jugement.constats, jugement.non_evaluees) == ((), ())
        recherche = analyse.sujets[0].objet.recherche
        seen |= {recherche.message_id, recherche.bam.id, recherche.lps.id}
    assert len(seen) == 9


@pytest.mark.parametrize("identifiant", [d.id for d in defauts.tous() if d.regle.startswith("INSI-")])
def test_chaque_defaut_du_temoin_est_vu_par_sa_regle(monde: Monde, identifiant: str) -> None:
    monde.ri.defauts.activer([identifiant])
    monde.admettre(ZOE)
    echange, peer = monde.memoire.echanges[0], monde.memoire.peers[0]
    analyse = analyser(EchangeBrut("http", "ri-insi", echange.requete, echange.reponse))
    jugement = catalogue.evaluer(analyse.sujets[0], Contexte(datetime.now(UTC), "ri-insi", peer.certificat))
    assert {constat.regle for constat in jugement.constats} == {identifiant}
    assert monde.eai.suite()[-1][0] == "A01"


def test_une_insi_muette_ne_bloque_pas_l_admission(monde: Monde) -> None:
    monde.personnes.forcer("275126322074974", delai=20.0)
    monde.ri.stop()
    monde.ri = monde.nouveau_ri((5.0, 0.5))
    debut = monotonic()
    result = monde.admettre(ZOE)
    assert monotonic() - debut < 3
    assert (result["statut"], result["insi"]) == ("validee", "")
    assert "n'a pas répondu" in result["cause"]


def test_une_insi_coupee_ou_absente_ne_bloque_pas_l_admission(monde: Monde) -> None:
    monde.personnes.forcer("275126322074974", coupure="pendant")
    assert monde.admettre(ZOE)["statut"] == "validee"
    monde.serveur.stop()
    assert "injoignable" in monde.admettre(ZOE)["cause"]


def test_les_messages_attendent_l_eai_et_gardent_leur_ordre(monde: Monde) -> None:
    monde.eai.codes = ["AR"]
    monde.admettre(ZOE)
    assert [event for event, _, _ in monde.eai.suite()] == ["A28", "A31", "A31", "A01"]


def test_les_messages_survivent_a_l_arret(monde: Monde) -> None:
    monde.ri.stop()
    monde.ri = monde.nouveau_ri(ri_eai="127.0.0.1:1")
    ipp = monde.ri.actions["admettre"]({**_parametres(ZOE), "preuve": "CN"})["ipp"]
    assert not monde.ri.au_repos()
    monde.ri.stop()
    monde.ri = monde.nouveau_ri()
    assert attendre(monde.ri.au_repos)
    assert [event for event, _, _ in monde.eai.suite()] == ["A28", "A31", "A31", "A01"]
    monde.ri.actions["sortir"]({"ipp": ipp})
    assert attendre(monde.ri.au_repos)
    assert monde.eai.suite()[-1] == ("A03", "VALI", "275126322074974")
    with pytest.raises(ActionRefusee, match="séjour ouvert"):
        monde.ri.actions["sortir"]({"ipp": ipp})


def test_les_numeros_ne_se_repetent_pas(monde: Monde) -> None:
    results = [monde.admettre(ZOE, preuve="") for _ in range(3)]
    numbers = [r["ipp"] for r in results] + [r["nda"] for r in results]
    assert len(set(numbers)) == 6


def _parametres(traits: Traits) -> dict[str, str]:
    names = ("nom_naissance", "prenoms", "premier_prenom", "sexe", "date_naissance", "lieu_naissance")
    return {name: getattr(traits, name) for name in names}


@pytest.mark.parametrize("champ", ["nom_naissance", "sexe", "date_naissance", "lieu_naissance"])
def test_une_creation_incomplete_est_refusee(monde: Monde, champ: str) -> None:
    with pytest.raises(ActionRefusee, match=champ):
        monde.ri.actions["admettre"]({**_parametres(ZOE), champ: ""})
    assert monde.eai.messages == []


def test_un_sexe_inconnu_est_refuse(monde: Monde) -> None:
    with pytest.raises(ActionRefusee, match="M ou F"):
        monde.ri.actions["admettre"]({**_parametres(ZOE), "sexe": "U"})


def test_le_premier_prenom_seul_n_est_envoye_qu_une_fois() -> None:
    assert prenoms_a_envoyer(ZOE) == ["ZOE"]


def test_le_tiret_du_premier_prenom_vaut_une_espace() -> None:
    traits = Traits("A", "ANNE MARIE", "ANNE MARIE", "F", "1975-12-31", "63220")
    ins = Ins("275126322074974", "1.2.250.1.213.1.4.8")
    found = accepter(traits, insi.Individu(ins, "A", "ANNE-MARIE ZOE", "F", "1975-12-31", "75056"))
    assert isinstance(found, tuple)
    assert (found[0].premier_prenom, found[0].prenoms, found[0].lieu_naissance) == (
        "ANNE MARIE",
        "ANNE-MARIE ZOE",
        "75056",
    )


def test_declasser_retire_l_ins_par_un_a47(monde: Monde) -> None:
    ipp = monde.ri.actions["admettre"]({**_parametres(ZOE), "preuve": "CN"})["ipp"]
    assert monde.ri.actions["declasser"]({"ipp": ipp}) == {"statut": "recuperee"}
    assert attendre(monde.ri.au_repos)
    last = monde.eai.messages[-1]
    assert last.evenement == "A47" and last.get("PID-32") == "PROV"
    assert last.get("MRG-1").startswith("275126322074974")
    assert "275126322074974" not in last.get("PID-3[2]")
    with pytest.raises(ActionRefusee, match="identité qualifiée"):
        monde.ri.actions["declasser"]({"ipp": ipp})
    assert monde.ri.actions["sortir"]({"ipp": ipp})["nda"]
