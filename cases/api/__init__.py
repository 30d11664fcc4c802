"""The same actions as the pages, for programs: JSON at `/api/v1/`. See docs/api.md."""
