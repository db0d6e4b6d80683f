"""Profiles: what is read, and the one French sentence that each mistake gives."""

from pathlib import Path

import pytest

from banc_segur.campaign import profil
from banc_segur.errors import UsageError

PFI = """
[campagne]
nom = "pfi-exemple"

[[produits]]
nom = "PFI Exemple"
roles = ["PFI"]
ecoute = { "eai-pfi" = "127.0.0.1:2575", "dpi-pfi" = "127.0.0.1:2576" }
"""


def write(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "profil.toml"
    path.write_text(content, "utf-8")
    return path


def test_reads_a_product_and_leaves_other_roles_to_the_witness(tmp_path: Path) -> None:
    found = profil.lire(write(tmp_path, PFI))
    assert found.campagne.nom == "pfi-exemple"
    assert found.roles_temoin() == ("RI", "EAI", "DPI", "LGC")
    assert found.destinations() == {"eai-pfi": "127.0.0.1:2575", "dpi-pfi": "127.0.0.1:2576"}
    assert found.liens_non_captes() == frozenset()


def test_a_link_whose_receiver_is_silent_is_not_tapped(tmp_path: Path) -> None:
    found = profil.lire(write(tmp_path, '[[produits]]\nnom = "DPI X"\nroles = ["DPI"]\n'))
    assert found.liens_non_captes() == {"eai-dpi", "pfi-dpi"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("campagne = ", "TOML valide"),
        ("[campagne]\nnon = 'x'\n", "clé « campagne.non » : clé inconnue"),
        ("[campagne]\nnom = 'Été'\n", "clé « campagne.nom »"),
        ("[[produits]]\nroles = ['PFI']\n", "clé « produits.0.nom » : clé obligatoire absente"),
        ("[[produits]]\nnom = 'X'\nroles = ['XYZ']\n", "'RI', 'EAI', 'DPI', 'PFI' or 'LGC'"),
        ("[[produits]]\nnom = 'X'\nroles = ['PFI']\necoute = { 'dpi-pfi' = '2575' }\n", "hote:port"),
        ("[[produits]]\nnom = 'X'\nroles = ['PFI']\necoute = { 'dpi-xx' = 'a:1' }\n", "lien inconnu"),
        (
            "[[produits]]\nnom = 'X'\nroles = ['PFI']\ndeclencheur = 'poste'\nposte_url = 'http://127.0.0.1:1'\n",
            "poste_jeton est attendu",
        ),
        (
            PFI + "[[produits]]\nnom = 'Autre'\nroles = ['PFI']\n",
            "le rôle PFI est joué par « PFI Exemple » et par « Autre »",
        ),
    ],
)
def test_each_mistake_gives_one_sentence_with_file_and_key(tmp_path: Path, content: str, expected: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(UsageError) as caught:
        profil.lire(path)
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value).strip()


def test_an_absent_profile_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.toml"):
        profil.lire(tmp_path / "absent.toml")
