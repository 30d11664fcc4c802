"""The top of the URL tree."""

from django.urls import include, path

from config.health import healthz, metrics

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    # Some of its pages stay shut: config.middleware.CLOSED_PREFIXES.
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("cases.api.urls")),
    path("", include("cases.urls")),
]
handler404 = "cases.views.errors.not_found"
handler403 = "cases.views.errors.forbidden"
handler500 = "cases.views.errors.server_error"
