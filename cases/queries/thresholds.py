"""The thresholds above which two approve: what counts now, and what has counted."""

from cases.models import ApprovalThreshold


def current_thresholds() -> list[ApprovalThreshold]:
    """The newest row of each asset and each currency that has one and was not taken back. One query."""
    newest = (
        ApprovalThreshold.objects.select_related("set_by")
        .order_by("asset", "currency", "-id")
        .distinct("asset", "currency")
    )
    return [row for row in newest if row.amount is not None]


def threshold_history(limit: int = 50) -> list[ApprovalThreshold]:
    """What was set and taken back, the newest first."""
    return list(ApprovalThreshold.objects.select_related("set_by").order_by("-id")[:limit])
