"""Both planes in one process: the data plane answers its table of billable calls, Django everything else.

In production nginx splits by the same table (proxy/routes.py) and each service answers its own half.
"""

import os
from typing import cast

from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudapi.settings")
pages = get_asgi_application()  # loads settings and apps, which the data plane reads next

from cloudapi import urls  # noqa: E402, F401  # all views too, before gunicorn forks its workers
from cloudapi.leaving import finishing  # noqa: E402
from cloudapi.reference.drawing import draw_all  # noqa: E402
from proxy.app import Application, Gateway  # noqa: E402
from proxy.config import from_settings  # noqa: E402

draw_all()  # likewise once for all workers: the first reader of each would wait for half a second

# Start and stop of the process belong to the data plane, which holds the pools and the calls under way.
application = Gateway(from_settings(settings), finishing(cast(Application, pages)))
