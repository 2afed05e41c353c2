"""`topnet scan` of a fixture, compared byte for byte, and of this machine, compared with an independent reading."""

import json
import os
import re
import subprocess
import tempfile
import unittest

from support.cases import FolderCase
from support.program import Server, all_cpu_ticks, fake_file, fake_process, topnet

TIME = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def without_time(output):
    return re.sub(TIME, b"TIME", output)


class OnAFixture(FolderCase):
    def setUp(self):
        super().setUp()
        self.root = self.folder
        fake_file(self.root, "sys/kernel/hostname", "web01\n")
        fake_file(self.root, "sys/kernel/random/boot_id", "5c6f-01\n")
        fake_file(self.root, "stat", "cpu  700 20 410 90000 5 2 8 31 0 0\ncpu0 1 1 1\ncpu1 1 1 1\nbtime 1\n")
        fake_process(self.root, 1, b"init", user=2, system=40, start=3)
        fake_process(self.root, 4242, b"cc1plus", user=812, system=31, start=990142, state="R")
        fake_process(self.root, 50, b"", user=20, system=22, start=100)
        fake_process(self.root, 51, b"  two, \"words\"", user=20, system=22, start=90)
        fake_process(self.root, 7, b"=a) R", user=0, system=0, start=5, state="Z")

    def scan(self, *args):
        result = topnet("scan", "--proc-root", self.root, *args)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return without_time(result.stdout)

    def test_text(self):
        self.assertEqual(self.scan().decode(), """\
# topnet report 1
# host: web01
# time: TIME
# window: since start
# clock ticks per second: 100
# processes: 5 seen, 5 listed
# cpu: 11.40 s busy = 85.0% listed + 0.0% other processes + 6.6% exited processes + 0.9% interrupts + 7.5% unexplained
# exited: 0.15 s children of init (1); 0.15 s children of =a) R (7); 0.15 s children of  (50); 0.15 s children of   two, "words" (51); 0.15 s children of cc1plus (4242)
# steal: 0.31 s
    PID      USER    SYSTEM     TOTAL  NAME
   4242       812        31       843  cc1plus
      1         2        40        42  init
     51        20        22        42    two, "words"
     50        20        22        42  
      7         0         0         0  =a) R
""")

    def test_json(self):
        self.assertEqual(self.scan("-f", "json", "-n", "1").decode(),
            '{"schema":"topnet.report/1","host":"web01","boot_id":"5c6f-01","time":"TIME",'
            '"clock_ticks_per_second":100,"cpus":2,'
            '"window":{"kind":"since_start","seconds":null},"processes_seen":5,'
            '"steal_ticks":31,"cpu_limit":null,'
            '"processes":[{"rank":1,"pid":4242,"start_time_ticks":990142,"name":"cc1plus",'
            '"state":"R","user_ticks":812,"system_ticks":31,"cpu_ticks":843}],'
            '"accounting":{"busy_ticks":1140,"listed_ticks":843,"other_ticks":126,"exited_ticks":75,'
            '"interrupt_ticks":10,"unexplained_ticks":86,"explained_ratio":0.925,'
            '"exited_by_parent":[{"pid":1,"name":"init","ticks":15},'
            '{"pid":7,"name":"=a) R","ticks":15},{"pid":50,"name":"","ticks":15},'
            '{"pid":51,"name":"  two, \\"words\\"","ticks":15},'
            '{"pid":4242,"name":"cc1plus","ticks":15}]},'
            '"visibility":{"hidden":false,"reason":null}}\n')

    def test_csv(self):
        self.assertEqual(self.scan("--format", "csv").decode(), "\r\n".join([
            "pid,user_ticks,system_ticks,cpu_ticks,name,state,start_time_ticks",
            "4242,812,31,843,cc1plus,R,990142",
            "1,2,40,42,init,S,3",
            '51,20,22,42,"  two, ""words""",S,90',
            "50,20,22,42,,S,100",
            "7,0,0,0,'=a) R,Z,5",
            ""]))

    def pids(self, *args):
        document = json.loads(self.scan("-f", "json", *args))
        return [process["pid"] for process in document["processes"]]

    def test_each_sort_key_and_the_number(self):
        self.assertEqual(self.pids("-s", "cpu"), [4242, 1, 51, 50, 7])
        self.assertEqual(self.pids("-s", "user"), [4242, 51, 50, 1, 7])
        self.assertEqual(self.pids("--sort", "system"), [1, 4242, 51, 50, 7])
        self.assertEqual(self.pids("--sort=user", "--top=2"), [4242, 51])
        self.assertEqual(self.pids("-n100000"), [4242, 1, 51, 50, 7])

    def test_exhaustive_is_accepted_and_changes_no_row(self):
        self.assertEqual(self.scan("--exhaustive"), self.scan())

    def test_missing_files_give_null(self):
        os.remove(os.path.join(self.root, "sys/kernel/hostname"))
        os.remove(os.path.join(self.root, "sys/kernel/random/boot_id"))
        os.remove(os.path.join(self.root, "stat"))
        document = json.loads(self.scan("-f", "json"))
        self.assertEqual([document[key] for key in ("host", "boot_id", "cpus", "accounting")],
                         [None] * 4)
        self.assertEqual([line.split(b":")[0] for line in self.scan().splitlines()
                          if line.startswith(b"# ")],
                         [b"# topnet report 1", b"# time", b"# window",
                          b"# clock ticks per second", b"# processes"])

    def test_a_server_and_its_client_read_it_too(self):
        with Server("--proc-root", self.root) as server:
            document = json.loads(server.fetch("--json", "-n", "1").stdout)
            self.assertEqual((document["host"], document["boot_id"], document["processes"][0]["name"]),
                             ("web01", "5c6f-01", "cc1plus"))
            self.assertEqual(server.fetch("--proc-root", self.root).returncode, 0)
            status = server.status()
            self.assertEqual((status["server"]["host"], status["clients"][0]["reports"][0]["name"]),
                             ("web01", "cc1plus"))


class OfAnotherHost(unittest.TestCase):
    def test_a_container_that_looks_at_its_host_names_the_host(self):
        with tempfile.TemporaryDirectory() as folder:
            inner = f'hostname container && mount --rbind /proc {folder} && exec "$@"'
            wrapper = ["unshare", "--map-root-user", "--uts", "--pid", "--fork", "--mount-proc", "sh", "-c",
                       'hostname machine && "$@"; exit $?', "sh",
                       "unshare", "--uts", "--mount", "sh", "-c", inner, "sh"]
            if subprocess.run([*wrapper, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
                self.skipTest("unshare cannot mount here")
            for args, host in (([], "container"), (["--proc-root", folder], "machine")):
                document = json.loads(topnet("scan", "--json", *args, wrapper=wrapper).stdout)
                self.assertEqual(document["host"], host)


class OnThisMachine(unittest.TestCase):
    def test_every_row_agrees_with_an_independent_reading(self):
        before = all_cpu_ticks()
        result = topnet("scan", "-n", "100000", "-f", "json")
        after = all_cpu_ticks()
        report = json.loads(result.stdout)
        rows = {row["pid"]: row for row in report["processes"]}
        accounting = report["accounting"]
        self.assertEqual(accounting["listed_ticks"],
                         sum(row["cpu_ticks"] for row in report["processes"]))
        self.assertEqual(accounting["busy_ticks"],
                         accounting["listed_ticks"] + accounting["other_ticks"] +
                         accounting["interrupt_ticks"] + accounting["unexplained_ticks"])
        surviving = [pid for pid in before if pid in after and before[pid][2] == after[pid][2]]
        self.assertGreater(len(surviving), 1)
        for pid in surviving:
            row = rows[pid]
            self.assertEqual(row["start_time_ticks"], before[pid][2])
            self.assertLessEqual(before[pid][0], row["user_ticks"])
            self.assertLessEqual(row["user_ticks"], after[pid][0])
            self.assertLessEqual(before[pid][1], row["system_ticks"])
            self.assertLessEqual(row["system_ticks"], after[pid][1])
        order = [(-row["cpu_ticks"], row["start_time_ticks"], row["pid"])
                 for row in report["processes"]]
        self.assertEqual(order, sorted(order))
        self.assertEqual(report["processes_seen"], len(report["processes"]))
        self.assertEqual(report["host"], os.uname().nodename)
        self.assertEqual(report["clock_ticks_per_second"], os.sysconf("SC_CLK_TCK"))
        self.assertEqual(report["cpus"], os.sysconf("SC_NPROCESSORS_ONLN"))


if __name__ == "__main__":
    unittest.main()
