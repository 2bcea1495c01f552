"""A guess at a text's language from its script and its commonest words; enough to notice a mix. Imports nothing."""

from __future__ import annotations

import re

__all__ = ["guess"]

_COMMON = {
    "en": "the of and to in is that for it with as on are this be by from or have how what do does can who when my i",
    "de": "der die das und ist nicht ein eine zu den mit von für auf wie was wer wann ich kann wird im dem auch man",
    "fr": "le la les des et est une un du pour dans que qui sur pas avec comment quel quelle je peut au aux ce sont",
    "es": "el los las una que en es por con para del se cómo qué cuál no su lo puedo al quién cuándo dónde y",
    "it": "il gli una che è per con del della come cosa chi quando dove non si sono posso di nel alla e lo",
    "nl": "de het een en van is dat niet te op met voor hoe wat wie wanneer kan ik zijn aan er bij naar",
    "pt": "o os as uma que em é por com para do da como qual não seu posso ao quem quando onde e dos",
}
_WORDS = {name: frozenset(common.split()) for name, common in _COMMON.items()}
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_WORD = re.compile(r"[^\W\d_]+")


def guess(text: str) -> str:
    """Returns a language code (ISO 639-1), or "" where the text does not say."""
    letters = sum(character.isalpha() for character in text)
    for name, script in _SCRIPTS:
        if letters and len(script.findall(text)) >= 0.3 * letters:
            return name
    tokens = _WORD.findall(text.casefold())
    counts = sorted(
        ((sum(t in common for t in tokens), name) for name, common in _WORDS.items()), reverse=True
    )
    (most, name), (second, _) = counts[:2]
    return name if most >= max(2, 0.15 * len(tokens)) and most > second else ""
