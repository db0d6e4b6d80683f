"""Step definitions of the French scenarios: clients of the control API only."""
