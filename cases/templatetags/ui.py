"""`{% load ui %}`: every component of the design system. `/style/` shows each; the style guide is docs enough."""

from django.template import Library

from cases.templatetags import containers, facts, fields

register = Library()
for _part in (facts, containers, fields):
    register.tags.update(_part.register.tags)
    register.filters.update(_part.register.filters)
