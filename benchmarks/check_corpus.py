"""`handgrad check` over the corpus of tests/programs: what is caught, what is named first, and how long it takes.

python benchmarks/check_corpus.py                    the table, and docs/evidence/check.md
python benchmarks/check_corpus.py --only TEXT ...    programs whose names hold one of these, without the page
python benchmarks/check_corpus.py --verify           the corpus itself, without the checker: right is right,
                                                     wrong differs from its own loss's difference quotients
python benchmarks/check_corpus.py --corpus unseen    the same for tests/programs/unseen, which nobody looked at while
                                                     the checker was written; docs/evidence/check-unseen.md
"""

import argparse
import statistics
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from handgrad.run_folder import available_cores, describe_machine, describe_versions  # noqa: E402
from programs.verify.manifest import DEFAULT, Corpus, corpus  # noqa: E402
from programs.verify.running import Outcome, run  # noqa: E402
from programs.verify.verdicts import objection, trouble_with  # noqa: E402

EVIDENCE = ROOT / "docs" / "evidence"
CODES = {0: "right", 1: "mistake", 3: "not run", 4: "undecided"}
CNNS = ("tiny_cnn_steps.py", "small_cnn_class.py")


def family(outcome: Outcome) -> str:
    """What a program is: a CNN, a piece of one, or a net by how its gradients are had."""
    name = (outcome.question.wrong.path if outcome.question.wrong else outcome.question.path).name
    if name in CNNS:
        return "whole CNN"
    if outcome.trouble:
        return "not read"
    return f"net, {outcome.form}" if outcome.form else "layer, optimiser or tool"


def share(part: int, whole: int) -> str:
    return f"{part}/{whole}" + (f" ({100 * part / whole:.1f} %)" if whole else "")


def family_table(outcomes: list[Outcome], c: Corpus) -> list[str]:
    lines = [
        "| kind of program | right ones let through | wrong ones caught | named first |",
        "| --- | --- | --- | --- |",
    ]
    groups = Counter(family(o) for o in outcomes)
    for group, _ in groups.most_common():
        right = [o for o in outcomes if family(o) == group and not o.question.wrong]
        wrong = [o for o in outcomes if family(o) == group and o.question.wrong]
        caught, named = sum(o.code == 1 for o in wrong), sum(o.named_first(c) for o in wrong)
        let_through = share(sum(o.code == 0 for o in right), len(right))
        lines.append(f"| {group} | {let_through} | {share(caught, len(wrong))} | {share(named, len(wrong))} |")
    return lines


def program_table(outcomes: list[Outcome], c: Corpus) -> list[str]:
    lines = ["| program | made from | expected | verdict | said first | s |", "| --- | --- | --- | --- | --- | --- |"]
    for o in outcomes:
        wrong = o.question.wrong
        if wrong:
            mark = "" if o.named_first(c) else " **✗**"
            first = (o.keys[0] or "nothing fits") if o.keys else "–"
            expected = wrong.expect + ("" if wrong.in_catalogue else " (not in the catalogue)")
            row = [
                wrong.name.replace("|", "\\|"),
                wrong.path.name,
                expected,
                CODES.get(o.code, str(o.code)),
                first + mark,
            ]
            lines.append("| " + " | ".join(row) + f" | {o.seconds:.1f} |")
    return lines


ABOUT = {
    DEFAULT: "in the styles of many students, without a look at the checker",
    "unseen": "without a look at the checker, to see how it does on new ones, which tests/programs/open.md tells; "
    "since then it was taught to read most of them",
    **{
        f"unseen_{subject}": f"about {subject}, without a look at the checker, to see how it does on new ones; "
        "tests/programs/open.md tells the first figures, and since then it was taught to read most of them"
        for subject in ("nets", "scripts", "layers", "tools")
    },
}


def page(outcomes: list[Outcome], c: Corpus, name: str) -> str:
    """docs/evidence/check.md and its like."""
    right = [o for o in outcomes if not o.question.wrong]
    wrong = [o for o in outcomes if o.question.wrong]
    listed = [o for o in wrong if o.question.wrong and o.question.wrong.in_catalogue]
    seconds = sorted(o.seconds for o in outcomes)
    stopped = [o for o in right if o.code != 0]
    machine, versions = describe_machine(), describe_versions()
    return "\n".join([
        "# `handgrad check` over a corpus of programs", "",
        f"Made by `python benchmarks/check_corpus.py --corpus {name}`. The programs were written by hand",
        f"{ABOUT[name]}; `--verify` compares each of them with",
        "difference quotients of its own loss, without the checker.", "",
        f"{machine['cpu']}, Python {versions['python']}, NumPy {versions['numpy']}; "
        f"{available_cores()} checks at a time.", "",
        f"- Right programs: {len(right)}; accused: {sum(o.code == 1 for o in right)}; "
        f"let through: {share(sum(o.code == 0 for o in right), len(right))}.",
        f"- Wrong programs: {len(wrong)}; caught: {share(sum(o.code == 1 for o in wrong), len(wrong))}; "
        f"right explanation first: {share(sum(o.named_first(c) for o in wrong), len(wrong))}.",
        f"- Of mistakes in the catalogue: {len(listed)}; right explanation first: "
        f"{share(sum(o.named_first(c) for o in listed), len(listed))}.",
        f"- Seconds a program: median {statistics.median(seconds):.1f}, longest {seconds[-1]:.1f}.", "",
        *family_table(outcomes, c), "",
        *([f"Right, and not let through: {', '.join(o.question.name for o in stopped)}.", ""] if stopped else []),
        "## Every wrong program", "", *program_table(outcomes, c), "",
    ])  # fmt: skip


def verify(name: str) -> int:
    """Says what is wrong with the corpus itself; the number of such programs."""
    c, bad = corpus(name), 0
    for path in c.right:
        found = trouble_with(path, path.read_text(encoding="utf-8"))
        bad += bool(found)
        print(f"{path.name}: {found or 'right'}")
    for wrong in c.wrong:
        found = objection(wrong)
        bad += bool(found)
        print(f"{wrong.name}: {found or ('unseen: ' + wrong.unseen if wrong.unseen else 'wrong')}")
    print(f"{bad} of {len(c.right) + len(c.wrong)} programs are not what the corpus says")
    return bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[], metavar="TEXT", help="programs with this in their names")
    parser.add_argument("--corpus", default=DEFAULT, choices=ABOUT, help="tests/programs itself, or its folder unseen")
    parser.add_argument("--verify", action="store_true", help="the corpus itself, without the checker")
    arguments = parser.parse_args()
    if arguments.verify:
        return 1 if verify(arguments.corpus) else 0
    c = corpus(arguments.corpus)
    outcomes = run(arguments.only, available_cores(), arguments.corpus)
    for outcome in outcomes:
        good = outcome.named_first(c) if outcome.question.wrong else outcome.code == 0
        if arguments.only or not good:
            print(outcome, f"({outcome.seconds:.1f} s)")
    if not arguments.only:
        target = EVIDENCE / ("check.md" if arguments.corpus == DEFAULT else f"check-{arguments.corpus}.md")
        target.write_text(page(outcomes, c, arguments.corpus), encoding="utf-8")
        print(f"wrote {target.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
