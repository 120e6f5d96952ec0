#!/usr/bin/env python3
"""Lays the project's documents into a package, so that every relative link in them leads to a file of the package.

usage: documents.py TREE

TREE is what is installed below a prefix. What the documents link to and a reader of a package can use is copied too, in the folders that it has in
the project; links to other files of the project become plain text. Ends with 70 where a link leads nowhere.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from os.path import relpath
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
FOLDER = Path("share/doc/idinv-lite")

DOCUMENTS = (
    "*.md", "docs/**/*", "models/README.md", "models/card/**/*", "models/training/README.md", "bench/README.md",
    "bench/*/README.md", "python/README.md",
)
# What they link to, as far as it is small and says something without the project.
BESIDE = (
    "CITATION.cff", "packaging/Containerfile", "examples/**/*", "python/examples/*", "Snippets/*.swift",
    "Sources/idinv-lite/CInterface/Examples/*",
)
# Files that a package has in a place of its own, below the prefix.
INSTALLED = {"Sources/idinv-lite/CInterface/CIdinv/idinv.h": "include/idinv.h"}

FENCE = re.compile(r"^ {0,3}(```|~~~)")
# [text](target "title"), with one level of brackets in the text for pictures; target without spaces.
INLINE = re.compile(r"(!?)\[((?:[^\[\]]|!?\[[^\[\]]*\](?:\([^()]*\))?)*)\]\(<?([^()\s<>]+)>?(\s+\"[^\"]*\")?\)")
REFERENCE = re.compile(r"^( {0,3}\[[^\]]+\]:\s*)<?([^\s<>]+)>?", re.MULTILINE)
HTML = re.compile(r"\b((?:src|href|srcset)\s*=\s*[\"'])([^\"']+)")


class DeadLinks(Exception):
    pass


def is_relative(target: str) -> bool:
    return not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#", target)


def split(text: str) -> Iterator[tuple[bool, str]]:
    """The parts of a document: whether each is prose, and not code, and its text."""
    part: list[str] = []
    fence = ""
    for line in text.splitlines(keepends=True):
        mark = FENCE.match(line)
        if not fence and mark:
            yield True, "".join(part)
            part, fence = [line], mark[1]
        elif fence and mark and mark[1] == fence:
            yield False, "".join([*part, line])
            part, fence = [], ""
        else:
            part.append(line)
    yield not fence, "".join(part)


def targets(text: str) -> Iterator[str]:
    """Where a document's links and pictures lead."""
    for is_prose, part in split(text):
        if not is_prose:
            continue
        for pattern, group in ((INLINE, 3), (REFERENCE, 2), (HTML, 2)):
            for match in pattern.finditer(part):
                yield match[group]
                # A picture that is a link.
                if pattern is INLINE:
                    yield from targets(match[2])


def dead_links(folder: Path) -> list[str]:
    """Relative links of the documents in a folder that lead to nothing: "docs/A.md: ../b"."""
    return [
        f"{path.relative_to(folder)}: {target}"
        for path in sorted(folder.rglob("*.md"))
        for target in targets(path.read_text())
        if is_relative(target) and not (path.parent / target.split("#")[0].split("?")[0]).exists()
    ]


def adapted(text: str, name: Path, tree: Path, project: Path) -> str:
    """A document whose links to what the package lacks, or has elsewhere, are made plain text, or lead there."""
    folder = tree / FOLDER / name.parent

    def link(match: re.Match[str]) -> str:
        picture, shown, target = match[1], match[2], match[3]
        path = target.split("#")[0]
        if picture or not is_relative(target) or (folder / path).exists() or not (project / name.parent / path).exists():
            return match[0]
        place = INSTALLED.get(relpath(project / name.parent / path, project))
        if place and (tree / place).exists():
            return f"[{shown}]({relpath(tree / place, folder)})"
        return shown

    return "".join(INLINE.sub(link, part) if is_prose else part for is_prose, part in split(text))


def copy(tree: Path, project: Path = PROJECT) -> None:
    documents = tree / FOLDER
    names = {
        path.relative_to(project) for pattern in (*DOCUMENTS, *BESIDE) for path in project.glob(pattern) if path.is_file()
    }
    for name in sorted(names):
        (documents / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project / name, documents / name)
    for name in sorted(names):
        if name.suffix == ".md":
            (documents / name).write_text(adapted((project / name).read_text(), name, tree, project))
    if dead := dead_links(documents):
        raise DeadLinks("\n".join(dead))


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    try:
        copy(Path(sys.argv[1]))
    except DeadLinks as error:
        print(f"packaging/documents.py: links that lead nowhere in the package:\n{error}", file=sys.stderr)
        return 70
    return 0


if __name__ == "__main__":
    sys.exit(main())
