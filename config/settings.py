"""The one settings file. Everything that differs between installations is read from the environment.

A secret `X` may also be handed over as a file: `X_FILE=/run/secrets/x`.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def secret(name: str, default: str | None = None) -> str:
    """The value of `name`, or the content of the file that `name_FILE` points to."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        return Path(path).read_text(encoding="utf-8").strip()
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} (or {name}_FILE) is not set")
    return value


VERSION = "0.1.0"
HOLDFAST_HOME = Path(os.environ.get("HOLDFAST_HOME") or BASE_DIR / ".holdfast")
DEBUG = env.bool("DEBUG", default=False)
# The demo installs sample people with printed passwords; only bin/up turns it on.
DEMO = env.bool("HOLDFAST_DEMO", default=False)
SECRET_KEY = secret("SECRET_KEY")
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
# Keys lie outside the database: who takes it alone reads nothing that is sealed.
SEALING_KEYS = Path(env.str("HOLDFAST_SEALING_KEYS", default=str(HOLDFAST_HOME / "keys" / "sealing")))
SIGNING_KEYS = Path(env.str("HOLDFAST_SIGNING_KEYS", default=str(HOLDFAST_HOME / "keys" / "signing")))
# The first part of the name under which checkpoints are signed; the record's own UUID follows.
RECORD_ORIGIN = env.str("HOLDFAST_RECORD_ORIGIN", default="holdfast")
FILES_ROOT = Path(env.str("HOLDFAST_FILES", default=str(HOLDFAST_HOME / "files")))

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "pgtrigger",
    "django_htmx",
    "template_partials",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "django_structlog",
    "config.apps.Installation",
    "wallets",
    "cases.sealing",
    "cases.audit",
    "cases.people",
    "cases",
]

MIDDLEWARE = [
    "config.middleware.BodyLimit",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.middleware.PrivatePages",
    "config.middleware.LoginRequired",
    "config.middleware.Doors",
    "config.log_ins.ToldOrUndone",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cases.context.shell",
            ],
        },
    }
]


def database() -> dict[str, Any]:
    """PostgreSQL from DATABASE_URL. A Unix socket is given as `postgres://user:pw@/db?host=/folder`."""
    url = secret("DATABASE_URL")
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must start with postgres://")
    from urllib.parse import unquote

    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = query.pop("host", None) or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": query.pop("port", None) or (str(parts.port) if parts.port else ""),
        "OPTIONS": query,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        # A denial is recorded in a transaction of its own, which a per-request transaction would roll back.
        "ATOMIC_REQUESTS": False,
    }


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ── Redis protocol ────────────────────────────────────────────────────────────────────────────────────────
REDIS_URL = secret("REDIS_URL")


def celery_broker(url: str) -> str:
    """kombu spells a Unix socket `redis+socket://path?virtual_host=n` where redis-py says `unix://path?db=n`."""
    if not url.startswith("unix://"):
        return url
    parts = urlsplit(url)
    db = parse_qs(parts.query).get("db", ["0"])[-1]
    return f"redis+socket://{parts.path}?virtual_host={db}"


CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "holdfast",
    }
}
CELERY_BROKER_URL = celery_broker(REDIS_URL)
# A broker that is away must not hold up a request: what it was to hear stands in the outbox.
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 30}
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BEAT_SCHEDULE = {
    # Redis may be emptied at any moment: these sweeps find in PostgreSQL whatever a lost message stood for.
    "wallets-sweep": {"task": "wallets.sweep", "schedule": 2.0, "options": {"expires": 10}},
    "outbox-relay": {"task": "cases.relay_outbox", "schedule": 2.0, "options": {"expires": 10}},
    "exports-sweep": {"task": "cases.sweep_exports", "schedule": 2.0, "options": {"expires": 10}},
    "wallets-make-months": {"task": "wallets.make_months", "schedule": 3600.0, "options": {"expires": 600}},
    "wallets-fetch-prices": {"task": "wallets.fetch_prices", "schedule": 3600.0, "options": {"expires": 600}},
    # What a look found is told to the cases at the latest five seconds after it was written.
    "cases-tell-news": {"task": "cases.tell_news", "schedule": 3.0, "options": {"expires": 10}},
    "cases-settle-transfers": {"task": "cases.settle_transfers", "schedule": 5.0, "options": {"expires": 10}},
    "cases-watch-issuers": {"task": "cases.watch_issuers", "schedule": 15.0, "options": {"expires": 30}},
    # Looks from before their digests were told; a new one is told in its own transaction.
    "record-looks": {"task": "cases.tell_untold_looks", "schedule": 30.0, "options": {"expires": 60}},
    # A checkpoint at least each minute when something is new, and on its way at once.
    "record-checkpoint": {"task": "cases.checkpoint", "schedule": 20.0, "options": {"expires": 40}},
    "record-publish": {"task": "cases.publish_checkpoints", "schedule": 10.0, "options": {"expires": 30}},
    # A gag or a keep-open that is over binds no longer.
    "cases-end-terms": {"task": "cases.end_terms", "schedule": 60.0, "options": {"expires": 120}},
    "cases-call-connector": {"task": "cases.call_connector", "schedule": 2.0, "options": {"expires": 10}},
    "cases-remind": {"task": "cases.remind", "schedule": 30.0, "options": {"expires": 60}},
    "cases-mail-notices": {"task": "cases.mail_notices", "schedule": 20.0, "options": {"expires": 40}},
    "cases-tell-left-out": {"task": "cases.tell_left_out", "schedule": 60.0, "options": {"expires": 120}},
    "files-check": {"task": "cases.check_files", "schedule": 300.0, "options": {"expires": 290}},
    "files-scan": {"task": "cases.scan_exhibits", "schedule": 20.0, "options": {"expires": 20}},
    "disposed-files": {"task": "cases.discard_files", "schedule": 3600.0, "options": {"expires": 600}},
    "uploads-purge": {"task": "cases.purge_uploads", "schedule": 3600.0, "options": {"expires": 600}},
    "worker-heartbeat": {"task": "cases.heartbeat", "schedule": 5.0, "options": {"expires": 10}},
}

# ── People and their log-in ───────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "cases.entrance.Entrance"
MFA_ADAPTER = "cases.people.mfa.SealedFactors"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_CHANGE_EMAIL = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Addresses are entered by an administrator, not proved by a mail; that must not keep anybody from a second factor.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_TOTP_ISSUER = "Holdfast"
# A code or a passkey that does not fit is told in the record.
MFA_FORMS = {
    "authenticate": "cases.entrance.AuthenticateForm",
    "reauthenticate": "cases.entrance.ReauthenticateForm",
    "authenticate_webauthn": "cases.entrance.AuthenticateWebAuthnForm",
    "login_webauthn": "cases.entrance.LoginWebAuthnForm",
    "reauthenticate_webauthn": "cases.entrance.ReauthenticateWebAuthnForm",
}
# How many of a kind from one person or address are told one by one in each period (cases.refusals), where others than
# the product's own limits are wanted: {"denied": 60, …}.
RECORD_LIMITS: dict[str, int] = env.json("HOLDFAST_RECORD_LIMITS", default={})
# Passkeys ask for a secure origin; browsers count loopback as one, so only plain http there needs the switch.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = PUBLIC_URL.startswith(("http://127.0.0.1", "http://localhost"))
EMAIL_URL = env.str("EMAIL_URL", default="consolemail://")
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
if not EMAIL_URL.startswith("consolemail"):
    globals().update(environ.Env.email_url_config(EMAIL_URL))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="holdfast@localhost")

# ── The browser's side ────────────────────────────────────────────────────────────────────────────────────
SECURE_COOKIES = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = True
# Two installations on one host (two ports) share cookies unless their names differ.
COOKIE_SUFFIX = str(urlsplit(PUBLIC_URL).port or "")
SESSION_COOKIE_NAME = f"holdfast_session{COOKIE_SUFFIX}"
CSRF_COOKIE_NAME = f"holdfast_csrf{COOKIE_SUFFIX}"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_COOKIES else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_COOKIES
SECURE_HSTS_PRELOAD = SECURE_COOKIES
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=False)
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
        "manifest-src": [SELF],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
# The legal entities of this exchange, by the names under which orders address them.
_entities = env.str("HOLDFAST_LEGAL_ENTITIES", default="").split(";")
LEGAL_ENTITIES: list[str] = [name.strip() for name in _entities if name.strip()]
PAPER_MAX_BYTES = env.int("HOLDFAST_PAPER_MAX_BYTES", default=50 * 1024 * 1024)
# Stored files lie in an S3-compatible bucket where an endpoint is named; else below FILES_ROOT. Keys are read from files.
FILES_S3: dict[str, str] = {
    name: env.str(f"HOLDFAST_S3_{name.upper()}", default="")
    for name in ("endpoint", "bucket", "region", "access_key_file", "secret_key_file")
}
if not any(FILES_S3.values()):
    FILES_S3 = {}
# An exhibit comes in parts, so it may be larger than what a form carries.
EXHIBIT_MAX_BYTES = env.int("HOLDFAST_EXHIBIT_MAX_BYTES", default=10 * 1024 * 1024 * 1024)
# Every stored file is read again at least this often.
FILES_CHECK_DAYS = env.int("HOLDFAST_FILES_CHECK_DAYS", default=30)
# A malware scanner, if there is one: unix:/path/of/clamd.sock or tcp:127.0.0.1:3310.
CLAMD = env.str("HOLDFAST_CLAMD", default="")

STATIC_URL = "/static/"
# Only an installation that collects its static files for another server names a folder for them.
STATIC_ROOT = Path(collected) if (collected := env.str("HOLDFAST_STATIC", default="")) else None
STATICFILES_DIRS = [BASE_DIR / "static"]
# Served straight from the source folders: no build step, and a fresh clone needs no collectstatic to start.
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = ["config.formats"]

# ── The API ───────────────────────────────────────────────────────────────────────────────────────────────
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["cases.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["cases.api.parsers.ExactJSONParser", "rest_framework.parsers.MultiPartParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "cases.api.problems.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Holdfast",
    "VERSION": VERSION,
    "DESCRIPTION": "The same actions as the pages, for programs. Amounts are strings of integer base units.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": ["cases.api.authentication.TokenAuthentication"],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    # Fields of one name with different words need names of their own in the schema.
    "ENUM_NAME_OVERRIDES": {
        "ParticularKind": "cases.models.ParticularKind",
        "CaseStatus": "cases.status.CaseStatus",
        "OrderStatus": "cases.status.OrderStatus",
        "ObligationStatus": "cases.status.ObligationStatus",
        "FreezeStatus": "cases.status.FreezeStatus",
        "ChangeStatus": "cases.status.ChangeStatus",
        "TransferStatus": "cases.status.TransferStatus",
        "CreditStatus": "cases.status.CreditStatus",
        "IssuerFreezeStatus": "cases.status.IssuerFreezeStatus",
        "ChangeKind": "cases.models.ChangeKind",
        "DestinationCheck": "cases.models.DestinationCheck",
        "LegState": "cases.models.LegState",
        "ContractState": "cases.api.endpoints.issuer_freezes.CONTRACT_STATES",
        "Through": "cases.models.Through",
        "CallStatus": "cases.status.CallStatus",
        "CallKind": "cases.models.CallKind",
        "ExportStatus": "cases.status.ExportStatus",
        "Disposition": "cases.status.Disposition",
        "SubjectKind": "cases.models.SubjectKind",
        "SubjectRole": "cases.models.SubjectRole",
        "WalletRole": "cases.models.WalletRole",
        "ObligationKind": "cases.models.ObligationKind",
        "VerificationMethod": "cases.models.VerificationMethod",
        "BalanceState": "cases.api.endpoints.wallets.BALANCE_STATES",
        "Chain": "cases.api.endpoints.addresses.CHAIN_CHOICES",
        "RefreshState": "cases.api.endpoints.wallets.REFRESH_STATES",
        "Role": "cases.people.models.Role",
        "DueKind": "cases.api.endpoints.due.KINDS",
        "ProofKind": "cases.models.ProofKind",
        "Calendar": "cases.api.endpoints.clocks.CALENDAR_CHOICES",
        "DisclosureVerdict": "cases.api.endpoints.customer_notices.VERDICTS",
        "ExportStep": "cases.models.exports.ExportStep",
    },
}

# ── Chains ────────────────────────────────────────────────────────────────────────────────────────────────
# Each look-up tells its operator whom one investigates: no public provider without an explicit yes.
ALLOW_PUBLIC_PROVIDERS = env.bool("HOLDFAST_ALLOW_PUBLIC_PROVIDERS", default=False)
# Several sources for a chain are separated by blanks or commas, in order of preference: the first is asked, the
# second confirms it, the others stand in.
_CHAINS = (
    "bitcoin",
    "litecoin",
    "dogecoin",
    "bitcoincash",
    "dash",
    "zcash",
    "ethereum",
    "bsc",
    "polygon",
    "arbitrum",
    "optimism",
    "base",
    "avalanche",
    "tron",
    "solana",
    "xrp",
)
WALLET_CHAIN_URLS: dict[str, list[str]] = {
    chain: urls
    for chain in _CHAINS
    if (urls := secret(f"HOLDFAST_{chain.upper()}_URL", default="").replace(",", " ").split())
}
# How often a source may be asked, "per second[/burst[/at once]]": for every chain (""), for one, for one host.
WALLET_RATE: dict[str, str] = {
    "": env.str("HOLDFAST_RATE", default=""),
    **{chain: rate for chain in _CHAINS if (rate := env.str(f"HOLDFAST_{chain.upper()}_RATE", default=""))},
    **env.dict("HOLDFAST_PROVIDER_RATES", default={}),
}
# Tokens beyond the registry's, as a JSON list of {"chain", "contract", "symbol", "decimals", "name", "price_key"}.
WALLET_EXTRA_TOKENS: list[dict[str, Any]] = env.json("HOLDFAST_EXTRA_TOKENS", default=[])
# Blocks below the newest one at which a chain is read that does not name a final block: `ethereum=64,bsc=15`.
WALLET_CONFIRMATIONS: dict[str, int] = {
    chain: int(blocks) for chain, blocks in env.dict("HOLDFAST_CONFIRMATIONS", default={}).items()
}
# Looks that may be under way at one chain, in all workers together; how long a worker may take for one (0: by family).
WALLET_PARALLEL_LOOKS = env.int("HOLDFAST_PARALLEL_LOOKS", default=4)
# What tells of each look in its own transaction; the record of the casework does.
WALLET_RECORDER = "cases.actions.readings.tell_looks"
WALLET_LEASE_SECONDS = env.int("HOLDFAST_LEASE_SECONDS", default=0)
if DEMO and (_localdev := env.str("HOLDFAST_LOCALDEV_URL", default="").replace(",", " ").split()):
    WALLET_CHAIN_URLS["localdev"] = _localdev
    if _token := env.str("HOLDFAST_LOCALDEV_TOKEN", default=""):
        WALLET_EXTRA_TOKENS.append(
            {
                "chain": "localdev",
                "contract": _token,
                "symbol": env.str("HOLDFAST_LOCALDEV_TOKEN_SYMBOL", default="dUSD"),
                "decimals": 6,
                "name": "Demonstration dollar (fictional)",
                "price_key": "DUSD",
            }
        )
# The currency in which values are shown beside US dollars (ISO 4217).
WALLET_SECOND_CURRENCY = env.str("HOLDFAST_SECOND_CURRENCY", default="BRL").strip().upper()
# Where prices are asked for every hour; empty: nowhere, they come from files alone. The base URL of an interface like
# CoinGecko's (https://api.coingecko.com/api/v3), with the key of an account in its query.
WALLET_PRICE_SOURCE = secret("HOLDFAST_PRICE_SOURCE_URL", default="").strip()
# What the source calls an asset, beyond the list in wallets/prices/coingecko.py: `PAXG=pax-gold,EURC=euro-coin`.
WALLET_PRICE_IDS: dict[str, str] = env.dict("HOLDFAST_PRICE_IDS", default={})

# How often the casework wants a wallet looked at, in seconds: under a freeze, in a case that is worked on, in a case that
# is closed (0: never again; each look tells a chain's operator whom one investigates).
WATCH_FROZEN_SECONDS = env.int("HOLDFAST_WATCH_FROZEN_SECONDS", default=300)
WATCH_OPEN_SECONDS = env.int("HOLDFAST_WATCH_OPEN_SECONDS", default=3600)
WATCH_CLOSED_SECONDS = env.int("HOLDFAST_WATCH_CLOSED_SECONDS", default=86_400)

# Blocks that must stand on a transfer (its own counted) before it is settled, "" for chains that are not named:
# `bitcoin=6,ethereum=64`; and how often a worker asks for it, and for an issuer's list of blocked addresses, in seconds.
TRANSFER_CONFIRMATIONS: dict[str, int] = {
    "": 12,
    "bitcoin": 6,
    "dogecoin": 60,
    "zcash": 24,
    "ethereum": 64,
    "polygon": 256,
    "arbitrum": 64,
    "optimism": 64,
    "base": 64,
    "tron": 20,
    "solana": 32,
    "xrp": 1,
    "localdev": 2,
    **{
        chain: int(blocks)
        for chain, blocks in env.dict("HOLDFAST_TRANSFER_CONFIRMATIONS", default={}).items()
    },
}
TRANSFER_LOOK_SECONDS = env.int("HOLDFAST_TRANSFER_LOOK_SECONDS", default=15)
ISSUER_LOOK_SECONDS = env.int("HOLDFAST_ISSUER_LOOK_SECONDS", default=600)

# ── The exchange's own system (docs/connector.md) ─────────────────────────────────────────────────────────
# Where holds are asked for; empty: people set them by hand. Nothing but this very URL is ever called.
# ── Checkpoints of the record: where they go, each way on by its setting ────────────────────────────────────
CHECKPOINT_FILES = env.str("HOLDFAST_CHECKPOINT_FILES", default="").strip()
CHECKPOINT_MAIL = env.str("HOLDFAST_CHECKPOINT_MAIL", default="").strip()
CHECKPOINT_WITNESS_URL = secret("HOLDFAST_WITNESS_URL", default="").strip()
CHECKPOINT_WITNESS_KEY = env.str("HOLDFAST_WITNESS_KEY", default="").strip()
CHECKPOINT_TSA_URL = secret("HOLDFAST_TSA_URL", default="").strip()
CHECKPOINT_TSA_CERTIFICATES = env.str("HOLDFAST_TSA_CERTIFICATES", default="").strip()

CONNECTOR_URL = secret("HOLDFAST_CONNECTOR_URL", default="").strip()
# The shared secrets, at least 32 characters each, separated by blanks: the first signs, all are accepted (rotation).
CONNECTOR_SECRETS: list[str] = secret("HOLDFAST_CONNECTOR_SECRET", default="").split()
CONNECTOR_TIMEOUT_SECONDS = env.int("HOLDFAST_CONNECTOR_TIMEOUT_SECONDS", default=10)
CONNECTOR_ATTEMPTS = env.int("HOLDFAST_CONNECTOR_ATTEMPTS", default=12)
# How far the clock of a signed report may be from ours.
CONNECTOR_WINDOW_SECONDS = env.int("HOLDFAST_CONNECTOR_WINDOW_SECONDS", default=300)
# Whether a person who sets a hold by hand has to tick the whole checklist before it counts as applied.
CHECKLIST_REQUIRED = env.bool("HOLDFAST_CHECKLIST_REQUIRED", default=False)

# ── Logs ──────────────────────────────────────────────────────────────────────────────────────────────────
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "structlog.stdlib.ProcessorFormatter",
            "processor": "ext://config.logs.renderer",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # The client's own lines name every URL, and a wallet's URL names whom one investigates.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
}
# The e-mail is unique in lower case, by a constraint that this check does not see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
