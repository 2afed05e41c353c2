"""Every labelled clause of topnet-protocol(7) is cited by a test, and no test cites another one.

A test cites clauses at the beginning of its docstring ("F3, X8: ..."), in C++ after the unit ("Frame: F3, X8: ...").
"""

import glob
import os
import re
import unittest

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
LABELS = r"([A-Z]\d+(?:, [A-Z]\d+)*): "
CITATIONS = {".cpp": re.compile(r'^TEST_CASE\(\s*"\w+: ' + LABELS, re.MULTILINE),
             ".py": re.compile(r'^ +def test_\w+\(self\):\n +"""' + LABELS, re.MULTILINE)}


def clauses(page):
    """The labels of a page's lists. Those that are also macros of mdoc follow an escape (\\&)."""
    return re.findall(r"^\.It (?:\\&)?([A-Z]\d+)$", page, re.MULTILINE)


def cited(tests):
    """The labels that the tests below a folder cite, if CMakeLists.txt runs them."""
    with open(os.path.join(tests, "CMakeLists.txt"), encoding="utf-8") as file:
        registered = re.findall(r"[\w/]+\.(?:cpp|py)", file.read())
    found = set()
    for path in glob.glob(os.path.join(tests, "**"), recursive=True):
        pattern = CITATIONS.get(os.path.splitext(path)[1])
        if not pattern or os.path.relpath(path, tests) not in registered:
            continue
        with open(path, encoding="utf-8") as file:
            for labels in pattern.findall(file.read()):
                found.update(labels.split(", "))
    return found


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def messages(page):
    """The messages of ERROR that the page lists."""
    return re.findall(r"^\.It\n(.+)$", page[page.index(".It E11"):page.index(".Ss Deadlines")], re.MULTILINE)


def message_patterns():
    """A regular expression for each message of ERROR in the program's source."""
    literal = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
    begin = r"(?:\.text\s*=\s*|(?:ProtocolError|EndedEarlyError|refusal|refuse)\(\s*)(?:fmt::format\(\s*)?"
    found = re.findall(r"return\s*" + literal + ";", read("src/net/trust/trust_store.cpp"))
    for path in ("protocol/frame", "protocol/message", "server/client_handler", "server/server_auth", "server/session"):
        found += re.findall(begin + literal, read(f"src/net/{path}.cpp"))
    texts = ["".join(re.findall(r'"(.*?)"', each)) for each in found]
    return [re.escape(text).replace(r"\{\}", ".+") for text in texts]


class Clauses(unittest.TestCase):
    def test_the_messages_of_errors(self):
        """E11: the page has each message of the program, and no others"""
        listed = messages(read("man/topnet-protocol.7"))
        patterns = message_patterns()
        self.assertGreater(len(patterns), 20)
        self.assertEqual([each for each in patterns if not any(re.match(each, text) for text in listed)], [])
        self.assertEqual([text for text in listed if not any(re.match(each, text) for each in patterns)], [])

    def test_all_are_cited_and_no_others(self):
        labels = clauses(read("man/topnet-protocol.7"))
        self.assertEqual(len(labels), len(set(labels)), "a label stands for two clauses")
        self.assertGreater(len(labels), 40)
        tests = cited(os.path.join(ROOT, "tests"))
        self.assertEqual(sorted(set(labels) - tests), [], "without a test")
        self.assertEqual(sorted(tests - set(labels)), [], "cited, but not in the page")

if __name__ == "__main__":
    unittest.main()
