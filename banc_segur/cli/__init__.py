"""The command line: one file per command; this one gathers them and turns errors into exit codes."""
