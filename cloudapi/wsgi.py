"""The control plane alone, for tools that speak WSGI (`manage.py runserver`)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudapi.settings")

application = get_wsgi_application()
