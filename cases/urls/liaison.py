"""What a liaison sees: the matters that are shared with her, each under a reference of its own."""

from django.urls import path

from cases.views import matters

MATTER = "matters/<ref:ref>/"

urlpatterns = [
    path("matters/", matters.matter_list, name="matter-list"),
    path(MATTER, matters.detail, name="matter-detail"),
    path(MATTER + "exports/create/", matters.create_export, name="matter-export-create"),
    path(MATTER + "exports/<ref:export>/", matters.export_detail, name="matter-export-detail"),
    path(MATTER + "exports/<ref:export>/download/", matters.download, name="matter-export-download"),
]
