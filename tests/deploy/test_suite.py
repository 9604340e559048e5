"""`make test` itself: what it checks, and that xdist's workers keep out of each other's database."""

import pytest
from django.conf import settings
from django.db import connection

from deploy.local import suite
from tests import embedded


@pytest.mark.django_db
def test_each_worker_works_on_a_database_of_its_own() -> None:
    """Settings loaded before tests/conftest.py would be the controller's."""
    mine = f"test_{embedded.worker_number()}"
    assert f"/{mine}?" in settings.DATABASE_URL
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        assert cursor.fetchone() == (mine,)


def test_a_failed_check_is_told_with_its_output(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {"style": ["sh", "-c", "echo line 7 is long; exit 1"], "types": ["true"]}
    monkeypatch.setattr(suite, "CHECKS", broken)
    monkeypatch.setattr(suite.subprocess, "call", lambda *words, **options: pytest.fail("pytest was started"))
    assert suite.main([]) == 1
    said = capsys.readouterr().out
    assert "style: FAILED" in said and "line 7 is long" in said and "types: ok" in said


def test_the_closing_line_is_pytests(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(suite, "CHECKS", {"style": ["true"]})
    monkeypatch.setattr(suite.subprocess, "call", lambda words, **options: seen.append(words) or 5)
    assert suite.main(["-k", "keys"]) == 5
    assert seen[0][-2:] == ["-k", "keys"]
    assert capsys.readouterr().out.startswith("style: ok")
