"""Servers of other programs that are used for the same purpose, each as a context that runs it on a loopback port.

Each gets a folder for its files, and gives None if it is not installed.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time

PATH = "/usr/sbin:" + os.environ["PATH"]


def commands_per_second(command, seconds, at_once):
    """Runs a shell command again and again, `at_once` at a time; returns how often it succeeded in a second."""
    loop = f'end=$(($(date +%s) + {seconds})); n=0; while [ $(date +%s) -lt $end ]; do {command} ' \
           '>/dev/null 2>&1 && n=$((n + 1)); done; echo $n'
    began = time.monotonic()
    running = [subprocess.Popen(["sh", "-c", loop], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
               for _ in range(at_once)]
    count = sum(int(each.communicate()[0]) for each in running)
    return count / (time.monotonic() - began)


@contextlib.contextmanager
def sshd(folder):
    """sshd with a configuration of its own; gives the shell command that runs ps through it."""
    if not shutil.which("sshd") and not os.path.exists("/usr/sbin/sshd"):
        yield None
        return
    os.makedirs("/run/sshd", exist_ok=True)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/{name}"],
                       check=True)
    shutil.copy(f"{folder}/user.pub", f"{folder}/authorized")
    config = os.path.join(folder, "config")
    with open(config, "w", encoding="ascii") as file:
        file.write(f"Port 22022\nListenAddress 127.0.0.1\nHostKey {folder}/host\n"
                   f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
                   "PermitRootLogin yes\nMaxStartups 200\nPidFile none\n")
    with subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", config], stderr=subprocess.DEVNULL) as server:
        time.sleep(0.5)
        yield (f"ssh -q -F none -p 22022 -i {folder}/user -o StrictHostKeyChecking=no "
               f"-o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes 127.0.0.1 ps -eo "
               f"pid,comm,cputimes --sort=-cputimes")
        server.terminate()


@contextlib.contextmanager
def socat(folder):
    """socat as a TLS server that runs ps for each client; gives the shell command that connects to it."""
    if not shutil.which("socat"):
        yield None
        return
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-noenc", "-keyout", f"{folder}/socat.key", "-out",
                    f"{folder}/socat.crt", "-subj", "/CN=localhost", "-days", "2"], check=True,
                   stderr=subprocess.DEVNULL)
    listen = (f"OPENSSL-LISTEN:22023,bind=127.0.0.1,reuseaddr,fork,backlog=128,"
              f"cert={folder}/socat.crt,key={folder}/socat.key,cafile={folder}/socat.crt,verify=1")
    ps = "EXEC:ps -eo pid\\,comm\\,cputimes --sort=-cputimes"
    with subprocess.Popen(["socat", listen, ps], stderr=subprocess.DEVNULL) as server:
        time.sleep(0.5)
        yield (f"socat -u OPENSSL:127.0.0.1:22023,cert={folder}/socat.crt,key={folder}/socat.key,"
               f"cafile={folder}/socat.crt,verify=1,commonname=localhost -")
        server.terminate()


def wait_for(port):
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.05)


@contextlib.contextmanager
def nginx(folder, identity):
    """A TLS server with the identity of a state directory that requests a certificate and sends ten lines to each
    client; gives its address."""
    module = "/usr/lib/nginx/modules/ngx_stream_module.so"
    if not shutil.which("nginx", path=PATH) or not os.path.exists(module):
        yield None
        return
    config = os.path.join(folder, "nginx.conf")
    answer = "1234  postgres  812  31\\n" * 10
    with open(config, "w", encoding="ascii") as file:
        file.write(f"""
            load_module {module};
            daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.log crit;
            events {{ worker_connections 4096; }}
            stream {{ server {{
              listen 127.0.0.1:22024 ssl; ssl_protocols TLSv1.3; ssl_session_tickets off;
              ssl_certificate {identity}/identity.crt; ssl_certificate_key {identity}/identity.key;
              ssl_verify_client optional_no_ca;
              return "{answer}";
            }} }}""")
    os.chmod(folder, 0o755)
    with subprocess.Popen([shutil.which("nginx", path=PATH), "-c", config, "-p", folder],
                          stderr=subprocess.DEVNULL) as server:
        wait_for(22024)
        yield "127.0.0.1:22024"
        server.terminate()


class SilentServer:
    """A context with a TCP server that accepts every connection and sends nothing; gives its port."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.accepted = []
        threading.Thread(target=self.run, daemon=True).start()
        return self.listener.getsockname()[1]

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                self.accepted.append(self.listener.accept()[0])

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for each in self.accepted:
            each.close()


@contextlib.contextmanager
def stunnel(folder, identity):
    """A TLS proxy with a thread for each client and the identity of a state directory, in front of a silent server;
    gives its address and its pid."""
    if not shutil.which("stunnel4"):
        yield None
        return
    config = os.path.join(folder, "stunnel.conf")
    with SilentServer() as port:
        with open(config, "w", encoding="ascii") as file:
            file.write(f"""
                foreground = yes
                pid =
                [bench]
                accept = 127.0.0.1:22025
                connect = 127.0.0.1:{port}
                cert = {identity}/identity.crt
                key = {identity}/identity.key
                sslVersion = TLSv1.3
                verify = 0
                TIMEOUTidle = 3600
                """.replace("                ", ""))
        with subprocess.Popen(["stunnel4", config], stderr=subprocess.DEVNULL) as server:
            wait_for(22025)
            yield "127.0.0.1:22025", server.pid
            server.terminate()
