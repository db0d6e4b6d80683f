"""The DMP simulator at its port: order of evaluation, the service's own errors, bad input, tolerances."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from banc_segur.errors import UsageError
from banc_segur.formats import depot, existence, http, requete_stockee, soap, xml
from banc_segur.formats.certificat import read_pem
from banc_segur.formats.dsig import Cle
from banc_segur.formats.identite import Ins
from banc_segur.formats.registry_response import read_registry_response
from banc_segur.formats.vihf import Vihf, indirecte, write
from banc_segur.formats.xds import Lot
from banc_segur.pki import Pki
from banc_segur.state.base import Etat
from banc_segur.state.dmp import RegistreDmp
from banc_segur.transport.model import Answer, HttpRequest, Peer
from simulators.dmp import RACINE, ReglagesDmp, routes
from tests.certificats import pki_partagee
from tests.dmp_banc import AUTEUR, INS, STRUCTURE, TRAITS, BancDmp, identifiants, message

SOAP = "application/soap+xml; charset=UTF-8"


@dataclass
class Materiel:
    """A good deposit as the witness sends it, keys, and the DER of the TLS certificate."""

    pki: Pki
    lot: Lot
    documents: dict[str, bytes]
    cle: Cle
    tls: bytes


@pytest.fixture(scope="module")
def materiel(tmp_path_factory: pytest.TempPathFactory) -> Materiel:
    pki = pki_partagee()
    banc = BancDmp(tmp_path_factory.mktemp("pfi"))
    try:
        assert banc.client.deposer(message(1), identifiants(1)).ok
    finally:
        banc.serveur.stop()
    request = http.read(banc.carnet.echanges[0].requete)
    sent = depot.read(request.headers["content-type"], request.body)
    sign, auth = pki.produit("dmp-sign"), pki.produit("dmp-auth")
    cle = Cle.charger(sign.cle, sign.certificat, sign.certificat)
    return Materiel(pki, sent.lot, dict(sent.documents), cle, read_pem(auth.certificat.read_bytes())[0].der)


class Service:
    """The routes over a fresh registry, called without transport."""

    def __init__(self, materiel: Materiel, **reglages: object) -> None:
        self.materiel = materiel
        etat = Etat(":memory:")
        self.registre = RegistreDmp(etat)
        self.registre.ouvrir(INS)
        self.routes = routes(etat, ReglagesDmp(**reglages))  # type: ignore[arg-type]

    def envoyer(self, nom: str, content_type: str, body: bytes) -> Answer:
        path = f"{RACINE}/{nom}"
        peer = Peer("127.0.0.1", 1, certificat=self.materiel.tls)
        return self.routes[path](HttpRequest("POST", path, "", {"content-type": content_type}, body, peer))

    def entetes(
        self, changer: Callable[[Vihf], Vihf] = lambda found: found, cle: Cle | None = None
    ) -> list[etree._Element]:
        now = datetime.now(UTC)
        key = cle or self.materiel.cle
        found = indirecte(
            structure=STRUCTURE,
            acteur=AUTEUR,
            ins=INS,
            cle=key,
            instant=now,
            authn_instant=now,
            lps=("LPS", "1.0", "H"),
        )
        security = etree.Element(xml.q(soap.WSSE, "Security"))
        security.append(write(changer(found), key))
        return [*soap.addressing_blocks(depot.ACTION, "urn:uuid:m-1"), security]

    def deposer(self, lot: Lot | None = None, **kwargs: object) -> Answer:
        content_type, body = depot.write(
            lot or self.materiel.lot,
            self.materiel.documents,
            self.entetes(**kwargs),  # type: ignore[arg-type]
        )
        return self.envoyer("repository", content_type, body)

    def td02(self, ins: Ins = INS) -> Answer:
        demande = existence.DemandeExistence(ins, "m", "q", "20260115083000", "1.2.3", "LPS")
        return self.envoyer("patients", SOAP, soap.write(existence.write_demande(demande), self.entetes()))


@pytest.fixture
def service(materiel: Materiel) -> Iterator[Service]:
    yield Service(materiel)


def faute(answer: Answer) -> tuple[int, str, str]:
    found = soap.read(answer.body).fault
    assert found is not None, answer.body
    return answer.status, found.subcode, found.reason


def erreurs(answer: Answer) -> list[str]:
    assert answer.status == 200
    return [item.code for item in read_registry_response(soap.read(answer.body).payload).errors]


def test_success_is_an_empty_registry_response(service: Service) -> None:
    answer = service.deposer()
    assert erreurs(answer) == []
    envelope = soap.read(answer.body)
    assert envelope.addressing("RelatesTo") == "urn:uuid:m-1"
    assert envelope.addressing("Action") == depot.ACTION_REPONSE
    assert envelope.payload is not None and len(envelope.payload) == 0


@pytest.mark.parametrize(
    ("changer", "morceau"),
    [
        (lambda v: replace(v, version="2.0"), "version 2.0"),
        (lambda v: replace(v, lps_nom=""), "LPS_Nom"),
        (lambda v: replace(v, purpose=None), "purposeofuse"),
        (lambda v: replace(v, roles=v.roles[:1]), "Aucune spécialité dans le vihf"),
        (lambda v: replace(v, roles=()), "rôle"),
        (lambda v: replace(v, structure="175B000009"), "personne morale"),
        (lambda v: replace(v, resource_id=""), "resource-id"),
        (lambda v: replace(v, instant="2020-01-01T00:00:00.000Z"), "pas valide à cet instant"),
        (lambda v: replace(v, instant="2020-01-01T00:00:00"), "UTC"),
        (lambda v: replace(v, ressource_urn="urn:autre"), "urn:autre"),
    ],
)
def test_vihf_refusals(service: Service, changer: Callable[[Vihf], Vihf], morceau: str) -> None:
    status, _, reason = faute(service.deposer(changer=changer))
    assert status == 500
    assert morceau in reason


def test_signer_without_non_repudiation(service: Service, materiel: Materiel) -> None:
    auth = materiel.pki.produit("dmp-auth")
    _, code, reason = faute(service.deposer(cle=Cle.charger(auth.cle, auth.certificat)))
    assert code == "DMPInvalidCertificate"
    assert reason == "Le certificat ayant signé le VIHF est invalide : Not a valid signature certificate"


def test_changed_after_signing(service: Service, materiel: Materiel) -> None:
    content_type, body = depot.write(materiel.lot, materiel.documents, service.entetes())
    _, _, reason = faute(service.envoyer("repository", content_type, body.replace(b">LPS<", b">LPX<")))
    assert "signature du VIHF" in reason


def test_without_vihf(service: Service, materiel: Materiel) -> None:
    content_type, body = depot.write(materiel.lot, materiel.documents, [])
    assert "VIHF" in faute(service.envoyer("repository", content_type, body))[2]


def test_ej_eg_tolerance(materiel: Materiel) -> None:
    site = {"175B000009": STRUCTURE.id_national}
    tolerant = Service(materiel, etablissements=site)
    lot = materiel.lot
    institution = lot.authors[0].institutions[0].replace(STRUCTURE.id_national, "175B000009")
    lot = replace(lot, authors=(replace(lot.authors[0], institutions=(institution,)),))
    changer = lambda v: replace(v, structure="175B000009")  # noqa: E731
    assert erreurs(tolerant.deposer(lot, changer=changer)) == []
    strict = Service(materiel, structures=("175B000001",), etablissements=site)
    assert faute(strict.deposer(lot, changer=changer))[2] == "Structure introuvable ou Inactive"


def test_rights_matrix(service: Service) -> None:
    air = service.deposer(changer=lambda v: replace(v, mode="INDIRECTE_RENFORCEE"))
    assert faute(air)[1] == "DMPAccessDeniedByRightsService"
    query = requete_stockee.par_reference(("1.2.3",))
    query[1].set("id", requete_stockee.FIND_DOCUMENTS)
    answer = service.envoyer("registry", SOAP, soap.write(query, service.entetes()))
    assert faute(answer)[1] == "DMPAccessDeniedByRightsService"


def test_order_rights_before_patient_before_metadata(service: Service, materiel: Materiel) -> None:
    bad = replace(materiel.lot, content_type_code=None)
    service.registre.ouvrir(INS, "ferme")
    air = service.deposer(bad, changer=lambda v: replace(v, mode="INDIRECTE_RENFORCEE"))
    assert faute(air)[1] == "DMPAccessDeniedByRightsService"
    assert erreurs(service.deposer(bad)) == ["DMPClosed"]
    service.registre.ouvrir(INS, "actif")
    assert erreurs(service.deposer(bad)) == ["XDSRegistryMetadataError"]


def test_patient_of_the_lot_is_the_one_of_the_vihf(service: Service) -> None:
    other = "163056322090038^^^&1.2.250.1.213.1.4.10&ISO^NH"
    service.registre.ouvrir(Ins("163056322090038", INS.oid))
    answer = service.deposer(changer=lambda v: replace(v, resource_id=other))
    assert erreurs(answer) == ["XDSPatientIdDoesNotMatch"]


def test_institution_of_another_structure(service: Service, materiel: Materiel) -> None:
    author = materiel.lot.authors[0]
    foreign = replace(author, institutions=(author.institutions[0].replace("175B000001", "175B000002"),))
    answer = service.deposer(replace(materiel.lot, authors=(foreign,)))
    response = read_registry_response(soap.read(answer.body).payload)
    assert response.errors[0].contexte == "Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF"


def test_one_error_per_finding(service: Service, materiel: Materiel) -> None:
    entree = replace(materiel.lot.entrees[0], title="", legal_authenticator="")
    assert erreurs(service.deposer(replace(materiel.lot, entrees=(entree,)))) == ["XDSRegistryMetadataError"] * 2


def test_tolerances_of_the_real_service(service: Service, materiel: Materiel) -> None:
    entree = replace(materiel.lot.entrees[0], hash="", size="", patient_id=f"{materiel.lot.patient_id}^^20100907")
    assert erreurs(service.deposer(replace(materiel.lot, entrees=(entree,)))) == []


def test_unsigned_lot(service: Service, materiel: Materiel) -> None:
    signature = materiel.lot.signature
    assert signature is not None
    links = tuple(link for link in materiel.lot.associations if signature.id not in (link.source, link.cible))
    lot = replace(materiel.lot, signature=None, associations=links)
    content_type, body = depot.write(lot, {"Document01": materiel.documents["Document01"]}, service.entetes())
    assert erreurs(service.envoyer("repository", content_type, body)) == ["XDSRegistryMetadataError"]


def test_duplicate_lot(service: Service) -> None:
    assert erreurs(service.deposer()) == []
    assert erreurs(service.deposer()) == ["XDSDuplicateUniqueIdInRegistry"]


def test_reference_search(service: Service, materiel: Materiel) -> None:
    service.deposer()
    unique_id = materiel.lot.entrees[0].unique_id
    for wanted, count in ((unique_id, 1), ("1.2.3", 0)):
        query = requete_stockee.par_reference((wanted,))
        answer = service.envoyer("registry", SOAP, soap.write(query, service.entetes()))
        found = requete_stockee.read_reponse(soap.read(answer.body).payload)
        assert found.reussi
        assert len(found.references) == count
    query = requete_stockee.par_reference(("1.2.3",))
    query[1].remove(query[1][0])
    answer = service.envoyer("registry", SOAP, soap.write(query, service.entetes()))
    found = requete_stockee.read_reponse(soap.read(answer.body).payload)
    assert [item.code for item in found.errors] == ["XDSStoredQueryMissingParam"]


def test_td02_gives_the_traits_that_the_dmp_holds(service: Service) -> None:
    def dit(balise: str, attribut: str = "") -> list[str]:
        found = soap.read(service.td02().body).payload
        assert found is not None
        return [e.get(attribut, "") if attribut else e.text or "" for e in found.iter(xml.q(existence.HL7, balise))]

    assert dit("birthTime", "value") == dit("family") == []
    service.registre.ouvrir(INS, traits=TRAITS)
    assert (dit("given"), dit("family")) == (["ANNE"], ["DUPONT-TEST", "NON RENSEIGNE"])
    assert dit("family", "qualifier") == ["BR", "SP"]
    assert (dit("birthTime", "value"), dit("administrativeGenderCode", "code")) == (["19630515"], ["F"])


def test_td02_of_another_patient(service: Service) -> None:
    assert faute(service.td02(Ins("163056322090038", INS.oid)))[1] == "XDSPatientIdDoesNotMatch"


@pytest.mark.parametrize("nom", ["patients", "repository", "registry", "habilitations", "patientsSpecific"])
def test_operations_outside_the_bench(service: Service, nom: str) -> None:
    body = soap.write(etree.Element("{urn:si-dmp-habilitations}setAuthorization"), service.entetes())
    assert faute(service.envoyer(nom, SOAP, body))[2] == "Opération non prise en charge par ce service"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<",
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>',
        b"\xff\xfe\x00",
        b"<a>" * 3000,
    ],
)
@pytest.mark.parametrize("nom", ["patients", "repository", "registry"])
def test_bad_input_gets_a_fault_and_the_next_call_is_served(service: Service, nom: str, body: bytes) -> None:
    assert faute(service.envoyer(nom, SOAP, body))[0] == 500
    assert erreurs(service.deposer()) == []


def test_oversized(materiel: Materiel) -> None:
    assert "trop grand" in faute(Service(materiel, max_octets=1000).deposer())[2]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 40000))
def test_truncated_anywhere_is_never_registered(service: Service, materiel: Materiel, size: int) -> None:
    content_type, body = depot.write(materiel.lot, materiel.documents, [], boundary="b")
    answer = service.envoyer("repository", content_type, body[: min(size, len(body) - 6)])
    assert faute(answer)[0] == 500
    assert service.registre.documents(INS) == ()


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content_type=st.text(max_size=60), body=st.binary(max_size=200))
def test_anything_gets_an_answer(service: Service, content_type: str, body: bytes) -> None:
    for nom in ("patients", "repository", "registry"):
        assert faute(service.envoyer(nom, content_type, body))[0] == 500


def test_clock_of_the_settings(materiel: Materiel) -> None:
    later = Service(materiel, maintenant=lambda: datetime.now(UTC) + timedelta(hours=1))
    assert "pas valide à cet instant" in faute(later.deposer())[2]


def test_signer_of_an_unknown_authority(materiel: Materiel, tmp_path: Path) -> None:
    assert erreurs(Service(materiel, ac=str(materiel.pki.ac)).deposer()) == []
    foreign = materiel.pki.dossier / "autre-ac.pem"
    assert faute(Service(materiel, ac=str(foreign)).deposer())[1] == "DMPInvalidCertificate"
    with pytest.raises(UsageError):
        Service(materiel, ac=str(tmp_path / "absent.pem"))
