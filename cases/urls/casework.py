"""The person's work, cases and what stands in them, search, profile."""

from django.urls import path

from cases.views import (
    accounts,
    cases,
    chronology,
    home,
    members,
    notes,
    profile,
    search,
    subjects,
    wallets,
)

CASE = "cases/<ref:ref>/"

urlpatterns = [
    path("", home.home, name="home"),
    path("cases/", cases.case_list, name="case-list"),
    path("cases/open/", cases.case_create, name="case-create"),
    path(CASE, cases.case_detail, name="case-detail"),
    path(f"{CASE}edit/", cases.case_edit, name="case-edit"),
    path(f"{CASE}tags/", cases.case_tags, name="case-tags"),
    path(f"{CASE}move/", cases.case_move, name="case-move"),
    path(f"{CASE}refresh/", cases.case_refresh, name="case-refresh"),
    path(f"{CASE}chronology/", chronology.chronology, name="chronology"),
    path(f"{CASE}members/", members.member_list, name="member-list"),
    path(f"{CASE}members/add/", members.member_add, name="member-add"),
    path(f"{CASE}members/<uuid:person>/end/", members.member_end, name="member-end"),
    path(f"{CASE}lead/", members.lead_change, name="lead-change"),
    path(f"{CASE}notes/", notes.note_list, name="note-list"),
    path(f"{CASE}notes/write/", notes.note_create, name="note-create"),
    path(f"{CASE}subjects/", subjects.subject_list, name="subject-list"),
    path(f"{CASE}subjects/add/", subjects.subject_create, name="subject-create"),
    path(f"{CASE}subjects/<int:number>/", subjects.subject_detail, name="subject-detail"),
    path(f"{CASE}subjects/<int:number>/edit/", subjects.subject_edit, name="subject-edit"),
    path(f"{CASE}accounts/", accounts.account_list, name="account-list"),
    path(f"{CASE}accounts/attach/", accounts.account_create, name="account-create"),
    path(f"{CASE}accounts/<int:number>/", accounts.account_detail, name="account-detail"),
    path(f"{CASE}accounts/<int:number>/report/", accounts.account_report, name="account-report"),
    path(f"{CASE}accounts/<int:number>/holdings/record/", accounts.holding_create, name="holding-create"),
    path(f"{CASE}wallets/", wallets.wallet_list, name="wallet-list"),
    path(f"{CASE}wallets/attach/", wallets.wallet_create, name="wallet-create"),
    path(f"{CASE}wallets/<int:number>/", wallets.wallet_detail, name="wallet-detail"),
    path(f"{CASE}wallets/<int:number>/refresh/", wallets.wallet_refresh, name="wallet-refresh"),
    path(f"{CASE}wallets/<int:number>/detach/", wallets.wallet_detach, name="wallet-detach"),
    path("search/", search.search, name="search"),
    path("search/<str:token>/", search.search_results, name="search-results"),
    path("profile/", profile.profile, name="profile"),
    path("profile/theme/", profile.theme, name="theme"),
    path("profile/tokens/create/", profile.token_create, name="token-create"),
    path("profile/tokens/<uuid:token>/revoke/", profile.token_revoke, name="token-revoke"),
]
