"""Real engines that collect metrics, with the scrape configuration of deploy/prometheus."""

import json
import os
import re
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

DEPLOY = os.path.join(os.path.dirname(__file__), "..", "..", "deploy", "prometheus")


def read(name):
    with open(os.path.join(DEPLOY, name), encoding="utf-8") as file:
        return file.read()


def write_configuration(folder, servers, token):
    """Writes that of deploy/prometheus for servers on this machine. 15 s become 1 s, and a minute becomes 5 s."""
    scrape = read("prometheus.yml").replace("15s", "1s")
    addresses = "".join(f"          - {urllib.parse.urlsplit(server.page).netloc}\n" for server in servers)
    scrape = re.sub(r"(          - \w+:8080\n)+", addresses, scrape)
    certificates = ""
    for server in servers:
        with open(os.path.join(server.state, "identity.crt"), encoding="ascii") as file:
            certificates += file.read()
    rules = re.sub(r"offset 1m|\[1m\]", lambda found: found.group().replace("1m", "5s"), read("rules.yml"))
    for name, text in [("prometheus.yml", scrape), ("rules.yml", rules), ("token", token),
                       ("servers.crt", certificates)]:
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)


class Engine:
    """A context in which the engine runs on a free port of 127.0.0.1."""

    def __init__(self, folder, program, *options):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.log = os.path.join(folder, "log")
        self.command = [program, *(option.format(folder=folder, address=self.address) for option in options)]

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def query(self, query):
        """Returns [(labels, value)], empty while the engine is not ready."""
        if self.process.poll() is not None:
            with open(self.log, encoding="utf-8") as file:
                raise AssertionError(f"{self.command[0]} has ended: {file.read()}")
        url = f"http://{self.address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                document = json.load(answer)
        except (ConnectionError, urllib.error.URLError):
            return []
        return [(each["metric"], float(each["value"][1])) for each in document["data"]["result"]]

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)


def prometheus(folder):
    return Engine(folder, "prometheus", "--config.file={folder}/prometheus.yml", "--storage.tsdb.path={folder}/data",
                  "--web.listen-address={address}", "--log.level=warn")


def victoria_metrics(folder):
    return Engine(folder, "victoria-metrics", "-promscrape.config={folder}/prometheus.yml",
                  "-promscrape.config.strictParse=false", "-storageDataPath={folder}/data",
                  "-httpListenAddr={address}", "-search.latencyOffset=1s", "-loggerLevel=WARN")
