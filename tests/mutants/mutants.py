"""The mutants: each removes one guard from the program, and names the test that must fail then."""

import collections

# `edits` are (file, regular expression that matches once, replacement); `test` is FILE.CLASS.METHOD in tests/e2e.
Mutant = collections.namedtuple("Mutant", "name breaks edits test")

# The target file is opened, truncated and written, instead of being replaced.
WRITE_IN_PLACE = [
    ("src/base/files/atomic_file.cpp", r"(?=  struct stat status \{\};\s+if \(!look_up\()",
     "  device_ = base::UniqueFd(::openat(folder_.raw(), name_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, mode));\n"
     "  return;\n"),
    ("src/base/files/atomic_file.cpp", r"device_bytes_ \+= bytes;",
     "if (const int error = write_all(device_.raw(), bytes)) fail(error);")]

MUTANTS = [
    # Trust
    Mutant("any_key_is_trusted", "A client accepts every server key.",
           [("src/net/tls/tls_context.cpp",
             r"std::find\(pins\.begin\(\), pins\.end\(\), pin\) != pins\.end\(\)", "true")],
           "man_in_the_middle_learns_nothing.InTheMiddle.test_in_front_of_a_known_server"),
    Mutant("any_known_key_is_accepted", "A known server may show the key of another known server.",
           [("src/net/trust/trusted_connection.cpp", r"(add\(\*known_\);)\s*return pins;", r"\1")],
           "servers_are_known_by_their_key.Known.test_an_entry_accepts_its_own_key_only"),
    Mutant("an_invite_is_for_every_server", "A server accepts the secret of an invite to another server.",
           [("src/net/server/server_auth.cpp",
             r"!own->is_own\(request\.server\) && request\.server != own->external_pin", "false")],
           "one_invite_enrols_one_client.Invites.test_not_for_this_server"),
    Mutant("an_invite_is_for_every_key", "A second key may use an invite that is already used.",
           [("src/net/trust/trust_store.cpp", r"invite\.used_by && \*invite\.used_by != client", "false")],
           "one_invite_enrols_one_client.Invites.test_another_key_cannot_use_it_again"),
    Mutant("a_revocation_is_not_noticed", "A running server does not check whether a client has been revoked.",
           [("src/cmd/serve.cpp", r"if \(auth_\.has_changed\(\)\) server_\.check_enrolments\(\);", "")],
           "revoked_clients_are_disconnected.Revoked.test_in_its_hold"),
    Mutant("unknown_clients_are_served", "A key that is not enrolled may ask for a report.",
           [("src/net/server/session.cpp", r"if \(!peer_\.is_enrolled\)", "if (false)")],
           "one_invite_enrols_one_client.UnknownClients.test_they_may_join_and_nothing_else"),
    # TLS
    Mutant("a_ca_vouches_for_every_host", "A client accepts its CA's certificate of another host.",
           [("src/net/tls/tls.cpp", r"if \(context\.impl_->host\) require_host\(", "if (false) require_host(")],
           "private_ca_verifies_both_sides.Refused.test_a_server_of_another_host"),
    Mutant("any_ca_admits_clients", "A server with a CA accepts clients of another CA.",
           [("src/net/tls/tls_context.cpp", r" && X509_verify_cert\(&store\) == 1", "")],
           "private_ca_verifies_both_sides.Refused.test_a_client_of_another_ca_or_with_a_servers_certificate"),
    Mutant("dates_count", "Certificates are valid for one year, and a client checks that.",
           [("src/net/tls/identity.cpp",
             r'ASN1_TIME_set_string_X509\(X509_getm_notBefore\(&certificate\), "\w+"\) == 1 &&\s+'
             r'ASN1_TIME_set_string_X509\(X509_getm_notAfter\(&certificate\), "\w+"\) == 1',
             "X509_gmtime_adj(X509_getm_notBefore(&certificate), 0) && "
             "X509_gmtime_adj(X509_getm_notAfter(&certificate), 365L * 86400)"),
            ("src/net/tls/tls_context.cpp", r"(?=  const Pin pin = pin_of\(\*certificate\);)",
             "  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0 ||\n"
             "      X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) return 0;\n")],
           "wrong_clocks_refuse_no_peer.Clocks.test_of_a_known_client"),
    Mutant("others_can_use_the_key", "A key file is accepted whatever its mode is.",
           [("src/base/files/user_file.cpp", r"\(status\.st_mode & forbidden\) == 0", "true")],
           "private_ca_verifies_both_sides.Files.test_a_key_that_others_can_read"),
    Mutant("a_report_is_not_checked", "A report counts even if its SHA-256 is wrong.",
           [("src/net/protocol/client.cpp", r"end\.sha256 != digest\.finish\(\)", "false")],
           "hostile_peers_get_documented_errors.HostileServer.test_each_answer"),
    # Atomicity and durability
    Mutant("a_report_is_written_in_place", "fetch truncates its output file and writes into it.", WRITE_IN_PLACE,
           "injected_faults_lose_no_data.InjectedFaults.test_in_fetch"),
    Mutant("trust_is_written_in_place", "The files of the state directory are truncated and rewritten.", WRITE_IN_PLACE,
           "injected_faults_lose_no_data.InjectedFaults.test_in_trust"),
    Mutant("a_file_is_not_synced", "A file is renamed before it is synced.",
           [("src/base/files/atomic_file.cpp", r"sync\(temporary_->raw\(\)\);", "")],
           "injected_faults_lose_no_data.InjectedFaults.test_power_failures"),
    Mutant("client_reports_are_not_synced", "Client reports are acknowledged before they are on the disk.",
           [("src/net/clients/client_report_db.cpp", r"PRAGMA synchronous = FULL;", "PRAGMA synchronous = OFF;")],
           "injected_faults_lose_no_data.InjectedFaults.test_power_failures"),
    Mutant("a_wrong_clock_deletes_client_reports", "Client reports expire by the wall clock alone.",
           [("src/net/clients/client_report_db.cpp",
             r"if \(!is_confirmed\(now\)\) return 0;", "")],
           "acknowledged_reports_survive_restarts.Stored.test_a_wrong_clock"),
    Mutant("an_acknowledgement_comes_first", "A client report is acknowledged before it is stored.",
           [("src/net/server/session.cpp",
             r"(keep\(busiest\);)\s*(write_frame\(stream_, FrameType::Ack,[^;]*;)", r"\2 \1")],
           "injected_faults_lose_no_data.InjectedFaults.test_in_serve"),
]
