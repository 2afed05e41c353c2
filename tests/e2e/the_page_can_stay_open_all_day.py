"""The status page in a real browser: without its script, with it, beside what comes and goes, in any light
and width; without a complaint of the browser, and without a request to anybody else."""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import unittest

from support.browser import PROGRAM, Browser
from support.independent_client import Client
from support.program import Burner, Server, wait_until

SKIPPED = 77
# Where the pictures of the page are put; nowhere, by default.
PICTURES = os.environ.get("PICTURES")

# The page without the moments in it, which pass, and the chart, which moves with them.
SKELETON = """(main) => {
  const copy = main.cloneNode(true);
  for (const moment of copy.querySelectorAll('[title]')) moment.replaceWith('T');
  for (const path of copy.querySelectorAll('path')) {
    path.setAttribute('steps', path.getAttribute('d').split('V').length);
    path.removeAttribute('d');
  }
  return copy.innerHTML.replaceAll(/>\\s+</g, '><');
}"""
# What the script has written into an empty page, and what the server serves at that moment.
WRITTEN_AND_SERVED = """(async () => {
  const skeleton = %s;
  for (const body of document.querySelectorAll('tbody')) body.replaceChildren();
  const texts = document.querySelectorAll('#busy, #cpus, #window, #ended, #cost, #legend b');
  for (const text of texts) text.textContent = '';
  for (const drawn of document.querySelectorAll('#chart path')) drawn.setAttribute('d', '');
  for (const drawn of document.querySelectorAll('#split rect')) drawn.setAttribute('width', 77);
  const busy = document.getElementById('busy');
  await new Promise((done) => new MutationObserver(() => busy.textContent && done()).observe(busy, {childList: true}));
  await new Promise(requestAnimationFrame);
  const served = new DOMParser().parseFromString(await (await fetch('/status')).text(), 'text/html');
  return [skeleton(document.querySelector('main')), skeleton(served.querySelector('main'))];
})()""" % SKELETON


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
            f"[...document.querySelector('#{table} tbody').rows].map(row => [...row.cells].map(c => c.innerText))")

    def wait_for_refresh(self):
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
            self.assertEqual([url for url in self.browser.requests if url.endswith((".js", ".json"))], [])

    def test_the_script_writes_what_the_server_does(self):
        with Server() as server, Client(server.port, server.state) as client:
            for _ in range(3):
                server.fetch("-d", "0.1")
            client.fetch(hold=300)
            wait_until(lambda: server.status()["host"])
            self.open(server)
            # By chance a window closes, or a count goes on, between the two.
            pairs = (self.browser.evaluate(WRITTEN_AND_SERVED) for _ in range(8))
            written, served = next((pair for pair in pairs if pair[0] == pair[1]), (None, None))
            self.assertIsNotNone(written, self.browser.evaluate(WRITTEN_AND_SERVED))
            self.assertIn("local", served)

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
                    fold = f"#{table} + details"
                    self.assertEqual(self.text(fold + " summary"), "975 more")
                    self.browser.evaluate(f"document.querySelector({fold!r}).open = true")
                    self.assertEqual(self.browser.evaluate(
                        f"document.querySelectorAll('{fold} tbody tr').length"), 975)
            self.wait_for_refresh()
            self.assertTrue(self.browser.evaluate("document.querySelector('#clients + details').open"))
            # The last row is the first client's, and what is selected stays so.
            last = "#clients + details tbody tr:last-child td:nth-child(2)"
            self.assertEqual(self.text(last), "db0")
            self.browser.evaluate(f"getSelection().selectAllChildren(document.querySelector({last!r}))")
            self.wait_for_refresh()
            self.assertEqual(self.browser.evaluate("getSelection().toString()"), "db0")

class Freshness(Page):
    def test_a_server_that_is_gone_and_comes_again(self):
        with tempfile.TemporaryDirectory() as state:
            with Server(state=state) as server:
                self.open(server)
                page, address = server.page.split("/")[2], server.address
                server.stop()
                wait_until(lambda: (self.text("#offline") or "").startswith("offline since "))
            with Server("--listen", address, "--http", page, state=state) as server:
                wait_until(lambda: self.text("#offline") == "")
                self.assertEqual(self.text("#pid"), str(server.process.pid))
            self.forget_the_network()

    def forget_the_network(self):
        """What the browser says of a server that is gone, or refuses, is no problem of the page."""
        self.browser.problems[:] = [problem for problem in self.browser.problems
                                    if "Failed to load resource: " not in str(problem)]

    def hide(self, is_hidden):
        self.browser.evaluate("Object.defineProperty(document, 'hidden', {configurable: true, value: "
                              f"{str(is_hidden).lower()}}}); document.dispatchEvent(new Event('visibilitychange'))")

    def count_asked(self):
        return sum(url.endswith(".json") for url in self.browser.requests)

    def wait(self, milliseconds):
        self.browser.evaluate(f"new Promise((done) => setTimeout(done, {milliseconds}))")

    def test_a_tab_that_nobody_sees_asks_for_nothing(self):
        with Server() as server:
            self.open(server)
            self.wait_for_refresh()
            self.hide(True)
            self.wait(1000)  # for an answer that was on its way
            before = self.count_asked()
            self.wait(4000)
            self.assertEqual(self.count_asked(), before)
            self.hide(False)
            wait_until(lambda: self.count_asked() > before)
            self.wait_for_refresh()

    def test_a_page_that_is_not_shown_any_more_says_so_and_asks_no_more(self):
        with Server() as server:
            self.open(server)
            self.browser.evaluate("asked = 0; fetch = async () => { asked += 1; "
                                  "return new Response('', {status: 403, statusText: 'Forbidden'}); }")
            wait_until(lambda: self.text("#offline") == "no longer shown: 403 Forbidden; reload the page")
            self.wait(4000)
            self.assertEqual(self.browser.evaluate("asked"), 1)

    def test_an_answer_that_comes_too_late_counts_for_nothing(self):
        with Server() as server:
            self.open(server)
            self.wait_for_refresh()
            # The first one is held back until another one has been asked for and answered.
            self.browser.evaluate("""
              real = fetch; held = undefined; count = 0;
              fetch = async (...words) => {
                const answer = await real(...words);
                if (++count === 1) await new Promise((go) => { held = go; });
                return answer;
              }""")
            wait_until(lambda: self.browser.evaluate("held !== undefined"))
            self.hide(True)
            self.hide(False)
            self.wait_for_refresh()
            shown = self.text("#time")
            self.browser.evaluate("held()")
            self.wait(200)
            self.assertGreaterEqual(self.text("#time"), shown)
            self.assertEqual(self.text("#offline"), "")

class Looks(Page):
    CONTRASTS = """(() => {
      const luminance = (colour) => {
        const [r, g, b] = colour.match(/[0-9.]+/g).map((v) => v / 255)
          .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const paper = luminance(getComputedStyle(document.documentElement).backgroundColor);
      return [...document.querySelectorAll('h1, h2, p, caption, th, td, li, a, summary, footer, #offline, .chart span')]
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
            wait_until(lambda: self.text("#offline"))
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
                        self.wait_for_refresh()
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
