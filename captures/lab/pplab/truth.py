"""What is true about each capture, as data; its JSON form, the check of that form, and the table of all captures."""

import json

DOMAINS = {"none", "capture", "local", "dns", "firewall", "proxy", "inspection", "tls", "trust", "mtls", "server",
           "mtu", "idle"}
FIELDS = {"scenario", "title", "made", "options", "exit_status", "conclusion", "endpoints"}
OWNERS = {"none", "network", "proxy", "dns", "server", "local", "security"}
OUTCOMES = {"ok", "fault", "inconclusive"}
GRADES = {"proven", "strong", "consistent"}
LOOKUP_STATUS = {"NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED", "TIMEOUT"}

# rule family -> (domain, owner) where the scenario does not say otherwise
FAMILIES = {"OK": ("none", "none"), "CAP": ("capture", "local"), "LOC": ("local", "local"), "DNS": ("dns", "dns"),
            "FW": ("firewall", "network"), "PRX": ("proxy", "proxy"), "INSP": ("inspection", "proxy"),
            "TLS": ("tls", "server"), "TRUST": ("trust", "server"), "MTLS": ("mtls", "local"),
            "SRV": ("server", "server"), "MTU": ("mtu", "network"), "IDLE": ("idle", "network")}


def _words(text):
    return text.split() if isinstance(text, str) else list(text)


def ok(*hosts, rules="OK-01"):
    return [{"host": host, "outcome": "ok", "rules": _words(rules)} for host in hosts]


def fault(*hosts, rules, grades, domain=None, owner=None):
    """`rules` and `grades` are words, the best first; domain and owner follow from the first rule unless given."""
    rules = _words(rules)
    family = FAMILIES[rules[0].split("-")[0]]
    return [{"host": host, "outcome": "fault", "rules": rules, "domain": domain or family[0],
             "owner": owner or family[1], "grades": _words(grades)} for host in hosts]


def unclear(*hosts, rules, grades="consistent", domain=None, owner=None):
    """Nothing may be concluded about these hosts."""
    return [{**entry, "outcome": "inconclusive"}
            for entry in fault(*hosts, rules=rules, grades=grades, domain=domain, owner=owner)]


def lookup(name, status, rules):
    return [{"name": name, "status": status, "rules": _words(rules)}]


def document(scenario):
    """The truth file of a scenario. The conclusion is that of the first fault unless the scenario states another."""
    endpoints = [entry for group in scenario.endpoints for entry in group]
    lookups = [entry for group in scenario.lookups for entry in group]
    conclusion = scenario.conclusion or _conclude(endpoints)
    status = {"ok": 0, "fault": 1, "inconclusive": 2}[conclusion["outcome"]]
    text = {"scenario": scenario.id, "title": scenario.title, "made": scenario.made, "options": list(scenario.options),
            "exit_status": status, "conclusion": conclusion, "endpoints": endpoints}
    return {**text, "lookups": lookups} if lookups else text


def _conclude(endpoints):
    for outcome in ("fault", "inconclusive"):
        for entry in endpoints:
            if entry["outcome"] == outcome:
                return {key: entry[key] for key in ("outcome", "domain", "owner", "rules")}
    rules = list(dict.fromkeys(rule for entry in endpoints for rule in entry["rules"]))
    return {"outcome": "ok", "domain": "none", "owner": "none", "rules": rules}


def problems(text):
    """What is wrong with a truth document, one line each."""
    found = []

    def expect(condition, what):
        if not condition:
            found.append(what)

    def expect_entry(entry, where):
        expect(entry.get("outcome") in OUTCOMES, f"{where}: outcome {entry.get('outcome')}")
        expect(entry.get("rules") and all(rule.split("-")[0] in FAMILIES for rule in entry["rules"]), f"{where}: rules")
        if entry.get("outcome") != "ok":
            expect(entry.get("domain") in DOMAINS, f"{where}: domain {entry.get('domain')}")
            expect(entry.get("owner") in OWNERS, f"{where}: owner {entry.get('owner')}")

    expect(set(text) - {"lookups"} == FIELDS, f"fields: {sorted(text)}")
    for field in ("scenario", "title", "made"):
        expect(isinstance(text.get(field), str) and text[field], field)
    expect(isinstance(text.get("options"), list), "options")
    expect(text.get("exit_status") in (0, 1, 2), "exit_status")
    expect_entry(text.get("conclusion", {}), "conclusion")
    expect(text.get("exit_status") == {"ok": 0, "fault": 1, "inconclusive": 2}.get(
        text.get("conclusion", {}).get("outcome")), "exit_status does not follow from the conclusion")
    for entry in text.get("endpoints", []):
        expect_entry(entry, entry.get("host", "endpoint without host"))
        if entry.get("outcome") == "fault":
            expect(entry.get("grades") and set(entry["grades"]) <= GRADES, f"{entry.get('host')}: grades")
    for entry in text.get("lookups", []):
        expect(entry.get("name") and entry.get("status") in LOOKUP_STATUS and entry.get("rules"), f"lookup {entry}")
    return found


def load(folder):
    """(capture path, truth) of every truth file, in the order of the scenarios."""
    found = [(path.with_name(path.name.replace(".truth.json", ".pcapng")), json.loads(path.read_text()))
             for path in folder.glob("*.truth.json")]
    return sorted(found, key=lambda pair: (pair[1]["scenario"], pair[0].name))


def table(folder):
    """The rows of the captures' README."""
    rows = ["| capture | scenario | what was done | truth |", "| --- | --- | --- | --- |"]
    for capture, text in load(folder):
        rows.append(f"| [{capture.stem}]({capture.name}) | {text['scenario']} | {text['made']} | {_summary(text)} |")
    return "\n".join(rows)


def _summary(text):
    end = text["conclusion"]
    if end["outcome"] == "ok":
        return f"{text['title']} No fault (`{end['rules'][0]}`)."
    hosts = [entry["host"] for entry in text["endpoints"] if entry["outcome"] == end["outcome"]]
    hosts += [entry["name"] for entry in text.get("lookups", []) if not hosts]
    whose = f"{end['domain']}, owner {end['owner']}"
    what = "Fault" if end["outcome"] == "fault" else "Nothing to conclude"
    return f"{text['title']} {what}: {whose}, `{end['rules'][0]}`" + (f", {len(hosts)} host(s)." if hosts else ".")
