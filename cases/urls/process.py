"""Orders, freezes, shares and case files."""

from django.urls import path

from cases.views import exports, freezes, orders, shares

CASE = "cases/<ref:ref>/"
ORDER = CASE + "orders/<int:number>/"
FREEZE = CASE + "freezes/<int:number>/"

urlpatterns = [
    path(CASE + "orders/", orders.order_list, name="order-list"),
    path(CASE + "orders/record/", orders.create, name="order-create"),
    path(ORDER, orders.detail, name="order-detail"),
    path(ORDER + "verify/", orders.verify, name="order-verify"),
    path(ORDER + "move/", orders.move, name="order-move"),
    path(ORDER + "obligations/add/", orders.add_obligation, name="obligation-create"),
    path(ORDER + "papers/attach/", orders.attach_paper, name="paper-attach"),
    path(CASE + "obligations/<int:number>/move/", orders.move_obligation, name="obligation-move"),
    path(CASE + "obligations/<int:number>/extend/", orders.extend_obligation, name="obligation-extend"),
    path(CASE + "papers/<int:number>/download/", orders.download_paper, name="paper-download"),
    path(CASE + "freezes/", freezes.freeze_list, name="freeze-list"),
    path(CASE + "freezes/propose/", freezes.create, name="freeze-create"),
    path(FREEZE, freezes.detail, name="freeze-detail"),
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
    path(CASE + "shares/", shares.share_list, name="share-list"),
    path(CASE + "shares/create/", shares.create, name="share-create"),
    path(CASE + "shares/<int:number>/end/", shares.end, name="share-end"),
    path(CASE + "exports/", exports.export_list, name="export-list"),
    path(CASE + "exports/create/", exports.create, name="export-create"),
    path(CASE + "exports/<ref:export>/", exports.detail, name="export-detail"),
    path(CASE + "exports/<ref:export>/download/", exports.download, name="export-download"),
]
