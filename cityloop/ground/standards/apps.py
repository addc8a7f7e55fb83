from django.apps import AppConfig


class Config(AppConfig):
    name = "cityloop.ground.standards"
    label = "standards"
    default_auto_field = "django.db.models.BigAutoField"
