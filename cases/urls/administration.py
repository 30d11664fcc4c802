"""People, settings, and the page that shows every component."""

from django.urls import path

from cases.views import (
    authorities,
    clocks,
    instruments,
    people,
    prices,
    record,
    retention,
    settings,
    style,
    thresholds,
)

urlpatterns = [
    path("people/", people.people_list, name="people-list"),
    path("people/add/", people.create, name="person-create"),
    path("people/<uuid:person>/edit/", people.edit, name="person-edit"),
    path("record/", record.system_record, name="system-record"),
    path("settings/", settings.overview, name="settings"),
    path("settings/prices/", prices.price_list, name="price-list"),
    path("settings/prices/import/", prices.price_import, name="price-import"),
    path("settings/approvals/", thresholds.threshold_list, name="approval-thresholds"),
    path("settings/approvals/set/", thresholds.threshold_set, name="approval-threshold-set"),
    path("authorities/", authorities.authority_list, name="authority-list"),
    path("authorities/keep/", authorities.create, name="authority-create"),
    path("authorities/<uuid:authority>/", authorities.detail, name="authority-detail"),
    path("authorities/<uuid:authority>/edit/", authorities.edit, name="authority-edit"),
    path("authorities/<uuid:authority>/contacts/keep/", authorities.add_contact, name="contact-create"),
    path(
        "authorities/<uuid:authority>/contacts/<int:contact>/end/",
        authorities.end_contact,
        name="contact-end",
    ),
    path("clocks/", clocks.rule_list, name="clock-rule-list"),
    path("clocks/add/", clocks.rule_create, name="clock-rule-create"),
    path("clocks/try/", clocks.trial, name="clock-rule-try"),
    path("clocks/closures/", clocks.closure_list, name="closure-list"),
    path("clocks/closures/<slug:calendar>/<slug:day>/remove/", clocks.closure_remove, name="closure-remove"),
    path("clocks/<slug:key>/", clocks.rule_detail, name="clock-rule-detail"),
    path("clocks/<slug:key>/change/", clocks.rule_change, name="clock-rule-change"),
    path("instruments/", instruments.instrument_list, name="instrument-list"),
    path("instruments/add/", instruments.create, name="instrument-create"),
    path("instruments/<slug:key>/", instruments.detail, name="instrument-detail"),
    path("instruments/<slug:key>/change/", instruments.change, name="instrument-change"),
    path("retention/", retention.class_list, name="retention-class-list"),
    path("retention/add/", retention.class_create, name="retention-class-create"),
    path("retention/<slug:key>/change/", retention.class_change, name="retention-class-change"),
    path("style/", style.style, name="style"),
]
