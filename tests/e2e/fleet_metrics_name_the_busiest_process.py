"""With servers in PID namespaces of their own and a real metrics engine, one query names the busiest program
and its machine."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from support.engines import DEPLOY, prometheus, victoria_metrics, write_configuration
from support.program import Server, wait_until

SKIPPED = 77  # the exit status if all tests are skipped
TOKEN = "0123456789abcdef0123456789abcdef"
BUSY_NAME = "busy one"
QUERIES = {
    prometheus: 'topk(1, instance_group:topnet_cpu_seconds:increase1m{group!="_other"})',
    victoria_metrics: 'topk(1, sum by (instance, group) '
                      '(increase(topnet_group_cpu_seconds_total{group!="_other"}[10s])))',
}
NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]


def require(test, program):
    if not shutil.which(program):
        test.skipTest(f"{program} is not installed")


class Machine(Server):
    """A server in a PID namespace."""

    def __init__(self, token_file):
        super().__init__("--http-tls", "--http-token-file", token_file, wrapper=NAMESPACE)

    @property
    def instance(self):
        return self.page.split("/")[2]

    def burst(self):
        """Starts a program in the namespace that burns CPU for two seconds."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            server = file.read().split()[0]
        code = ("import time\nopen('/proc/self/comm', 'w').write('%s')\nend = time.monotonic() + 2\n"
                "while time.monotonic() < end: pass\ntime.sleep(60)") % BUSY_NAME
        return subprocess.Popen(["nsenter", "--target", server, "--pid", "--mount", sys.executable, "-c", code])


class Fleet(unittest.TestCase):
    def check(self, engine_of):
        with tempfile.TemporaryDirectory() as folder:
            token_file = os.path.join(folder, "token")
            with open(token_file, "w", encoding="ascii", opener=lambda *how: os.open(*how, 0o600)) as file:
                file.write(TOKEN + "\n")
            with Machine(token_file) as web01, Machine(token_file) as web02, Machine(token_file) as db1:
                write_configuration(folder, [web01, web02, db1], TOKEN)
                with engine_of(folder) as engine:
                    wait_until(lambda: len(engine.query("topnet_host_cpu_busy_seconds_total offset 5s")) == 3, 60)
                    names = {labels["group"] for labels, _ in engine.query("topnet_group_cpu_seconds_total")}
                    self.assertNotIn(BUSY_NAME, names)
                    program = db1.burst()
                    try:
                        self.assert_names_it(engine, QUERIES[engine_of], db1)
                    finally:
                        program.kill()
                        program.wait()

    def assert_names_it(self, engine, query, machine):
        def named():
            found = engine.query(query)
            return found and found[0][0]["group"] == BUSY_NAME and found[0][1] > 0 and found[0]
        labels, _ = wait_until(named, 60)
        self.assertEqual(labels["instance"], machine.instance)
        found = engine.query('topnet_group_cpu_seconds_total{group="%s"}' % BUSY_NAME)
        self.assertEqual({labels["instance"] for labels, _ in found}, {machine.instance})

    def setUp(self):
        if subprocess.run([*NAMESPACE, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("no PID namespace can be created here; root may create one")

    def test_prometheus_names_it(self):
        require(self, "prometheus")
        self.check(prometheus)

    def test_victoria_metrics_names_it(self):
        require(self, "victoria-metrics")
        self.check(victoria_metrics)


class Deployment(unittest.TestCase):
    def setUp(self):
        require(self, "promtool")

    def promtool(self, *args, folder=DEPLOY):
        done = subprocess.run(["promtool", *args], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout.decode())

    def test_the_configuration_is_valid(self):
        with tempfile.TemporaryDirectory() as folder:
            write_configuration(folder, [], TOKEN)
            shutil.copy(os.path.join(DEPLOY, "prometheus.yml"), folder)
            self.promtool("check", "config", "prometheus.yml", folder=folder)

    def test_the_rules_are_valid(self):
        self.promtool("check", "rules", "rules.yml")

    def test_the_rules_pass_their_own_tests(self):
        self.promtool("test", "rules", "rules_test.yml")


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    if len(result.skipped) == result.testsRun and result.wasSuccessful():
        sys.exit(SKIPPED)
    sys.exit(not result.wasSuccessful())
