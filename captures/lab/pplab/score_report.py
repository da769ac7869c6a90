"""The score as text, as Markdown and as JSON."""

import sys
from collections import Counter
from pathlib import Path

from .variants import VARIANTS
from .variants_truth import ORIGINAL

PARTIES = ["network", "proxy", "dns", "server", "local", "security", "none", "unknown", "absent"]
SORTS = ["ACCUSED", "IMPOSSIBLE", "BLAMED", "PARTY", "RULE", "GRADE"]     # kinds of misses, the worst first
WHAT = {ORIGINAL: "as captured", **{entry.name: entry.what for entry in VARIANTS.values()}}


class Share:
    """So many of so many."""

    def __init__(self, right):
        right = list(right)
        self.right, self.of = sum(right), len(right)

    @property
    def share(self):
        return self.right / self.of if self.of else 1.0

    def __str__(self):
        return f"{self.share:.1%}" if self.of else "–"


class Summary:
    def __init__(self, results, bars):
        self.rows = [row for *_, outcome in results for row in outcome.rows]
        self.failures = [(name, variant, outcome.failure) for name, variant, _, outcome in results if outcome.failure]
        self.resets = [reset for *_, outcome in results for reset in outcome.resets]
        self.files, self.bars = len(results), bars
        self.accused = [row for row in self.rows if row.judgement.accused]
        self.impossible = [row for row in self.rows if row.judgement.impossible]
        self.misses = [row for row in self.rows if not row.judgement.right]
        self.blamed = [row for row in self.misses if row.verdict["outcome"] == "fault" and not row.judgement.party
                       and not row.judgement.accused]

    # -- numbers

    def shares(self, rows=None):
        rows = self.rows if rows is None else rows
        return {"party": Share(row.judgement.party for row in rows), "rule": Share(row.judgement.rule for row in rows),
                "grade": Share(row.judgement.grade for row in rows if row.judgement.grade is not None),
                "named": Share(row.said == row.truth for row in rows if row.truth not in ("none", "unknown"))}

    def table(self, by, order):
        """(key, rows, shares) for each value of one of a row's fields."""
        for key in order:
            rows = [row for row in self.rows if getattr(row, by) == key]
            if rows:
                yield key, len(rows), self.shares(rows)

    def by_family(self):
        return list(self.table("family", sorted({row.family for row in self.rows})))

    def by_variant(self):
        return list(self.table("variant", WHAT))

    def matrix(self):
        """truth party -> Counter of said parties."""
        found = {party: Counter() for party in PARTIES}
        for row in self.rows:
            found[row.truth][row.said if row.said in PARTIES else "absent"] += 1
        return {party: said for party, said in found.items() if said}

    @property
    def device(self):
        """Resets rightly put down to a device, of those put down to one; faults made by them that were found."""
        return (Share(reset.sent for reset in self.resets if reset.said),
                Share(reset.named for reset in self.resets if reset.fault))

    @property
    def below(self):
        """What is below its bar, in words."""
        found = [f"{name} {share} of at least {self.bars[name]:.0%}" for name, share in self.shares().items()
                 if name in self.bars and share.share < self.bars[name]]
        found += [f"{len(rows)} {what}" for what, rows in (
            ("accused without cause", self.accused), ("impossible proofs", self.impossible),
            ("files without a result", self.failures)) if rows]
        precision = self.device[0]
        if precision.right < precision.of:
            found.append(f"a device blamed for {precision.of - precision.right} resets it did not send")
        return found

    def groups(self):
        """(first row, variants) of the misses that are one and the same in several variants, the worst first."""
        found = {}
        for row in self.misses:
            found.setdefault((row.capture, row.host, _sort(row), _said(row)), []).append(row)
        return sorted(((rows[0], [row.variant for row in rows]) for rows in found.values()),
                      key=lambda group: SORTS.index(_sort(group[0])))

    # -- text

    def text(self, tables=True):
        lines = self._tables() if tables else []
        lines += self._misses() + [""] + self._totals()
        return "\n".join(lines)

    def _tables(self):
        lines = []
        for title, rows in ("family", self.by_family()), ("variant", self.by_variant()):
            lines.append(f"{title:18} verdicts   party    rule   grade   named")
            lines += [f"{key:18} {count:8} " + " ".join(f"{str(share):>7}" for share in shares.values())
                      for key, count, shares in rows] + [""]
        said = [party for party in PARTIES if any(row[party] for row in self.matrix().values())]
        lines.append("truth \\ said " + "".join(f"{party:>9}" for party in said))
        lines += [f"{party:12} " + "".join(f"{row[each] or '.':>9}" for each in said)
                  for party, row in self.matrix().items()]
        return lines + [""]

    def _misses(self):
        lines = [f"FAILED {name} {variant}: {failure}" for name, variant, failure in self.failures]
        for row, variants in self.groups():
            lines.append(f"{_sort(row):10} {row.capture} {row.host}: truth {_wanted(row)}, said {_said(row)}"
                         + (f", packets {row.packets}" if row.packets else "") + f" [{' '.join(variants)}]")
        lines += [f"RESET      {reset.place}: a device is blamed, but none sent it"
                  for reset in self.resets if reset.said and not reset.sent]
        return lines

    def _totals(self):
        shares, (precision, found) = self.shares(), self.device
        return [f"{self.files} files, {len(self.rows)} verdicts: party {shares['party']}, rule {shares['rule']}, grade "
                f"{shares['grade']}; faults named {shares['named']}",
                f"accused without cause {len(self.accused)}, another party blamed {len(self.blamed)}, "
                f"impossible proofs {len(self.impossible)}, files without a result {len(self.failures)}",
                f"resets: {precision.right} of {precision.of} rightly put down to a device, "
                f"{found.right} of {found.of} faults by a device's reset put down to the network",
                *(f"BELOW THE BAR: {what}" for what in self.below)]

    # -- Markdown

    def markdown(self):
        shares, (precision, found) = self.shares(), self.device
        rows = [MARKDOWN.format(
            files=self.files, verdicts=len(self.rows), accused=len(self.accused), impossible=len(self.impossible),
            blamed=len(self.blamed), precision=f"{precision.right} of {precision.of}",
            recall=f"{found.right} of {found.of}", **{name: str(share) for name, share in shares.items()})]
        rows += ["## By variant", "| variant | what it is | verdicts | party | rule | grade | named |",
                 "| --- | --- | --: | --: | --: | --: | --: |"]
        rows += [f"| {key} | {WHAT[key]} | {count} | " + " | ".join(map(str, shares.values())) + " |"
                 for key, count, shares in self.by_variant()]
        rows += ["", "## By family of the truth's rule", "| family | verdicts | party | rule | grade | named |",
                 "| --- | --: | --: | --: | --: | --: |"]
        rows += [f"| {key} | {count} | " + " | ".join(map(str, shares.values())) + " |"
                 for key, count, shares in self.by_family()]
        said = [party for party in PARTIES if any(row[party] for row in self.matrix().values())]
        rows += ["", "## Confusion matrix", "Rows are the truth's party, columns the program's.", "",
                 "| | " + " | ".join(said) + " |", "| --- |" + " --: |" * len(said)]
        rows += [f"| **{party}** | " + " | ".join(str(row[each] or "") for each in said) + " |"
                 for party, row in self.matrix().items()]
        rows += ["", "## Misses", *(self._miss_table() if self.misses else ["None."])]
        return "\n".join(rows) + "\n"

    def _miss_table(self):
        yield "Packets are those of the first variant named."
        yield ""
        yield "| capture | host | truth | said | packets | variants |"
        yield "| --- | --- | --- | --- | --- | --- |"
        for row, variants in self.groups():
            packets = ", ".join(map(str, row.packets))
            yield f"| {row.capture} | {row.host} | {_wanted(row)} | {_said(row)} | {packets} | {', '.join(variants)} |"

    # -- machines

    def document(self):
        precision, found = self.device
        return {"files": self.files, "verdicts": len(self.rows), "below": self.below,
                "shares": {name: [share.right, share.of] for name, share in self.shares().items()},
                "families": _numbers(self.by_family()), "variants": _numbers(self.by_variant()),
                "matrix": {party: dict(row) for party, row in self.matrix().items()},
                "accused": len(self.accused), "blamed": len(self.blamed), "impossible": len(self.impossible),
                "resets": {"precision": [precision.right, precision.of], "recall": [found.right, found.of]},
                "failures": [list(failure) for failure in self.failures],
                "misses": [{"capture": row.capture, "variant": row.variant, "host": row.host, "sort": _sort(row),
                            "truth": {"party": row.truth, "rules": row.rules, "grades": row.grades},
                            "said": {"party": row.said, **{key: row.verdict.get(key) for key in (
                                "outcome", "rule", "domain", "owner", "grade", "summary")}},
                            "first_packets": row.packets} for row in self.misses]}


def _numbers(table):
    return {key: {"verdicts": count, **{name: [share.right, share.of] for name, share in shares.items()}}
            for key, count, shares in table}


def _sort(row):
    """What kind of miss, by its worst side."""
    judgement = row.judgement
    holds = (judgement.accused, judgement.impossible, not judgement.party and row.verdict["outcome"] == "fault",
             not judgement.party, not judgement.rule, judgement.grade is False)
    return next(word for word, held in zip(SORTS, holds) if held)


def _wanted(row):
    return " ".join([row.truth, "/".join(row.rules), "/".join(row.grades)]).strip()


def _said(row):
    return " ".join(str(word) for word in (row.said, row.verdict.get("rule"), row.verdict.get("grade")) if word)


def write(path, text):
    if path == "-":
        sys.stdout.write(text)
    else:
        Path(path).write_text(text)


MARKDOWN = """# Accuracy

How often the program is right about the lab's [captures](../captures/README.md), about what becomes of them when they
are taken late, cut short, doubled or one-sided, and about the 19 tampering signatures. Written by
`captures/lab/score --markdown`; do not edit.

{files} files, {verdicts} verdicts (each host of a file counts once, and so does the conclusion).

| | | bar |
| --- | --: | --: |
| the right party – owner of the fault, nobody, or unknown | {party} | 98 % |
| the right rule | {rule} | 95 % |
| the right grade, where there is one | {grade} | |
| faults whose party is named; the rest are said to be unknown | {named} | |
| accused without cause | {accused} | 0 |
| a fault blamed on another party | {blamed} | |
| called proven what the packets cannot prove | {impossible} | 0 |
| resets rightly put down to a device, of those put down to one (`FW-04`, `FW-07`, `FW-13`) | {precision} | all |
| faults by a device's reset that are put down to the network | {recall} | |

What counts as right depends on the file: a variant that only looks different must give the verdict of the original; one
that shows less may lower the grade or leave the fault unknown, but never name somebody else. A host of which a variant
leaves nothing does not count. The rules are the tables of `captures/lab/pplab/variants_truth.py`.
"""
