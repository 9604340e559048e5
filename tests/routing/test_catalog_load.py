"""What loading a catalog does to the database, and what it leaves alone."""

from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from routing.catalog.changes import Changes
from routing.catalog.export import export
from routing.catalog.load import load
from routing.catalog.parse import parse
from routing.credentials import seal, unseal
from routing.errors import CatalogError
from routing.models import (
    CatalogVersion,
    CostVersion,
    Credential,
    Endpoint,
    Model,
    ModelName,
    ModelWording,
    Provider,
)
from tests.routing.test_catalog_parse import GOOD

SEVERAL = GOOD.replace(
    'credential: "env:LOCAL_KEY"',
    'credentials: [{ref: "env:KEY_A", weight: 3, label: first}, {ref: "env:KEY_B"}]',
)
UNSOLD = """\
  - id: x/y
    name: Y
    endpoints: [{provider: nobody, upstream_name: y, price_usd: {input: "1", output: "1"}}]
"""
RARE_KEYS = """
        context_window: 64000
        ttft_ms: 800
        token_rate: 90
        active: false
        above_input: [{over: 9, price_usd: {output: "20"}}]"""
MORE_MODELS = """\
  - {id: old/one, name: "Old: one", replaced_by: gpt-4o, description: "it's «old»", strengths: none}
  - {id: said/all, name: Said, replaced_by: gpt-4o, strengths: {en: Speed, ru: Скорость, uz: Tezlik}}
  - id: i/m
    name: Img
    modality: image
    category: hosted
    default_size: 1x1
    max_side_px: 2048
    endpoints: [{provider: local, upstream_name: i, price_usd: {image: "0.003"}}]
"""

pytestmark = pytest.mark.django_db


def loaded(text: str, env: dict[str, str] | None = None, *, prune: bool = False) -> Changes:
    return load(parse([("f.yaml", text)]), env or {}, prune=prune)


def version() -> int:
    return CatalogVersion.objects.get(pk=1).version


def test_a_second_load_changes_and_bumps_nothing() -> None:
    assert loaded(GOOD).counts
    before = version()
    assert str(loaded(GOOD)) == "nothing changed"
    assert version() == before


def test_the_markup_kind_follows_from_category_and_provider() -> None:
    text = GOOD.replace("        markup: routing_fee\n", "")
    loaded(text)
    assert Endpoint.objects.get().markup_kind == "routing_fee"
    loaded(text.replace("category: third_party", "category: hosted"))
    assert Endpoint.objects.get().markup_kind == "margin"
    loaded(text.replace("name: X,", "name: X, hosted: true,"))
    assert Endpoint.objects.get().markup_kind == "hosted"


def test_a_changed_price_is_a_new_version_and_the_old_one_stays() -> None:
    loaded(GOOD)
    assert loaded(GOOD.replace('"2.50"', '"2.00"')).counts == {"prices added": 1}
    assert [cost.components["input"] for cost in CostVersion.objects.order_by("id")] == [
        2_500_000_000,
        2 * 10**9,
    ]


def test_a_price_version_can_be_neither_changed_nor_removed() -> None:
    loaded(GOOD)
    cost = CostVersion.objects.get()
    for change in (lambda: CostVersion.objects.update(components={}), lambda: cost.delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_nothing_is_half_loaded(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(GOOD + UNSOLD)
    before = version()
    with pytest.raises(CommandError) as caught:
        call_command("catalog", "load", str(file))
    assert f"{file}:22: model 'x/y': there is no provider 'nobody'" in str(caught.value)
    assert not Model.objects.exists()
    assert not Provider.objects.exists()
    assert version() == before


def test_a_name_of_a_stored_model_is_refused_until_that_one_is_pruned() -> None:
    loaded(GOOD)
    other = GOOD.replace("id: openai/gpt-4o", "id: other/gpt-4o")
    with pytest.raises(CatalogError, match="already belongs to 'openai/gpt-4o'"):
        loaded(other)
    counts = loaded(other, prune=True).counts
    assert counts["models retired"] == 1
    assert ModelName.objects.get(folded="gpt-4o").model.slug == "other/gpt-4o"


def test_an_alias_can_move_from_one_model_to_another_in_one_load() -> None:
    two = GOOD + "  - {id: x/y, name: Y, aliases: [moving]}\n"
    loaded(two)
    loaded(two.replace(", aliases: [moving]", "").replace("aliases: [gpt-4o]", "aliases: [gpt-4o, moving]"))
    assert ModelName.objects.get(folded="moving").model.slug == "openai/gpt-4o"


def test_prune_retires_what_is_absent_and_a_later_load_revives_it() -> None:
    loaded(GOOD)
    loaded(
        "providers: [{slug: b, name: B, dialect: openai, base_url: 'https://b.test/v1'}]\nmodels: []",
        prune=True,
    )
    model = Model.objects.get(slug="openai/gpt-4o")
    assert model.retired_at is not None
    assert Endpoint.objects.get().retired_at is not None
    assert Provider.objects.get(slug="local").active is False
    loaded(GOOD)
    model.refresh_from_db()
    assert model.retired_at is None
    assert Endpoint.objects.get().retired_at is None
    assert Provider.objects.get(slug="local").active is True


def test_without_prune_other_models_stay() -> None:
    loaded(GOOD)
    loaded("models: [{id: x/y, name: Y}]")
    assert not Model.objects.filter(retired_at__isnull=False).exists()


def test_replacements_are_found_by_any_name_and_must_not_loop() -> None:
    loaded(GOOD + "  - {id: old/one, name: Old, replaced_by: GPT-4O}\n")
    assert Model.objects.get(slug="old/one").replaced_by == "openai/gpt-4o"
    with pytest.raises(CatalogError, match="no known model"):
        loaded("models: [{id: old/two, name: Old 2, replaced_by: nothing}]")
    with pytest.raises(CatalogError, match="circle"):
        loaded("models: [{id: a/a, name: A, replaced_by: b/b}, {id: b/b, name: B, replaced_by: a/a}]")


def test_a_credential_of_the_environment_is_sealed_and_goes_with_it() -> None:
    loaded(GOOD, {"LOCAL_KEY": "sk-12345678"})
    credential = Credential.objects.get()
    assert unseal(bytes(credential.sealed or b"")) == "sk-12345678"
    assert (credential.label, credential.ref, credential.last4) == ("main", "env:LOCAL_KEY", "5678")
    before = version()
    loaded(GOOD, {"LOCAL_KEY": "sk-12345678"})
    assert version() == before
    loaded(GOOD)
    credential.refresh_from_db()
    assert credential.sealed is None


def test_a_credential_typed_by_hand_survives_every_load() -> None:
    loaded(GOOD)
    Credential.objects.update(sealed=seal("by hand"), from_env=False)
    loaded(GOOD, {"LOCAL_KEY": "other"})
    assert unseal(bytes(Credential.objects.get().sealed or b"")) == "by hand"


def test_several_credentials_come_change_and_go() -> None:
    loaded(SEVERAL, {"KEY_A": "sk-aaaa", "KEY_B": "sk-bbbb"})
    told = list(Credential.objects.values_list("label", "ref", "weight", "last4"))
    assert told == [("first", "env:KEY_A", 3, "aaaa"), ("KEY_B", "env:KEY_B", 1, "bbbb")]
    assert "env:KEY_A" in export()
    assert "weight: 3" in export()
    loaded(
        SEVERAL.replace(', {ref: "env:KEY_B"}', "").replace("weight: 3", "weight: 5"), {"KEY_A": "sk-aaaa"}
    )
    kept, gone = Credential.objects.order_by("id")
    assert (kept.weight, kept.version, kept.retired_at) == (5, 1, None)
    assert gone.retired_at is not None
    assert gone.sealed is None
    assert "KEY_B" not in export()
    loaded(SEVERAL, {"KEY_A": "sk-aaaa", "KEY_B": "sk-cccc"})
    gone.refresh_from_db()
    assert (gone.retired_at, gone.last4) == (None, "cccc")


def test_a_new_secret_is_a_new_start_for_a_refused_credential() -> None:
    loaded(GOOD, {"LOCAL_KEY": "sk-old"})
    Credential.objects.update(disabled_at=timezone.now(), disabled_reason="http_401")
    loaded(GOOD, {"LOCAL_KEY": "sk-old"})
    assert Credential.objects.get().disabled_at is not None
    loaded(GOOD, {"LOCAL_KEY": "sk-new"})
    credential = Credential.objects.get()
    assert (credential.disabled_at, credential.disabled_reason, credential.version) == (None, "", 2)


def test_what_the_operator_typed_or_switched_off_is_theirs() -> None:
    """A catalog that names a typed credential by its label takes it over; one that drops it gives it back."""
    loaded(GOOD.replace(', credential: "env:LOCAL_KEY"', ""))
    provider = Provider.objects.get()
    Credential.objects.create(provider=provider, label="main", sealed=seal("typed"), last4="yped")
    loaded(GOOD, {"LOCAL_KEY": "other"})
    Credential.objects.update(active=False)
    loaded(GOOD, {"LOCAL_KEY": "other"})
    credential = Credential.objects.get()
    assert (credential.ref, credential.active) == ("env:LOCAL_KEY", False)
    assert unseal(bytes(credential.sealed or b"")) == "typed"
    loaded(GOOD.replace(', credential: "env:LOCAL_KEY"', ""))
    credential.refresh_from_db()
    assert (credential.ref, credential.retired_at, credential.last4) == ("", None, "yped")


def test_an_address_can_come_from_a_setting(settings) -> None:  # type: ignore[no-untyped-def]
    settings.SANDBOX_URL = "http://127.0.0.1:4/v1"
    text = GOOD.replace('"http://127.0.0.1:9100/v1"', '"env:SANDBOX_URL"')
    loaded(text)
    assert Provider.objects.get().base_url == "http://127.0.0.1:4/v1"
    settings.SANDBOX_URL = ""
    loaded(text)
    assert Provider.objects.get().base_url == ""
    assert "env:SANDBOX_URL" in export()


def test_an_export_loads_back_without_a_change(tmp_path: Path) -> None:
    rich = SEVERAL.replace("priority: 1", f"priority: 2{RARE_KEYS}") + MORE_MODELS
    loaded(rich)
    before = version()
    file = tmp_path / "out.yaml"
    call_command("catalog", "export", str(file))
    call_command("catalog", "load", str(file), "--prune")
    assert version() == before
    assert "sk-" not in file.read_text()


def test_what_is_said_of_a_model_follows_the_file_in_each_language() -> None:
    said = MORE_MODELS.replace("Tezlik", "Tez")
    loaded(GOOD + MORE_MODELS)
    assert loaded(GOOD + said).counts == {"translations changed": 1}
    rows = ModelWording.objects.filter(model__slug="said/all").values_list("language", "strengths")
    assert dict(rows) == {"ru": "Скорость", "uz": "Tez"}
    assert Model.objects.get(slug="said/all").strengths == "Speed"
    loaded(GOOD + said.replace(", ru: Скорость", ""))
    assert rows.all().count() == 1


def test_a_text_without_english_is_refused() -> None:
    with pytest.raises(CatalogError, match="strengths has no 'en'"):
        loaded(GOOD + MORE_MODELS.replace("en: Speed, ", ""))


def test_every_table_of_the_catalog_moves_its_version() -> None:
    loaded(GOOD + MORE_MODELS)
    seen = [version()]
    for table in (
        "routing_provider",
        "routing_credential",
        "routing_model",
        "routing_modelname",
        "routing_modelwording",
        "routing_endpoint",
    ):
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET id = id WHERE id = (SELECT min(id) FROM {table})")
        seen.append(version())
    CostVersion.objects.create(endpoint=Endpoint.objects.latest("pk"), components={"input": 1, "output": 1})
    seen.append(version())
    assert seen == sorted(set(seen))


def test_a_version_that_was_rolled_back_never_comes_again() -> None:
    with transaction.atomic():
        loaded(GOOD)
        gone = version()
        transaction.set_rollback(True)
    loaded(GOOD.replace("GPT 4o", f"GPT {uuid4().hex}"))
    assert version() > gone


def test_a_price_from_the_providers_list_outlives_the_file_that_it_replaced() -> None:
    loaded(GOOD)
    endpoint = Endpoint.objects.filter(costs__isnull=False, provider__active=True).order_by("-pk").first()
    assert endpoint is not None
    old = CostVersion.objects.filter(endpoint=endpoint).latest("pk")
    listed = {name: nano + 1 for name, nano in old.components.items()}
    CostVersion.objects.create(
        endpoint=endpoint, components=listed, above_input=old.above_input, from_sync=True
    )
    assert str(loaded(GOOD)) == "nothing changed"
    assert CostVersion.objects.filter(endpoint=endpoint).latest("pk").components == listed
