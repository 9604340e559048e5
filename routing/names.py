"""One way to compare model names: how a caller spells `GPT 4o` must not matter."""

import unicodedata


def fold(name: str) -> str:
    """NFKC, case folded, trimmed, inner white space as one space: the key of ModelName."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
