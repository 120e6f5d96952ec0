"""The documents in a package: what is copied, what becomes plain text, and that dead links are found."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import documents

PROGRAM = Path(documents.__file__)


class DocumentsTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = Path(folder.name) / "tree"
        self.project = Path(folder.name) / "project"
        self.project.mkdir()

    def write(self, name: str, text: str) -> None:
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def copied(self, name: str) -> str:
        return (self.tree / documents.FOLDER / name).read_text()

    def test_the_projects_own_documents(self) -> None:
        (self.tree / "include").mkdir(parents=True)
        (self.tree / "include/idinv.h").touch()
        subprocess.run([sys.executable, PROGRAM, self.tree], check=True)
        folder = self.tree / documents.FOLDER
        self.assertEqual(documents.dead_links(folder), [])
        for name in ["README.md", "python/README.md", "CITATION.cff", "docs/images/strip.png", "examples/cluster/spark.py"]:
            self.assertEqual((folder / name).read_bytes(), (documents.PROJECT / name).read_bytes(), name)
        self.assertIn("](../../../../include/idinv.h)", (folder / "docs/LIBRARIES.md").read_text())
        # What a document says stays, word by word, but for where its links lead.
        for path in folder.rglob("*.md"):
            original = (documents.PROJECT / path.relative_to(folder)).read_text()
            plain = [re.sub(r"\[|\]\([^()\s]*\)", "", text) for text in (path.read_text(), original)]
            self.assertEqual(plain[0], plain[1], path)

    def test_links(self) -> None:
        self.write("Sources/a.swift", "")
        self.write("Sources/idinv-lite/CInterface/CIdinv/idinv.h", "")
        self.write("docs/B.md", "# B\n")
        self.write(
            "docs/A.md",
            "[`a`](../Sources/a.swift), [b](B.md#b) and [c](https://c.example/d); ![d](d.png)\n"
            "[h](../Sources/idinv-lite/CInterface/CIdinv/idinv.h) [all](../Sources)\n"
            "```\n[a](../Sources/a.swift)\n```\n",
        )
        self.write("docs/d.png", "")
        documents.copy(self.tree, self.project)
        self.assertEqual(
            self.copied("docs/A.md"),
            "`a`, [b](B.md#b) and [c](https://c.example/d); ![d](d.png)\nh all\n```\n[a](../Sources/a.swift)\n```\n",
        )

    def test_dead_links_are_refused(self) -> None:
        for text in [
            "[a](B.md)", "[a](docs/)", "![a](a.png)", "[![a](a.png)](https://a.example)", '<img src="a.png">', "[a]: B.md\n",
            "[a](<B.md>)", '[a](B.md "title")', "[a](B.md#b)", "[a\nb](B.md)",
        ]:
            with self.subTest(text):
                self.write("A.md", f"Text\n\n{text}\n")
                with self.assertRaisesRegex(documents.DeadLinks, r"^A\.md: (B\.md|docs/|a\.png)"):
                    documents.copy(self.tree, self.project)
        # A picture that the package leaves out cannot become text.
        self.write("Sources/a.png", "")
        self.write("A.md", "![a](Sources/a.png)\n")
        with self.assertRaises(documents.DeadLinks):
            documents.copy(self.tree, self.project)

    def test_the_program_says_which(self) -> None:
        self.assertEqual(subprocess.run([sys.executable, PROGRAM], stderr=subprocess.PIPE, check=False).returncode, 64)


if __name__ == "__main__":
    unittest.main()
