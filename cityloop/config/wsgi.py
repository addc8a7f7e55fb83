"""The WSGI application, as granian and any other server load it: one pool of connections, the city's clock."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityloop.config.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from cityloop.config.database import pool
from cityloop.config.processes import THREADS, end_with_parent, take_clock

end_with_parent()
pool(settings.DATABASES["default"], connections=THREADS)
application = get_wsgi_application()
take_clock()
