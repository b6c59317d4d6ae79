"""The report of tools/bench --api."""
import math

import api_measures
import asked
import report

P99, CPU, QUERIES, HASHING, RELOAD, PEERS = 20, 150, 3, 2, 2, 0.5  # ms, µs, per request, ×, ×, ×


def missed(one, sample):
    """Which of the figures that are asked for a row are not kept."""
    if math.isinf(sample["p99"]):
        return "**all: it failed**"
    names = ["p99"] * (sample["p99"] > P99)
    if one.is_list:
        names += ["CPU"] * (sample["full"] > CPU) + ["queries"] * (round(sample["queries"]) > QUERIES)
    return ", ".join(names)


def operation_rows(rows):
    yield "| operation | as | CPU µs at the rate | one by one | at full load | queries | p50 ms | p99 ms | missed |"
    yield "| :-- | :-- | --: | --: | --: | --: | --: | --: | :-- |"
    for one, sample in rows:
        if sample:
            more = " | ".join(f"{sample[key]:.0f}" if key in sample else "–" for key in ("alone", "full"))
            yield (f"| {one.name} | {one.role} | {sample['cpu']:.0f} | {more} | {sample['queries']:.1f} |"
                   f" {sample['p50']:.2f} | {sample['p99']:.2f} | {missed(one, sample)} |")
        else:
            yield f"| {one.name} | – | | | | | | | not measured: nobody of the district is answered |"


def peer_rows(compared):
    yield "| server | CPU µs per request | × toolbox | requests/s | p50 ms | p99 ms |"
    yield "| :-- | --: | --: | --: | --: | --: |"
    own = asked.median(compared["results"]["toolbox"], "cpu")
    for name, samples in compared["results"].items():
        cpu, p50, p99 = (asked.median(samples, key) for key in ("cpu", "p50", "p99"))
        yield (f"| {name}{report.marks(samples)} | {report.figure(samples, 'cpu')} | {cpu / own:.2f} |"
               f" {report.figure(samples, 'rate', 0)} | {p50:.2f} | {p99:.2f} |")


def figures(rows, key, lists_only):
    """(figure, operation's name) of all that were measured."""
    digits = 0 if key == "queries" else 2  # the server's own few queries in the background are nobody's
    return [(round(sample[key], digits), one.name) for one, sample in rows if sample and (one.is_list or not lists_only)]


def asked_rows(found):
    """(what, asked, is, met)"""
    rows = found.get("operations", [])
    for what, key, bound, lists_only in (("p99 of every operation, ms", "p99", P99, False),
                                         ("CPU time of every list at that rate, µs", "cpu", CPU, True),
                                         ("CPU time of every list one by one, µs", "alone", CPU, True),
                                         ("CPU time of every list at full load, µs", "full", CPU, True),
                                         ("queries of every list", "queries", QUERIES, True)):
        furthest = max(figures(rows, key, lists_only), default=None)
        if furthest:
            values = [value for value, _ in figures(rows, key, lists_only)]
            kept = sum(value <= bound for value in values)
            yield f"{what}: {kept} of {len(values)}; furthest: {furthest[1]}", f"≤ {bound}", furthest[0], bound
    if "hashing" in found:
        yield "p99 of a list with log-ins / without", f"≤ {HASHING} ×", found["hashing"]["slower"], HASHING
    if "reload" in found:
        yield "p99 of a list with reloads / without", f"≤ {RELOAD} ×", found["reload"]["slower"], RELOAD
    if "peers" in found:
        results = found["peers"]["results"]
        own, *others = (asked.median(results[name], "cpu") for name in ("toolbox", "fastify", "fastapi"))
        yield "CPU time of a list / that of the better peer", f"≤ {PEERS} ×", own / min(others), PEERS


def asked_table(found):
    yield "| what | asked | is | |"
    yield "| :-- | :-- | --: | :-- |"
    for what, bound_said, value, bound in asked_rows(found):
        yield f"| {what} | {bound_said} | {value:.2f} | {asked.verdict(value, bound)} |"


def steady_line(what, sample):
    return f"| {what} | {sample['p50']:.2f} | {sample['p99']:.2f} | {sample['most']:.1f} |"


def steady_rows(sample, with_what):
    yield "| | p50 ms | p99 ms | longest ms |"
    yield "| :-- | --: | --: | --: |"
    yield steady_line("without", sample["without"])
    yield steady_line(with_what, sample["with"])


METHOD = """## Method

The whole product with all five services, one worker; PostgreSQL and Redis on the same machine. Requests are sent at a
fixed rate by tests/bench/generators/rate.c over {clients} connections, {rate:g} a second for {seconds:g} s; each one's time
counts from when it was due, so a server that falls behind is not spared. CPU time is that of all processes of toolboxd,
queries are those that it counts itself. Nothing is pinned. What the API answers is also asked one by one, by one
connection of wrk that sends the next request when it has the answer, and at full load, by 64; {full} s each. At the
rate a core sleeps between two requests or does something else, and pays for waking up and for its cold caches with
each: GET /healthz, which does nothing, is there to compare with. Each operation is asked as the first of teacher, admin,
student and parent that is answered, for the first object that this person sees; lists with their default of 20 rows.

Log-ins: {hashers} connections of wrk log in one after the other, each attempt hashes a password. Reloads: all the
product's code, one a second. Both in {turns} turns of {turn:g} s without and {turn:g} s with; shown is the turn whose ratio lies in the
middle. Peers: tests/bench/peers/list_fastify.mjs and list_fastapi.py answer the same list: the same token is checked,
the statement is the one that toolboxd sends, read from PostgreSQL's log, and the JSON is compared. The three take turns,
one process on one core at full load of 64 connections, {rounds} rounds of {compare:g} s; medians (least–most).
"""


def text(found, faults, size, options):
    quick = "\n**A quick run on a small district: it shows that the tool works; its figures mean little.**\n"
    method = METHOD.format(clients=api_measures.CLIENTS, full=options.full_seconds, rate=options.rate,
                           seconds=options.seconds, hashers=api_measures.HASHERS, turns=options.turns,
                           turn=options.turn, rounds=options.rounds, compare=options.compare_seconds)
    out = [report.head("Lists and pages on a district"), f"District: {size}.", quick if options.quick else "",
           "## Asked\n", *asked_table(found), "", *(f"**Failed:** {fault}\n" for fault in faults), method]
    if "operations" in found:
        out += ["## Operations\n", *operation_rows(found["operations"]), ""]
    if "hashing" in found:
        rate = found["hashing"]["rate"]
        out += [f"## GET {api_measures.LIST} while passwords are hashed\n",
                *steady_rows(found["hashing"], f"with {rate:.0f} log-ins a second"), ""]
    if "reload" in found:
        sample = found["reload"]
        out += [f"## GET {api_measures.LIST} while code is reloaded\n",
                *steady_rows(sample, f"with {sample['reloads']} reloads of {sample['took'] * 1000:.0f} ms"), ""]
    if "peers" in found:
        compared = found["peers"]
        out += [f"## GET {api_measures.LIST} beside others\n",
                f"{compared['rows']} rows, {compared['octets']} octets. Sent by all three:\n",
                f"```sql\n{compared['text']}\n```\n", *peer_rows(compared), ""]
    return "\n".join(out)
