"""The status page in a real browser: without its script, with it, beside what comes and goes, in any light
and width; without a complaint of the browser, and without a request to anybody else."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest

from support.browser import PROGRAM, Browser
from support.independent_client import Client
from support.program import Burner, Server, wait_until

SKIPPED = 77
# The folder for screenshots; none are made without it.
PICTURES = os.environ.get("PICTURES")

class Page(unittest.TestCase):
    """One browser for all; each test has a server of its own."""

    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.browser.start()
        cls.addClassCleanup(cls.browser.end)

    def setUp(self):
        self.browser.problems.clear()
        self.browser.requests.clear()
        self.origins = set()

    def tearDown(self):
        self.assertEqual(self.browser.problems, [])
        asked = {re.match(r"\w+://[^/]*", url).group() for url in self.browser.requests if url != "about:blank"
                 and not url.startswith("data:")}
        self.assertLessEqual(asked, self.origins)

    def open(self, server, **options):
        self.origins.add(re.match(r"\w+://[^/]*", server.page).group())
        self.browser.open(server.page, **options)

    def text(self, selector):
        return self.browser.evaluate(f"document.querySelector({selector!r})?.innerText")

    def rows(self, table):
        """The texts of a table's cells, row by row, without those that are folded."""
        return self.browser.evaluate(
            f"[...document.querySelector('.{table} tbody').rows].map(row => [...row.cells].map(c => c.innerText))")

    def wait_for_refreshes(self, count):
        for _ in range(count):
            shown = self.text("#time")
            wait_until(lambda: self.text("#time") != shown)

    def wait_for_row(self, table, *cells):
        return wait_until(lambda: next((row for row in self.rows(table) if set(cells) <= set(row)), None))


class Content(Page):
    def test_without_its_script_it_is_complete(self):
        with Server() as server:
            server.fetch()
            wait_until(lambda: server.status()["host"])
            self.open(server, has_script=False)
            self.assertTrue(self.text("title") is not None)
            self.assertRegex(self.text("#busy"), r"^\d+\.\d %$")
            self.assertGreater(len(self.rows("busiest")), 0)
            self.assertEqual([row[0] for row in self.rows("clients")], ["local"])
            self.assertEqual(self.rows("connections"), [["Nobody is connected."]])
            self.assertEqual(self.rows("counters")[0], ["accepted", "1"])
            self.assertEqual([url for url in self.browser.requests if url.endswith(".js")], [])

    def test_it_shows_what_happens_while_it_is_looked_at(self):
        with Server() as server:
            self.open(server)
            self.assertEqual(self.rows("clients"), [["No client has reported yet."]])
            self.browser.evaluate("window.isTheSame = true")
            with Client(server.port, server.state) as client:
                client.fetch(hold=300)
                client.send_top(name="cc1plus", pid=4242)
                self.wait_for_row("clients", "local", "cc1plus", "4242", "8.43 s")
                self.wait_for_row("connections", "local", "idle")
            self.wait_for_row("connections", "Nobody is connected.")
            with Burner(b"burner") as pid:
                self.wait_for_row("busiest", "burner", str(pid))
            self.assertTrue(self.browser.evaluate("window.isTheSame"))

    def test_names_of_any_kind_stay_text(self):
        names = [b"<script>x=1", b"</td><img src", b"\"'&amp;{}${1}", b"\xff\x1b[2J\n", "日本ü".encode(),
                 "\u202eevil".encode(), b"a) R 1"]
        with Server() as server:
            self.open(server)
            for name in names:
                with Burner(name):
                    self.assertEqual(server.fetch("-d", "0.2").returncode, 0)
                shown = server.status()["reports"][0]["name"]
                self.wait_for_row("clients", shown)
                self.open(server, has_script=False)
                self.wait_for_row("clients", shown)
                self.open(server)
            self.assertEqual(self.browser.evaluate("[typeof x, document.images.length]"), ["undefined", 0])

    def test_a_thousand_connections_and_clients(self):
        with Server("--no-tls", "--max-clients", "1200") as server, contextlib.ExitStack() as stack:
            for number in range(1000):
                client = stack.enter_context(Client(server.port))
                client.fetch(top=1, hold=300)
                client.send_top(host=f"db{number}")
            for has_script in (False, True):
                self.open(server, has_script=has_script)
                for table in ("clients", "connections"):
                    self.assertEqual(len(self.rows(table)), 25)
                    fold = f"#{table} details"
                    self.assertEqual(self.text(fold + " summary"), "975 more")
                    self.browser.evaluate(f"document.querySelector({fold!r}).open = true")
                    self.assertEqual(self.browser.evaluate(
                        f"document.querySelectorAll('{fold} tbody tr').length"), 975)
            self.wait_for_refreshes(2)
            self.assertEqual(self.text("#clients details tbody tr:last-child td:nth-child(2)"), "db0")


class Reader(Page):
    """What the reader does with the page survives its refreshes."""

    @contextlib.contextmanager
    def open_with_folds(self):
        """A page with two folds, and longer than the window."""
        with Server("--no-tls") as server, contextlib.ExitStack() as stack:
            for number in range(40):
                client = stack.enter_context(Client(server.port))
                client.fetch(top=1, hold=300)
                client.send_top(host=f"db{number}")
            self.browser.resize(375, 600)
            self.open(server)
            yield

    def assert_stays(self):
        top, *rest = self.browser.evaluate("""[
            document.querySelector('.connections').getBoundingClientRect().top,
            document.querySelector('#clients').scrollLeft,
            document.activeElement.innerText,
            ...[...document.querySelectorAll('details')].map((each) => each.open)]""")
        self.assertEqual(rest, [77, "15 more", False, True])
        self.assertAlmostEqual(top, -30, delta=1)  # a pixel for the browser's rounding

    def test_folds_scroll_positions_and_focus_stay(self):
        with self.open_with_folds():
            self.browser.evaluate("""
                fold = document.querySelector('#connections details');
                fold.open = true;
                fold.querySelector('summary').focus();
                document.querySelector('#clients').scrollLeft = 77;
                document.querySelector('.connections').scrollIntoView();
                scrollBy(0, 30)""")
            self.assert_stays()
            self.wait_for_refreshes(3)
            self.assert_stays()
            # A section that comes above moves nothing.
            self.browser.evaluate("document.querySelector('#busiest').remove()")
            self.wait_for_refreshes(1)
            self.assert_stays()
            self.browser.evaluate("document.querySelector('#connections details').open = false")
            self.wait_for_refreshes(1)
            self.assertEqual(self.browser.evaluate("document.querySelectorAll('details[open]').length"), 0)

    def assert_waits(self):
        """The page is not replaced, and says how old it is."""
        self.browser.evaluate("document.querySelector('main').isTheSame = true")
        wait_until(lambda: int((re.match(r", (\d+) s old$", self.text("#age")) or [0, 0])[1]) >= 6)
        self.assertTrue(self.browser.evaluate("document.querySelector('main').isTheSame"))

    def test_it_waits_while_text_is_selected(self):
        with Server() as server:
            self.open(server)
            self.browser.evaluate("""
                real = fetch;
                fetch = async (...words) => {  // also where that was done while an answer was under way
                  const answer = await real(...words);
                  getSelection().selectAllChildren(document.querySelector('.busiest caption'));
                  return answer;
                }""")
            wait_until(lambda: self.browser.evaluate("getSelection().toString()"))
            self.assert_waits()
            self.assertEqual(self.browser.evaluate("getSelection().toString()"),
                             "Busiest processes, in percent of one CPU")
            self.browser.evaluate("fetch = real; getSelection().removeAllRanges()")
            self.wait_for_refreshes(1)
            self.assertEqual(self.text("#age"), "")

    def test_it_waits_while_a_field_has_the_focus(self):
        with Server() as server:
            self.open(server)
            self.browser.evaluate("""
                field = document.createElement('input');
                field.name = 'filter';
                document.querySelector('header').append(field);
                field.focus()""")
            self.browser.call("Input.insertText", text="db")
            self.assert_waits()
            self.assertEqual(self.browser.evaluate("field.value"), "db")
            self.browser.evaluate("field.blur()")
            self.wait_for_refreshes(1)

    def test_it_waits_while_a_mouse_button_is_down(self):
        with self.open_with_folds():
            x, y = self.browser.evaluate("""(() => {
                const summary = document.querySelector('#connections summary');
                summary.scrollIntoView();
                const { left, top } = summary.getBoundingClientRect();
                return [left + 5, top + 5];
            })()""")
            def mouse(what):
                self.browser.call("Input.dispatchMouseEvent", type=what, x=x, y=y, button="left", clickCount=1)
            mouse("mousePressed")
            self.assert_waits()
            mouse("mouseReleased")
            self.wait_for_refreshes(1)
            self.assertTrue(self.browser.evaluate("document.querySelector('#connections details').open"))


class Freshness(Page):
    def test_at_each_of_its_addresses(self):
        with Server() as server:
            self.open(server)
            with_password = server.page.replace("//", "//user:password@")
            self.origins.add(with_password.removesuffix("/status"))
            for address in (server.page.removesuffix("status"), server.page + "?a=b#c", with_password):
                self.browser.call("Page.navigate", url=address)
                wait_until(lambda: self.text("#problem") == "")
                self.wait_for_refreshes(2)

    def test_a_server_that_is_gone_and_comes_again(self):
        with tempfile.TemporaryDirectory() as state:
            with Server(state=state) as server:
                self.open(server)
                page, address = server.page.split("/")[2], server.address
                server.stop()
                shown = self.text("#time")
                wait_until(lambda: self.text("#problem") == f"offline since {shown}")
                wait_until(lambda: self.text("#age").endswith(" s old"))
            with Server("--listen", address, "--http", page, state=state) as server:
                wait_until(lambda: self.text("#problem") == "")
                self.assertIn(f"process {server.process.pid},", self.text("footer"))
            self.forget_the_network()

    def forget_the_network(self):
        """What the browser says of a server that is gone, or refuses, is no problem of the page."""
        self.browser.problems[:] = [problem for problem in self.browser.problems
                                    if "Failed to load resource: " not in str(problem)]

    def hide(self, is_hidden):
        self.browser.evaluate("Object.defineProperty(document, 'hidden', {configurable: true, value: "
                              f"{str(is_hidden).lower()}}}); document.dispatchEvent(new Event('visibilitychange'))")

    def count_asked(self, server):
        return self.browser.requests.count(server.page)

    def wait(self, milliseconds):
        self.browser.evaluate(f"new Promise((done) => setTimeout(done, {milliseconds}))")

    def test_a_hidden_tab_asks_for_nothing(self):
        with Server() as server:
            self.open(server)
            self.wait_for_refreshes(1)
            self.hide(True)
            self.wait(1000)  # for an answer that was on its way
            before = self.count_asked(server)
            self.wait(4000)
            self.assertEqual(self.count_asked(server), before)
            self.hide(False)
            wait_until(lambda: self.count_asked(server) > before)
            self.wait_for_refreshes(1)

    def test_no_request_begins_while_another_is_under_way(self):
        """not beside a server that does not answer, and not if the tab is hidden and shown meanwhile"""
        with Server() as server:
            self.open(server)
            self.browser.evaluate("""
                real = fetch; begun = ended = most = 0;
                fetch = async (...words) => {
                  most = Math.max(most, ++begun - ended);
                  try { return await real(...words); } finally { ended++; }
                }""")
            server.process.send_signal(signal.SIGSTOP)
            shown = self.text("#time")
            wait_until(lambda: self.browser.evaluate("begun > ended"))
            for _ in range(3):
                self.hide(True)
                self.hide(False)
            # The first is given up, and the next one begins.
            wait_until(lambda: self.text("#problem") == f"offline since {shown}")
            wait_until(lambda: self.browser.evaluate("begun === 2 && ended === 1"))
            server.process.send_signal(signal.SIGCONT)
            wait_until(lambda: self.text("#problem") == "")
            self.assertEqual(self.browser.evaluate("most"), 1)
            self.forget_the_network()

    def answer(self, status, text):
        """What every request gets from now on; asked counts them."""
        self.browser.evaluate("asked = 0; fetch = async () => { asked += 1; return new Response('', "
                              f"{{status: {status}, statusText: {text!r}}}); }}")

    def test_an_answer_that_is_no_page_is_said(self):
        with Server() as server:
            self.open(server)
            self.browser.evaluate("real = fetch")
            self.answer(500, "Internal Server Error")
            shown = self.text("#time")
            wait_until(lambda: self.text("#problem") == f"500 Internal Server Error since {shown}")
            self.browser.evaluate("fetch = real; getSelection().selectAllChildren(document.querySelector('h1'))")
            wait_until(lambda: self.text("#problem") == "")
            # With a token that is wrong, the next request would be another guess.
            self.answer(401, "Unauthorized")
            wait_until(lambda: self.text("#problem").startswith("401 Unauthorized since "))
            self.wait(4000)
            self.assertEqual(self.browser.evaluate("asked"), 1)

    def test_the_page_of_another_version_is_loaded_as_a_whole(self):
        with Server() as server:
            self.open(server)
            self.browser.evaluate("""
                isTheSame = true;
                document.querySelector('meta[name=generator]').content = 'topnet 0.0.1'""")
            wait_until(lambda: self.browser.evaluate("typeof isTheSame") == "undefined")
            self.wait_for_refreshes(1)


class Looks(Page):
    CONTRASTS = """(() => {
      const luminance = (colour) => {
        const [r, g, b] = colour.match(/[0-9.]+/g).map((v) => v / 255)
          .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const paper = luminance(getComputedStyle(document.documentElement).backgroundColor);
      return [...document.querySelectorAll('h1, h2, p, caption, th, td, li, a, summary, footer, #problem, .chart span')]
        .map((each) => luminance(getComputedStyle(each).color))
        .map((ink) => (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05));
    })()"""

    def test_in_any_light_and_width(self):
        with Server() as server, Client(server.port, server.state) as client:
            client.fetch(hold=300)
            client.send_top()
            wait_until(lambda: server.status()["host"])
            self.open(server)
            for width in (375, 1280, 2560):
                self.browser.resize(width)
                # Nothing sticks out to the side.
                self.assertEqual(self.browser.evaluate("document.documentElement.scrollWidth"), width)
                for scheme in ("light", "dark"):
                    self.browser.prefer(scheme)
                    self.assertGreaterEqual(min(self.browser.evaluate(self.CONTRASTS)), 4.5, scheme)
                    if PICTURES:
                        self.browser.screenshot(os.path.join(PICTURES, f"status-{width}-{scheme}.png"))
            self.browser.resize(1280)
            server.process.kill()
            wait_until(lambda: self.text("#problem"))
            for scheme in ("dark", "light"):
                self.browser.prefer(scheme)
                self.assertGreaterEqual(min(self.browser.evaluate(self.CONTRASTS)), 4.5, scheme)
                self.assertEqual(self.browser.evaluate(
                    "[...document.querySelectorAll('main, main :not(svg, svg *)')]"
                    ".every((each) => getComputedStyle(each).opacity === '1')"), True)
            self.browser.problems.clear()  # that the server is gone

    def test_nothing_moves_when_it_is_refreshed(self):
        places = """[...document.querySelectorAll('section, th, footer')].map((each) => {
          const {x, y, width} = each.getBoundingClientRect(); return [x, y, width];})"""
        with Server() as server:
            server.fetch()
            wait_until(lambda: server.status()["host"])
            with subprocess.Popen(["timeout", "60", "sh", "-c", "while :; do sh -c :; done"]) as busy:
                for width in (375, 1280):
                    self.browser.resize(width)
                    self.open(server)
                    before = self.browser.evaluate(places)
                    for _ in range(3):
                        self.wait_for_refreshes(1)
                        self.assertEqual(self.browser.evaluate(places), before)
                busy.terminate()

    def test_whoever_does_not_see_it_finds_the_way(self):
        with Server() as server:
            self.open(server)
            self.assertEqual(self.browser.evaluate("['header', 'main', 'footer'].map((name) => "
                                                   "document.querySelectorAll(name).length)"), [1, 1, 1])
            self.assertEqual(self.browser.evaluate("document.documentElement.lang"), "en")
            unnamed = """[...document.querySelectorAll('table, section, svg')].filter((each) =>
              !(each.caption || each.ariaLabel || each.getAttribute('aria-labelledby') ||
                each.getAttribute('aria-hidden') || each.querySelector('caption'))).length"""
            self.assertEqual(self.browser.evaluate(unnamed), 0)
            self.assertEqual(self.browser.evaluate(
                "[...document.querySelectorAll('th')].every((each) => each.scope === 'col')"), True)


@unittest.skipUnless(PICTURES, "PICTURES is not set")
class Picture(Page):
    def test_of_three_minutes(self):
        """for the README: a machine on which something happens, three clients and their tops"""
        hosts = {"db1": "postgres", "web01": "nginx", "build3": "cc1plus"}
        with Server("--no-tls") as server:
            clients = []
            for host, name in hosts.items():
                for earlier in ("make", name):
                    client = Client(server.port)
                    client.fetch(hold=600)
                    client.send_top(host=host, name=earlier, user_ticks=40 + len(host) * 9)
                    clients.append(client)
            self.browser.resize(1280)
            self.browser.prefer("light")
            self.open(server)
            for names in ([b"gzip"], [b"cc1plus", b"ld"], [b"cc1plus"], [], [b"gzip"]) * 2:
                with contextlib.ExitStack() as stack:
                    for name in names:
                        stack.enter_context(Burner(name))
                    stack.enter_context(subprocess.Popen(["timeout", "16", "sh", "-c", "while :; do sh -c :; done"]))
            self.wait_for_row("clients", "build3")
            self.browser.screenshot(os.path.join(PICTURES, "status.png"))
            for client in clients:
                client.connection.close()


if __name__ == "__main__":
    if not PROGRAM:
        print("Chromium is not installed: the tests of the page are skipped")
        sys.exit(SKIPPED)
    unittest.main()
