"""A database that fails where a test wants it to."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.billing.books import query


@contextmanager
def failing_wallet(org_id: int) -> Iterator[None]:
    """Changes of this organization's wallet raise, for everybody."""
    name = f"fail_{org_id}"
    query(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'a test breaks this'; END $$"
    )
    query(
        f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON wallet FOR EACH ROW"
        f" WHEN (NEW.org_id = {org_id}) EXECUTE FUNCTION {name}()"
    )
    try:
        yield
    finally:
        query(f"DROP FUNCTION {name} CASCADE")
