"""The money functions, one concern per file; migrations load them by name."""

from pathlib import Path


def script(*names: str) -> str:
    """The text of these files, one after the other."""
    return "\n".join((Path(__file__).parent / f"{name}.sql").read_text() for name in names)
