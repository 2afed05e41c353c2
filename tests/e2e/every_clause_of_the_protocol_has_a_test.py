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


class Clauses(unittest.TestCase):
    def test_all_are_cited_and_no_others(self):
        with open(os.path.join(ROOT, "man", "topnet-protocol.7"), encoding="utf-8") as file:
            labels = clauses(file.read())
        self.assertEqual(len(labels), len(set(labels)), "a label stands for two clauses")
        self.assertGreater(len(labels), 40)
        tests = cited(os.path.join(ROOT, "tests"))
        self.assertEqual(sorted(set(labels) - tests), [], "without a test")
        self.assertEqual(sorted(tests - set(labels)), [], "cited, but not in the page")

if __name__ == "__main__":
    unittest.main()
