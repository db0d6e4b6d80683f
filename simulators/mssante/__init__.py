"""The simulated MSSanté operator: submission by SMTP, mailboxes by IMAP. Page: `docs/simulateurs/mssante.md`."""
