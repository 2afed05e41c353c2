"""Any number of commands change the trust files of a running server at the same moment."""

import os
import subprocess
import tempfile
import unittest

from support.program import TOPNET, Server
from support.trust import clients, done, enrol, invite, pin, trust

COUNT = 20
NUMBERS = range(COUNT)


class AtOnce(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def state(self, name):
        return os.path.join(self.folder, name)

    def run_all(self, commands):
        """Runs `topnet trust` with each of the commands, all at once: [(status, output, errors)]."""
        running = [subprocess.Popen([TOPNET, "trust", *words, "--state-dir", state],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True)
                   for state, *words in commands]
        try:
            ended = [process.communicate(timeout=120) for process in running]
        finally:
            for process in running:
                process.kill()
                process.wait()
                process.stdout.close()
                process.stderr.close()
        return [(process.returncode, *said) for process, said in zip(running, ended)]

    def test_invites_joins_and_revocations(self):
        with Server() as server:
            for i in NUMBERS:
                enrol(server, f"old-{i}", self.state(f"old-{i}"))
            codes = [invite(server, f"new-{i}") for i in NUMBERS]
            states = [self.state(f"new-{i}") for i in NUMBERS]
            for state in states:
                pin(state)
            commands = []
            for i in NUMBERS:
                commands += [(server.state, "invite", f"later-{i}", "--host", server.address),
                             (states[i], "join", codes[i]), (server.state, "revoke", f"old-{i}")]
            results = self.run_all(commands)
            self.assertEqual([result for result in results if result[0] != 0], [])

            self.assertEqual({name: entry["pin"] for name, entry in clients(server.state).items()},
                             {f"new-{i}": pin(states[i]) for i in NUMBERS})
            for i in NUMBERS:
                code = results[3 * i][1].split()[-1]
                done(trust(self.state(f"later-{i}"), "join", code))
            self.assertEqual(sorted(clients(server.state)),
                             sorted(f"{kind}-{i}" for kind in ("new", "later") for i in NUMBERS))
            self.assertEqual(server.fetch(state=states[0]).returncode, 0)
            self.assertEqual(server.fetch("--pin", pin(server.state),
                                          state=self.state("old-0")).returncode, 5)
            server.stop()
            with Server(state=server.state) as again:
                self.assertTrue(again.said[0].startswith("topnet: pin"), "no line is broken")
                self.assertEqual(again.fetch(state=states[-1]).returncode, 0)

    def test_one_invite_and_twenty_keys(self):
        with Server() as server:
            code = invite(server, "db1")
            states = [self.state(str(i)) for i in NUMBERS]
            for state in states:
                pin(state)
            results = self.run_all([(state, "join", code) for state in states])
            self.assertEqual(sorted(status for status, _, _ in results), [0] + [5] * (COUNT - 1))
            winner = states[[status for status, _, _ in results].index(0)]
            self.assertEqual({name: entry["pin"] for name, entry in clients(server.state).items()},
                             {"db1": pin(winner)})

    def test_twenty_invites_for_one_name(self):
        """the last one is good, and no other"""
        with Server() as server:
            results = self.run_all([(server.state, "invite", "db1", "--host", server.address)] * COUNT)
            self.assertEqual([result[0] for result in results], [0] * COUNT)
            with open(os.path.join(server.state, "invites"), encoding="utf-8") as file:
                lines = [line for line in file if line.strip() and not line.startswith("#")]
            self.assertEqual([line.split()[0] for line in lines], ["db1"])

    def test_twenty_first_uses_of_one_state_directory(self):
        state = self.state("new")
        results = self.run_all([(state, "show")] * COUNT)
        self.assertEqual({result[:2] for result in results}, {(0, pin(state) + "\n")})

    def test_twenty_rotations(self):
        """make one next key, and put it in use once"""
        with Server() as server:
            old = pin(server.state)
            announced = {result[:2] for result in self.run_all([(server.state, "rotate")] * COUNT)}
            self.assertEqual(len(announced), 1)
            results = self.run_all([(server.state, "rotate", "--commit")] * COUNT)
            self.assertIn(0, [result[0] for result in results])
            self.assertEqual({result[1] for result in results if result[0] == 0},
                             {pin(server.state) + "\n"})
            self.assertNotEqual(pin(server.state), old)
            with open(os.path.join(server.state, "identity.previous"), encoding="utf-8") as file:
                self.assertEqual(file.read().split(), [old])
            self.assertEqual(server.fetch().returncode, 0)


if __name__ == "__main__":
    unittest.main()
