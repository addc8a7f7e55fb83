from django.apps import AppConfig


class Config(AppConfig):
    name = "cityloop.field.participation"
    label = "participation"
    default_auto_field = "django.db.models.BigAutoField"
