"""An MSSanté operator: submission, mailboxes (card mssante.md)."""
