"""Prints the queries of the dashboard as recording rules, which promtool can parse."""

import json
import pathlib

DASHBOARD = pathlib.Path(__file__).parents[1] / "monitoring" / "dashboard.json"

panels = json.loads(DASHBOARD.read_text())["panels"]
queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
assert queries, "the dashboard has no queries"
rules = [
    {"record": f"query_{number}", "expr": query.replace("$job", "locktender")}
    for number, query in enumerate(queries)
]
# JSON is YAML.
print(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
