"""Functions and their innermost loops, from what llvm-objdump prints of an object file."""

import re
import subprocess
from dataclasses import dataclass, replace

LABEL = re.compile(r"^[0-9a-f]+ <(?P<name>.+)>:$")
INSTRUCTION = re.compile(r"^\s*(?P<address>[0-9a-f]+):\s+(?P<mnemonic>[a-z][a-z0-9.]*)(?:\s+(?P<operands>.*))?$")
TARGET = re.compile(r"(?:0x)?(?P<address>[0-9a-f]+) <[^>]*>$")
BRANCH = re.compile(r"^(b|b\.[a-z]+|cbn?z|tbn?z)$")
RELOCATION = re.compile(r"^\s*[0-9a-f]+:\s+R_AARCH64_")
# Marks where code and data begin; LLVM prints them as if they were functions.
MAPPING_SYMBOL = re.compile(r"^\$[xd](\.\d+)?$")


@dataclass(frozen=True)
class Instruction:
    address: int
    mnemonic: str
    operands: str = ""
    # Where a branch within the function goes.
    target: int | None = None

    @property
    def text(self):
        return f"{self.mnemonic} {self.operands}".rstrip()


@dataclass(frozen=True)
class Function:
    name: str
    instructions: tuple


def parse(listing):
    """The functions of a listing, in order. One that begins under two names has the first."""
    functions, name, body = [], None, []

    def close():
        if name is not None and body:
            functions.append(Function(name, tuple(body)))

    for line in listing.splitlines():
        line = line.rstrip()
        if match := LABEL.match(line):
            if MAPPING_SYMBOL.match(match["name"]):
                continue
            close()
            name, body = match["name"], []
        elif body and RELOCATION.search(line):
            # The linker writes the target: a call of another function, whatever the object file says.
            body[-1] = replace(body[-1], target=None)
        elif name is not None and (match := INSTRUCTION.match(line)):
            operands = re.sub(r"\s*(//|;).*$", "", match["operands"] or "").replace("\t", " ").strip()
            target = None
            if BRANCH.match(match["mnemonic"]) and (place := TARGET.search(operands)):
                target = int(place["address"], 16)
            body.append(Instruction(int(match["address"], 16), match["mnemonic"], operands, target))
    close()
    return functions


def disassemble(path, objdump="llvm-objdump"):
    command = [objdump, "--disassemble", "--no-show-raw-insn", "--reloc", "--mattr=+all", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{path}: {done.stderr.strip() or 'cannot be disassembled'}")
    return parse(done.stdout)


def innermost_loops(function):
    """Runs of instructions that end in a branch back to their first one and hold no such run themselves.

    Branches forward within a loop are taken to fall through: the loops of kernels have none that are taken often.
    """
    instructions = function.instructions
    index = {instruction.address: i for i, instruction in enumerate(instructions)}
    spans = set()
    for end, instruction in enumerate(instructions):
        start = index.get(instruction.target)
        if start is not None and start <= end:
            spans.add((start, end))
    inner = [
        span for span in spans
        if not any(other != span and span[0] <= other[0] and other[1] <= span[1] for other in spans)
    ]
    return [instructions[start : end + 1] for start, end in sorted(inner)]
