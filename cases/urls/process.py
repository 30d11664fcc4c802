"""Orders, freezes, shares and case files."""

from django.urls import path

from cases.views import breaches, clocks, connectors, cover, duties, exports, freezes, orders, sealing, shares
from cases.views.freezes import changes, issuers, transfers

CASE = "cases/<ref:ref>/"
ORDER = CASE + "orders/<int:number>/"
FREEZE = CASE + "freezes/<int:number>/"
TRANSFER = CASE + "transfers/<int:number>/"
CREDIT = CASE + "credits/<int:number>/"
ISSUER = CASE + "issuer-freezes/<int:number>/"

urlpatterns = [
    path(CASE + "orders/", orders.order_list, name="order-list"),
    path(CASE + "orders/record/", orders.create, name="order-create"),
    path(ORDER, orders.detail, name="order-detail"),
    path(ORDER + "verify/", orders.verify, name="order-verify"),
    path(ORDER + "move/", orders.move, name="order-move"),
    path(ORDER + "seal/", sealing.seal, name="order-seal"),
    path(ORDER + "readers/", sealing.readers, name="order-readers"),
    path(ORDER + "unseal/", sealing.unseal, name="order-unseal"),
    path(ORDER + "obligations/add/", duties.add_obligation, name="obligation-create"),
    path(ORDER + "selectors/add/", duties.add_selector, name="selector-create"),
    path(CASE + "selectors/<int:number>/find/", duties.record_finding, name="selector-finding"),
    path(ORDER + "papers/attach/", orders.attach_paper, name="paper-attach"),
    path(CASE + "obligations/<int:number>/move/", duties.move_obligation, name="obligation-move"),
    path(CASE + "obligations/<int:number>/clock/", clocks.duty_clock, name="obligation-clock"),
    path(CASE + "obligations/<int:number>/extend/", duties.extend_obligation, name="obligation-extend"),
    path(CASE + "obligations/<int:number>/proofs/add/", duties.add_proof, name="obligation-proof"),
    path(CASE + "obligations/<int:number>/emergency/", duties.release_emergency, name="emergency-release"),
    path(
        CASE + "obligations/<int:number>/emergency/review/", duties.review_emergency, name="emergency-review"
    ),
    path(CASE + "papers/<int:number>/download/", orders.download_paper, name="paper-download"),
    path(CASE + "freezes/", freezes.freeze_list, name="freeze-list"),
    path(CASE + "freezes/propose/", freezes.create, name="freeze-create"),
    path(FREEZE, freezes.detail, name="freeze-detail"),
    path(CASE + "cover/", cover.cover, name="cover"),
    path(CASE + "obligations/<int:number>/amount/", cover.state_ordered, name="ordered-amount"),
    path(CASE + "obligations/<int:number>/ladder/", cover.add_rung, name="ladder-add"),
    path(CASE + "ladder/<int:number>/take-back/", cover.take_back, name="ladder-take-back"),
    path(CASE + "breaches/<int:number>/", breaches.detail, name="breach-detail"),
    path(FREEZE + "approve/", freezes.approve, name="freeze-approve"),
    path(FREEZE + "reject/", freezes.reject, name="freeze-reject"),
    path(FREEZE + "cancel/", freezes.cancel, name="freeze-cancel"),
    path(FREEZE + "apply/", freezes.apply, name="freeze-apply"),
    path(FREEZE + "applied/", freezes.applied, name="freeze-applied"),
    path(FREEZE + "apply-failed/", freezes.apply_failed, name="freeze-apply-failed"),
    path(FREEZE + "confirm/", freezes.confirm, name="freeze-confirm"),
    path(FREEZE + "wrong-target/", freezes.wrong_target, name="freeze-wrong-target"),
    path(FREEZE + "release/", freezes.propose_release, name="freeze-release"),
    path(FREEZE + "release/decide/", freezes.decide_release, name="freeze-release-decide"),
    path(FREEZE + "status/", connectors.ask_status, name="freeze-status"),
    path(FREEZE + "checklist/", connectors.tick, name="freeze-tick"),
    path(CASE + "connector/", connectors.call_list, name="call-list"),
    path(CASE + "connector/<int:number>/retry/", connectors.call_retry, name="call-retry"),
    path(FREEZE + "extend/", changes.extend, name="freeze-extend"),
    path(FREEZE + "release-part/", changes.release_part, name="freeze-release-part"),
    path(FREEZE + "transfer/", transfers.create, name="freeze-transfer"),
    path(FREEZE + "issuer/", issuers.request_freeze, name="issuer-freeze-request"),
    path(CASE + "changes/<int:number>/decide/", changes.decide_change, name="change-decide"),
    path(CREDIT + "keep/", changes.keep_credit, name="credit-keep"),
    path(CREDIT + "release/", changes.propose_credit_release, name="credit-release"),
    path(CREDIT + "release/decide/", changes.decide_credit, name="credit-release-decide"),
    path(TRANSFER, transfers.detail, name="transfer-detail"),
    path(TRANSFER + "decide/", transfers.decide, name="transfer-decide"),
    path(TRANSFER + "withdraw/", transfers.withdraw, name="transfer-withdraw"),
    path(TRANSFER + "begin/", transfers.begin, name="transfer-begin"),
    path(TRANSFER + "sent/", transfers.sent, name="transfer-sent"),
    path(TRANSFER + "fail/", transfers.fail, name="transfer-fail"),
    path(TRANSFER + "receipt/", transfers.receipt, name="transfer-receipt"),
    path(ISSUER + "submit/", issuers.submit, name="issuer-freeze-submit"),
    path(ISSUER + "confirm/", issuers.confirm, name="issuer-freeze-confirm"),
    path(ISSUER + "end/", issuers.end, name="issuer-freeze-end"),
    path(CASE + "shares/", shares.share_list, name="share-list"),
    path(CASE + "shares/create/", shares.create, name="share-create"),
    path(CASE + "shares/<int:number>/end/", shares.end, name="share-end"),
    path(CASE + "exports/", exports.export_list, name="export-list"),
    path(CASE + "exports/bundle/", exports.bundle, name="bundle-create"),
    path(CASE + "exports/create/", exports.create, name="export-create"),
    path(CASE + "exports/<ref:export>/", exports.detail, name="export-detail"),
    path(CASE + "exports/<ref:export>/download/", exports.download, name="export-download"),
]
