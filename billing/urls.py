"""Where payment providers call us. Each address answers 404 until its secret is set."""

from django.urls import path

from billing import views

urlpatterns = [
    path("pay/payme", views.payme_call, name="payme"),
    path("pay/click/prepare", views.click_call, name="click-prepare"),
    path("pay/click/complete", views.click_call, name="click-complete"),
]
