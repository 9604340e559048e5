"""Counts the corpus anew and writes ratios.json: python -m dashboard.words.measure

Only vocabularies that the installed splintr carries are counted, so nothing is asked of the network.
"""

import importlib.metadata
import re
from datetime import UTC, datetime
from typing import Final

import orjson
import splintr

from dashboard.words import HOME, LANGUAGES, RATIOS

# The names that the catalog's `tokenizer` may have.
TOKENIZERS: Final = (
    *("cl100k_base", "o200k_base", "o200k_harmony", "llama2", "llama3", "deepseek_v3", "qwen3", "gemma3"),
    *("gemma4", "glm4", "kimi_k2", "kimi_k3", "phi4", "mistral_v1", "mistral_v3"),
)
_WORD: Final = re.compile(r"[^\W_]+(?:[ʻʼ'’-][^\W_]+)*")


def words(text: str) -> int:
    """Runs of letters or digits; an apostrophe or a hyphen within doesn't end a word."""
    return len(_WORD.findall(text))


def measured() -> dict[str, dict[str, int]]:
    """Tokenizer → language → tokens of 1,000 words of the corpus, rounded."""
    texts = {name: (HOME / "corpus" / f"{name}.txt").read_text(encoding="utf-8") for name in LANGUAGES}
    found = {}
    for name in TOKENIZERS:
        counts = splintr.Tokenizer.from_pretrained(name)
        tokens = {lang: len(counts.encode_ordinary(text)) for lang, text in texts.items()}
        found[name] = {lang: round(1000 * tokens[lang] / words(text)) for lang, text in texts.items()}
    return found


def main() -> None:
    said = {
        "measured": datetime.now(UTC).date().isoformat(),
        "by": f"splintr-rs {importlib.metadata.version('splintr-rs')}",
        "tokens_of_1000_words": measured(),
    }
    RATIOS.write_bytes(orjson.dumps(said, option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main()
