"""An #include points to its own folder or to one that is later in FOLDERS. An outside package is
included by few files."""

import os
import re
import unittest

SOURCE = os.path.join(os.path.dirname(__file__), "..", "..", "src")
FOLDERS = ["cmd", "web", "net/server", "net/clients", "net/protocol", "net/trust", "net/tls", "net", "proc/report",
           "proc", "base/files", "base"]

# Files that may include a package. A folder, with its trailing slash, stands for all files in it.
PACKAGES = {
    "CLI/": ["cmd/command_line.cpp"],
    "nlohmann/": ["net/protocol/message.cpp", "base/json_writer.cpp"],
    "httplib": ["web/http_responder.cpp"],
    "openssl/": ["net/tls/"],
    "sqlite3": ["base/files/sqlite.cpp"],
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
    own, other = os.path.dirname(path), os.path.dirname(target)
    if own not in FOLDERS or other not in FOLDERS:
        return "in no known folder"
    if FOLDERS.index(other) < FOLDERS.index(own):
        return f"{own} may not include {other}"
    return None


def package_problem(path, target):
    for package, allowed in PACKAGES.items():
        if target.startswith(package) and not path.startswith(tuple(allowed)):
            return "only in " + (", ".join(allowed) or "no file")
    if target.startswith("fmt/") and path.endswith(".h"):
        return "in no header"
    return None


class Includes(unittest.TestCase):
    def test_every_include_points_down(self):
        self.assertEqual(violations(SOURCE), [])

if __name__ == "__main__":
    unittest.main()
