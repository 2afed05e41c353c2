"""The status page in a real browser, with and without its script, beside a server that changes, in any colour scheme
and width; without a problem in the browser's log, and without a request to another origin."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
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
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.open("about:blank")  # the page of the previous test sends no more requests
        self.browser.problems.clear()
        self.browser.requests.clear()
        self.origins = set()

    def tearDown(self):
        # The page of a test may outlive its server.
        self.assertEqual([each for each in self.browser.problems if "ERR_CONNECTION_REFUSED" not in str(each)], [])
        requested = {re.match(r"\w+://[^/]*", url).group() for url in self.browser.requests if url != "about:blank"
                     and not url.startswith("data:")}
        self.assertLessEqual(requested, self.origins)

    def open(self, server, **options):
        self.origins.add(re.match(r"\w+://[^/]*", server.page).group())
        self.browser.open(server.page, **options)

    def evaluate(self, expression):
        return self.browser.evaluate(expression)

    def text(self, selector):
        return self.evaluate(f"document.querySelector({selector!r})?.innerText")

    def rows(self, table):
        """The texts of a table's cells, row by row, without the folded rows."""
        return self.evaluate(
            f"[...document.querySelector('.{table} tbody').rows].map(row => [...row.cells].map(c => c.innerText))")

    def wait_for_refreshes(self, count):
        for _ in range(count):
            self.evaluate("document.querySelector('main').isOld = true")
            wait_until(lambda: self.evaluate("document.querySelector('main').isOld") is None)

    def wait_for_row(self, table, *cells):
        wait_until(lambda: any(set(cells) <= set(row) for row in self.rows(table)))

    def hold_clients(self, server, stack, count):
        for number in range(count):
            stack.enter_context(Client(server.port)).exchange(hold=300, host=f"db{number}")


class Content(Page):
    def test_without_its_script_it_is_complete(self):
        with Server() as server:
            server.fetch()
            wait_until(lambda: server.status()["host"])
            self.open(server, has_script=False)
            self.assertIsNotNone(self.text("title"))
            self.assertRegex(self.text("#busy"), r"^\d+\.\d %$")
            self.assertGreater(len(self.rows("busiest")), 0)
            self.assertEqual([row[0] for row in self.rows("clients")], ["local"])
            self.assertEqual(self.rows("connections"), [["No client is connected."]])
            self.assertEqual(self.rows("counters")[0], ["accepted", "1"])
            self.assertEqual([url for url in self.browser.requests if url.endswith(".js")], [])

    def test_it_shows_changes_while_it_is_open(self):
        with Server() as server:
            self.open(server)
            self.assertEqual(self.rows("clients"), [["No client has reported yet."]])
            self.evaluate("window.isTheSame = true")
            with Client(server.port, server.state) as client:
                client.exchange(hold=300, name="cc1plus", pid=4242)
                self.wait_for_row("clients", "local", "cc1plus", "4242", "8.43 s")
                self.wait_for_row("connections", "local", "idle")
            self.wait_for_row("connections", "No client is connected.")
            with Burner(b"</td><img src") as pid:
                self.wait_for_row("busiest", "</td><img src", str(pid))
            self.assertTrue(self.evaluate("window.isTheSame"))

    def test_hostile_names_stay_text(self):
        names = ["<script>x=1", "</td><img src", "\"'&amp;{}${1}", "\\xff\\x1b[2J\\x0a", "日本ü", "a) R 1"]
        with Server("--no-tls") as server, contextlib.ExitStack() as stack:
            for name in names:
                stack.enter_context(Client(server.port)).exchange(hold=300, name=name, host=name)
            for has_script in (False, True):
                self.open(server, has_script=has_script)
                for name in names:
                    self.wait_for_row("clients", name)
            self.wait_for_refreshes(1)
            for name in names:
                self.wait_for_row("clients", name)
            self.assertEqual(self.evaluate("[typeof x, document.images.length]"), ["undefined", 0])

    def test_long_lists_are_folded(self):
        with Server("--no-tls") as server, contextlib.ExitStack() as stack:
            self.hold_clients(server, stack, 100)
            for has_script in (False, True):
                self.open(server, has_script=has_script)
                for table in ("clients", "connections"):
                    self.assertEqual(len(self.rows(table)), 25)
                    fold = f"#{table} details"
                    self.assertEqual(self.text(fold + " summary"), "75 more")
                    self.evaluate(f"document.querySelector({fold!r}).open = true")
                    self.assertEqual(self.evaluate(f"document.querySelectorAll('{fold} tbody tr').length"), 75)
            self.wait_for_refreshes(1)
            self.assertEqual(self.text("#clients details tbody tr:last-child td:nth-child(2)"), "db0")


class Reader(Page):
    """A refresh does not disturb the reader."""

    def setUp(self):
        super().setUp()
        self.browser.resize(375, 600)

    @contextlib.contextmanager
    def open_with_folds(self):
        """A page with two folds, and longer than the window."""
        with Server("--no-tls") as server, contextlib.ExitStack() as stack:
            self.hold_clients(server, stack, 40)
            self.open(server)
            yield

    def assert_unchanged(self):
        top, *rest = self.evaluate("""[
            document.querySelector('.connections').getBoundingClientRect().top,
            document.querySelector('#clients').scrollLeft,
            document.activeElement.innerText,
            ...[...document.querySelectorAll('details')].map((each) => each.open)]""")
        self.assertEqual(rest, [77, "15 more", False, True])
        self.assertAlmostEqual(top, -30, delta=5)  # each refresh rounds to pixels

    def test_folds_scroll_positions_and_focus_stay(self):
        with self.open_with_folds():
            self.evaluate("""
                fold = document.querySelector('#connections details');
                fold.open = true;
                fold.querySelector('summary').focus();
                document.querySelector('#clients').scrollLeft = 77;
                document.querySelector('.connections').scrollIntoView();
                scrollBy(0, 30)""")
            self.assert_unchanged()
            self.wait_for_refreshes(2)
            self.assert_unchanged()
            # A section that is added above the visible ones moves nothing.
            self.evaluate("document.querySelector('#busiest').remove()")
            self.wait_for_refreshes(1)
            self.assert_unchanged()
            self.evaluate("document.querySelector('#connections details').open = false")
            self.wait_for_refreshes(1)
            self.assertEqual(self.evaluate("document.querySelectorAll('details[open]').length"), 0)

    def assert_waits(self):
        """The page is not replaced, and shows its age; that moves nothing."""
        self.evaluate("document.querySelector('main').isOld = true")
        position = "document.querySelector('#cpu').offsetTop"
        before = self.evaluate(position)
        wait_until(lambda: int((re.match(r", (\d+) s old$", self.text("#age")) or [0, 0])[1]) >= 2)
        self.assertTrue(self.evaluate("document.querySelector('main').isOld"))
        self.assertEqual(self.evaluate(position), before)

    def test_it_waits_while_text_is_selected(self):
        with Server() as server:
            self.open(server)
            self.evaluate("""
                real = fetch;
                fetch = async (...args) => {  // the reader selects while the answer is being received
                  const answer = await real(...args);
                  getSelection().selectAllChildren(document.querySelector('.busiest caption'));
                  return answer;
                }""")
            wait_until(lambda: self.evaluate("getSelection().toString()"))
            self.assert_waits()
            self.assertEqual(self.evaluate("getSelection().toString()"), "Busiest processes, in percent of one CPU")
            self.evaluate("fetch = real; getSelection().removeAllRanges()")
            self.wait_for_refreshes(1)
            self.assertEqual(self.text("#age"), "")

    def test_it_waits_while_a_mouse_button_is_down(self):
        with self.open_with_folds():
            x, y = self.evaluate("""(() => {
                const summary = document.querySelector('#connections summary');
                summary.scrollIntoView();
                const { left, top } = summary.getBoundingClientRect();
                return [left + 5, top + 5];
            })()""")
            for event in ("mousePressed", "mouseReleased"):
                self.browser.call("Input.dispatchMouseEvent", type=event, x=x, y=y, button="left", clickCount=1)
                if event == "mousePressed":
                    self.assert_waits()
            self.wait_for_refreshes(1)
            self.assertTrue(self.evaluate("document.querySelector('#connections details').open"))


class Freshness(Page):
    def test_at_each_of_its_addresses(self):
        with Server() as server:
            self.open(server)
            with_password = server.page.replace("//", "//user:password@")
            self.origins.add(with_password.removesuffix("/status"))
            for address in (server.page.removesuffix("status"), server.page + "?a=b#c", with_password):
                self.browser.call("Page.navigate", url=address)
                wait_until(lambda: self.text("#problem") == "")
                self.wait_for_refreshes(1)

    def test_a_server_that_is_restarted(self):
        with tempfile.TemporaryDirectory() as state:
            with Server(state=state) as server:
                self.open(server)
                page, address = server.page.split("/")[2], server.address
                server.stop()
                wait_until(lambda: self.text("#problem") == "offline since " + self.text("#time"))
                wait_until(lambda: self.text("#age").endswith(" s old"))
            with Server("--listen", address, "--http", page, state=state) as server:
                wait_until(lambda: self.text("#problem") == "")
                self.assertIn(f"process {server.process.pid},", self.text("footer"))
            self.ignore_failed_requests()

    def ignore_failed_requests(self):
        """The browser logs requests that fail because the server is down; that is not a problem of the page."""
        self.browser.problems[:] = [problem for problem in self.browser.problems
                                    if "Failed to load resource: " not in str(problem)]

    def hide(self, is_hidden):
        self.evaluate("Object.defineProperty(document, 'hidden', {configurable: true, value: "
                      f"{str(is_hidden).lower()}}}); document.dispatchEvent(new Event('visibilitychange'))")

    def count_requests(self):
        """Afterwards the page counts requests: `begun`, `ended`, and `most` at the same time."""
        self.evaluate("""
            real = fetch; begun = ended = most = 0;
            fetch = async (...args) => {
              most = Math.max(most, ++begun - ended);
              try { return await real(...args); } finally { ended++; }
            }""")

    def test_a_hidden_tab_requests_nothing(self):
        with Server() as server:
            self.open(server)
            self.count_requests()
            self.wait_for_refreshes(1)
            self.hide(True)
            before = self.evaluate("begun")
            time.sleep(1.5)
            self.assertEqual(self.evaluate("begun"), before)
            self.hide(False)  # the next request follows at once
            self.assertEqual(self.evaluate("begun"), before + 1)
            self.wait_for_refreshes(1)

    def test_there_is_one_request_at_a_time(self):
        """Also if the server does not answer, and if the tab is hidden and shown meanwhile."""
        with Server() as server:
            self.open(server)
            self.count_requests()
            server.process.send_signal(signal.SIGSTOP)
            wait_until(lambda: self.evaluate("begun > ended"))
            for _ in range(3):
                self.hide(True)
                self.hide(False)
            # The first request times out, and the next one begins.
            wait_until(lambda: self.text("#problem").startswith("offline since "))
            wait_until(lambda: self.evaluate("begun > 1 && begun > ended"))
            server.process.send_signal(signal.SIGCONT)
            wait_until(lambda: self.text("#problem") == "")
            self.assertEqual(self.evaluate("most"), 1)
            self.ignore_failed_requests()

    def answer(self, status, text):
        """Afterwards every request gets this answer; `requests` counts them."""
        self.evaluate("requests = 0; fetch = async () => { requests += 1; return new Response('', "
                      f"{{status: {status}, statusText: {text!r}}}); }}")

    def test_an_error_of_the_server_is_shown(self):
        with Server() as server:
            self.open(server)
            self.evaluate("real = fetch")
            self.answer(500, "Internal Server Error")
            wait_until(lambda: self.text("#problem").startswith("500 Internal Server Error since "))
            self.evaluate("fetch = real; getSelection().selectAllChildren(document.querySelector('h1'))")
            wait_until(lambda: self.text("#problem") == "")
            # After a wrong token, another request would count as another guess.
            self.answer(401, "Unauthorized")
            wait_until(lambda: self.text("#problem").startswith("401 Unauthorized since "))
            time.sleep(1.5)
            self.assertEqual(self.evaluate("requests"), 1)

    def test_a_page_of_another_version_is_loaded_completely(self):
        with Server() as server:
            self.open(server)
            self.evaluate("""
                isTheSame = true;
                document.querySelector('meta[name=generator]').content = 'topnet 0.0.1'""")
            wait_until(lambda: self.evaluate("typeof isTheSame") == "undefined")
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

    def test_contrast_in_any_colour_scheme_and_width(self):
        with Server() as server, Client(server.port, server.state) as client:
            client.exchange(hold=300)
            wait_until(lambda: server.status()["host"])
            self.open(server)
            for width in (375, 1280, 2560):
                self.browser.resize(width)
                # There is no horizontal scrolling.
                self.assertEqual(self.evaluate("document.documentElement.scrollWidth"), width)
                for scheme in ("light", "dark"):
                    self.browser.prefer(scheme)
                    self.assertGreaterEqual(min(self.evaluate(self.CONTRASTS)), 4.5, scheme)
                    if PICTURES:
                        self.browser.screenshot(os.path.join(PICTURES, f"status-{width}-{scheme}.png"))
            self.browser.resize(1280)
            server.process.kill()
            wait_until(lambda: self.text("#problem"))
            for scheme in ("dark", "light"):
                self.browser.prefer(scheme)
                self.assertGreaterEqual(min(self.evaluate(self.CONTRASTS)), 4.5, scheme)
                self.assertEqual(self.evaluate(
                    "[...document.querySelectorAll('main, main :not(svg, svg *)')]"
                    ".every((each) => getComputedStyle(each).opacity === '1')"), True)
            self.browser.problems.clear()  # failed requests, since the server has ended

    def test_a_refresh_moves_nothing(self):
        positions = """[...document.querySelectorAll('section, th, footer')].map((each) => {
          const {x, y, width} = each.getBoundingClientRect(); return [x, width, y];})"""
        with Server() as server, contextlib.ExitStack() as stack:
            server.fetch()
            wait_until(lambda: server.status()["host"])
            busy = stack.enter_context(subprocess.Popen(["timeout", "60", "sh", "-c", "while :; do sh -c :; done"]))
            stack.callback(busy.terminate)
            for width, coordinates in ((375, 2), (1280, 3)):  # in a narrow window, longer texts need more lines
                self.browser.resize(width)
                self.open(server)
                before = self.evaluate(positions)
                time.sleep(2)  # the interval of the server's monitor, so that the figures change
                self.wait_for_refreshes(1)
                self.assertEqual([each[:coordinates] for each in self.evaluate(positions)],
                                 [each[:coordinates] for each in before])

    def test_it_has_names_for_screen_readers(self):
        with Server() as server:
            self.open(server)
            self.assertEqual(self.evaluate("['header', 'main', 'footer'].map((name) => "
                                                   "document.querySelectorAll(name).length)"), [1, 1, 1])
            self.assertEqual(self.evaluate("document.documentElement.lang"), "en")
            unnamed = """[...document.querySelectorAll('table, section, svg')].filter((each) =>
              !(each.caption || each.ariaLabel || each.getAttribute('aria-labelledby') ||
                each.getAttribute('aria-hidden') || each.querySelector('caption'))).length"""
            self.assertEqual(self.evaluate(unnamed), 0)
            self.assertEqual(self.evaluate(
                "[...document.querySelectorAll('th')].every((each) => each.scope === 'col')"), True)


@unittest.skipUnless(PICTURES, "PICTURES is not set")
class Picture(Page):
    def test_of_three_minutes(self):
        """For the README: a busy machine, three clients and their busiest processes."""
        hosts = {"db1": "postgres", "web01": "nginx", "build3": "cc1plus"}
        with Server("--no-tls") as server:
            clients = []
            for host, name in hosts.items():
                for earlier in ("make", name):
                    client = Client(server.port)
                    client.exchange(hold=600, host=host, name=earlier, user_ticks=40 + len(host) * 9)
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
