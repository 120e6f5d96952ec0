"""cd bench && python3 -m unittest discover -t . -s arm/tests"""

import shutil
import unittest

from arm import __main__ as command
from arm import disassembly, pipes
from arm.kernels import KERNELS, Kernel

# A listing as llvm-objdump --reloc prints it: a loop within a loop, a call that a relocation makes of a branch to its own
# address, a mapping symbol, and a second function.
LISTING = """
file.o:\tfile format elf64-littleaarch64

Disassembly of section .text:

0000000000000000 <$s11KernelsNEON9something1yyF>:
       0:      \tmov\tx8, x0
0000000000000004 <$x.0>:
       4:      \tldr\tq0, [x1], #0x10
       8:      \tldr\tq1, [x2]                       // =0x10
       c:      \tfmla\tv2.4s, v0.4s, v1.s[0]
      10:      \tfmla\tv3.4s, v0.4s, v1.s[1]
      14:      \tsubs\tx9, x9, #0x1
      18:      \tb.ne\t0x8 <$s11KernelsNEON9something1yyF+0x8>
      1c:      \tcbnz\tx8, 0x4 <$s11KernelsNEON9something1yyF+0x4>
      20:      \tb\t0x20 <$s11KernelsNEON9something1yyF+0x20>
\t\t0000000000000020:  R_AARCH64_JUMP26\tswift_release

0000000000000024 <other>:
      24:      \tret
"""


class Disassembly(unittest.TestCase):
    def setUp(self):
        self.functions = disassembly.parse(LISTING)

    def test_functions_have_their_instructions(self):
        self.assertEqual([f.name for f in self.functions], ["$s11KernelsNEON9something1yyF", "other"])
        first = self.functions[0].instructions
        self.assertEqual(len(first), 9)
        self.assertEqual(first[2].text, "ldr q1, [x2]")
        self.assertEqual(first[6].target, 8)

    def test_a_relocated_branch_is_no_loop(self):
        self.assertIsNone(self.functions[0].instructions[8].target)

    def test_only_the_innermost_loop_counts(self):
        loops = disassembly.innermost_loops(self.functions[0])
        self.assertEqual([(loop[0].address, loop[-1].address) for loop in loops], [(8, 0x18)])
        self.assertEqual(disassembly.innermost_loops(self.functions[1]), [])

    def test_a_missing_file_is_an_error(self):
        if shutil.which(command.newest("llvm-objdump")):
            with self.assertRaises(RuntimeError):
                disassembly.disassemble("/nowhere.o", command.newest("llvm-objdump"))


class Loops(unittest.TestCase):
    def setUp(self):
        self.loop = disassembly.innermost_loops(disassembly.parse(LISTING)[0])[0]

    def test_vector_multiply_adds_are_counted_and_scalar_ones_are_not(self):
        self.assertEqual(sum(map(pipes.is_multiply_add, self.loop)), 2)

        def counts(mnemonic, operands):
            return pipes.is_multiply_add(disassembly.Instruction(0, mnemonic, operands))

        self.assertTrue(counts("sdot", "v0.4s, v1.16b, v2.4b[0]"))
        self.assertTrue(counts("fmla", "v0.8h, v1.8h, v2.h[3]"))
        self.assertFalse(counts("fmadd", "s0, s1, s2, s3"))
        self.assertFalse(counts("fmul", "v0.4s, v1.4s, v2.4s"))

    def test_branches_lead_to_the_loop(self):
        text = pipes.assembly(self.loop)
        self.assertTrue(text.startswith("loop:\n"))
        self.assertIn("b.ne loop", text)
        self.assertNotIn("<", text)

    def test_the_busiest_loop_has_the_most_multiply_adds(self):
        self.assertIs(pipes.busiest_loop([self.loop[:2], self.loop]), self.loop)
        self.assertIsNone(pipes.busiest_loop([self.loop[:1]]))

    def test_a_missed_bar_is_named(self):
        entry = {"kernel": "k", "share": {"cortex-a72": 0.5}, "bars": {"cortex-a72": 0.85, "cortex-a76": 0.9}}
        self.assertEqual(len(command.missed([entry])), 1)
        entry["share"]["cortex-a72"] = 0.85
        self.assertEqual(command.missed([entry]), [])

    def test_kernels_are_told_apart(self):
        symbol = "$s11KernelsNEON4plug4intoy9KernelABI05DenseA0Vz_tFySpySfG_SVS2iSPySfGSitYbcfU{}_"
        for closure, name in [("", "f32-gemv-4x16"), ("1", "f32-qc8w-gemv-4x16"), ("4", "f32-qc8w-gemv-transposed-4x16")]:
            self.assertEqual([k.name for k in KERNELS if k.matches(symbol.format(closure))], [name])
        self.assertFalse(Kernel("x", "KernelsNEON", "11tapGemm6x16", {}).matches("$s14KernelsX86V3X11tapGemm6x16"))


def mca():
    tool = command.newest("llvm-mca")
    try:
        return tool if pipes.version(tool)[0] >= 16 else None
    except pipes.Unavailable:
        return None


@unittest.skipUnless(mca(), "needs llvm-mca 16 or later")
class Simulation(unittest.TestCase):
    def share(self, lines, cpu):
        loop = [disassembly.Instruction(4 * i, *line.split(" ", 1)) for i, line in enumerate(lines)]
        return pipes.pipe_use(loop, cpu, mca()).share

    def test_independent_multiply_adds_fill_the_pipes(self):
        lines = [f"fmla v{i}.4s, v30.4s, v31.s[{i % 4}]" for i in range(24)]
        for cpu in ["cortex-a72", "neoverse-n1"]:
            self.assertGreater(self.share(lines, cpu), 0.99)

    def test_a_chain_waits_for_its_latency(self):
        self.assertLess(self.share(["fmla v0.4s, v30.4s, v31.4s"] * 4, "neoverse-n1"), 0.3)

    def test_a_broadcast_takes_a_pipe_from_them(self):
        lines = [line for i in range(12) for line in (f"dup v{i + 12}.4s, v31.s[0]", f"fmla v{i}.4s, v30.4s, v{i + 12}.4s")]
        self.assertLess(self.share(lines, "neoverse-n1"), 0.75)

    def test_what_cannot_be_read_is_an_error(self):
        with self.assertRaises(pipes.Unavailable):
            self.share(["fmla v0.9s, v1.4s, v2.4s"], "cortex-a72")


if __name__ == "__main__":
    unittest.main()
