"""Orders, freezes, shares and case files."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
