"""What share of a CPU's multiply-add pipes a loop uses, by llvm-mca's model of the CPU."""

import json
import re
import subprocess
from dataclasses import dataclass

from .disassembly import BRANCH

# Vector multiply-adds: of floats, halves and bytes.
MULTIPLY_ADD = re.compile(r"^(fml[as]|fmlal2?|fmlsl2?|fmadd|fmsub|ml[as]|[su]mlal2?|[su]dot|usdot|sudot|[su]mmla|usmmla|bfdot|bfmmla)$")
VECTOR_OPERAND = re.compile(r"\bv\d+\.\d*[bhsd]\b")

# What runs of the loop are compared, so that its start and its end do not count.
SHORT, LONG = 100, 500


class Unavailable(Exception):
    """llvm-mca is missing, too old, or cannot read a loop."""


@dataclass(frozen=True)
class PipeUse:
    """A loop on one CPU."""

    multiply_adds: int
    instructions: int
    # Cycles of one pass by simulation, and the fewest that its multiply-adds alone need.
    cycles: float
    least_cycles: float

    @property
    def share(self):
        return self.least_cycles / self.cycles


def is_multiply_add(instruction):
    return bool(MULTIPLY_ADD.match(instruction.mnemonic) and VECTOR_OPERAND.search(instruction.operands))


def assembly(loop):
    """The loop as text that llvm-mca reads: branches lead to a label of ours."""
    lines = ["loop:"]
    for instruction in loop:
        text = instruction.text
        if BRANCH.match(instruction.mnemonic):
            operands = [operand.strip() for operand in instruction.operands.split(",")]
            text = f"{instruction.mnemonic} {', '.join(operands[:-1] + ['loop'])}"
        lines.append("  " + re.sub(r"\s*<[^>]*>$", "", text))
    return "\n".join(lines) + "\n"


def version(mca="llvm-mca"):
    """(major version, the line that says so)."""
    try:
        text = subprocess.run([mca, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        raise Unavailable(f"{mca}: not found; Debian's package llvm has it") from None
    line = next((line.strip() for line in text.splitlines() if "LLVM version" in line), "")
    match = re.search(r"version (\d+)", line)
    return (int(match[1]) if match else 0), line


def _regions(loop, cpu, iterations, mca):
    command = [mca, "-mtriple=aarch64-linux-gnu", f"-mcpu={cpu}", "-mattr=+fullfp16,+dotprod,+i8mm", "-json",
               f"-iterations={iterations}"]
    try:
        done = subprocess.run(command, input=assembly(loop), capture_output=True, text=True, check=False)
    except OSError:
        raise Unavailable(f"{mca}: not found; Debian's package llvm has it") from None
    if done.returncode != 0 or "error:" in done.stderr:
        raise Unavailable(f"{mca}: {done.stderr.strip().splitlines()[0] if done.stderr else 'failed'}")
    return json.loads(done.stdout)["CodeRegions"][0]


def pipe_use(loop, cpu, mca="llvm-mca"):
    """Simulates the loop on `cpu`. All loads hit the first-level cache."""
    short, long = _regions(loop, cpu, SHORT, mca), _regions(loop, cpu, LONG, mca)
    passes = LONG - SHORT
    cycles = (long["SummaryView"]["TotalCycles"] - short["SummaryView"]["TotalCycles"]) / passes
    information = long["InstructionInfoView"]["InstructionList"]
    least = sum(
        information[i]["RThroughput"] for i, instruction in enumerate(loop) if is_multiply_add(instruction))
    count = sum(map(is_multiply_add, loop))
    return PipeUse(multiply_adds=count, instructions=len(loop), cycles=cycles, least_cycles=least)


def busiest_loop(loops):
    """The loop with the most vector multiply-adds; None where none has any."""
    counted = [(sum(map(is_multiply_add, loop)), loop) for loop in loops]
    best = max(counted, key=lambda pair: pair[0], default=(0, None))
    return best[1] if best[0] > 0 else None
