"""Requests to the status port, and a check of its counters that runs beside a test."""

import http.client
import threading
import urllib.parse

COUNTERS = ["accepted", "completed", "refused_busy", "refused_auth", "handshake_failed",
            "timed_out", "protocol_error", "peer_gone", "internal_error", "active"]


def get(page, path, method="GET", body=None, timeout=20, **headers):
    """Returns status, headers and body of the answer. `page` is any URL of the port."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(page).netloc, timeout=timeout)
    try:
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def problem_with(document):
    """What is wrong with the counters of /status.json; None if they add up."""
    counters = document["counters"]
    if list(counters) != COUNTERS:
        return f"the counters are {list(counters)}"
    if counters["accepted"] != sum(counters[name] for name in COUNTERS[1:]):
        return f"they do not add up: {counters}"
    if counters["active"] != len(document["connections"]):
        return f"{len(document['connections'])} connections are listed: {counters}"
    return None


class CounterCheck:
    """A context in which /status.json is read all the time; fails if the counters of one answer are wrong."""

    def __init__(self, server):
        self.server = server
        self.requests = 0
        self.problems = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ended.wait(0.005):
            try:
                problem = problem_with(self.server.status())
            except Exception as error:  # raised by __exit__, in the test's thread
                problem = repr(error)
            self.requests += 1
            if problem:
                self.problems.append(problem)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.ended.set()
        self.thread.join()
        if kind is None and (self.problems or not self.requests):
            raise AssertionError(f"{len(self.problems)} of {self.requests} answers: {self.problems[:3]}")
