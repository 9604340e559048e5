"""What is said about models, from the file into the database and back."""

from collections.abc import Mapping, Sequence
from typing import Any

from routing.catalog.changes import Changes, update
from routing.catalog.entries import ModelEntry
from routing.catalog.words import ENGLISH, LANGUAGES, WORDS
from routing.models import Model, ModelWording


def load_wordings(entries: Sequence[ModelEntry], stored: Mapping[str, Model], changes: Changes) -> None:
    """Each model of the file gets exactly its languages."""
    wanted = {
        (stored[entry.id].pk, language): dict.fromkeys(WORDS, "") | dict(said)
        for entry in entries
        for language, said in entry.wordings.items()
    }
    ours = {stored[entry.id].pk for entry in entries}
    known = {(row.model_id, row.language): row for row in ModelWording.objects.filter(model__in=ours)}
    if stale := [row.pk for place, row in known.items() if place not in wanted]:
        ModelWording.objects.filter(pk__in=stale).delete()
    changed = [update(known[place], said) for place, said in wanted.items() if place in known]
    fresh = [
        ModelWording(model_id=pk, language=language, **said)
        for (pk, language), said in wanted.items()
        if (pk, language) not in known
    ]
    if fresh:
        ModelWording.objects.bulk_create(fresh)
    changes.add("translations changed", len(stale) + sum(changed) + len(fresh))


def export_wordings(model: Model) -> dict[str, Any]:
    """The texts of a model as its file states them; its wordings are prefetched."""
    rows = {row.language: row for row in model.wordings.all()}
    stated: dict[str, Any] = {}
    for word in WORDS:
        texts = {ENGLISH: getattr(model, word)}
        texts |= {language: getattr(rows[language], word) for language in LANGUAGES if language in rows}
        texts = {language: text for language, text in texts.items() if text}
        if list(texts) == [ENGLISH]:
            stated[word] = texts[ENGLISH]
        elif texts:
            stated[word] = texts
    return stated
