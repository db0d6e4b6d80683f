# language: fr
@service.insi @role.ri @role.dpi @role.pfi
Fonctionnalité: Sans identité qualifiée, aucun INS ne circule
  Quand l'INSi ne rend pas une identité unique, l'identité n'est pas qualifiée : ni matricule ni OID ne quittent
  l'établissement, rien ne part au DMP ni vers la messagerie du patient (RNIV ; guide d'implémentation de l'INS).

  @INS/va1.53 @INS/va1.43 @SBX-INS-02 @SBX-PAM-01 @SBX-DMP-01 @MSS/va1.19 @PIL-28
  Scénario: L'INSi ne trouve aucune identité (code 01)
    Étant donné une personne que l'INSi ne connaît pas
    Quand l'admission enregistre cette personne sur présentation de sa carte d'identité
    Alors le RI interroge l'INSi, qui rend le code 01
    Et l'identité validée atteint le DPI et la PFI sans INS
    Quand le médecin valide la lettre de liaison pour le DMP, le médecin traitant et le patient
    Alors aucun INS n'a circulé
    Et rien n'est parti au DMP
    Et rien n'est parti vers la messagerie du patient

  @INS/va1.53 @INS/va1.43 @SBX-INS-02 @SBX-PAM-01 @SBX-DMP-01 @MSS/va1.19 @PIL-28
  Scénario: L'INSi trouve plusieurs identités (code 02)
    Étant donné une personne que l'INSi connaît sous plusieurs identités
    Quand l'admission enregistre cette personne sur présentation de sa carte d'identité
    Alors le RI interroge l'INSi, qui rend le code 02
    Et l'identité validée atteint le DPI et la PFI sans INS
    Quand le médecin valide la lettre de liaison pour le DMP, le médecin traitant et le patient
    Alors aucun INS n'a circulé
    Et rien n'est parti au DMP
    Et rien n'est parti vers la messagerie du patient
