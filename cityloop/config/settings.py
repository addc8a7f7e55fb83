"""Settings: the only reader of environment variables. Importing this module starts nothing."""

import os
from pathlib import Path

import django_stubs_ext

from cityloop.config.database import parse

django_stubs_ext.monkeypatch()

DATABASE_URL = os.environ.get("DATABASE_URL", "")
DATABASES = {"default": parse(DATABASE_URL)}

PACKAGE = Path(__file__).resolve().parent.parent
DEBUG = False
SECRET_KEY = os.environ.get("CITYLOOP_SECRET_KEY", "") or "only-for-a-city-that-signs-nothing"
ALLOWED_HOSTS = os.environ.get("CITYLOOP_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
ROOT_URLCONF = "cityloop.config.urls"
WSGI_APPLICATION = "cityloop.config.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "ninja",
    "procrastinate.contrib.django",
    "cityloop.ground.audit",
    "cityloop.ground.places",
    "cityloop.ground.accounts",
    "cityloop.ground.standards",
    "cityloop.ground.registry",
    "cityloop.loop.clocks",
    "cityloop.loop.cases",
    "cityloop.loop.intake",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "cityloop.config.pages.guarded",
    "cityloop.config.problems.answered",
    "django.middleware.common.CommonMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.i18n"]},
    }
]
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
PROCRASTINATE_IMPORT_PATHS = ["cityloop.config.jobs"]
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]

STATIC_URL = "/static/"
STATICFILES_DIRS = [PACKAGE / "config" / "static"]
WHITENOISE_USE_FINDERS = True
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
