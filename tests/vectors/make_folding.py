"""Makes folding.json: what names, searches and passphrases fold to (`accounts.folding`).

Each case is `{"text", "folded", "words"}` or, for passphrases, `{"text", "folded"}`, with every character
beyond ASCII escaped, so that no editor or tool can normalise it on the way.
"""

import json
from pathlib import Path

from accounts import folding

NAMES = [
    "",
    "   ",
    "Ayesha  Siddiqui",
    "AYESHA\tsiddiqui\n",
    "José Núñez",
    "Straße",
    "İstanbul Iğdır",
    "ﬁnance Ⅳ",
    "Ｆｕｌｌ　ｗｉｄｔｈ",
    "O'Brien-Khan, M.A.",
    "name_with_underscore",
    "ΣΊΣΥΦΟΣ",
    "Đặng Văn",
    "علي كريم",
    "علی کریم",
    "فاطمة الزهراء",
    "فاطمہ زہرہ",
    "شاه شاہ",
    "بھائی بهائی",
    "أحمد إبراهيم آمنة ٱلله",
    "احمد ابراهيم امنه الله",
    "مؤمن رئيس",
    "مُحَمَّد",
    "محمّد",
    "محـــمد",
    "می‌خواهم",
    "\u200fعلی\u200e",
    "مصطفى",
    "نائب قاصد",
    "سیکشن آفیسر",
    "وزارتِ خزانہ",
    "گریڈ ۱۷",
    "درجهٔ ۱۷ و ١٧ و 17",
    "یوسفزئی",
    "ۓ ے",
    "a\u0000b\u0085c\u2028d",
    "\ufeffbom",
    "हिन्दी",
    "x\u0301\u0302\u0303y",
    "Ångström Å",
]

PASSPHRASES = [
    "",
    "correct horse battery staple",
    "Correct Horse",
    "  spaces  stay  ",
    "عليك السلام",
    "علیک السلام",
    "عَلَيكَ",
    "می‌روم ۱۲۳۴",
    "ميروم ١٢٣٤",
    "café",
    "cafe\u0301",
    "ﬁne Ⅳ ½",
    "Ｐａｓｓ",
    "آب آ",
    "آب ا\u0653",
    "emoji 🔑 stays",
    "tab\tstays",
]


def main() -> None:
    """Write folding.json beside this script."""
    vectors = {
        "names": [
            {"text": text, "folded": folding.fold(text), "words": folding.words(text)} for text in NAMES
        ],
        "digits": [
            {"text": text, "folded": folding.fold_digits(text)}
            for text in ("۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩", "१२३")
        ],
        "passphrases": [{"text": text, "folded": folding.fold_passphrase(text)} for text in PASSPHRASES],
    }
    text = json.dumps(vectors, indent=1, ensure_ascii=True)
    Path(__file__).with_name("folding.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
