#!/usr/bin/env python3
"""What the manuals say there is, and what the sources have: the words of the kernel's command line, and the monitor's commands."""

import pathlib
import re
import sys
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
README = (TOP / "README.md").read_text()
STICK = (TOP / "esp/README.txt").read_text()

# How the sources look words up: by name, by a name for each way of ending (power.c), among all words of a kind (the serial ports').
LOOKED_UP = re.compile(r'\bcmdline_(?:find|flag|number|size|text)\([^;"]*"([a-z][a-z0-9.]*)"|\btry_all\("\w+", "(\w+)"|\bword\.key, "(\w+)"')
COMMAND = re.compile(r"^MONITOR_COMMAND\((\w+),", re.M)


def sources():
    for room in "kernel", "loader", "lib":
        for file in sorted((TOP / room).rglob("*.c")):
            yield file.read_text()


def words_in_code():
    return {word for text in sources() for found in LOOKED_UP.findall(text) for word in found if word}


def commands_in_code():
    return {name for text in sources() for name in COMMAND.findall(text)}


def section(heading):
    """The text between a heading of the README and the next one of its level."""
    return README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def table_rows(heading):
    return [re.split(r" \| ", line.strip("| ")) for line in section(heading).splitlines() if line.startswith("| ")][1:]


def bare(words):
    """Of `maxcpus=N`, the word."""
    return {re.match(r"[a-z0-9.]*", word)[0] for word in words}


def words_in_readme():
    return bare(word for row in table_rows("The command line") for word in re.findall(r"`([^`]*)`", row[0]))


class Words(unittest.TestCase):
    def test_readme_has_every_word_and_no_other(self):
        self.assertEqual(words_in_readme(), words_in_code())

    def test_stick_has_no_word_that_is_not(self):
        settings = STICK.split("\nSettings\n", 1)[1]
        words = bare(line.split()[0] for line in settings.splitlines() if line.startswith("    "))
        self.assertGreater(len(words), 8)
        self.assertLessEqual(words, words_in_code())

    def test_help_has_no_word_that_is_not(self):
        topic = re.search(r'\{ "cmdline".*?\},', (TOP / "kernel/core/help.c").read_text(), re.S)[0]
        words = set(re.findall(r'\b([a-z]+)=', topic)) | set(re.findall(r"\bno[a-z0-9]{3,}\b", topic)) - {"nothing"}
        self.assertGreater(len(words), 8)
        self.assertLessEqual(words, words_in_code())


class Commands(unittest.TestCase):
    def test_readme_has_every_command_and_no_other(self):
        named = {entry.split()[0] for row in table_rows("At the prompt") for entry in re.findall(r"`([^`]*)`", row[1])}
        self.assertEqual(named | {"help"}, commands_in_code())

    def test_stick_has_no_command_that_is_not(self):
        prompt = STICK.split("\nAt the prompt\n", 1)[1].split("\nLong output", 1)[0]
        named = {line.split()[0] for line in prompt.splitlines() if line.startswith("    ")}
        self.assertGreater(len(named), 4)
        self.assertLessEqual(named, commands_in_code())

    def test_layouts_are_those_that_are_built(self):
        built = re.findall(r'\("(\w+)", "\w+", "\w*"\)', (TOP / "tools/mkkeymap").read_text())
        self.assertEqual(re.search(r"sets a layout: ([a-z, ]+)\.", README)[1].split(", "), built)
        self.assertEqual(re.search(r"a keyboard layout: ([a-z ]+)\n", STICK)[1].split(), built)


if __name__ == "__main__":
    sys.exit(unittest.main())
