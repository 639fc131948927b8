"""Texts that are not UTF-8 are read in the encoding whose letters make words; what stays doubtful is said."""

import pytest

from storage.encodings import guess_encoding
from storage.text_files import encoding_of
from storage.user_tables import open_user_table


@pytest.mark.parametrize(
    ("encoding", "texts"),
    [
        ("gb18030", ["图片,标签\n1.jpg,猫\n2.jpg,狗\n", "1,苹果\n2,香蕉\n", "文件,标签\n图1.jpg,x\n", "1,男\n2,女\n"]),
        ("shift_jis", ["画像,ラベル\n1.jpg,犬\n2.jpg,猫\n", "1,正常\n2,異常\n", "1,りんご\n2,バナナ\n"]),
        ("euc_kr", ["1.jpg,고양이\n2.jpg,강아지\n", "1,정상\n2,비정상\n", "1,사과\n2,바나나\n"]),
        ("cp1251", ["файл;класс\n1;кошка\n2;собака\n", "1,да\n2,нет\n", "1,Норма\n2,ПАТОЛОГИЯ\n"]),
        ("cp1252", ["Datei;Klasse\n1;Äpfel\n2;Birnen\n", "1,café\n", "1,Möbel_neu\n2,Straße – Köln\n", "1,à côté\n"]),
    ],
)
def test_the_encoding_is_that_of_the_words(encoding, texts):
    for text in texts:
        data = text.encode(encoding)
        for size in (1, 7, len(data)):
            guess = guess_encoding(data[start : start + size] for start in range(0, len(data), size))
            assert (guess.encoding, guess.is_sure) == (encoding, True), text
            assert set(guess.words) <= set(data.decode(encoding).replace(",", " ").replace(";", " ").split())


def test_a_guess_is_said_with_words(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("image,label\n1.jpg,кошка\n2.jpg,собака\n".encode("cp1251"))
    table = open_user_table(path)
    assert [cells for _, cells in table.rows()] == [["1.jpg", "кошка"], ["2.jpg", "собака"]]
    assert "Windows-1251 (Cyrillic) with words such as кошка собака" in table.description and not table.doubt


@pytest.mark.parametrize("data", ["貓,狗,兔子\n".encode("big5"), "źrebię,żółw\n".encode("cp1250"), b"\x81\x81\n"])
def test_what_is_no_known_encoding_is_a_doubt(tmp_path, data):
    (tmp_path / "t.csv").write_bytes(data)
    assert "If these words are wrong, save the file as UTF-8" in encoding_of(tmp_path / "t.csv").doubt
