"""Jobs over the request log."""

from celery import shared_task
from django.db import connection

from billing.ids import new_op_id
from routing.models import Provider


@shared_task(expires=3600)
def post_costs() -> int:
    """Posts what the providers will bill us since the last run, a transfer each; how many there were."""
    providers = Provider.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT post_costs(%s)", [[new_op_id() for _ in range(providers + 1)]])
        return int(cursor.fetchone()[0])
