"""The casework's tables, one file per concept."""

from cases.models.accounts import AccountHolding, AccountStatus, ExchangeAccount
from cases.models.alerts import Alert, AlertKind, MovementThreshold
from cases.models.cases import Case, CaseTag, Classification, Membership, Note, Typology
from cases.models.evidence import OrderPaper
from cases.models.exports import Export, ExportProfile
from cases.models.freezes import FreezeAmount, FreezeApproval, FreezeOrder, FreezeScope
from cases.models.orders import Instrument, LegalOrder, Obligation, ObligationKind, VerificationMethod
from cases.models.plumbing import IdempotentRequest, OutboxMessage, SavedSearch
from cases.models.shares import MatterShare
from cases.models.subjects import Confidence, Subject, SubjectKind, SubjectRole
from cases.models.wallets import CaseWallet, WalletRole

__all__ = [
    "AccountHolding",
    "AccountStatus",
    "Alert",
    "AlertKind",
    "Case",
    "CaseTag",
    "CaseWallet",
    "Classification",
    "Confidence",
    "ExchangeAccount",
    "Export",
    "ExportProfile",
    "FreezeAmount",
    "FreezeApproval",
    "FreezeOrder",
    "FreezeScope",
    "IdempotentRequest",
    "Instrument",
    "LegalOrder",
    "MatterShare",
    "Membership",
    "MovementThreshold",
    "Note",
    "Obligation",
    "ObligationKind",
    "OrderPaper",
    "OutboxMessage",
    "SavedSearch",
    "Subject",
    "SubjectKind",
    "SubjectRole",
    "Typology",
    "VerificationMethod",
    "WalletRole",
]
