from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Config(AppConfig):
    name = "cityloop.ground.registry"
    label = "registry"
    verbose_name = _("Responsibility ledger")
    default_auto_field = "django.db.models.BigAutoField"
