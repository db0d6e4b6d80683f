"""One package per national service. Thin: wire -> behaviour(state) -> Answer."""
