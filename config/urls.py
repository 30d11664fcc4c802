"""The top of the URL tree."""

from django.urls import include, path

from cases.views.errors import not_found
from config.health import healthz, metrics

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    # A person's address is set by an administrator: allauth's own page for it stays shut.
    path("accounts/email/", not_found),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("cases.api.urls")),
    path("", include("cases.urls")),
]
handler404 = "cases.views.errors.not_found"
handler403 = "cases.views.errors.forbidden"
handler500 = "cases.views.errors.server_error"
