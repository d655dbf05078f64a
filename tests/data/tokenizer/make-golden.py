#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes the golden token ids of this folder: golden.tsv and cased-vocab.txt.

Independent of the code under test: the published algorithms of BERT and ALBERT, written
down once more over Python's own Unicode tables, and SentencePiece's Python module (Debian:
python3-sentencepiece).  usage: make-golden.py [RANDOM-LINES] >golden.tsv
"""
import os
import random
import sys
import unicodedata

import sentencepiece

HERE = os.path.dirname(os.path.abspath(__file__))

# ---- ALBERT ---------------------------------------------------------------------------


class Albert:
    def __init__(self, lower_case=True, keep_accents=False, join_words=True):
        self.pieces = sentencepiece.SentencePieceProcessor(
            model_file=os.path.join(HERE, "albert-spiece.model"))
        self.lower_case, self.keep_accents = lower_case, keep_accents
        self.join_words = join_words
        self.cls, self.sep = (self.pieces.piece_to_id(p) for p in ("[CLS]", "[SEP]"))

    def prepare(self, text):
        if self.join_words:
            text = " ".join(text.split())
        text = text.replace("``", '"').replace("''", '"')
        if not self.keep_accents:
            text = unicodedata.normalize("NFKD", text)
            text = "".join(c for c in text if not unicodedata.combining(c))
        return text.lower() if self.lower_case else text

    def ids(self, text):
        result = []
        for piece in self.pieces.encode(self.prepare(text), out_type=str):
            if not (len(piece) > 1 and piece[-1] == "," and piece[-2].isdigit()):
                result.append(piece)
                continue
            parts = self.pieces.encode(piece[:-1].replace("\u2581", ""), out_type=str)
            if piece[0] != "\u2581" and parts[0][0] == "\u2581":
                parts = parts[1:] if len(parts[0]) == 1 else [parts[0][1:]] + parts[1:]
            result += parts + [","]
        return [self.pieces.piece_to_id(piece) for piece in result]


# ---- BERT -----------------------------------------------------------------------------

IDEOGRAPHS = ((0x3400, 0x4dbf), (0x4e00, 0x9fff), (0xf900, 0xfaff), (0x20000, 0x2a6df),
              (0x2a700, 0x2b73f), (0x2b740, 0x2b81f), (0x2b820, 0x2ceaf), (0x2f800, 0x2fa1f))


def is_ideograph(c):
    return any(first <= ord(c) <= last for first, last in IDEOGRAPHS)


def is_space(c):
    return c in " \t\n\r" or unicodedata.category(c) in ("Zs", "Zl", "Zp")


def is_punctuation(c):
    return (33 <= ord(c) <= 47 or 58 <= ord(c) <= 64 or 91 <= ord(c) <= 96 or
            123 <= ord(c) <= 126 or unicodedata.category(c).startswith("P"))


class Bert:
    def __init__(self, vocabulary, lower_case, strip_accents=None, split_ideographs=True):
        with open(os.path.join(HERE, vocabulary), encoding="utf-8") as file:
            self.vocabulary = {line.rstrip("\n"): i for i, line in enumerate(file)}
        self.lower_case = lower_case
        self.strip_accents = lower_case if strip_accents is None else strip_accents
        self.split_ideographs = split_ideographs
        self.cls, self.sep = self.vocabulary["[CLS]"], self.vocabulary["[SEP]"]

    def clean(self, text):
        result = ""
        for c in text:
            if is_space(c):
                result += " "
            elif c in "\0\ufffd" or unicodedata.category(c).startswith("C"):
                continue
            elif self.split_ideographs and is_ideograph(c):
                result += " " + c + " "
            else:
                result += c
        return result

    def words(self, text):
        for word in self.clean(text).split():
            if self.lower_case:
                word = word.lower()
            if self.strip_accents:
                word = "".join(c for c in unicodedata.normalize("NFD", word)
                               if unicodedata.category(c) != "Mn")
            part = ""
            for c in word:
                if is_punctuation(c):
                    if part:
                        yield part
                    yield c
                    part = ""
                else:
                    part += c
            if part:
                yield part

    def ids(self, text):
        result = []
        for word in self.words(text):
            pieces, start = [], 0
            while start < len(word) and len(word) <= 100:
                for end in range(len(word), start, -1):
                    piece = ("##" if start else "") + word[start:end]
                    if piece in self.vocabulary:
                        break
                else:
                    break
                pieces.append(self.vocabulary[piece])
                start = end
            result += pieces if start == len(word) else [self.vocabulary["[UNK]"]]
        return result


# ---- Sequences ------------------------------------------------------------------------


def sequence(tokenizer, longest, first, second=None):
    first = tokenizer.ids(first)
    if second is None:
        return [tokenizer.cls] + first[:longest - 2] + [tokenizer.sep], None
    second = tokenizer.ids(second)
    while len(first) + len(second) > longest - 3:
        (first if len(first) > len(second) else second).pop()
    ids = [tokenizer.cls] + first + [tokenizer.sep] + second + [tokenizer.sep]
    return ids, len(first) + 2


def cased_vocabulary():
    letters = "abcdefghijklmnopqrstuvwxyz"
    other = "0123456789éÉèàüÜñçßøØåÅıİΣσςΩωЖж東京カ名한글"
    entries = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    for c in letters + letters.upper() + other:
        entries += [c, "##" + c]
    entries += list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~€“”–—。、")
    entries += ["the", "The", "THE", "film", "Film", "café", "cafe", "##ing", "##Ing",
                "東京", "naïve", "Istanbul", "\u0301", "##\u0301"]
    return entries


# ---- Texts ----------------------------------------------------------------------------

TEXTS = [
    "a charming and often affecting journey .", "The quick brown fox jumps over the lazy dog.",
    "It's 1,234,567.89 dollars, 5, or 7,8.", "in 2021, 5,000, and 3.14, yes", "x9, 9,9,", "٣,٤, ፩,",
    "Café résumé naïve Ångström façade coöperate", "CAFE\u0301 e\u0301\u0323 A\u030a",
    "``quoted'' '''three''' `single` \"double\"", "東京 is the capital of 日本。", "漢字かな交じり文",
    "한국어 문장입니다", "Привет, мир! ЖУК", "Ελληνικά ΟΔΥΣΣΕΥΣ ΑΣ Σ", "İstanbul ışık DİYARBAKIR",
    "emoji \U0001f600 and \u2764\ufe0f, \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "tab\tnew\nline\rreturn\x0bvertical\x0cform", "bell\x07 del\x7f nul\x00x \x1c\x1d sep",
    "nel\x85nbsp\xa0thin\u2009ideo\u3000line\u2028par\u2029end", "zero\u200bwidth soft\xadhyphen \ufeffbom",
    "ﬁne ﬂoor ½ ² ① Ⅷ ㎏ ＦＵＬＬ", "\ufdfa arabic ligature", "replacement \ufffd char",
    "a" * 120, "supercalifragilisticexpialidocious" * 6, "! ? . , ; : - _ ( ) [ ] { }",
    "[CLS] is text [SEP] here [MASK] <pad> <unk>", "▁under ▁▁block", "$+<=>^`~|", "  spaced   out  ",
    "O'Brien's don't can't", "http://example.com/a?b=c&d=e#f", "user@example.org", "C++ and C#",
    "e\u0327\u0301 \u0e01\u0e34\u0e19\u0e02\u0e49\u0e32\u0e27", "हिन्दी में वाक्य", "עברית עם ניקוד בְּרֵאשִׁית",
    "ǅ ǆ ß ẞ ŉ ﬀ", "\U00020000\U0002a6d6 rare", "no\u0338t\u20dd enclosing",
]

ALPHABETS = ["abcdefghijklmnopqrstuvwxyz    ", "ABCDEFGHIJKLMNOPQRSTUVWXYZ  ", "0123456789,,,  ..",
             " .,;:!?'\"`-()[]$%&", "éèêàäöüñçßøåÉÀÖŁłİıŞşĞ", "αβγδσςΣΩάέή", "жзиЖЗИйЁё", "東京日本語漢字",
             "かなカナがぱヴー", "한국어글", "\u0301\u0308\u0323\u0327\u0338", "\u200b\xad\ufeff\x01\x7f\u200d",
             "\t\n\r\xa0\u3000\u2009\u2028\x85\x1c", "\U0001f600\U0001f680\u2764\ufe0f", "ﬁ½²①Ⅷ㎏ＡＢ",
             "“”‘’–—…€£™", "ابتثג\u05bcב\u05b0", "हिन्दी", "''``''"]


def random_text(generator):
    text = ""
    for _ in range(generator.randint(1, 9)):
        alphabet = generator.choice(ALPHABETS if generator.random() < 0.6 else ALPHABETS[:4])
        text += "".join(generator.choice(alphabet) for _ in range(generator.randint(1, 9)))
    return text


def shown(text):
    return "".join(c if c.isprintable() and c not in "%" else
                   "".join("%%%02x" % b for b in c.encode()) for c in text)


def main():
    with open(os.path.join(HERE, "cased-vocab.txt"), "w", encoding="utf-8") as file:
        file.write("".join(entry + "\n" for entry in cased_vocabulary()))
    tokenizers = {
        "albert": Albert(), "albert-cased": Albert(lower_case=False),
        "albert-accents": Albert(keep_accents=True), "albert-spaces": Albert(join_words=False),
        "bert": Bert("bert-uncased-vocab.txt", True), "cased": Bert("cased-vocab.txt", False),
        "cased-strip": Bert("cased-vocab.txt", False, strip_accents=True),
        "lower-accents": Bert("cased-vocab.txt", True, strip_accents=False),
        "joined": Bert("cased-vocab.txt", False, split_ideographs=False),
    }
    generator = random.Random(20)
    texts = TEXTS + [random_text(generator) for _ in range(int((sys.argv + ["60"])[1]))]
    print("# tokenizer, longest, ids, length of the first segment or 0, text(s); %XX: a byte")
    for name, tokenizer in tokenizers.items():
        for text in texts:
            if tokenizer.ids(text):
                ids, _ = sequence(tokenizer, 128, text)
                print(name, 128, " ".join(map(str, ids)), 0, shown(text), sep="\t")
        for _ in range(12):
            pair = [" ".join(generator.choices(TEXTS, k=2)) for _ in range(2)]
            longest = generator.choice((4, 5, 12, 13, 40, 128))
            ids, first = sequence(tokenizer, longest, *pair)
            print(name, longest, " ".join(map(str, ids)), first, *map(shown, pair), sep="\t")


main()
