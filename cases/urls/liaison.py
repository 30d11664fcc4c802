"""What a liaison sees."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
