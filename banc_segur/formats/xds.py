"""XDS metadata of a deposit, one door: types, write, read, derive, answers.

The same `Lot` makes the body of TD2.1 (`write_provide_and_register`) and the METADATA.XML of an XDM
(`write_soumission`, with hash, size and uri in each entry). Source: `dmp.md` §3, §6.
"""

from banc_segur.formats.registry_response import (
    RegistryError,
    RegistryResponse,
    read_registry_response,
    registry_response,
)
from banc_segur.formats.xds_derive import (
    HORS_PROFILS,
    code_classe,
    code_format,
    code_jdv,
    code_type,
    content_type,
    derive,
    empreinte,
    entree_signature,
    utc,
)
from banc_segur.formats.xds_read import read_entree, read_soumission
from banc_segur.formats.xds_types import (
    HAS_MEMBER,
    RPLC,
    SIGNS,
    Anomalie,
    Association,
    Auteur,
    Code,
    Cx,
    Entree,
    Lot,
    Xcn,
    Xon,
    lier,
)
from banc_segur.formats.xds_write import write_provide_and_register, write_soumission

__all__ = [
    "HAS_MEMBER",
    "HORS_PROFILS",
    "RPLC",
    "SIGNS",
    "Anomalie",
    "Association",
    "Auteur",
    "Code",
    "Cx",
    "Entree",
    "Lot",
    "RegistryError",
    "RegistryResponse",
    "Xcn",
    "Xon",
    "code_classe",
    "code_format",
    "code_jdv",
    "code_type",
    "content_type",
    "derive",
    "empreinte",
    "entree_signature",
    "lier",
    "read_entree",
    "read_registry_response",
    "read_soumission",
    "registry_response",
    "utc",
    "write_provide_and_register",
    "write_soumission",
]
