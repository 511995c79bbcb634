"""tools/trace: what `trace dump` printed, as a file that Perfetto opens.

The lines are described in kernel/sched/trace_command.c, the file's format in "Trace Event Format" (Chromium). Each CPU is a track with
a slice for each time that a thread ran, and the interrupts within; idle time is left empty. An arrow leads from each wake-up to the
slice in which the woken thread runs.
"""

import argparse
import collections
import json
import re
import sys

EPILOGUE = """\
LOG is what came over the serial line, with a trace in it; without LOG it is read from standard input. Of several traces the last counts.
At the monitor:

    trace on; bench sched; trace off; trace dump

Then open the file at ui.perfetto.dev. The exit status is 0 where the events are as many as the kernel counted, on each CPU that lost
none; 1 where they are not (the file is written all the same); 2 where there is no trace, or a damaged one."""

LINE = re.compile(r"\btrace: (begin|thread|cpu|end|\d+)\b ?(.*)")
SHAPES = {
    "begin": re.compile(r"1 cpus (\d{1,5}) hz (\d{1,12})"),
    "thread": re.compile(r"(\d{1,10}) ?(.{0,15})"),
    "cpu": re.compile(r"(\d{1,5}) events (\d{1,20}) lost (\d{1,20}) switches (\d{1,20}) wakeups (\d{1,20}) interrupts (\d{1,20})"),
    "end": re.compile(r""),
}
EVENT = re.compile(r"(\d{1,20}) (switch|wake|interrupt|end) (\d{1,10}) (\d{1,10})")
COUNTED = {"switch": "switches", "wake": "wakeups", "interrupt": "interrupts"}

Event = collections.namedtuple("Event", "ticks kind a b")


class TraceError(Exception):
    """There is no trace, or a damaged one; the text says where."""


class Trace:
    """One trace, as the lines give it."""

    def __init__(self, cpus, hz):
        if not cpus or not hz:
            raise TraceError("a machine without CPUs, or without a clock")
        self.cpus, self.hz = cpus, hz
        self.names = {}        # thread id -> name
        self.counts = {}       # CPU -> what the kernel counted
        self.events = {}       # CPU -> its events, in their order

    def add(self, word, values):
        if word == "thread":
            self.names[int(values[0])] = values[1]
        elif word == "cpu":
            numbers = [int(value) for value in values]
            self._check_cpu(numbers[0])
            self.counts[numbers[0]] = dict(zip(("events", "lost", "switches", "wakeups", "interrupts"), numbers[1:]))
            self.events[numbers[0]] = []
        else:
            cpu, event = int(word), Event(int(values[0]), values[1], int(values[2]), int(values[3]))
            if cpu not in self.events:
                raise TraceError(f"an event of CPU {cpu}, of which nothing is known")
            if self.events[cpu] and event.ticks < self.events[cpu][-1].ticks:
                raise TraceError(f"time goes back on CPU {cpu}")
            self.events[cpu].append(event)

    def _check_cpu(self, cpu):
        if cpu >= self.cpus or cpu in self.counts:
            raise TraceError(f"CPU {cpu} is there twice, or more than there should be")

    def complaints(self):
        """Where the events are not what the kernel counted, a text each."""
        for cpu, counts in sorted(self.counts.items()):
            events = self.events[cpu]
            if len(events) != counts["events"] - counts["lost"]:
                yield f"CPU {cpu}: {len(events)} events, where {counts['events'] - counts['lost']} were kept"
            seen = collections.Counter(event.kind for event in events)
            for kind, what in COUNTED.items():
                if not counts["lost"] and seen[kind] != counts[what]:
                    yield f"CPU {cpu}: {seen[kind]} {what}, where the kernel counted {counts[what]}"

    def name(self, thread):
        return self.names.get(thread) or f"thread {thread}"

    def is_idle(self, thread):
        return self.name(thread).startswith("idle/")


def parse(lines):
    """The last trace in the lines of a log."""
    found = current = None
    for number, line in enumerate(lines, 1):
        match = LINE.search(line)
        if not match:
            continue       # the log, or anything else
        word, rest = match[1], match[2].rstrip()
        shape = SHAPES.get(word, EVENT).fullmatch(rest)
        try:
            if not shape:
                raise TraceError(f"not a line of a trace: {match[0][:80]!r}")
            if word == "begin":
                current = Trace(int(shape[1]), int(shape[2]))
            elif current is None:
                raise TraceError("the trace's beginning is missing")
            elif word == "end":
                found, current = current, None
            else:
                current.add(word, shape.groups())
        except TraceError as e:
            raise TraceError(f"line {number}: {e}") from None
    if current:
        raise TraceError("the trace's end is missing")
    if not found:
        raise TraceError("no trace")
    return found


class Writer:
    """Makes the events of the file."""

    def __init__(self, trace):
        self.trace = trace
        self.start = min((events[0].ticks for events in trace.events.values() if events), default=0)
        self.out = [{"ph": "M", "name": "process_name", "pid": 0, "args": {"name": "CPUs"}}]
        self.woken = {}        # thread -> (ticks, CPU) of a wake-up whose run is still to come
        self.flows = 0

    def time(self, ticks):
        """Microseconds."""
        return (ticks - self.start) * 1e6 / self.trace.hz

    def add(self, phase, name, cpu, ticks, **more):
        self.out.append({"ph": phase, "name": name, "pid": 0, "tid": cpu, "ts": self.time(ticks), **more})

    def slice(self, name, cpu, begin, end, **args):
        self.add("X", name, cpu, begin, dur=self.time(end) - self.time(begin), args=args)

    def run(self, thread, cpu, begin, end):
        if not self.trace.is_idle(thread):
            self.slice(self.trace.name(thread), cpu, begin, end, thread=thread)

    def cpu(self, cpu, events):
        """The slices of one CPU."""
        self.out.append({"ph": "M", "name": "thread_name", "pid": 0, "tid": cpu, "args": {"name": f"CPU {cpu}"}})
        self.out.append({"ph": "M", "name": "thread_sort_index", "pid": 0, "tid": cpu, "args": {"sort_index": cpu}})
        if not events:
            return
        running, since, interrupt = None, events[0].ticks, None
        for event in events:
            if event.kind == "switch":
                self.run(event.a, cpu, since, event.ticks)
                running, since = event.b, event.ticks
            elif event.kind == "interrupt":
                interrupt = event
            elif event.kind == "end" and interrupt:        # else it began before the trace
                self.slice(f"interrupt {event.a}", cpu, interrupt.ticks, event.ticks)
                interrupt = None
        if running is not None:
            self.run(running, cpu, since, events[-1].ticks)

    def wakes(self):
        """Arrows from wake-ups to runs, by the time at which things happened; clocks of CPUs may differ a little."""
        everything = sorted(((event, cpu) for cpu, events in self.trace.events.items() for event in events), key=lambda item: item[0].ticks)
        for event, cpu in everything:
            if event.kind == "wake":
                self.add("i", f"wakes {self.trace.name(event.a)}", cpu, event.ticks, s="t", args={"thread": event.a, "cpu": event.b})
                self.woken[event.a] = event.ticks, cpu
            elif event.kind == "switch" and event.b in self.woken:
                ticks, waker = self.woken.pop(event.b)
                self.flows += 1
                self.add("s", "wake-up", waker, ticks, id=self.flows, cat="wake")
                self.add("f", "wake-up", cpu, event.ticks, id=self.flows, cat="wake", bp="e")

    def document(self):
        for cpu, events in sorted(self.trace.events.items()):
            self.cpu(cpu, events)
        self.wakes()
        return {"displayTimeUnit": "ns", "traceEvents": self.out}


def document(trace):
    """What the file holds."""
    return Writer(trace).document()


def read(path):
    if path:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read().splitlines()
    return sys.stdin.buffer.read().decode("utf-8", "replace").splitlines()


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="tools/trace", description="Make a file for Perfetto from a trace in a serial log.",
        epilog=EPILOGUE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", nargs="?", metavar="LOG")
    parser.add_argument("-o", "--output", default="trace.json", metavar="FILE", help="the file to write (default: trace.json)")
    options = parser.parse_args(arguments)
    try:
        trace = parse(read(options.log))
        with open(options.output, "w", encoding="utf-8") as f:
            json.dump(document(trace), f)
    except (TraceError, OSError) as e:
        print(f"tools/trace: {e}", file=sys.stderr)
        return 2
    complaints = list(trace.complaints())
    for complaint in complaints:
        print(f"tools/trace: {complaint}", file=sys.stderr)
    kept, lost = sum(map(len, trace.events.values())), sum(counts["lost"] for counts in trace.counts.values())
    print(f"{kept} events on {len(trace.events)} CPUs, {lost} older ones lost: {options.output}")
    return 1 if complaints else 0
