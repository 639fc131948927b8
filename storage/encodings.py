"""The encoding of text that is not UTF-8, by the letters that it would have in each of the usual ones."""

import codecs
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

SAMPLE = 1 << 16
"""Bytes, of lines with more than ASCII, by which the encoding is chosen."""

SURE, SURE_OF_LETTERS = 0.8, 0.95
"""Share of expected signs from which an encoding is believed, and the same for alphabets, whose letters are few."""

FEW_SIGNS = 3
"""Signs below which two encodings can give words by chance."""

SHOWN_WORDS = 3

NEUTRAL = re.compile(r"[“”‘’„«»–—…、。，：；（）【】《》！？・ー°·\u3000\xa0]")
"""Signs between words, in many encodings."""

FREQUENT_HANGUL = (
    "가각간갈감갑강개거건걸검게격견결경계고곡골공과관광교구국군권귀그근글금급기긴길김까깨꽃끼나난날남내너네년념노녹농높누눈느는늘능니님다단"
    "달담답당대더덕데도독돈동되된두드득든들등디따때떤또라락란람랑래량러럭런럼레려력련렬령례로록론료루류르른름릉리린림립마막만많말망매머먹메"
    "며면명모목무문물미민바박반발밤방배백버번벌범법베벽변별병보복본봄봉부북분불붕브블비빈빛빨뿌사산살삼상새색생서석선설섬성세소속손송수"
    "숙순술숨스습승시식신실심십싸쓰씨아악안않알암압앙애야약양어억언얼엄업없었에여역연열염영예오옥온올와완왕외요용우욱운울움원월위유육윤"
    "은을음응의이익인일임입있자작잔잘잠장재저적전절점접정제조족존종좋주준중즈증지직진질집차찬찰창채처천철청체초총최추축춘출충치친칠카"
    "코크키타탁탄태터토통트특티파판팔패퍼편평포표품풍프피하학한할함합항해향허험현형호혹화확환활황회효후훈휘흐흑희흰"
)
"""Syllables of most Korean words. The others in the same two bytes are mostly rare, and frequent signs of Chinese."""


class Guess(NamedTuple):
    """An encoding, and whether its letters leave no doubt. `words`: some that it gives."""

    encoding: str
    is_sure: bool
    words: tuple[str, ...]


def _gb_letters(word: str) -> int:
    """The number of frequent Chinese signs: level 1 of GB 2312."""
    return sum(b"\xb0" <= sign.encode("gb2312", "ignore")[:1] <= b"\xd7" for sign in word)


def _japanese_letters(word: str) -> int:
    """The number of kana, and of frequent kanji: level 1 of JIS X 0208."""
    kana = sum("\u3041" <= sign <= "\u30fe" for sign in word)
    return kana + sum(b"\x88\x9f" <= sign.encode("shift_jis", "ignore") <= b"\x98\x72" for sign in word)


def _korean_letters(word: str) -> int:
    return sum(sign in FREQUENT_HANGUL for sign in word)


def _cyrillic_letters(word: str) -> int:
    """All signs beyond ASCII in a word of Cyrillic letters alone, written like a word."""
    is_word = re.fullmatch(r"[А-ЯЁІЇЄҐЎ]?[а-яёіїєґў]+|[А-ЯЁІЇЄҐЎ]+", word)
    return len(word) if is_word else 0


def _western_letters(word: str) -> int:
    """The letters beyond ASCII in a word that is written like one, with no more than two of them in a row."""
    letters = re.findall(r"[À-ÖØ-öø-ÿŒœŠšŽžŸ]", word)
    is_word = re.fullmatch(r"[^\W\d_a-zß-öø-ÿ]?[a-zß-öø-ÿœšž]+|[A-ZÀ-ÖØ-ÞŒŠŽŸß]+", word)
    has_run = re.search(r"[^\x00-\x7f]{3}", word) or (len(word) > 1 and len(letters) == len(word))
    return len(letters) if is_word and not has_run else 0


CANDIDATES: dict[str, Callable[[str], int]] = {
    "cp1252": _western_letters,
    "cp1251": _cyrillic_letters,
    "euc_kr": _korean_letters,
    "shift_jis": _japanese_letters,
    "gb18030": _gb_letters,
}
"""The encodings, and a function each that counts the letters of a word that are expected in it.

From the one with the fewest expected letters on: it is the least likely to fit by chance.
"""

ALPHABETS = ("cp1252", "cp1251")


def guess_encoding(blocks: Iterable[bytes]) -> Guess:
    """The encoding of a text that is not UTF-8, read in pieces.

    It is one in which all bytes mean something, and nearly all signs beyond ASCII are usual letters of one script.
    Where there is none, or where two fit and the text has few such signs, the guess is not sure.
    """
    decoders = {name: codecs.getincrementaldecoder(name)() for name in CANDIDATES}
    sample, rest = bytearray(), b""
    for block in blocks:
        decoders = {name: decoder for name, decoder in decoders.items() if _can_decode(decoder, block)}
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            if len(sample) < SAMPLE and not line.isascii():
                sample += line[:SAMPLE] + b"\n"
    if not rest.isascii():
        sample += rest[:SAMPLE]
    decoders = {name: decoder for name, decoder in decoders.items() if _can_decode(decoder, b"", is_end=True)}
    text = {name: bytes(sample).decode(name, "ignore") for name in decoders}
    shares = {name: _share(text[name], expected) for name, expected in CANDIDATES.items() if name in decoders}
    fitting = [name for name, share in shares.items() if share >= (SURE_OF_LETTERS if name in ALPHABETS else SURE)]
    if fitting:
        signs = {sign for sign in text[fitting[0]] if not sign.isascii()}
        return Guess(fitting[0], len(fitting) == 1 or len(signs) >= FEW_SIGNS, _words(text[fitting[0]]))
    encoding = next((name for name in decoders if shares[name] == max(shares.values())), "latin-1")
    return Guess(encoding, False, _words(text.get(encoding) or bytes(sample).decode("latin-1")))


def _can_decode(decoder: codecs.IncrementalDecoder, block: bytes, is_end: bool = False) -> bool:
    try:
        decoder.decode(block, is_end)
    except UnicodeDecodeError:
        return False
    return True


def _share(text: str, expected: Callable[[str], int]) -> float:
    """The share of the signs beyond ASCII that are letters that are expected. Punctuation and dashes do not count."""
    found = others = 0
    for word in re.findall(r"[^\W\d_]+|[^\w\x00-\x7f]", NEUTRAL.sub(" ", text)):
        beyond = sum(not sign.isascii() for sign in word)
        count = min(expected(word), beyond) if beyond else 0
        found += count
        others += beyond - count
    return found / (found + others) if found else 0.0


def _words(text: str) -> tuple[str, ...]:
    words = (word for word in re.findall(r"[^\s,;|\"]+", text) if not word.isascii())
    return tuple(dict.fromkeys(words))[:SHOWN_WORDS]
