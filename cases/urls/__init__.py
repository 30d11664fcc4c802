"""Every page of the casework. Nouns, then a verb for an action; nothing but references and numbers in them."""

from cases.urls import converters  # noqa: F401 - registers <ref:…> before the modules below use it

# isort: split
from cases.urls import administration, casework, liaison, process

urlpatterns = [
    *casework.urlpatterns,
    *process.urlpatterns,
    *liaison.urlpatterns,
    *administration.urlpatterns,
]
