"""cmd -> web -> net -> proc: an #include points to its own layer or to the right. An outside
package is included by few files."""

import os
import re
import unittest

SOURCE = os.path.join(os.path.dirname(__file__), "..", "..", "src")
LAYERS = ["cmd", "web", "net", "proc"]

# Which files may include what; a trailing slash or nothing behind it stands for all below.
PACKAGES = {
    "CLI/": ["cmd/command_line.cpp"],
    "nlohmann/": ["net/message.cpp", "proc/json_writer.cpp"],
    "httplib": ["web/http_responder.cpp"],
    "openssl/": ["net/constant_time.cpp", "net/identity.cpp", "net/openssl.cpp", "net/openssl.h", "net/tls.cpp",
                 "net/tls_context.cpp"],
    "sqlite3": ["net/sqlite.cpp"],
}


def violations(source):
    found = []
    for folder, _, files in os.walk(source):
        for name in sorted(files):
            if not name.endswith((".h", ".cpp")):
                continue
            path = os.path.relpath(os.path.join(folder, name), source)
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text = file.read()
            for quote, target in re.findall(r'^\s*#\s*include\s*(["<])([^">]+)[">]', text,
                                            re.MULTILINE):
                problem = (layer_problem(path, target) if quote == '"'
                           else package_problem(path, target))
                if problem:
                    found.append(f"{path}: {target}: {problem}")
    return found


def layer_problem(path, target):
    own, other = path.split(os.sep)[0], target.split("/")[0]
    if own not in LAYERS or other not in LAYERS:
        return "not one of our layers"
    if LAYERS.index(other) < LAYERS.index(own):
        return f"{own} may not include {other}"
    return None


def package_problem(path, target):
    for package, allowed in PACKAGES.items():
        if target.startswith(package) and path not in allowed:
            return "only in " + (", ".join(allowed) or "no file")
    if target.startswith("fmt/") and path.endswith(".h"):
        return "in no header"
    return None


class Includes(unittest.TestCase):
    def test_the_source_keeps_to_the_layers(self):
        self.assertEqual(violations(SOURCE), [])

if __name__ == "__main__":
    unittest.main()
