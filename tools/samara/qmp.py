"""QEMU's machine protocol (docs/interop/qmp-spec): one JSON object a line, commands one way, answers and events the other."""

import json
import threading


class QmpError(Exception):
    """QEMU refused a command, or is gone."""


class Qmp:
    """A connection on a connected socket. A thread reads, so that events are seen whether or not anybody asks."""

    def __init__(self, sock):
        self._sock = sock
        self._changed = threading.Condition()
        self._answers = []
        self._open = True
        self.events = []
        threading.Thread(target=self._read, daemon=True).start()
        self.command("qmp_capabilities")

    def _read(self):
        try:
            with self._sock.makefile("rb") as lines:
                for line in lines:
                    self._take(json.loads(line))
        except (OSError, ValueError):
            pass
        with self._changed:
            self._open = False
            self._changed.notify_all()

    def _take(self, message):
        with self._changed:
            if "event" in message:
                self.events.append(message)
            elif "QMP" not in message:
                self._answers.append(message)
            self._changed.notify_all()

    def command(self, name, timeout=30, **arguments):
        """Give a command and return what it returns. One caller at a time."""
        try:
            self._sock.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        except OSError:
            raise QmpError(f"{name}: QEMU is gone") from None
        with self._changed:
            if not self._changed.wait_for(lambda: self._answers or not self._open, timeout):
                raise QmpError(f"{name}: no answer in {timeout} s")
            if not self._answers:
                raise QmpError(f"{name}: QEMU is gone")
            answer = self._answers.pop(0)
        if "error" in answer:
            raise QmpError(f"{name}: {answer['error']['desc']}")
        return answer["return"]

    def monitor(self, line):
        """A line for the human monitor, for what has no command of its own."""
        return self.command("human-monitor-command", **{"command-line": line})

    def shutdown_reason(self):
        """Why QEMU ended, in its words (guest-shutdown, guest-reset, host-ui, ...), once it has; else None."""
        with self._changed:
            self._changed.wait_for(lambda: not self._open, 1)
            return next((e["data"]["reason"] for e in reversed(self.events) if e["event"] == "SHUTDOWN"), None)
