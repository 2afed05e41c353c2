"""Manual pages: each command's page has exactly the options of its --help; all are valid mdoc."""

import glob
import os
import re
import subprocess
import unittest

from support.program import topnet

MAN = os.path.join(os.path.dirname(__file__), "..", "..", "man")
# The commands that each page describes; pages of section 7 describe none.
COMMANDS = {"topnet.1": [[]], "topnet-scan.1": [["scan"]], "topnet-serve.1": [["serve"]],
            "topnet-fetch.1": [["fetch"]],
            "topnet-trust.1": [["trust", command] for command in
                               ("show", "invite", "join", "clients", "list", "servers", "revoke", "forget",
                                "rotate")]}


def options_in_help(text):
    """All spellings of all options: {"-n", "--top", ...}."""
    found = set()
    for line in text.splitlines():
        if match := re.match(r" {2}(-\S+)", line):
            found.update(match.group(1).split(","))
    return found


def options_in_page(text):
    """The tags of the lists of options, in mdoc source: `.It Fl n , Fl Fl top Ar N`."""
    found = set()
    for line in re.findall(r"^\.It (Fl .*)$", text, re.MULTILINE):
        for part in line.split(" , "):
            words = part.split()
            found.add("--" + words[2] if words[1] == "Fl" else "-" + words[1])
    return found


class ManualPages(unittest.TestCase):
    def page(self, name):
        with open(os.path.join(MAN, name), encoding="utf-8") as file:
            return file.read()

    def test_page_and_help_have_the_same_options(self):
        for page, commands in COMMANDS.items():
            in_help = set()
            for command in commands:
                found = options_in_help(topnet(*command, "--help").stdout.decode())
                self.assertIn("--help", found)
                in_help |= found
            self.assertEqual(in_help, options_in_page(self.page(page)), page)

    def test_every_command_has_a_page(self):
        text = topnet("--help").stdout.decode()
        commands = set(re.findall(r"^  ([a-z]+) ", text.split("Commands:")[1], re.MULTILINE)) - {"help", "version"}
        self.assertEqual(sorted(f"topnet-{command}.1" for command in commands),
                         sorted(set(COMMANDS) - {"topnet.1"}))

    def test_every_page_is_installed_and_refers_to_existing_pages(self):
        names = {os.path.basename(path) for path in glob.glob(os.path.join(MAN, "*.[1-9]"))}
        with open(os.path.join(MAN, "..", "CMakeLists.txt"), encoding="utf-8") as file:
            self.assertEqual(names, set(re.findall(r"man/(topnet\S*\.[1-9])", file.read())))
        for name in names:
            references = re.findall(r"^\.Xr (topnet\S*) ([1-9])", self.page(name), re.MULTILINE)
            self.assertLessEqual({".".join(each) for each in references}, names, name)

    def test_every_page_is_valid(self):
        pages = sorted(glob.glob(os.path.join(MAN, "*.[1-9]")))
        result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *pages],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual((result.stdout.decode(), result.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
