"""Settings: the only reader of environment variables. Importing this module starts nothing."""

import os
from pathlib import Path

import django_stubs_ext

from cityloop.config import environment
from cityloop.config.admin import menu
from cityloop.config.database import parse

django_stubs_ext.monkeypatch()

DATABASE_URL = os.environ.get("DATABASE_URL", "")
DATABASES = {"default": parse(DATABASE_URL)}

PACKAGE = Path(__file__).resolve().parent.parent
DEBUG = False
SECRET_KEY = os.environ.get("CITYLOOP_SECRET_KEY", "")
"""Signs sessions and tokens. The embedded database keeps one in its folder (`session.py`); others must be told."""
HAS_SECRET = len(SECRET_KEY) >= environment.SECRET_LENGTH
ORIGIN = environment.origin(os.environ.get("CITYLOOP_ORIGIN", ""))
"""Where browsers reach this deployment, behind whatever stands in front of it."""
FEED_URL = os.environ.get("CITYLOOP_FEED_URL", "")
"""Where browsers reach the live feed; `serve` says it to its children."""
ALLOWED_HOSTS = os.environ.get("CITYLOOP_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
if ORIGIN:
    ALLOWED_HOSTS.append(ORIGIN.removeprefix("https://").partition(":")[0])
ROOT_URLCONF = "cityloop.config.urls"
WSGI_APPLICATION = "cityloop.config.wsgi.application"

UNFOLD = menu.UNFOLD
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "cityloop.config.admin.app.Config",
    "django.contrib.messages",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "allauth.headless",
    "ninja",
    "procrastinate.contrib.django",
    "cityloop.ground.audit",
    "cityloop.ground.places",
    "cityloop.ground.accounts",
    "cityloop.ground.standards",
    "cityloop.ground.registry",
    "cityloop.loop.clocks",
    "cityloop.loop.evidence",
    "cityloop.loop.cases",
    "cityloop.loop.orders",
    "cityloop.loop.intake",
    "cityloop.field.participation",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "cityloop.config.policy.guarded",
    "cityloop.config.problems.answered",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.i18n",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
PROCRASTINATE_IMPORT_PATHS = ["cityloop.config.jobs"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Sign-in: pages are ours, allauth answers them under /_allauth/. Limits are counted in the database.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cityloop_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
"""One cache for all processes: what is counted in it holds for each of them."""
HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("browser",)
HEADLESS_FRONTEND_URLS = {"socialaccount_login_error": f"{ORIGIN}/sign-in?problem=provider"}
ACCOUNT_ADAPTER = "cityloop.ground.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if ORIGIN else "http"
ACCOUNT_RATE_LIMITS = {"login": "120/m/ip", "login_failed": "30/5m/ip,5/5m/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = environment.count("CITYLOOP_PROXIES", os.environ.get("CITYLOOP_PROXIES", ""))
"""How many proxies of ours stand in front: only what they add to X-Forwarded-For is believed."""
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "cityloop"
MFA_ALLOW_UNVERIFIED_EMAIL = True
OIDC = environment.provider(os.environ.get("CITYLOOP_OIDC", ""))
SOCIALACCOUNT_ADAPTER = "cityloop.ground.accounts.adapter.ProviderAdapter"
SOCIALACCOUNT_PROVIDERS = environment.apps(OIDC)
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"

SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("CITYLOOP_LOOPBACK", "") != "1"
"""`serve` says when it listens on this machine only, where there is no https."""
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [ORIGIN] if ORIGIN else []
CSRF_FAILURE_VIEW = "cityloop.config.sign_in.csrf_missing"

MEDIA_ROOT = os.environ.get("CITYLOOP_FILES", "") or str(Path(".cityloop", "files").resolve())
"""Where photos lie; beside the embedded database unless told otherwise. To be backed up together with it."""
STORAGES = {
    "default": {"BACKEND": "cityloop.loop.evidence.files.ContentNamed"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
FILE_UPLOAD_HANDLERS = [
    "cityloop.config.uploads.Limited",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024**2
"""What is larger goes through a temporary file."""
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024**2
DATA_UPLOAD_MAX_NUMBER_FILES = 1

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]

STATIC_URL = "/static/"
STATICFILES_DIRS = [("web", PACKAGE / "web")]
"""The screens as `make setup` builds them; an installed package brings them along."""
WHITENOISE_USE_FINDERS = True
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/web/assets/.+-[\w-]{8}\.\w+$"
"""Files whose name changes with their content."""
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
