"""The catalogue of rules, pure: parsed message, document or dossier to constats."""
