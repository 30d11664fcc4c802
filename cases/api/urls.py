"""/api/v1/: nouns, then a verb for an action. No trailing slash, no primary key."""

from django.urls import path, re_path, register_converter
from django.urls.converters import IntConverter, StringConverter
from drf_spectacular.views import SpectacularJSONAPIView

from cases.access import PATTERN
from cases.api.base import NoSuchUrl
from cases.api.endpoints import (
    accounts,
    addresses,
    alerts,
    cases,
    chronology,
    due,
    exports,
    freezes,
    matters,
    members,
    notes,
    obligations,
    orders,
    people,
    search,
    shares,
    subjects,
    wallets,
)


class Reference(StringConverter):
    regex = PATTERN


class Number(IntConverter):
    """The number of something within its case, never longer than the database's integer could hold."""

    regex = "[1-9][0-9]{0,8}"


register_converter(Reference, "api_ref")
register_converter(Number, "api_number")

CASE = "cases/<api_ref:ref>"

casework = [
    path("me", people.Me.as_view(), name="api-me"),
    path("people", people.People.as_view(), name="api-people"),
    path("people/<uuid:person>", people.OnePerson.as_view(), name="api-person"),
    path("search", search.Search.as_view(), name="api-search"),
    path("search/<slug:token>", search.SearchResults.as_view(), name="api-search-results"),
    path("due", due.Due.as_view(), name="api-due"),
    path("cases", cases.Cases.as_view(), name="api-cases"),
    path(CASE, cases.OneCase.as_view(), name="api-case"),
    path(f"{CASE}/move", cases.MoveCase.as_view(), name="api-case-move"),
    path(f"{CASE}/tags", cases.Tags.as_view(), name="api-tags"),
    path(f"{CASE}/lead", cases.Lead.as_view(), name="api-lead"),
    path(f"{CASE}/refresh", cases.RefreshCase.as_view(), name="api-case-refresh"),
    path(f"{CASE}/due", due.CaseDue.as_view(), name="api-case-due"),
    path(f"{CASE}/chronology", chronology.Chronology.as_view(), name="api-chronology"),
    path(f"{CASE}/members", members.Members.as_view(), name="api-members"),
    path(f"{CASE}/members/candidates", members.Candidates.as_view(), name="api-candidates"),
    path(f"{CASE}/members/<uuid:person>/end", members.EndMember.as_view(), name="api-member-end"),
    path(f"{CASE}/notes", notes.Notes.as_view(), name="api-notes"),
    path(f"{CASE}/notes/<api_number:number>", notes.OneNote.as_view(), name="api-note"),
    path(f"{CASE}/subjects", subjects.Subjects.as_view(), name="api-subjects"),
    path(f"{CASE}/subjects/<api_number:number>", subjects.OneSubject.as_view(), name="api-subject"),
    path(f"{CASE}/accounts", accounts.Accounts.as_view(), name="api-accounts"),
    path(f"{CASE}/accounts/<api_number:number>", accounts.OneAccount.as_view(), name="api-account"),
    path(
        f"{CASE}/accounts/<api_number:number>/report",
        accounts.ReportAccount.as_view(),
        name="api-account-report",
    ),
    path(f"{CASE}/accounts/<api_number:number>/holdings", accounts.Holdings.as_view(), name="api-holdings"),
    path(f"{CASE}/wallets", wallets.Wallets.as_view(), name="api-wallets"),
    path(f"{CASE}/wallets/detect", addresses.DetectAddress.as_view(), name="api-wallet-detect"),
    path(f"{CASE}/wallets/<api_number:number>", wallets.OneWallet.as_view(), name="api-wallet"),
    path(
        f"{CASE}/wallets/<api_number:number>/detach", wallets.DetachWallet.as_view(), name="api-wallet-detach"
    ),
    path(
        f"{CASE}/wallets/<api_number:number>/refresh",
        wallets.RefreshWallet.as_view(),
        name="api-wallet-refresh",
    ),
    path(f"{CASE}/wallets/<api_number:number>/readings", wallets.Readings.as_view(), name="api-readings"),
]

ORDER = f"{CASE}/orders/<api_number:number>"
DUTY = f"{CASE}/obligations/<api_number:number>"
FREEZE = f"{CASE}/freezes/<api_number:number>"
SHARE = f"{CASE}/shares/<api_number:number>"

process = [
    path(f"{CASE}/alerts", alerts.Alerts.as_view(), name="api-alerts"),
    path(f"{CASE}/alerts/<api_number:number>", alerts.OneAlert.as_view(), name="api-alert"),
    path(
        f"{CASE}/alerts/<api_number:number>/acknowledge",
        alerts.AcknowledgeAlert.as_view(),
        name="api-alert-acknowledge",
    ),
    path(f"{CASE}/thresholds", alerts.Thresholds.as_view(), name="api-thresholds"),
    path(f"{CASE}/thresholds/remove", alerts.RemoveThreshold.as_view(), name="api-threshold-remove"),
    path(f"{CASE}/orders", orders.Orders.as_view(), name="api-orders"),
    path(ORDER, orders.OneOrder.as_view(), name="api-order"),
    path(f"{ORDER}/verify", orders.VerifyOrder.as_view(), name="api-order-verify"),
    path(f"{ORDER}/move", orders.MoveOrder.as_view(), name="api-order-move"),
    path(f"{ORDER}/obligations", obligations.OrderObligations.as_view(), name="api-order-obligations"),
    path(f"{ORDER}/papers", orders.Papers.as_view(), name="api-order-papers"),
    path(f"{CASE}/papers/<api_number:number>", orders.OnePaper.as_view(), name="api-paper"),
    path(f"{CASE}/papers/<api_number:number>/file", orders.PaperFile.as_view(), name="api-paper-file"),
    path(f"{CASE}/obligations", obligations.Obligations.as_view(), name="api-obligations"),
    path(DUTY, obligations.OneObligation.as_view(), name="api-obligation"),
    path(f"{DUTY}/move", obligations.MoveObligation.as_view(), name="api-obligation-move"),
    path(f"{DUTY}/extend", obligations.ExtendObligation.as_view(), name="api-obligation-extend"),
    path(f"{CASE}/freezes", freezes.Freezes.as_view(), name="api-freezes"),
    path(FREEZE, freezes.OneFreeze.as_view(), name="api-freeze"),
    path(f"{FREEZE}/approve", freezes.Approve.as_view(), name="api-freeze-approve"),
    path(f"{FREEZE}/reject", freezes.Reject.as_view(), name="api-freeze-reject"),
    path(f"{FREEZE}/cancel", freezes.Cancel.as_view(), name="api-freeze-cancel"),
    path(f"{FREEZE}/apply", freezes.Apply.as_view(), name="api-freeze-apply"),
    path(f"{FREEZE}/applied", freezes.Applied.as_view(), name="api-freeze-applied"),
    path(f"{FREEZE}/apply-failed", freezes.ApplyFailed.as_view(), name="api-freeze-apply-failed"),
    path(f"{FREEZE}/confirm", freezes.Confirm.as_view(), name="api-freeze-confirm"),
    path(f"{FREEZE}/wrong-target", freezes.WrongTarget.as_view(), name="api-freeze-wrong-target"),
    path(f"{FREEZE}/release", freezes.Release.as_view(), name="api-freeze-release"),
    path(f"{FREEZE}/release/decide", freezes.DecideRelease.as_view(), name="api-freeze-release-decide"),
    path(f"{CASE}/shares", shares.Shares.as_view(), name="api-shares"),
    path(f"{CASE}/shares/liaisons", shares.Liaisons.as_view(), name="api-liaisons"),
    path(SHARE, shares.OneShare.as_view(), name="api-share"),
    path(f"{SHARE}/end", shares.EndShare.as_view(), name="api-share-end"),
]

EXPORT = "exports/<api_ref:export>"
MATTER = "matters/<api_ref:ref>"

files = [
    path(f"{CASE}/exports", exports.Exports.as_view(), name="api-exports"),
    path(f"{CASE}/{EXPORT}", exports.OneExport.as_view(), name="api-export"),
    path(f"{CASE}/{EXPORT}/file", exports.ExportFile.as_view(), name="api-export-file"),
    path("matters", matters.Matters.as_view(), name="api-matters"),
    path(MATTER, matters.OneMatter.as_view(), name="api-matter"),
    path(f"{MATTER}/chronology", matters.MatterChronology.as_view(), name="api-matter-chronology"),
    path(f"{MATTER}/exports", matters.MatterExports.as_view(), name="api-matter-exports"),
    path(f"{MATTER}/{EXPORT}", matters.OneMatterExport.as_view(), name="api-matter-export"),
    path(f"{MATTER}/{EXPORT}/file", matters.MatterExportFile.as_view(), name="api-matter-export-file"),
]

urlpatterns = [
    *casework,
    *process,
    *files,
    path("schema/", SpectacularJSONAPIView.as_view(), name="api-schema"),
    # Matches anything, a line break included.
    re_path(r"", NoSuchUrl.as_view(), name="api-no-such-url"),
]
