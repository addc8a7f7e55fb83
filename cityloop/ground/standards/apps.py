from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Config(AppConfig):
    name = "cityloop.ground.standards"
    label = "standards"
    verbose_name = _("Rule book")
    default_auto_field = "django.db.models.BigAutoField"
