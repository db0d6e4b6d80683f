# language: fr
@service.insi @service.dmp @service.mss @role.ri @role.eai @role.dpi @role.pfi @role.lgc
Fonctionnalité: Le parcours pilote, de l'admission au DMP et aux messageries
  Le cas d'usage des pilotes Ségur Hôpital (2021), de bout en bout : le patient est admis, son INS est
  qualifiée, son identité circule, sa lettre de liaison est validée, déposée au DMP et envoyée par MSSanté
  au médecin traitant et au patient.

  @SBX-E2E-01 @SBX-INS-08 @SBX-PAM-01 @SBX-PAM-02 @SBX-PAM-03 @SBX-PAM-04 @SBX-EAI-01
  @SBX-DPI-01 @SBX-DPI-02 @SBX-TR-01 @SBX-TR-03 @SBX-DMP-02 @SBX-DMP-03 @SBX-DMP-07 @SBX-DMP-08
  @SBX-MSS-01 @SBX-MSS-02 @INS/va1.52 @INS/va1.54 @INS/va1.65 @INS/va1.66 @INS/va1.64 @INS/va1.61
  @INS/va1.16 @INS/va1.15 @INS/va1.03 @DMP/va1.01 @DOC/va1.04 @DOC/va1.07 @DOC/va1.08
  @MSS/va1.17 @MSS/va1.12 @MSS/va1.09 @MSS/va1.16 @MSS/va1.15 @SC.DMP/CONF.05 @SC.DMP/CONF.12
  @SC.MSS/CONF.05 @SC.MSS/CONF.12 @SC.MSS/CONF.14 @SC.MSS/CONF.15 @SC.MSS/CONF.16 @SC.MSS/CONF.23
  @SC.MSS/CONF.25 @CDA/HL7.01 @CDA/HL7.02 @PIL-28 @PIL-30 @PIL-37
  Scénario: La lettre de liaison d'un patient à l'INS qualifiée arrive au DMP, au médecin traitant et au patient
    Étant donné une personne que l'INSi connaît sous une seule identité
    Et que son DMP est actif et sa messagerie citoyenne ouverte
    Quand l'admission enregistre cette personne sur présentation de sa carte d'identité
    Alors le RI interroge l'INSi, qui rend une seule identité
    Et l'identité qualifiée, avec son INS, atteint le DPI et la PFI
    Quand le médecin valide la lettre de liaison pour le DMP, le médecin traitant et le patient
    Alors la PFI accuse réception du document
    Et la PFI teste l'existence du DMP puis y dépose le document
    Et la PFI n'a demandé au DMP ni création ni autorisation d'accès
    Et le DMP détient ce document une seule fois
    Et le médecin traitant reçoit un courriel avec l'archive IHE_XDM et le PDF
    Et le médecin traitant l'ouvre dans son logiciel et y trouve le document
    Et le patient reçoit le même document dans sa messagerie
    Et le DPI reçoit de la PFI l'accusé du DMP et un accusé par destinataire
    Et plus rien ne reste en attente
