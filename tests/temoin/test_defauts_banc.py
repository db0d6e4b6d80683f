"""The two defects of the bench's own rules."""

from banc_segur.formats import er7, ins
from banc_segur.temoin.defauts import banc

ADT = (
    b"MSH|^~\\&|RI|CH|EAI|CH|20260101||ADT^A31^ADT_A05|1|P|2.5^FRA^2.11\r"
    b"PID|1||7^^^CH^PI~275126322074974^^^X&1.2&ISO^INS\r"
)


def test_the_relayed_message_cannot_be_read() -> None:
    assert not banc.sans_msh(ADT).startswith(b"MSH")


def test_the_ins_becomes_a_valid_one_of_nobody() -> None:
    changed = banc.inconnue(er7.Message.read(ADT))
    assert ins.cle_juste(changed.get("PID-3[2].1")) and changed.get("PID-3[2].1") != "275126322074974"
    assert changed.get("PID-3[1].1") == "7"


def test_a_message_without_ins_is_left_alone() -> None:
    message = er7.Message.read(ADT.replace(b"~275126322074974^^^X&1.2&ISO^INS", b""))
    assert banc.inconnue(message) is message
