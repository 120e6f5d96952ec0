"""Sums up what `idinv-lite manipulate` did to attributes: python3 models/edits.py OUT/summary.json ... (no package needed)

For each boundary and alpha: the share of images whose named attribute crosses its threshold towards the sign of alpha, among
those that were on the other side; its mean change in standard deviations of the unedited images; the same, mean of absolute
values, for the other attributes.
"""

import json
import statistics
import sys

THRESHOLDS = {"glasses": 0.5, "age": 0.5, "hair_length": 0.5, "smile": 0.2, "yaw": 0.0}

for path in sys.argv[1:]:
    with open(path) as file:
        summary = json.load(file)
    name = summary["boundaries"][0]["name"]
    if name not in THRESHOLDS or 0 not in summary["distances"]:
        sys.exit(f"{path}: expected edits along one of {', '.join(THRESHOLDS)}, with 0 among the distances")
    rows = [{step["alpha"]: step["attributes"] for step in image["steps"]} for image in summary["images"]]
    spread = {a: statistics.stdev(row[0][a] for row in rows) for a in rows[0][0]}
    for alpha in summary["distances"]:
        if alpha == 0:
            continue
        side = 1 if alpha > 0 else -1
        flipped = [side * (row[alpha][name] - THRESHOLDS[name]) > 0 for row in rows
                   if side * (row[0][name] - THRESHOLDS[name]) <= 0]
        own = statistics.mean(row[alpha][name] - row[0][name] for row in rows) / spread[name]
        others = {a: statistics.mean(abs(row[alpha][a] - row[0][a]) for row in rows) / spread[a] for a in spread if a != name}
        worst = max(others, key=others.get)
        print(f"{name} alpha {alpha:+g}: {sum(flipped)} of {len(flipped)} cross {THRESHOLDS[name]}; changes by {own:+.2f}, "
              f"others by {statistics.mean(others.values()):.2f}, most {worst} {others[worst]:.2f}")
