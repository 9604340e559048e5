"""Operators read the request log and the video jobs, and change nothing in them."""

import pytest
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    client = Client()
    user = User.objects.create(email="operator@test.invalid", is_staff=True, is_superuser=True)
    client.force_login(user)
    return client


@pytest.mark.parametrize("page", ["request", "videojob"])
@pytest.mark.parametrize("term", ["", "1", "01a1fdfb-2b62-7794-bb25-397e4bc0ce00", "nonsense"])
def test_the_log_is_listed_and_searched(operator, page, term):
    assert operator.get(f"/admin/proxy/{page}/", {"q": term}).status_code == 200


@pytest.mark.parametrize("page", ["request", "videojob"])
def test_nobody_adds_to_the_log_by_hand(operator, page):
    assert operator.get(f"/admin/proxy/{page}/add/").status_code == 403
