"""The casework's tables, one file per concept."""

from cases.models.accounts import AccountHolding, AccountStatus, ExchangeAccount
from cases.models.alerts import Alert, AlertKind, MovementThreshold
from cases.models.approval_thresholds import ApprovalThreshold
from cases.models.authorities import Authority, AuthorityContact, ContactKind
from cases.models.breaches import FreezeBreach
from cases.models.case_tasks import CaseTask
from cases.models.cases import (
    Case,
    CaseTag,
    Classification,
    Membership,
    Note,
    Typology,
    sees_every_case,
)
from cases.models.clocks import Clock, ClockRule, Closure
from cases.models.connectors import (
    CallKind,
    ChecklistItem,
    ChecklistTick,
    ConnectorCall,
    ConnectorReport,
    ReportKind,
    ReportVerdict,
    Verdict,
)
from cases.models.cover import LadderEntry, OrderedAmount, Rung
from cases.models.credits import FreezeCredit
from cases.models.customer_notices import CustomerNotice
from cases.models.disposal import Disposal
from cases.models.evidence import OrderPaper
from cases.models.exhibits import (
    CustodyKind,
    CustodyStep,
    Exhibit,
    FileCheck,
    FileState,
    ScanState,
    Upload,
)
from cases.models.exports import Export, ExportProfile
from cases.models.freeze_changes import ChangeKind, FreezeChange, FreezeChangeAmount
from cases.models.freezes import FreezeAmount, FreezeApproval, FreezeOrder, FreezeScope, Through
from cases.models.instruments import InstrumentType, RuleConfidence
from cases.models.issuer_freezes import IssuerFreeze, IssuerReading
from cases.models.orders import (
    TERM_KINDS,
    Instrument,
    LegalOrder,
    Obligation,
    ObligationKind,
    VerificationMethod,
)
from cases.models.particulars import Particular, ParticularIndex, ParticularKind
from cases.models.plumbing import IdempotentRequest, OutboxMessage, SavedSearch
from cases.models.proofs import ObligationProof, ProofKind
from cases.models.refusals import RefusalCount, TokenPlace, Told
from cases.models.reminders import CalendarFeed, Notice, Reminder, ReminderKind
from cases.models.retention import (
    Afterwards,
    CaseRetention,
    CountsFrom,
    LegalHold,
    RetentionClass,
)
from cases.models.sealing import KnownQuerySet, OrderReader, hidden_from, hidden_in
from cases.models.selectors import Finding, FindingOutcome, Selector, SelectorKind
from cases.models.shares import MatterShare
from cases.models.subjects import Confidence, Subject, SubjectKind, SubjectRole
from cases.models.transfers import (
    DestinationCheck,
    LegState,
    Transfer,
    TransferApproval,
    TransferLeg,
)
from cases.models.verification import EmergencyRelease, Verification, VerificationOutcome
from cases.models.wallets import CaseWallet, WalletRole

__all__ = [
    "TERM_KINDS",
    "AccountHolding",
    "AccountStatus",
    "Afterwards",
    "Alert",
    "AlertKind",
    "ApprovalThreshold",
    "Authority",
    "AuthorityContact",
    "CalendarFeed",
    "CallKind",
    "Case",
    "CaseRetention",
    "CaseTag",
    "CaseTask",
    "CaseWallet",
    "ChangeKind",
    "ChecklistItem",
    "ChecklistTick",
    "Classification",
    "Clock",
    "ClockRule",
    "Closure",
    "Confidence",
    "ConnectorCall",
    "ConnectorReport",
    "ContactKind",
    "CountsFrom",
    "CustodyKind",
    "CustodyStep",
    "CustomerNotice",
    "DestinationCheck",
    "Disposal",
    "EmergencyRelease",
    "ExchangeAccount",
    "Exhibit",
    "Export",
    "ExportProfile",
    "FileCheck",
    "FileState",
    "Finding",
    "FindingOutcome",
    "FreezeAmount",
    "FreezeApproval",
    "FreezeBreach",
    "FreezeChange",
    "FreezeChangeAmount",
    "FreezeCredit",
    "FreezeOrder",
    "FreezeScope",
    "IdempotentRequest",
    "Instrument",
    "InstrumentType",
    "IssuerFreeze",
    "IssuerReading",
    "KnownQuerySet",
    "LadderEntry",
    "LegState",
    "LegalHold",
    "LegalOrder",
    "MatterShare",
    "Membership",
    "MovementThreshold",
    "Note",
    "Notice",
    "Obligation",
    "ObligationKind",
    "ObligationProof",
    "OrderPaper",
    "OrderReader",
    "OrderedAmount",
    "OutboxMessage",
    "Particular",
    "ParticularIndex",
    "ParticularKind",
    "ProofKind",
    "RefusalCount",
    "Reminder",
    "ReminderKind",
    "ReportKind",
    "ReportVerdict",
    "RetentionClass",
    "RuleConfidence",
    "Rung",
    "SavedSearch",
    "ScanState",
    "Selector",
    "SelectorKind",
    "Subject",
    "SubjectKind",
    "SubjectRole",
    "Through",
    "TokenPlace",
    "Told",
    "Transfer",
    "TransferApproval",
    "TransferLeg",
    "Typology",
    "Upload",
    "Verdict",
    "Verification",
    "VerificationMethod",
    "VerificationOutcome",
    "WalletRole",
    "hidden_from",
    "hidden_in",
    "sees_every_case",
]
