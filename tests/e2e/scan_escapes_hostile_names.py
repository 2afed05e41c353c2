"""No output contains a raw control byte of a process name, which may be any bytes."""

import csv
import io
import json
import unittest

from support.program import Burner, topnet

NAMES = {
    b"\x1b]0;x) S 1": r"\x1b]0;x) S 1",
    b"a\nb\r\x7f": r"a\x0ab\x0d\x7f",
    b"\xff\xc3\xa9\\": "\\xffé\\\\",
    "\u202eabc".encode(): r"\xe2\x80\xaeabc",
    b"   blank": "   blank",
    b"=cmd|' /C": "=cmd|' /C",
    b"<b>&amp;\"": '<b>&amp;"',
}


class HostileNames(unittest.TestCase):
    def outputs_with(self, pid, raw):
        for form in ("text", "json", "csv"):
            result = topnet("scan", "-n", "100000", "-f", form)
            self.assertEqual((result.returncode, result.stderr), (0, b""))
            allowed = b"\n" if form != "csv" else b"\r\n"
            self.assertEqual([byte for byte in result.stdout
                              if byte not in allowed and (byte < 0x20 or byte == 0x7f)], [])
            self.assertNotIn("\u202e", result.stdout.decode("utf-8"))
            yield form, self.name_in(form, result.stdout.decode("utf-8"), pid)

    def name_in(self, form, output, pid):
        if form == "json":
            rows = json.loads(output)["processes"]
            return next(row["name"] for row in rows if row["pid"] == pid)
        if form == "csv":
            rows = csv.DictReader(io.StringIO(output, newline=""))
            return next(row["name"] for row in rows if row["pid"] == str(pid))
        line = next(line for line in output.split("\n") if line.split(" ")[0:1] != ["#"]
                    and line.split()[0:1] == [str(pid)])
        return line[7 + 3 * 10 + 2:]

    def test_names(self):
        for raw, shown in NAMES.items():
            with self.subTest(name=raw), Burner(raw) as pid:
                for form, name in self.outputs_with(pid, raw):
                    guard = "'" if form == "csv" and shown[0] in "=+-@" else ""
                    self.assertEqual(name, guard + shown, form)


if __name__ == "__main__":
    unittest.main()
