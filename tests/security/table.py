"""Which tests hold which attack class: the rows of the threat model that what exists today has to withstand.

A class that is not here belongs to a part that does not exist yet: lint and presets (SEC-01, 02, 38), pages
(SEC-30), imports (SEC-36).
"""

from collections.abc import Mapping
from typing import Final

HERE: Final = "tests/security"
ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "SEC-03": (
        "tests/trust/test_matching.py",
        "tests/assertions/test_compact.py::test_a_claim_that_is_missing_or_of_a_wrong_type",
    ),
    "SEC-04": (
        f"{HERE}/test_trust_boundaries.py::test_one_issuer_url_and_kid_in_two_tenants_are_two_issuers",
        "tests/assertions/test_selfsigned.py",
    ),
    "SEC-05": (
        f"{HERE}/test_token_attacks.py::test_algorithm_none",
        f"{HERE}/test_token_attacks.py::test_key_confusion",
        "tests/vectors/test_wycheproof.py",
    ),
    "SEC-06": ("tests/contracts/test_contracts.py", "tests/assertions/test_proof.py"),
    "SEC-07": (
        f"{HERE}/test_token_attacks.py::test_keys_in_the_header_or_behind_a_link_are_not_keys",
        f"{HERE}/test_token_attacks.py::test_an_honest_token_may_link_to_anything_and_is_judged_on_the_registered_key",
    ),
    "SEC-08": ("tests/vectors/test_own.py", "tests/assertions/test_compact.py"),
    "SEC-09": (
        f"{HERE}/test_token_attacks.py::test_injections_through_the_key_id",
        f"{HERE}/test_floods.py::test_ten_thousand_unknown_key_ids_cost_one_fetch_for_each_cool_down",
    ),
    "SEC-10": (
        "tests/outbound/test_addresses.py",
        "tests/outbound/test_http.py",
        f"{HERE}/test_floods.py::test_an_issuer_that_nobody_registered_is_never_visited",
    ),
    "SEC-11": (
        "tests/outbound/test_keys.py::test_discovery_that_is_wrong_ends_the_fetch",
        "tests/outbound/test_keys.py::test_keys_are_replaced_by_complete_success_only",
    ),
    "SEC-12": ("tests/trust/expression",),
    "SEC-13": ("tests/trust/expression",),
    "SEC-14": ("tests/trust/test_matching.py", "tests/explain/test_causes.py"),
    "SEC-15": (
        "tests/issuers/test_strictjson.py",
        "tests/vectors/test_own.py",
        f"{HERE}/test_directory_api.py::test_a_body_that_is_none_changes_nothing",
    ),
    "SEC-16": (
        "tests/stores/test_assertions_used.py::test_of_many_who_present_one_at_once_one_gets_a_token",
        "tests/stores/test_assertions_used.py::test_two_processes_race_for_every_assertion_and_each_is_used_once",
        "tests/stores/test_assertions_used.py::test_killed_at_any_moment_it_has_forgotten_none_that_a_token_was_issued_for",
        "tests/test_policy.py::test_nothing_is_used_up_by",
    ),
    "SEC-17": (
        "tests/assertions/test_algorithms.py",
        "tests/vectors/test_own.py",
        "tests/assertions/test_once.py::test_another_writing_is_no_second_assertion",
    ),
    "SEC-18": (
        f"{HERE}/test_role_matrix.py::test_who_may",
        f"{HERE}/test_role_matrix.py::test_no_program_takes_away_what_every_program_calls",
    ),
    "SEC-19": (
        f"{HERE}/test_http.py::test_a_body_of_ten_megabytes_is_refused_in_little_memory",
        f"{HERE}/test_http.py::test_headers_without_end_are_cut_off",
        f"{HERE}/test_http.py::test_an_assertion_of_50000_segments_and_a_deep_one_are_refused_quickly",
        f"{HERE}/test_directory_api.py::test_a_giant_body_is_refused_in_little_memory",
        f"{HERE}/test_directory_api.py::test_odd_queries_are_refused_quickly",
        f"{HERE}/test_directory_api.py::test_a_batch_that_is_none_runs_nothing",
        f"{HERE}/test_crowding.py::test_who_may_do_nothing_holds_up_nobody",
        f"{HERE}/test_crowding.py::test_who_reads_much_holds_up_nobody",
        f"{HERE}/test_crowding.py::test_bodies_that_do_not_come_keep_nobody_out",
        "tests/web/graph/test_weight.py",
        "tests/web/test_places.py",
    ),
    "SEC-20": (
        f"{HERE}/test_canary.py",
        "tests/ops/test_redaction.py::test_what_was_sent_is_nowhere_to_be_found",
        "tests/test_observe.py",
        f"{HERE}/test_directory_api.py::test_a_token_that_proves_nothing_opens_nothing_and_is_not_repeated",
        f"{HERE}/test_directory_api.py::test_no_secret_is_ever_shown_again",
    ),
    "SEC-21": (
        f"{HERE}/test_role_matrix.py::test_who_may",
        "tests/administer/test_fields.py",
        "tests/web/graph/test_permissions.py",
        f"{HERE}/test_directory_api.py::test_what_is_taken_away_counts_at_once",
        "tests/web/graph/test_room.py::test_what_is_revoked_while_a_body_is_on_its_way_counts",
        f"{HERE}/test_directory_api.py::test_a_part_of_a_batch_is_its_callers_and_nobody_elses",
    ),
    "SEC-22": ("tests/ops/test_changes.py", "tests/stores/test_events.py", "tests/stores/test_snapshot.py"),
    "SEC-23": (f"{HERE}/test_trust_boundaries.py::test_issuers_with_equal_claims_do_not_answer_for_each_other",),
    "SEC-24": (
        f"{HERE}/test_trust_boundaries.py::test_one_issuer_url_and_kid_in_two_tenants_are_two_issuers",
        "tests/outbound/test_keys.py::test_what_is_kept_belongs_to_tenant_record_and_revision",
        f"{HERE}/test_directory_api.py::test_nothing_of_another_tenant_can_be_seen_named_or_changed",
    ),
    "SEC-25": (
        f"{HERE}/test_trust_boundaries.py::test_our_own_access_token_is_no_assertion_under_any_alias",
        f"{HERE}/test_trust_boundaries.py::test_a_token_of_the_test_issuer_at_our_own_origin_is_one",
    ),
    "SEC-26": ("tests/assertions/test_compact.py",),
    "SEC-27": (
        f"{HERE}/test_trust_boundaries.py::test_a_registered_certificate_proves_its_application_and_nothing_an_issuer_says",
        f"{HERE}/test_trust_boundaries.py::test_an_issuers_key_proves_no_application",
    ),
    "SEC-28": (
        f"{HERE}/test_trust_boundaries.py::test_a_client_of_one_tenant_is_unknown_in_another_as_one_that_nobody_has",
        f"{HERE}/test_trust_boundaries.py::test_unknown_clients_and_untrusted_tokens_take_times_of_one_order",
    ),
    "SEC-29": (
        f"{HERE}/test_http.py::test_a_correlation_id_is_a_guid_or_ours",
        "tests/test_errors.py::test_a_value_from_outside_neither_grows_a_text_nor_moves_a_cursor",
    ),
    "SEC-31": (
        "tests/portal/test_same_origin.py",
        "tests/portal/test_security_headers.py::test_no_page_weakens_the_policy",
        "tests/portal/test_sessions.py::test_the_id_that_a_browser_came_with_is_gone_when_somebody_signs_in",
        "tests/portal/test_signing_in.py::test_open_redirects_are_none",
        "tests/portal/test_provider.py::test_an_answer_that_was_changed_signs_nobody_in",
        "tests/portal/test_provider.py::test_an_answer_holds_in_the_browser_that_asked_and_once",
    ),
    "SEC-32": (
        f"{HERE}/test_http.py::test_a_field_that_is_sent_twice_is_refused_equal_or_not",
        f"{HERE}/test_http.py::test_parameters_count_in_the_body_only",
        f"{HERE}/test_http.py::test_two_kinds_of_evidence_are_refused",
    ),
    "SEC-33": ("tests/outbound/test_http.py",),
    "SEC-34": (
        "tests/ops/test_production.py::test_it_refuses_an_emulators_data",
        "tests/ops/test_production.py::test_it_does_not_know_a_test_issuer",
        "tests/ops/test_lifecycle.py::test_an_emulator_refuses_the_data_of_a_production_profile",
    ),
    "SEC-35": ("tests/vectors/test_wycheproof.py", "tests/issuers/test_jwks.py"),
    "SEC-37": (
        f"{HERE}/test_floods.py::test_an_address_over_its_limit_is_judged_still_and_proof_passes",
        f"{HERE}/test_floods.py::test_counters_of_failures_stay_small_whatever_a_client_id_is",
    ),
    "SEC-39": ("tests/assertions/test_times.py",),
    "SEC-40": (
        "tests/ops/test_lifecycle.py::test_a_full_disk_issues_nothing_says_why_and_recovers_by_itself",
        f"{HERE}/test_floods.py::test_refusals_that_prove_nothing_leave_few_rows",
        "tests/stores/test_quota.py",
    ),
    "SEC-41": (f"{HERE}/test_control.py",),
    "SEC-42": (f"{HERE}/test_floods.py::test_an_issuer_that_hangs_holds_up_nobody_else_and_gives_the_places_back",),
}
"""Attack class to tests: a folder, a file, or one test of a file."""
