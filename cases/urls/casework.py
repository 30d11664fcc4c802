"""The person's work, cases and what stands in them, search, profile."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
