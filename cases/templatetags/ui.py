"""`{% load ui %}`: every component of the design system. `/style/` shows each in its states."""

from django.template import Library

from cases.templatetags import containers, facts, fields, figures, moments, ways, worth

register = Library()
for _part in (facts, moments, figures, containers, ways, fields, worth):
    register.tags.update(_part.register.tags)
