from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Config(AppConfig):
    name = "cityloop.loop.clocks"
    label = "clocks"
    verbose_name = _("Clocks")
    default_auto_field = "django.db.models.BigAutoField"
