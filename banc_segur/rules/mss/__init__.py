"""MSSanté: submission by SMTP, the mail, its archive and PDF copies. Source: `mssante.md` §6.1, §6.2."""

from banc_segur.rules.mss import analyse, archive, connexion, corps, entetes, objet, pdf

__all__ = ["analyse", "archive", "connexion", "corps", "entetes", "objet", "pdf"]
