"""The sequence diagram: lifelines of those who spoke, one arrow an exchange, hostile text escaped."""

from banc_segur.formats import xml
from banc_segur.reporting import diagram
from tests.reporting import factories


def test_draws_lifelines_in_the_order_of_the_chain() -> None:
    svg = diagram.draw([factories.echange(), factories.echange(numero=2, de="PFI", vers="DMP", operation="TD2.1")])
    root = xml.parse(svg.encode())
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[:3] == ["DPI", "PFI", "DMP"]
    assert "MDM^T02" in texts and "TD2.1" in texts


def test_refused_and_unanswered_are_marked() -> None:
    svg = diagram.draw([factories.echange(reussi=False), factories.echange(numero=2, reussi=None)])
    assert 'class="ko"' in svg and 'class="muet"' in svg


def test_imap_commands_of_a_session_are_one_arrow() -> None:
    many = [
        factories.echange(numero=n, lien="pfi-mss", de="PFI", vers="MSSanté", operation="IMAP FETCH") for n in range(9)
    ]
    assert "IMAP ×9" in diagram.draw(many)


def test_hostile_text_is_escaped() -> None:
    svg = diagram.draw([factories.echange(operation="<script>", resume='"><script>')])
    assert "<script>" not in svg
    xml.parse(svg.encode())
