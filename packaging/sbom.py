#!/usr/bin/env python3
"""Writes what a package holds, and under which licences, as an SPDX 2.3 document in JSON (https://spdx.github.io/spdx-spec/v2.3).

usage: sbom.py --version V --architecture A --swift V --epoch SECONDS --resolved Package.resolved [--libraries FOLDER] FILE…

FILE… are what we built, the program first; FOLDER holds the bundled libraries and a list of them (packaging/libraries). The document goes to standard output;
equal inputs give equal bytes.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

# Licences of Debian's libraries (their copyright notices lie beside them in the package), and who supplies them.
LICENCES = {
    "libomp.so.5": ("LLVM OpenMP runtime", "Apache-2.0 WITH LLVM-exception"),
    "libpng16.so.16": ("libpng", "libpng-2.0"),
    "libjpeg.so.62": ("libjpeg-turbo", "IJG AND BSD-3-Clause AND Zlib"),
    "liblcms2.so.2": ("Little CMS", "MIT"),
    "libwebp.so.7": ("libwebp", "BSD-3-Clause"),
    "libcivetweb.so.1": ("civetweb", "MIT"),
}
RUNTIME_EXCEPTION = "Apache-2.0 WITH Swift-exception"


def checksum(path: Path) -> list[dict[str, str]]:
    return [{"algorithm": "SHA256", "checksumValue": hashlib.sha256(path.read_bytes()).hexdigest()}]


def package(name: str, version: str, licence: str, **more: Any) -> dict[str, Any]:
    identifier = "SPDXRef-" + "".join(character if character.isalnum() else "-" for character in name)
    return {
        "SPDXID": identifier, "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False, "licenseConcluded": licence, "licenseDeclared": licence, "copyrightText": "NOASSERTION",
        **more,
    }  # fmt: skip


def reference(locator: str) -> list[dict[str, str]]:
    return [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": locator}]


def bundled(folder: Path, architecture: str) -> list[dict[str, Any]]:
    packages = []
    for line in (folder / "versions").read_text().splitlines():
        library, source, version = line.split()
        title, licence = LICENCES[library]
        debian = {"x86_64": "amd64", "aarch64": "arm64"}[architecture]
        packages.append(package(
            library, version, licence, summary=title, checksums=checksum(folder / library), supplier="Organization: Debian",
            externalRefs=reference(f"pkg:deb/debian/{source}@{version.replace(':', '%3A').replace('+', '%2B')}?arch={debian}"),
        ))  # fmt: skip
    return packages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in ("version", "architecture", "swift", "epoch", "resolved"):
        parser.add_argument("--" + option, required=True)
    parser.add_argument("--libraries", type=Path)
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args()

    own = [
        package(file.name, options.version, "Apache-2.0", checksums=checksum(file), primaryPackagePurpose="APPLICATION")
        for file in options.files
    ]
    inside = [
        package("Swift runtime and standard library", options.swift, RUNTIME_EXCEPTION, externalRefs=reference(
            f"pkg:github/swiftlang/swift@swift-{options.swift}-RELEASE")),
        package("Unicode tables of the Swift standard library", options.swift, "Unicode-3.0"),
        package("FoundationEssentials", options.swift, RUNTIME_EXCEPTION, externalRefs=reference(
            f"pkg:github/swiftlang/swift-foundation@swift-{options.swift}-RELEASE")),
    ]  # fmt: skip
    parsers = []
    for pin in json.loads(Path(options.resolved).read_text())["pins"]:
        version = pin["state"]["version"]
        place = pin["location"].removeprefix("https://github.com/").removesuffix(".git")
        parsers.append(package(pin["identity"], version, RUNTIME_EXCEPTION, externalRefs=reference(f"pkg:github/{place}@{version}")))
    beside = bundled(options.libraries, options.architecture) if options.libraries else []

    whole = package(f"idinv-lite-{options.architecture}", options.version, "Apache-2.0")
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", whole)]
    relations += [(whole["SPDXID"], "CONTAINS", part) for part in own + beside]
    relations += [(file["SPDXID"], "STATIC_LINK", part) for file in own for part in inside]
    # The library parses no options.
    relations += [(own[0]["SPDXID"], "STATIC_LINK", part) for part in parsers]
    relations += [(file["SPDXID"], "DYNAMIC_LINK", part) for file in own for part in beside]
    packages = [whole, *own, *inside, *parsers, *beside]
    contents = hashlib.sha256(json.dumps(packages, sort_keys=True).encode()).hexdigest()
    created = datetime.datetime.fromtimestamp(int(options.epoch), datetime.UTC)
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"idinv-lite-{options.version}-{options.architecture}",
        "documentNamespace": f"https://spdx.org/spdxdocs/idinv-lite-{options.version}-{options.architecture}-{contents}",
        "creationInfo": {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: idinv-lite-sbom"]},
        "packages": packages,
        "relationships": [
            {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other["SPDXID"]}
            for one, kind, other in relations
        ],
    }
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
