"""The WSGI application, as granian and any other server load it: one pool of connections, the city's clock."""

import gc
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityloop.config.settings")

from django.conf import settings
from django.core.checks.urls import check_url_config
from django.core.wsgi import get_wsgi_application

from cityloop.config.database import pool
from cityloop.config.processes import THREADS, end_with_parent, take_clock

end_with_parent()
pool(settings.DATABASES["default"], connections=THREADS)
application = get_wsgi_application()
take_clock()
check_url_config(None)  # loads all that requests need, now rather than with the first
gc.freeze()  # and it stays: looking through it for garbage would now and then hold an answer up by a tenth of a second
