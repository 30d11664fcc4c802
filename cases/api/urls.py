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
    approval_thresholds,
    authorities,
    breaches,
    bundles,
    case_tasks,
    cases,
    checkpoints,
    chronology,
    clocks,
    closing,
    connector_calls,
    connector_reports,
    cover,
    customer_notices,
    disposal,
    due,
    exhibits,
    exports,
    file_checks,
    freeze_changes,
    freezes,
    instruments,
    issuer_freezes,
    matters,
    members,
    notes,
    notices,
    obligations,
    orders,
    particulars,
    people,
    record,
    sealing,
    search,
    selectors,
    shares,
    subjects,
    transfers,
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
AUTHORITY = "authorities/<uuid:authority>"

casework = [
    path("me", people.Me.as_view(), name="api-me"),
    path("people", people.People.as_view(), name="api-people"),
    path("record", record.SystemRecord.as_view(), name="api-system-record"),
    path("people/<uuid:person>", people.OnePerson.as_view(), name="api-person"),
    path("file-checks", file_checks.FileChecks.as_view(), name="api-file-checks"),
    path("checkpoints", checkpoints.Checkpoints.as_view(), name="api-checkpoints"),
    path("search", search.Search.as_view(), name="api-search"),
    path("search/<slug:token>", search.SearchResults.as_view(), name="api-search-results"),
    path("authorities", authorities.Authorities.as_view(), name="api-authorities"),
    path(AUTHORITY, authorities.OneAuthority.as_view(), name="api-authority"),
    path(f"{AUTHORITY}/edit", authorities.EditAuthority.as_view(), name="api-authority-edit"),
    path(f"{AUTHORITY}/contacts", authorities.Contacts.as_view(), name="api-contacts"),
    path(
        f"{AUTHORITY}/contacts/<api_number:contact>/end",
        authorities.EndContact.as_view(),
        name="api-contact-end",
    ),
    path("clocks", clocks.Rules.as_view(), name="api-clock-rules"),
    path("clocks/closures", clocks.Closures.as_view(), name="api-closures"),
    path(
        "clocks/closures/<slug:calendar>/<slug:day>/remove",
        clocks.RemoveClosure.as_view(),
        name="api-closure-remove",
    ),
    path("clocks/<slug:key>", clocks.OneRule.as_view(), name="api-clock-rule"),
    path("clocks/<slug:key>/change", clocks.ChangeRule.as_view(), name="api-clock-rule-change"),
    path("clocks/<slug:key>/try", clocks.TryRule.as_view(), name="api-clock-rule-try"),
    path("instruments", instruments.Instruments.as_view(), name="api-instruments"),
    path("instruments/<slug:key>", instruments.OneInstrument.as_view(), name="api-instrument"),
    path(
        "instruments/<slug:key>/change",
        instruments.ChangeInstrument.as_view(),
        name="api-instrument-change",
    ),
    path("retention-classes", closing.RetentionClasses.as_view(), name="api-retention-classes"),
    path(
        "retention-classes/<slug:key>/change",
        closing.ChangeRetentionClass.as_view(),
        name="api-retention-class-change",
    ),
    path("notices", notices.Notices.as_view(), name="api-notices"),
    path("notices/<uuid:notice>/read", notices.ReadNotice.as_view(), name="api-notice-read"),
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
    path(f"{CASE}/members/<uuid:person>/hand-over", case_tasks.HandOver.as_view(), name="api-hand-over"),
    path(f"{CASE}/tasks", case_tasks.Tasks.as_view(), name="api-tasks"),
    path(f"{CASE}/tasks/<api_number:number>", case_tasks.OneTask.as_view(), name="api-task"),
    path(f"{CASE}/tasks/<api_number:number>/change", case_tasks.ChangeTask.as_view(), name="api-task-change"),
    path(f"{CASE}/tasks/<api_number:number>/end", case_tasks.EndTask.as_view(), name="api-task-end"),
    path(f"{CASE}/closing", closing.Closing.as_view(), name="api-closing"),
    path(f"{CASE}/closing/ask", closing.AskClosing.as_view(), name="api-closing-ask"),
    path(f"{CASE}/closing/decide", closing.DecideClosing.as_view(), name="api-closing-decide"),
    path(f"{CASE}/closing/withdraw", closing.WithdrawClosing.as_view(), name="api-closing-withdraw"),
    path("disposed-cases", disposal.DisposedCases.as_view(), name="api-disposed-cases"),
    path(f"{CASE}/disposal", disposal.DisposalOfCase.as_view(), name="api-disposal"),
    path(f"{CASE}/disposal/decision", disposal.DecideDisposal.as_view(), name="api-disposal-decision"),
    path(f"{CASE}/retention", closing.Retention.as_view(), name="api-retention"),
    path(f"{CASE}/holds", closing.Holds.as_view(), name="api-holds"),
    path(f"{CASE}/holds/<api_number:number>/lift", closing.LiftHold.as_view(), name="api-hold-lift"),
    path(
        f"{CASE}/customer-notices",
        customer_notices.CustomerNotices.as_view(),
        name="api-customer-notices",
    ),
    path(f"{CASE}/bundles", bundles.Bundles.as_view(), name="api-bundles"),
    path(f"{CASE}/exhibits", exhibits.Exhibits.as_view(), name="api-exhibits"),
    path(f"{CASE}/exhibits/<api_number:number>", exhibits.OneExhibit.as_view(), name="api-exhibit"),
    path(
        f"{CASE}/exhibits/<api_number:number>/custody", exhibits.Custody.as_view(), name="api-exhibit-custody"
    ),
    path(
        f"{CASE}/exhibits/<api_number:number>/file", exhibits.ExhibitFile.as_view(), name="api-exhibit-file"
    ),
    path(f"{CASE}/uploads", exhibits.Uploads.as_view(), name="api-uploads"),
    path(f"{CASE}/uploads/<uuid:token>", exhibits.OneUpload.as_view(), name="api-upload"),
    path(f"{CASE}/uploads/<uuid:token>/give-up", exhibits.GiveUpUpload.as_view(), name="api-upload-give-up"),
    path(f"{CASE}/notes", notes.Notes.as_view(), name="api-notes"),
    path(f"{CASE}/notes/<api_number:number>", notes.OneNote.as_view(), name="api-note"),
    path(f"{CASE}/subjects", subjects.Subjects.as_view(), name="api-subjects"),
    path(f"{CASE}/subjects/<api_number:number>", subjects.OneSubject.as_view(), name="api-subject"),
    path(f"{CASE}/particulars", particulars.Particulars.as_view(), name="api-particulars"),
    path(
        f"{CASE}/particulars/<api_number:number>",
        particulars.OneParticular.as_view(),
        name="api-particular",
    ),
    path(
        f"{CASE}/particulars/<api_number:number>/view",
        particulars.ViewParticular.as_view(),
        name="api-particular-view",
    ),
    path(
        f"{CASE}/particulars/<api_number:number>/withdraw",
        particulars.WithdrawParticular.as_view(),
        name="api-particular-withdraw",
    ),
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
CHANGE = f"{CASE}/changes/<api_number:number>"
CREDIT = f"{CASE}/credits/<api_number:number>"
TRANSFER = f"{CASE}/transfers/<api_number:number>"
ISSUER = f"{CASE}/issuer-freezes/<api_number:number>"
SHARE = f"{CASE}/shares/<api_number:number>"

process = [
    path(f"{CASE}/alerts", alerts.Alerts.as_view(), name="api-alerts"),
    path(f"{CASE}/alerts/<api_number:number>", alerts.OneAlert.as_view(), name="api-alert"),
    path(
        f"{CASE}/alerts/<api_number:number>/acknowledge",
        alerts.AcknowledgeAlert.as_view(),
        name="api-alert-acknowledge",
    ),
    path(f"{CASE}/cover", cover.CaseCover.as_view(), name="api-cover"),
    path(f"{DUTY}/amount", cover.StateOrdered.as_view(), name="api-ordered-amount"),
    path(f"{DUTY}/ladder", cover.AddRung.as_view(), name="api-ladder-add"),
    path(
        f"{CASE}/ladder/<api_number:number>/take-back",
        cover.TakeBackRung.as_view(),
        name="api-ladder-take-back",
    ),
    path(f"{CASE}/breaches", breaches.Breaches.as_view(), name="api-breaches"),
    path(f"{CASE}/breaches/<api_number:number>", breaches.OneBreach.as_view(), name="api-breach"),
    path(
        f"{CASE}/breaches/<api_number:number>/answer",
        breaches.AnswerBreach.as_view(),
        name="api-breach-answer",
    ),
    path(f"{CASE}/thresholds", alerts.Thresholds.as_view(), name="api-thresholds"),
    path(f"{CASE}/thresholds/remove", alerts.RemoveThreshold.as_view(), name="api-threshold-remove"),
    path(f"{CASE}/orders", orders.Orders.as_view(), name="api-orders"),
    path(ORDER, orders.OneOrder.as_view(), name="api-order"),
    path(f"{ORDER}/verify", orders.VerifyOrder.as_view(), name="api-order-verify"),
    path(f"{ORDER}/move", orders.MoveOrder.as_view(), name="api-order-move"),
    path(f"{ORDER}/seal", sealing.SealOrder.as_view(), name="api-order-seal"),
    path(f"{ORDER}/readers", sealing.Readers.as_view(), name="api-order-readers"),
    path(f"{ORDER}/unseal", sealing.UnsealOrder.as_view(), name="api-order-unseal"),
    path(f"{ORDER}/obligations", obligations.OrderObligations.as_view(), name="api-order-obligations"),
    path(f"{ORDER}/selectors", selectors.OrderSelectors.as_view(), name="api-order-selectors"),
    path(f"{ORDER}/papers", orders.Papers.as_view(), name="api-order-papers"),
    path(f"{CASE}/papers/<api_number:number>", orders.OnePaper.as_view(), name="api-paper"),
    path(f"{CASE}/papers/<api_number:number>/file", orders.PaperFile.as_view(), name="api-paper-file"),
    path(f"{CASE}/selectors", selectors.Selectors.as_view(), name="api-selectors"),
    path(f"{CASE}/selectors/<api_number:number>", selectors.OneSelector.as_view(), name="api-selector"),
    path(
        f"{CASE}/selectors/<api_number:number>/findings",
        selectors.Findings.as_view(),
        name="api-selector-findings",
    ),
    path(f"{CASE}/obligations", obligations.Obligations.as_view(), name="api-obligations"),
    path(DUTY, obligations.OneObligation.as_view(), name="api-obligation"),
    path(f"{DUTY}/move", obligations.MoveObligation.as_view(), name="api-obligation-move"),
    path(f"{DUTY}/proofs", obligations.ObligationProofs.as_view(), name="api-obligation-proofs"),
    path(f"{DUTY}/emergency", obligations.ReleaseEmergency.as_view(), name="api-emergency-release"),
    path(f"{DUTY}/emergency/review", obligations.ReviewEmergency.as_view(), name="api-emergency-review"),
    path(f"{DUTY}/clock", clocks.DutyClock.as_view(), name="api-obligation-clock"),
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
    path(f"{FREEZE}/held", freezes.Held.as_view(), name="api-freeze-held"),
    path(f"{FREEZE}/diff", freezes.Diff.as_view(), name="api-freeze-diff"),
    path(f"{FREEZE}/status", connector_calls.AskStatus.as_view(), name="api-freeze-status"),
    path(f"{FREEZE}/checklist", connector_calls.Ticks.as_view(), name="api-freeze-checklist"),
    path(f"{CASE}/connector", connector_calls.Calls.as_view(), name="api-calls"),
    path(f"{CASE}/connector/<api_number:number>", connector_calls.OneCall.as_view(), name="api-call"),
    path(
        f"{CASE}/connector/<api_number:number>/retry",
        connector_calls.RetryCall.as_view(),
        name="api-call-retry",
    ),
    path(f"{FREEZE}/extend", freeze_changes.Extend.as_view(), name="api-freeze-extend"),
    path(f"{FREEZE}/release-part", freeze_changes.ReleasePart.as_view(), name="api-freeze-release-part"),
    path(f"{FREEZE}/transfer", transfers.ProposeTransfer.as_view(), name="api-freeze-transfer"),
    path(
        f"{FREEZE}/issuer",
        issuer_freezes.RequestIssuerFreeze.as_view(),
        name="api-issuer-freeze-request",
    ),
    path(f"{CASE}/changes", freeze_changes.Changes.as_view(), name="api-changes"),
    path(CHANGE, freeze_changes.OneChange.as_view(), name="api-change"),
    path(f"{CHANGE}/decide", freeze_changes.DecideChange.as_view(), name="api-change-decide"),
    path(f"{CASE}/credits", freeze_changes.Credits.as_view(), name="api-credits"),
    path(CREDIT, freeze_changes.OneCredit.as_view(), name="api-credit"),
    path(f"{CREDIT}/keep", freeze_changes.KeepCredit.as_view(), name="api-credit-keep"),
    path(f"{CREDIT}/release", freeze_changes.ReleaseCredit.as_view(), name="api-credit-release"),
    path(f"{CREDIT}/release/decide", freeze_changes.DecideCredit.as_view(), name="api-credit-release-decide"),
    path(f"{CASE}/transfers", transfers.Transfers.as_view(), name="api-transfers"),
    path(TRANSFER, transfers.OneTransfer.as_view(), name="api-transfer"),
    path(f"{TRANSFER}/decide", transfers.DecideTransfer.as_view(), name="api-transfer-decide"),
    path(f"{TRANSFER}/withdraw", transfers.WithdrawTransfer.as_view(), name="api-transfer-withdraw"),
    path(f"{TRANSFER}/begin", transfers.BeginTransfer.as_view(), name="api-transfer-begin"),
    path(f"{TRANSFER}/sent", transfers.SentTransfer.as_view(), name="api-transfer-sent"),
    path(f"{TRANSFER}/fail", transfers.FailTransfer.as_view(), name="api-transfer-fail"),
    path(f"{TRANSFER}/receipt", transfers.ReceiptTransfer.as_view(), name="api-transfer-receipt"),
    path(f"{CASE}/issuer-freezes", issuer_freezes.IssuerFreezes.as_view(), name="api-issuer-freezes"),
    path(ISSUER, issuer_freezes.OneIssuerFreeze.as_view(), name="api-issuer-freeze"),
    path(f"{ISSUER}/submit", issuer_freezes.SubmitIssuerFreeze.as_view(), name="api-issuer-freeze-submit"),
    path(f"{ISSUER}/confirm", issuer_freezes.ConfirmIssuerFreeze.as_view(), name="api-issuer-freeze-confirm"),
    path(f"{ISSUER}/end", issuer_freezes.EndIssuerFreeze.as_view(), name="api-issuer-freeze-end"),
    path(
        "settings/approvals",
        approval_thresholds.ApprovalThresholds.as_view(),
        name="api-approval-thresholds",
    ),
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
    path("connector/reports", connector_reports.report, name="api-connector-report"),
    path("schema/", SpectacularJSONAPIView.as_view(), name="api-schema"),
    # Matches anything, a line break included.
    re_path(r"", NoSuchUrl.as_view(), name="api-no-such-url"),
]
