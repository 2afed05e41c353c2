"""Every labelled clause of topnet-protocol(7) is cited by a test, and no test cites another one.

A test cites clauses at the beginning of its name, or in Python of its docstring: "F3, X8: ...".
"""

import glob
import os
import re
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
LABELS = r"([A-Z]\d+(?:, [A-Z]\d+)*): "
CITATIONS = {".cpp": re.compile(r'^TEST_CASE\(\s*"' + LABELS, re.MULTILINE),
             ".py": re.compile(r'^ +def test_\w+\(self\):\n +"""' + LABELS, re.MULTILINE)}


def clauses(page):
    """The labels of a page's lists. Some are macros of mdoc too, and so stand behind an escape."""
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

    def test_a_label_is_seen_in_the_page_alone(self):
        page = ".Bl -tag\n.It C1\nTCP.\n.It \\&D1\nFive.\n.It REQUEST Ta 1\n.It C1 or so\n.El\n"
        self.assertEqual(clauses(page), ["C1", "D1"])

    def test_a_citation_is_seen_in_a_test_that_runs_alone(self):
        planted = {
            "CMakeLists.txt": "topnet_add_tests(net\n  net/a.cpp)\n"
                              "topnet_add_script_test(e2e/b.py)\n",
            "net/a.cpp": 'TEST_CASE("F1, F2: a frame") {}\nTEST_CASE(\n    "X1: broken line") {}\n'
                         '// TEST_CASE("F9: gone") {}\nTEST_CASE("a claim of F8: none") {}\n',
            "e2e/b.py": 'class T:\n    def test_it(self):\n        """C1: one"""\n'
                        '    def helper(self):\n        """C9: none"""\n',
            "net/forgotten.cpp": 'TEST_CASE("M9: never built") {}\n',
        }
        with tempfile.TemporaryDirectory() as tests:
            for name, text in planted.items():
                os.makedirs(os.path.dirname(os.path.join(tests, name)), exist_ok=True)
                with open(os.path.join(tests, name), "w", encoding="utf-8") as file:
                    file.write(text)
            self.assertEqual(cited(tests), {"F1", "F2", "X1", "C1"})


if __name__ == "__main__":
    unittest.main()
