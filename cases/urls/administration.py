"""People, settings, and the page that shows every component."""

from django.urls import path

from cases.views import people, prices, settings, style

urlpatterns = [
    path("people/", people.people_list, name="people-list"),
    path("people/add/", people.create, name="person-create"),
    path("people/<uuid:person>/edit/", people.edit, name="person-edit"),
    path("settings/", settings.overview, name="settings"),
    path("settings/prices/", prices.price_list, name="price-list"),
    path("settings/prices/import/", prices.price_import, name="price-import"),
    path("style/", style.style, name="style"),
]
