"""Scripts that turn the cards and open terminologies into the tables of this room."""
