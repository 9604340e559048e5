"""Both planes in one process: the data plane owns its table of (method, path), Django everything else.

In production nginx splits by the same table and each service answers its own half.
"""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudapi.settings")
pages = get_asgi_application()  # settings and apps must be loaded before the data plane reads them

from django.conf import settings  # noqa: E402

from proxy.app import Gateway  # noqa: E402
from proxy.config import from_settings  # noqa: E402

application = Gateway(from_settings(settings), pages)
