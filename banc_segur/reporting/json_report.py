"""The campaign as one JSON document, for programs; bytes are left in the files of `echanges/`."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from banc_segur.reporting.model import Rapport

VERSION = 1


def render(rapport: Rapport) -> str:
    """Return the JSON text (UTF-8, two-space indent, stable key order)."""
    document = {"format": "banc-segur/rapport", "version_format": VERSION, **_plain(rapport)}
    return json.dumps(document, ensure_ascii=False, indent=2)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return {"octets": len(value)}
    return value
