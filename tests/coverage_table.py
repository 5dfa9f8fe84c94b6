#!/usr/bin/env python3
"""Prints what tests/coverage.sh measured: coverage_table.py [--lines] REPORT, gcovr's JSON."""
import json
import os
import sys


def of_file(file):
    """Lines run and all, branches taken and all, numbers of the lines not run."""
    lines = [line for line in file["lines"] if not line["gcovr/noncode"]]
    branches = [branch for line in lines for branch in line["branches"]]
    missed = [line["line_number"] for line in lines if line["count"] == 0]
    return len(lines) - len(missed), len(lines), sum(b["count"] > 0 for b in branches), len(branches), missed


def percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "-"


def ranges(numbers):
    """[1, 2, 3, 7] as "1-3, 7"."""
    found = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in found)


def main():
    with_lines = sys.argv[1] == "--lines"
    with open(sys.argv[-1], encoding="utf-8") as report:
        files = {file["file"]: of_file(file) for file in json.load(report)["files"]}
    folders = {}
    for name, figures in files.items():
        folder = folders.setdefault(os.path.dirname(name), [0, 0, 0, 0])
        for i in range(4):
            folder[i] += figures[i]
    folders["all"] = [sum(folder[i] for folder in folders.values()) for i in range(4)]
    print(f"{'folder':20} {'lines':>8} {'run':>9} {'branches':>9} {'taken':>9}")
    for name, (run, lines, taken, branches) in sorted(folders.items(), key=lambda entry: (entry[0] == "all", entry[0])):
        print(f"{name:20} {lines:8} {percent(run, lines):>9} {branches:9} {percent(taken, branches):>9}")
    if with_lines:
        print("\nlines that nothing ran")
        for name, figures in sorted(files.items()):
            if figures[4]:
                print(f"{name}: {ranges(figures[4])}")


if __name__ == "__main__":
    main()
