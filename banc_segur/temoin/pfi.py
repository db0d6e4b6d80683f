"""The witness PFI: takes documents from the DPI, deposits them in the DMP, mails them by MSSanté, sends the receipts.

Expectations (agreed through the tree; the modules named are the reference once they exist):

- `formats.er7`: `read(bytes) -> Message`, `write(Message) -> bytes`.
- `formats.mdm`: `read(er7.Message) -> Mdm` for MDM and ORU: msh10, evenement, orc1, document (bytes of the CDA), its
  id, identity of the patient (`Patient`: ipp, traits, statut, ins), SB (person, structure), recipients RCT (address,
  patient or not, id), flags by code, bodies of mail, FIN.
- `formats.ack.write(message, code, erreurs) -> er7.Message`; `formats.zam.write(...) -> er7.Message`.
- `temoin.depot.ClientDmp(config, defauts).existence(matricule/oid…)`, `.deposer(mdm, cda, identifiants) -> Resultat(ok,
  code, libelle)`, raising `ServiceInjoignable`. `identifiants`: mapping the PFI persists before the first try:
  `lot` (OID of the SubmissionSet), `signature` (OID of the signature entry), `vihf_instant` is not among them.
- `temoin.envoi.envoyer(config, defauts, mdm, destinataire, message_id)`, raising `ServiceInjoignable`;
  `relever_avis(config) -> list[Avis(message_id, destinataire, remis, code, libelle)]`.
- `transport.mllp`: a server `(hote, port, traiter: bytes -> bytes)` and `envoyer(hote:port, bytes, delai) -> bytes`.

The PFI itself: persists the message before it answers AA (`file_attente`), same MSH-10 handled once, same uniqueIds and
Message-IDs on every retry.
"""
