"""The mutants: each takes one guard out of the program, and names the test that must fail then."""

import collections

# `edits` are (file, regular expression that matches once, replacement); `test` is FILE.CLASS.METHOD in tests/e2e.
Mutant = collections.namedtuple("Mutant", "name breaks edits test")

# The target file is opened, truncated and written, instead of being replaced.
WRITE_IN_PLACE = [
    ("src/net/atomic_file.cpp", r"(?=  struct stat status \{\};\s+if \(::fstatat)",
     "  device_ = proc::UniqueFd(::openat(folder_.raw(), name_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, mode));\n"
     "  return;\n"),
    ("src/net/atomic_file.cpp", r"held_back_ \+= bytes;", "write_to(device_.raw(), bytes);")]

MUTANTS = [
    # Trust
    Mutant("any_key_is_trusted", "A client accepts every server key.",
           [("src/net/tls_context.cpp", r"std::find\(pins\.begin\(\), pins\.end\(\), pin\) != pins\.end\(\)", "true")],
           "a_man_in_the_middle_gets_nothing.InTheMiddle.test_on_the_way_to_a_server_that_is_known"),
    Mutant("any_known_key_is_accepted", "A known server may show the key of another known server.",
           [("src/cmd/server_connection.cpp", r"(add\(\*known_\);)\s*return pins;", r"\1")],
           "a_server_is_known_by_its_key.Known.test_an_entry_accepts_its_own_key_only"),
    Mutant("an_invite_is_for_every_server", "A server accepts a secret that was meant for another server.",
           [("src/cmd/doorkeeper.cpp", r"!own->is_own\(request\.server\) && request\.server != own->of_pki", "false")],
           "one_invite_lets_one_machine_in.Invites.test_not_for_this_server"),
    Mutant("an_invite_is_for_every_key", "A second key may use an invite that is used up.",
           [("src/net/trust.cpp", r"invite\.used_by && \*invite\.used_by != client", "false")],
           "one_invite_lets_one_machine_in.Invites.test_another_key_cannot_use_it_again_and_the_server_says_so"),
    Mutant("a_revocation_is_not_noticed", "A running server does not check whether a client has been revoked.",
           [("src/cmd/serve.cpp", r"if \(doorkeeper\.has_changed\(\)\) server\.check_enrolments\(\);", "")],
           "a_revoked_client_is_cut_off.Revoked.test_in_its_hold"),
    Mutant("strangers_are_served", "A key that is not enrolled may ask for a report.",
           [("src/net/session.cpp", r"if \(!peer_\.is_enrolled\)", "if (false)")],
           "one_invite_lets_one_machine_in.Guessing.test_a_stranger_may_join_and_nothing_else"),
    # TLS
    Mutant("a_ca_vouches_for_every_host", "A client accepts its CA's certificate of another host.",
           [("src/net/tls.cpp", r"if \(context\.impl_->host\) expect_host\(", "if (false) expect_host(")],
           "an_own_ca_says_who_is_who.Refused.test_a_server_of_another_host"),
    Mutant("any_ca_lets_clients_in", "A server with a CA accepts clients of another CA.",
           [("src/net/tls_context.cpp", r" && X509_verify_cert\(store\) == 1", "")],
           "an_own_ca_says_who_is_who.Refused.test_a_client_of_another_ca"),
    Mutant("dates_count", "Certificates are valid for one year, and a client checks that.",
           [("src/net/identity.cpp",
             r'ASN1_TIME_set_string\(X509_getm_notBefore\(&certificate\), "\w+"\) == 1 &&\s+'
             r'ASN1_TIME_set_string\(X509_getm_notAfter\(&certificate\), "\w+"\) == 1',
             "X509_gmtime_adj(X509_getm_notBefore(&certificate), 0) && "
             "X509_gmtime_adj(X509_getm_notAfter(&certificate), 365L * 86400)"),
            ("src/net/tls_context.cpp", r"(?=  const Pin pin = pin_of\(\*certificate\);)",
             "  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0 ||\n"
             "      X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) return 0;\n")],
           "clocks_cut_nobody_off.Clocks.test_of_a_client_that_is_known"),
    Mutant("a_report_is_not_checked", "A report counts even if its SHA-256 is wrong.",
           [("src/net/client.cpp", r"end\.sha256 != digest\.finish\(\)", "false")],
           "an_evil_peer_gets_what_is_documented.EvilServer.test_each_answer"),
    # Atomicity and durability
    Mutant("a_report_is_written_in_place", "fetch truncates its output file and writes into it.", WRITE_IN_PLACE,
           "no_fault_loses_anything.NoFault.test_in_fetch"),
    Mutant("trust_is_written_in_place", "The files of the state directory are truncated and rewritten.", WRITE_IN_PLACE,
           "no_fault_loses_anything.NoFault.test_in_trust"),
    Mutant("a_file_is_not_synced", "A file is renamed into its place before it is synced.",
           [("src/net/atomic_file.cpp", r"sync\(temporary_->raw\(\)\);", "")],
           "no_fault_loses_anything.NoFault.test_of_power"),
    Mutant("client_reports_are_not_synced", "Client reports are acknowledged before they are on the disk.",
           [("src/net/top_table.cpp", r"PRAGMA synchronous = FULL;", "PRAGMA synchronous = OFF;")],
           "no_fault_loses_anything.NoFault.test_of_power"),
    Mutant("an_acknowledgement_comes_first", "A client report is acknowledged before it is stored.",
           [("src/net/session.cpp", r"(keep\(top\);)\s*(write_frame\(stream_, FrameType::Ack,[^;]*;)", r"\2 \1")],
           "no_fault_loses_anything.NoFault.test_in_serve"),
]
