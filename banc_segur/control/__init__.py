"""The bench process: judge, control API and its client."""
