"""Steady traffic beside a test: keep-alive requests and WebSockets that notice every lost answer."""
import threading

import wire


class Load:
    """Starts with the with statement; at its end each client has stopped and .failures says what any of them lost."""

    def __init__(self, daemon, requests=4, sockets=8):
        self.daemon = daemon
        self.stopping = threading.Event()
        self.failures = []
        self.answered = self.echoed = 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(self.requests,), daemon=True) for _ in range(requests)]
        self.threads += [threading.Thread(target=self.run, args=(self.messages,), daemon=True) for _ in range(sockets)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(wire.DEADLINE * 2)
            if thread.is_alive():
                self.failures.append("a client hangs")

    def run(self, client):
        try:
            client()
        except Exception as lost:  # whatever it is: an answer did not come
            self.failures.append(f"{client.__name__}: {lost!r}")

    def requests(self):
        """Every fourth request opens a connection of its own, so that new ones are watched as well."""
        n = 0
        http = self.daemon.http()
        while not self.stopping.is_set():
            answer = http.get("/answer")
            assert answer.status == 200, answer
            n += 1
            if n % 4 == 0 or answer.header("connection") == "close":
                http.close()
                http = self.daemon.http()
        http.close()
        with self.lock:
            self.answered += n

    def messages(self):
        """The count belongs to the connection and may not stumble, whatever code handles it."""
        n = 0
        with self.daemon.websocket("/ws/answer") as ws:
            while not self.stopping.is_set():
                n += 1
                count = ws.ask("x").split(" ")[1]
                assert count == str(n), (count, n)
                self.stopping.wait(0.005)
        with self.lock:
            self.echoed += n
