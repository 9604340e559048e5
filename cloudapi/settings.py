"""Settings of the whole site, read from the environment by the strict readers of cloudapi/env.py.

Three ways to run: `make run` sets everything; `manage.py` beside it reads var/run.json and var/secrets.json;
DJANGO_ENV=production takes all from the environment and refuses missing or published secrets and the demo.
"""

from typing import Any

from django.conf.locale import LANG_INFO
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _
from redis.backoff import NoBackoff
from redis.retry import Retry

from cloudapi.env import BASE_DIR, Env, broker, database, environment

env = Env(environment())

# --- Which installation this is -----------------------------------------------------------------------------

PRODUCTION = env.choice("DJANGO_ENV", ("local", "production")) == "production"
DEBUG = env.flag("DEBUG", default=False)
DEMO = env.flag("DEMO", default=False)
if PRODUCTION and (DEBUG or DEMO):
    raise ImproperlyConfigured("DEBUG and DEMO are refused in production")

SITE_URL = env.text("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
# What customers put into the OpenAI SDK, less its /v1; the Anthropic SDK takes it as it is.
API_BASE_URL = env.text("API_BASE_URL", SITE_URL).rstrip("/")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "" if PRODUCTION else "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", SITE_URL if PRODUCTION else "")

SECRET_KEY = env.secret("SECRET_KEY", production=PRODUCTION)
KEY_PEPPERS = env.peppers(
    "KEY_PEPPERS", production=PRODUCTION
)  # of API key digests; the newest makes new keys
CREDENTIAL_KEYS = env.secret("CREDENTIAL_KEYS", production=PRODUCTION).split(
    ","
)  # Fernet; the first one seals

# --- The gateway --------------------------------------------------------------------------------------------

SHOW_USD = env.flag("SHOW_USD", default=False)
KEY_RPM_MAX = env.number("KEY_RPM_MAX", 60, least=1)
ORG_RPM_MAX = env.number("ORG_RPM_MAX", 600, least=1)
FREE_DAILY_REQUESTS = env.number("FREE_DAILY_REQUESTS", 100)
# So'm a day that the platform gives to callers without a key, on free models; 0 lets nobody in without one.
ANONYMOUS_DAILY_UZS = env.number("ANONYMOUS_DAILY_UZS", 0)
# Where our own jobs and the admin reach the gateway, for probes and an operator's test calls.
GATEWAY_URL = env.text("GATEWAY_URL", API_BASE_URL).rstrip("/")
PROBE_IDLE_S = env.number("PROBE_IDLE_S", 600)  # an endpoint without a call for so long is probed; 0: none is
PROBE_DAILY_UZS = env.number("PROBE_DAILY_UZS", 10_000)  # so'm a day for probes and test calls
PROBE_KEYLESS = env.flag("PROBE_KEYLESS", default=False)  # also other people's endpoints without credential
SPOOL_DIR = env.text("SPOOL_DIR", str(BASE_DIR / "var" / "spool"))
VIDEO_DIR = env.text("VIDEO_DIR", str(BASE_DIR / "var" / "videos"))
VIDEO_POLL_S = env.number("VIDEO_POLL_S", 3)
UPSTREAM_IDLE_S = env.number("UPSTREAM_IDLE_S", 60, least=1)
ENDPOINT_REST_S = env.number("ENDPOINT_REST_S", 5)
# The sealed content log: kept of each body, and held in memory by each worker until it is written.
CONTENT_PART_KB = env.number("CONTENT_PART_KB", 256, least=1)
CONTENT_QUEUE_MB = env.number("CONTENT_QUEUE_MB", 32, least=1)
DRAIN_S = env.number("DRAIN_S", 900 if PRODUCTION else 10)
SANDBOX_URL = env.text("SANDBOX_URL")
SANDBOX_MEDIA_URL = env.text("SANDBOX_MEDIA_URL")
SANDBOX_EMBED_URL = env.text("SANDBOX_EMBED_URL")
# Reading providers' lists of models each day; prices follow them by themselves up to so many percent.
CATALOG_SYNC = env.flag("CATALOG_SYNC", default=True)
CATALOG_SYNC_AUTO_PERCENT = env.number("CATALOG_SYNC_AUTO_PERCENT", 20)
CATALOG_SYNC_PRIVATE = env.flag("CATALOG_SYNC_PRIVATE", default=False)
MODEL_CATALOG = env.text("MODEL_CATALOG", str(BASE_DIR / "routing" / "catalog" / "models.yaml"))
# The Central Bank's rate of the dollar; the demo has no internet and keeps the rate that it begins with.
FX_FEED = env.flag("FX_FEED", default=not DEMO)
FX_FEED_URL = env.text("FX_FEED_URL", "https://cbu.uz/uz/arkhiv-kursov-valyut/json/USD/")
# The same rate by a second source: only compared, nothing is charged by it.
FX_CHECK_URL = env.text("FX_CHECK_URL", "https://api.frankfurter.dev/v2/providers/cbu/rate/usd/uzs")
# Markets are asked what electricity costs where our sites are; the demo plays a week that we made instead.
ENERGY_FEEDS = env.flag("ENERGY_FEEDS", default=not DEMO)
# Where to ask them instead: MIRROR/HOST/PATH. Some answer addresses in the United States only.
ENERGY_MIRROR = env.text("ENERGY_MIRROR").rstrip("/")
# Card transfers: what may be asked for, how long the exact amount is kept, and what takes two operators.
BANK_MIN_UZS = env.number("BANK_MIN_UZS", 5_000, least=1_000)
BANK_MAX_UZS = env.number("BANK_MAX_UZS", 10_000_000)  # above 11.25 million a transfer needs papers
BANK_DEADLINE_MIN = env.number("BANK_DEADLINE_MIN", 60, least=1)
BANK_SECOND_PERSON_UZS = env.number("BANK_SECOND_PERSON_UZS", 5_000_000)
FIRST_TOPUP_MAX_UZS = env.number("FIRST_TOPUP_MAX_UZS", 2_000_000)  # until one was credited; 0: no such limit
RECEIPT_DIR = env.text("RECEIPT_DIR", str(BASE_DIR / "var" / "receipts"))
RECEIPT_DAYS = env.number("RECEIPT_DAYS", 1095, least=1)
EXPORT_DIR = env.text("EXPORT_DIR", str(BASE_DIR / "var" / "exports"))  # archives of accounts, for 3 days
BANK_DETAILS = env.text("BANK_DETAILS")  # where customers send transfers; shown beside the top-up form

# How customers reach us: a Telegram name, an address, a page for bugs. What isn't set isn't shown.
CONTACT_TELEGRAM = env.text("CONTACT_TELEGRAM").removeprefix("@")
CONTACT_EMAIL = env.text("CONTACT_EMAIL")
CONTACT_ISSUES_URL = env.text("CONTACT_ISSUES_URL")

# Who we are on receipts, statements and acts (dashboard/papers). Acts need a STIR.
COMPANY = {
    "name": env.text("COMPANY_NAME", "CloudAPI"),
    "stir": env.digits("COMPANY_STIR", 9),
    "address": env.text("COMPANY_ADDRESS"),
    "bank": env.text("COMPANY_BANK"),
    "account": env.digits("COMPANY_ACCOUNT", 20),
    "mfo": env.digits("COMPANY_MFO", 5),
    "vat_code": env.digits("COMPANY_VAT_CODE", 12),
    "contact": env.text("COMPANY_CONTACT"),
    "director": env.text("COMPANY_DIRECTOR"),
}
VAT_BPS = env.number("VAT_BPS", 1200)  # of the VAT that prices include; 0: we aren't a payer of it
PAPER_CALLS_DIRECT = env.number("PAPER_CALLS_DIRECT", 50_000)  # a longer month is made ready by a worker

# --- Payment providers --------------------------------------------------------------------------------------

# Without its secret a provider is named as coming soon, and its addresses don't exist.
PAYMENT_LIFE_H = env.number("PAYMENT_LIFE_H", 24, least=1)  # then a top-up nobody paid is closed
STATEMENT_DAYS = env.number("STATEMENT_DAYS", 7, least=1)  # then a provider's last statement is stale
PAYME_MERCHANT_ID = env.text("PAYME_MERCHANT_ID")
PAYME_KEY = env.credential("PAYME_KEY")
PAYME_LOGIN = env.text("PAYME_LOGIN", "Paycom")
# A second transaction for a top-up that waits: Payme's own sources disagree.
PAYME_BUSY_CODE = int(env.choice("PAYME_BUSY_CODE", ("-31008", "-31050", "-31099")))
PAYME_IPS = env.networks("PAYME_IPS")
PAYME_CHECKOUT_URL = env.text("PAYME_CHECKOUT_URL", "https://checkout.paycom.uz")
CLICK_SERVICE_ID = env.text("CLICK_SERVICE_ID")
CLICK_MERCHANT_ID = env.text("CLICK_MERCHANT_ID")
CLICK_MERCHANT_USER_ID = env.text("CLICK_MERCHANT_USER_ID")
CLICK_SECRET_KEY = env.credential("CLICK_SECRET_KEY")
# A failure reported after the payment was confirmed: Click's own sources disagree.
CLICK_DISPUTE_CODE = int(env.choice("CLICK_DISPUTE_CODE", ("-9", "-4")))
CLICK_IPS = env.networks("CLICK_IPS")
CLICK_BUTTON_URL = env.text("CLICK_BUTTON_URL", "https://my.click.uz/services/pay/")
CLICK_API_URL = env.text("CLICK_API_URL", "https://api.click.uz/v2/merchant")

# --- Stores -------------------------------------------------------------------------------------------------

DATABASE_URL = env.text("DATABASE_URL")
# The data plane's own login and pool, always straight to the primary.
GATEWAY_DATABASE_URL = env.text("GATEWAY_DATABASE_URL", DATABASE_URL)
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
if PRODUCTION and not all(env.text(name) for name in ("DATABASE_URL", "GATEWAY_DATABASE_URL", "REDIS_URL")):
    raise ImproperlyConfigured("production needs DATABASE_URL, GATEWAY_DATABASE_URL and REDIS_URL")

DATABASES: dict[str, dict[str, Any]] = {"default": database(DATABASE_URL)}
# Under ASGI each request has a thread of its own, so connections live in a pool; commands and jobs need none.
if pool := env.number("DATABASE_POOL", 0):
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": pool, "timeout": 10}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "cloudapi.cache.ForgetfulCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "web",
        # redis-py's own default is to try for seconds.
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 1, "retry": Retry(NoBackoff(), 1)},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", broker(REDIS_URL))
CELERY_TIMEZONE = TIME_ZONE = "Asia/Tashkent"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": "jobs:", "visibility_timeout": 3600}

# --- The site -----------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "accounts.allauth_apps.AddressesConfig",
    "accounts.allauth_apps.SecondFactorConfig",
    "django_htmx",
    "lucide",
    "ninja",
    "rest_framework",
    "accounts",
    "routing",
    "billing",
    "proxy",
    "dashboard",
    "cloudapi",
]

MIDDLEWARE = [
    "cloudapi.envelope.JsonErrors",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "dashboard.languages.AddressLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.sessions.Noted",
    "dashboard.clock.ReadersClock",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "cloudapi.urls"
ASGI_APPLICATION = "cloudapi.asgi.application"
WSGI_APPLICATION = "cloudapi.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.people.seen",
            ],
        },
    }
]

# An upload is looked at in memory and never written by the parser; a larger one is no file at all.
FILE_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Outside production files come straight from their sources, so that nothing has to be collected first.
WHITENOISE_USE_FINDERS = not PRODUCTION
if PRODUCTION:
    STATIC_ROOT = env.text("STATIC_ROOT", str(BASE_DIR / "var" / "static"))
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

LANGUAGE_CODE = "en"
LANGUAGES = [("uz", _("Uzbek")), ("ru", _("Russian")), ("en", _("English"))]
LANG_INFO["uz"]["name_local"] = "oʻzbekcha"  # as accounts say it: Django's is "the Uzbek language"
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["cloudapi.formats"]
USE_TZ = True

MAILERS: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}
}
if smtp := env.text("SMTP_HOST"):
    MAILERS["default"] = {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": smtp,
            "port": env.number("SMTP_PORT", 587, least=1),
            "username": env.text("SMTP_USER"),
            "password": env.text("SMTP_PASSWORD"),
            "use_tls": env.flag("SMTP_TLS", default=True),
            "timeout": 10,
        },
    }
ALERT_EMAILS = env.words("ALERT_EMAILS")  # operators, told of what needs them; without any Django's ADMINS
# The bot that tells customers what they want to hear of; without a token there is none.
TELEGRAM_BOT_TOKEN = env.optional_secret("TELEGRAM_BOT_TOKEN")
TELEGRAM_BOT_NAME = env.text("TELEGRAM_BOT_NAME").removeprefix("@")
TELEGRAM_API_URL = env.text("TELEGRAM_API_URL", "https://api.telegram.org").rstrip("/")
# Telegram sends updates to SITE_URL; without, a job asks for them.
TELEGRAM_WEBHOOK = env.flag("TELEGRAM_WEBHOOK", default=PRODUCTION)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("MAIL_FROM", "CloudAPI <noreply@localhost>")

# --- Who is calling -----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
# A ModelBackend too; Django's own beside it would only hash each wrong password twice.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/dashboard"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "signup": "accounts.forms.SignupForm",
    "add_email": "accounts.forms.AddEmailForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "set_password": "accounts.forms.SetPasswordForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CHANGE_EMAIL = True  # one address per person
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = SITE_URL.partition(":")[0]
ACCOUNT_RATE_LIMITS = {"signup": "20/m/ip", "login": "30/m/ip", "login_failed": "10/m/ip,5/300s/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ADAPTER = "accounts.adapter.MfaAdapter"
MFA_TOTP_ISSUER = "CloudAPI"
USER_AGENT_MAX_LENGTH = 200

REST_FRAMEWORK = {
    # The browsable API needs inline scripts, which the policy below forbids.
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "EXCEPTION_HANDLER": "cloudapi.envelope.rest_error",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,  # of values that are their own names it says nothing
    "ENUM_NAME_OVERRIDES": {"KeyState": ["active", "expired", "revoked"]},
}

# --- What browsers are told ---------------------------------------------------------------------------------

SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "connect-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SESSION_COOKIE_NAME = "cloudapi_session"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = PRODUCTION
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]  # asked by the load balancer, from inside
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True

# One JSON object a line with the request id; never a body, a key or a cookie (cloudapi/log.py).
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "cloudapi.log.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {"django": {"handlers": [], "level": "INFO", "propagate": True}},
}
