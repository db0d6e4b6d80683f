"""What a bench remembers of the world: people, DMP registry, mailboxes."""
