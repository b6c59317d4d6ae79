"""The report of tools/bench: Markdown and one picture, written to tests/results/."""
import datetime
import os
import pathlib
import platform
import re
import subprocess
import sys

import asked
import machine
import measures
import prepare
import reloads
import worker_memory

COLOURS = {"toolbox": "#2563eb", "nginx-lua": "#16a34a", "fastify": "#ca8a04", "fastapi": "#0d9488", "floor": "#9ca3af"}
NOISE = 5  # % of the server's core that other work may have used in a sample
FULL = 95  # % of a core from which on it counts as full
UNITS = {"broadcast": "delivered message", "tls-full": "handshake", "tls-resumed": "handshake", "ws-echo": "message"}


def method(options):
    return f"""## Method

- One worker on core {machine.SERVER_CORE}. The load generator, PostgreSQL and Redis share core {machine.LOAD_CORE}.
  What is measured under "reload" and "five-services" is not pinned.
- Each figure is the median of {options.rounds} rounds (in brackets: least and most). In a round each workload is
  measured for {options.seconds} s after {measures.WARM_UP} s of warm-up; each time the peer is started anew and its answer is
  checked first; the peers take turns in an order that rotates.
- CPU time is that of the server's processes, user and system, from their CPU clocks (nanoseconds), divided by the
  requests that were answered. It is the figure that counts: where "generator" is {FULL} % or more and "server" is not, the
  generator was the limit of requests per second (marked g). "stores" is PostgreSQL's or Redis's CPU time per request.
- {measures.CONNECTIONS} connections kept alive; wrk, and for WebSockets, TLS and fixed rates the programs of
  tests/bench/generators. Latencies are those of a closed loop at full load.
- A figure is marked ? if other work used more than {NOISE} % of the server's core in one of its samples.
- idle-ws: growth of resident memory by {measures.IDLE_SOCKETS:,} WebSockets, one echo on each. broadcast: a message of 64
  octets to {measures.ROOM:,} WebSockets, {measures.ROUNDS} times; p50 and p99 are the time until the last one has it
  (median and longest). tls: full and resumed handshakes with TLS 1.3 and the same P-256 certificate, one small request and the
  close of the connection included; p50 and p99 are the client's.
- reload: {reloads.RATE:,} requests per second to /json, each one's time counted from when it was due, for
  {options.reload_seconds} s without and {options.reload_seconds} s with a reload every {reloads.EVERY:g} s.
- five-services: the larger one of {worker_memory.WORKERS} workers of the whole product on empty databases,
  {worker_memory.SETTLE} s after its start, from smaps_rollup.
"""


def machine_line():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}"


def commit():
    git = ["git", "-c", "safe.directory=*"]
    named = subprocess.run([*git, "rev-parse", "--short", "HEAD"], cwd=machine.ROOT, capture_output=True, text=True)
    changed = subprocess.run([*git, "status", "--porcelain", "-uno"], cwd=machine.ROOT, capture_output=True, text=True)
    return (named.stdout.strip() or "unknown") + (" with changes" if changed.stdout.strip() else "")


def command():
    """As it was given, but for where things lie on this machine."""
    return " ".join("DIR" if word.startswith("/") else word for word in ["tools/bench", *sys.argv[1:]])


def head(title):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    return (f"# {title}\n\n{now}, commit {commit()}, command `{command()}`.\n"
            f"{machine_line()}. {prepare.versions()}\n")


def figure(samples, key, digits=1):
    values = [sample[key] for sample in samples]
    text = f"{asked.median(samples, key):.{digits}f}"
    return f"{text} ({min(values):.{digits}f}–{max(values):.{digits}f})" if len(values) > 1 else text


def marks(samples):
    out = ""
    if any(sample.get("foreign", 0) > NOISE for sample in samples):
        out += " ?"
    if any(sample.get("generator", 0) >= FULL > sample.get("server", 100) for sample in samples):
        out += " g"
    return out


def load_table(work, by_peer):
    unit = UNITS.get(work, "request")
    yield (f"| peer | CPU µs per {unit} | × toolbox | {unit}s/s | p50 ms | p99 ms | stores µs | server % | generator % |"
           " MiB |")
    yield "| :-- | --: | --: | --: | --: | --: | --: | --: | --: | --: |"
    own = asked.median(by_peer["toolbox"], "cpu") if "toolbox" in by_peer else None
    for name, samples in by_peer.items():
        cpu = asked.median(samples, "cpu")
        digits = 2 if cpu < 10 else 1
        p50, p99, backend, server, generator, memory = (
            asked.median(samples, key) for key in ("p50", "p99", "backend", "server", "generator", "memory"))
        yield (f"| {name}{marks(samples)} | {figure(samples, 'cpu', digits)} | {f'{cpu / own:.2f}' if own else '–'} |"
               f" {figure(samples, 'rate', 0)} | {p50:.2f} | {p99:.2f} | {f'{backend:.1f}' if backend else '–'} |"
               f" {server:.0f} | {generator:.0f} | {memory:.1f} |")


def idle_table(by_peer):
    yield "| peer | KiB each | MiB before | MiB with all |"
    yield "| :-- | --: | --: | --: |"
    for name, samples in by_peer.items():
        before, memory = (asked.median(samples, key) for key in ("before", "memory"))
        yield f"| {name} | {figure(samples, 'each', 2)} | {before:.1f} | {memory:.1f} |"


def reload_table(samples):
    yield "| round | | p50 ms | p99 ms | longest ms | lost | reloads | one takes ms |"
    yield "| --: | :-- | --: | --: | --: | --: | --: | --: |"
    for number, sample in enumerate(samples, 1):
        for when in ("without", "with"):
            one = sample[when]
            rest = f"{sample['reloads']} | {sample['took'] * 1000:.0f} |" if when == "with" else "– | – |"
            yield (f"| {number} | {when} | {one['p50']:.2f} | {one['p99']:.2f} | {one['most']:.1f} | {one['lost']} |"
                   f" {rest}")


def memory_table(samples):
    yield "| | MiB |"
    yield "| :-- | --: |"
    yield f"| RSS of the worker | {figure(samples, 'rss')} |"
    yield f"| private dirty | {figure(samples, 'dirty')} |"


def tables(results):
    special = {"idle-ws": idle_table, "reload": lambda by: reload_table(by["toolbox"]),
               "five-services": lambda by: memory_table(by["toolbox"])}
    for work, by_peer in results.items():
        yield f"\n### {work}\n"
        yield from special[work](by_peer) if work in special else load_table(work, by_peer)


def plot(results):
    """Bars of CPU time per request, as SVG."""
    bar, gap, left, width = 16, 22, 190, 520
    parts, y = [], 40
    for work, by_peer in results.items():
        shown = [(name, asked.median(samples, "cpu")) for name, samples in by_peer.items() if "cpu" in samples[0]]
        if not shown:
            continue
        most = max(value for _, value in shown)
        parts.append(f'<text x="{left - 10}" y="{y + 12}" text-anchor="end">{work}</text>')
        for name, value in shown:
            long = max(1, value / most * width)
            parts.append(f'<rect x="{left}" y="{y}" width="{long:.1f}" height="{bar - 2}" fill="{COLOURS[name]}"/>'
                         f'<text x="{left + long + 6:.1f}" y="{y + 11}">{name} {value:.1f} µs</text>')
            y += bar
        y += gap
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 130}" height="{y}" '
            'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
            '<text x="10" y="20" font-weight="bold">CPU time of the server per request, shorter is better</text>'
            + "".join(parts) + "</svg>\n")


def text(results, faults, options):
    quick = "\n**A quick run: it shows that the tool works; its figures mean little.**\n" if options.quick else ""
    failed = ["## Failed\n", *(f"- {fault}" for fault in faults), ""] if faults else []
    return "\n".join([head("Benchmark"), quick, "## Asked\n", asked.table(results), *failed, method(options),
                      "## Figures", *tables(results)]) + "\n"


def save(name, markdown, picture=None):
    folder = machine.ROOT / "tests" / "results"
    folder.mkdir(exist_ok=True)
    base = folder / f"{name}-{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}"
    if picture:
        base.with_suffix(".svg").write_text(picture)
        markdown += f"\n![CPU time per request]({base.name}.svg)\n"
    base.with_suffix(".md").write_text(markdown)
    print(f"written: {base.with_suffix('.md').relative_to(machine.ROOT)}", file=sys.stderr)
