"""What is asked of each workload, as a figure relative to a peer or to a bound, and by how much it is met or missed."""
import math
import statistics


class Ask:
    """figure: key of a sample. of: the peer or peers that it is compared with (the best of several counts), None for a
    bound as it stands. least: a larger figure is the better one."""

    def __init__(self, workload, figure, bound, of=None, least=False, unit=""):
        self.workload, self.figure, self.bound = workload, figure, bound
        self.of, self.least, self.unit = of, least, unit

    def said(self):
        beside = "× " + " / ".join(self.of) if self.of else self.unit
        return f"{'≥' if self.least else '≤'} {self.bound:g} {beside}"

    def value(self, results):
        """The ratio, or the figure; None if somebody was not measured."""
        by_peer = results.get(self.workload, {})
        if "toolbox" not in by_peer:
            return None
        own = median(by_peer["toolbox"], self.figure)
        if not self.of:
            return own
        others = [median(by_peer[name], self.figure) for name in self.of if name in by_peer]
        return own / (max if self.least else min)(others) if others else None

    def row(self, results):
        value = self.value(results)
        if value is None:
            return None
        return (f"| {self.workload} | {NAMES[self.figure]} | {self.said()} | {value:.2f} |"
                f" {verdict(value, self.bound, self.least)} |")


def verdict(value, bound, least=False):
    """Whether a figure keeps its bound, and how far from it it is."""
    if math.isinf(value):
        return "**missed**: it failed"
    met = value >= bound if least else value <= bound
    away = f" by {abs(value / bound - 1) * 100:.0f} %" if bound else ""
    return ("met" if met else "**missed**") + away


def median(samples, key):
    return statistics.median(sample[key] for sample in samples)


NAMES = {"cpu": "CPU time per request", "rate": "requests per second", "each": "KiB of process memory each",
         "rss": "RSS, MiB", "dirty": "private dirty, MiB", "slower": "p99 with reloads / without",
         "lost": "requests lost"}

ALL = [
    Ask("plaintext", "cpu", 0.9, ["nginx-lua"]),
    Ask("plaintext", "cpu", 1.25, ["floor"]),
    Ask("json", "cpu", 0.9, ["nginx-lua"]),
    Ask("plaintext-p16", "rate", 5, ["nginx-lua"], least=True),
    Ask("json-large", "cpu", 0.9, ["nginx-lua"]),
    Ask("db1", "cpu", 0.4, ["fastify"]),
    Ask("db20", "cpu", 0.3, ["fastify"]),
    Ask("fortunes", "cpu", 0.4, ["fastify"]),
    Ask("updates5", "cpu", 0.4, ["fastify"]),
    Ask("jwt", "cpu", 0.9, ["nginx-lua"]),
    Ask("redis1", "cpu", 0.6, ["nginx-lua", "fastify", "fastapi"]),
    Ask("ws-echo", "cpu", 0.8, ["nginx-lua"]),
    Ask("idle-ws", "each", 4, unit="KiB"),
    Ask("five-services", "rss", 24, unit="MiB"),
    Ask("five-services", "dirty", 8, unit="MiB"),
    Ask("reload", "slower", 2, unit="×"),
    Ask("reload", "lost", 0, unit="requests"),
]


def table(results):
    rows = [row for row in (ask.row(results) for ask in ALL) if row]
    if rows:
        return "\n".join(["| workload | what | asked | is | |", "| :-- | :-- | :-- | --: | :-- |", *rows]) + "\n"
    return "Nothing that something is asked of was measured beside its peer.\n"
