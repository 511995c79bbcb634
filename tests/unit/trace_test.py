#!/usr/bin/env python3
"""tools/trace: a recorded trace becomes the right file, counts are compared, and a damaged log is refused with its line."""

import contextlib
import io
import json
import pathlib
import random
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True     # the source folder stays as it is
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

from samara import trace  # noqa: E402

# Two CPUs, a second apart: a timer wakes "main" on CPU 0, which was idle; CPU 1 takes calls alone.
SAMPLE = """\
samara> trace dump
trace: begin 1 cpus 2 hz 2700000000
trace: thread 1 idle/0
trace: thread 2 main
trace: thread 5 idle/1
trace: cpu 0 events 9 lost 0 switches 2 wakeups 1 interrupts 3
trace: cpu 1 events 8 lost 0 switches 0 wakeups 0 interrupts 4
trace: 0 2677523148 switch 2 1
trace: 0 2771101616 interrupt 240 0
trace: 0 2773158992 end 240 0
[    1.000000] clock: a line of the log, in between
trace: 0 5341566284 interrupt 240 0
trace: 0 5342914394 end 240 0
trace: 0 5395577988 interrupt 240 0
trace: 0 5396171776 wake 2 0
trace: 0 5396506614 end 240 0
trace: 0 5396670070 switch 1 2
trace: 1 2674079946 end 241 0
trace: 1 5412973458 interrupt 241 0
trace: 1 5413096838 end 241 0
trace: 1 5524985714 interrupt 241 0
trace: 1 5557489666 end 241 0
trace: 1 5592107754 interrupt 241 0
trace: 1 5592147260 end 241 0
trace: 1 5592277246 interrupt 241 0
trace: end
samara> poweroff
"""


def lines():
    return SAMPLE.splitlines()


def run(text):
    """The program's exit status, what it said, and the file."""
    with tempfile.TemporaryDirectory() as folder:
        log, out = pathlib.Path(folder) / "log", pathlib.Path(folder) / "out"
        log.write_bytes(text if isinstance(text, bytes) else text.encode())
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = trace.main([str(log), "-o", str(out)])
        return status, said.getvalue(), json.loads(out.read_text(encoding="utf-8")) if out.exists() else None


class Traces(unittest.TestCase):
    def test_the_sample(self):
        status, said, made = run(SAMPLE)
        self.assertEqual(status, 0, said)
        events = made["traceEvents"]
        slices = {(e["name"], e["tid"]): e for e in events if e["ph"] == "X"}
        self.assertEqual(set(slices), {("interrupt 240", 0), ("interrupt 241", 1), ("main", 0)})
        self.assertEqual(len([e for e in events if e["ph"] == "X" and e["name"].startswith("interrupt")]), 6)
        wake, = (e for e in events if e["ph"] == "i")
        begin, = (e for e in events if e["ph"] == "s")
        end, = (e for e in events if e["ph"] == "f")
        self.assertEqual(wake["name"], "wakes main")
        self.assertEqual((begin["ts"], begin["id"]), (wake["ts"], end["id"]))
        self.assertAlmostEqual(end["ts"] - begin["ts"], (5396670070 - 5396171776) / 2700, 3)
        self.assertTrue(all(e["ts"] >= 0 and e.get("dur", 0) >= 0 for e in events if "ts" in e))

    def test_carriage_returns_do_not_matter(self):
        self.assertEqual(run(SAMPLE.replace("\n", "\r\n"))[0], 0)

    def test_the_last_trace_counts(self):
        self.assertEqual(run("\n".join(lines()[:7]) + "\ntrace: end\n" + SAMPLE)[0], 0)

    def test_each_missing_event_is_noticed(self):
        for number, line in enumerate(lines()):
            if line.startswith(("trace: 0", "trace: 1")):
                status, said, made = run("\n".join(lines()[:number] + lines()[number + 1:]))
                self.assertEqual(status, 1, line)
                self.assertIn(f"CPU {line[7]}: ", said)
                self.assertTrue(made)

    def test_an_event_of_another_kind_is_noticed(self):
        status, said, _ = run(SAMPLE.replace("5396171776 wake 2 0", "5396171776 switch 1 1"))
        self.assertEqual(status, 1)
        self.assertIn("0 wakeups, where the kernel counted 1", said)
        self.assertIn("3 switches, where the kernel counted 2", said)

    def test_where_events_were_lost_counts_differ(self):
        lost = SAMPLE.replace("events 9 lost 0 switches 2", "events 109 lost 100 switches 52")
        self.assertEqual(run(lost)[0], 0)
        self.assertEqual(run(lost.replace("trace: 0 2771101616 interrupt 240 0\n", ""))[0], 1)

    def test_damage_is_refused(self):
        for old, new, text in (
                ("trace: end", "", "the trace's end is missing"), ("trace: begin 1", "trace: begin 2", "line 2: not a line of a trace"),
                ("trace: begin 1 cpus 2 hz 2700000000\n", "", "line 2: the trace's beginning is missing"),
                ("hz 2700000000", "hz 0", "line 2: "), ("trace: cpu 1", "trace: cpu 2", "line 7: CPU 2"),
                ("trace: cpu 1", "trace: cpu 0", "line 7: CPU 0"), ("trace: 1 5557489666 end 241 0", "trace: 7 5557489666 end 241 0", "an event of CPU 7"),
                ("2771101616", "1", "line 9: time goes back on CPU 0"), ("wake 2 0", "wake 2", "not a line of a trace"),
                ("wake 2 0", "woke 2 0", "not a line of a trace"), ("5412973458", "9" * 40, "not a line of a trace")):
            status, said, made = run(SAMPLE.replace(old, new))
            self.assertEqual((status, made), (2, None), said)
            self.assertIn(text, said)

    def test_anything_is_survived(self):
        source = random.Random(1)
        for _ in range(200):
            data = bytearray(SAMPLE.encode())
            for _ in range(source.randint(1, 20)):
                at = source.randrange(len(data))
                data[at:at + source.randint(0, 30)] = source.randbytes(source.randint(0, 10))
            self.assertIn(run(bytes(data))[0], (0, 1, 2))
        for nothing in (b"", b"\n", bytes(1000), source.randbytes(10000)):
            status, said, _ = run(nothing)
            self.assertEqual((status, said), (2, "tools/trace: no trace\n"))


if __name__ == "__main__":
    unittest.main()
