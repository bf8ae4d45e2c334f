"""The functions of orders_etl.yaml: files of orders come in, reports by region go out.

Everything is written below out/orders_etl/: raw/ as an order system would have left it, clean/
with the lines that could be read, reports/ with one page for each region, and index.md.

    taskflow-tui sample_flows/orders_etl.yaml        # press a to answer the sign-off
"""

import csv
import random
import time
from pathlib import Path

OUT = Path(__file__).parent / "out" / "orders_etl"
REGIONS = ("europe", "americas", "asia")
MONTHS = range(1, 13)
DAMAGED = 0.02
"""How many of the lines are damaged."""
MOST_DAMAGED = 0.1
BAR = 40
"""Characters of the longest bar of a chart."""


def extract(days: int) -> list[str]:
    """Write a file of orders for each month, always the same ones, and return their paths."""
    dice = random.Random(2026)
    return [_write_month(month, days, dice) for month in MONTHS]


def _write_month(month: int, days: int, dice: random.Random) -> str:
    lines = ["day,region,amount"]
    for day in range(1, days + 1):
        for _ in range(dice.randint(5, 15)):
            amount = "?" if dice.random() < DAMAGED else f"{dice.lognormvariate(4, 1):.2f}"
            lines.append(f"2026-{month:02}-{day:02},{dice.choice(REGIONS)},{amount}")
    path, text = _folder("raw") / f"orders-{month:02}.csv", "\n".join([*lines, ""])
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return str(path)


def load(path: str) -> dict[str, object]:
    """Keep the lines of one file that can be read; say how many there are, and how many not."""
    clean = _folder("clean") / Path(path).name
    good = damaged = 0
    with Path(path).open(encoding="utf-8") as raw, clean.open("w", encoding="utf-8") as kept:
        for row in csv.DictReader(raw):
            if _is_number(row["amount"]):
                print(row["day"][:7], row["region"], row["amount"], sep=",", file=kept)
                good += 1
            else:
                print(f"left out: {row}")
                damaged += 1
    time.sleep(0.2)  # a file from a slow disk, so that there is something to watch
    print(f"{clean.name}: {good} orders, {damaged} damaged")
    return {"path": str(clean), "orders": good, "damaged": damaged}


def check(load: list[dict[str, int]]) -> dict[str, int]:
    """Add up what the files had, and fail if too much of it is damaged."""
    orders, damaged = (sum(file[key] for file in load) for key in ("orders", "damaged"))
    if damaged > MOST_DAMAGED * (orders + damaged):
        raise ValueError(f"{damaged} of {orders + damaged} lines are damaged")
    return {"orders": orders, "damaged": damaged}


def total(name: str, files: list[str]) -> dict[str, float]:
    """Return what the orders of a region come to in every month."""
    found: dict[str, float] = {}
    for path in files:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            month, region, amount = line.split(",")
            if region == name:
                found[month] = round(found.get(month, 0) + float(amount), 2)
    time.sleep(0.2)
    return found


def chart(total: dict[str, float]) -> list[str]:
    """Return a bar for every month."""
    most = max(total.values(), default=1)
    bars = [
        f"{month}  {'█' * round(BAR * sum_ / most)} {sum_:,.0f}" for month, sum_ in total.items()
    ]
    print("\n".join(bars))
    return bars


def write(name: str, total: dict[str, float], chart: list[str]) -> dict[str, object]:
    """Write the report of a region; return where it is and what it comes to."""
    path = _folder("reports") / f"{name}.md"
    year = round(sum(total.values()), 2)
    path.write_text(f"# {name}: {year:,.2f} €\n\n```\n" + "\n".join([*chart, "```", ""]), "utf-8")
    return {"name": name, "path": str(path), "year": year}


def publish(answer: dict[str, str], reports: list[dict[str, str]]) -> str:
    """Write the index of the reports, with what was said when they were let out."""
    lines = [
        f"- [{one['name']}](reports/{one['name']}.md): {one['year']:,.2f} €" for one in reports
    ]
    head = f"# Orders of 2026, for the {answer['audience']}\n\n{answer['note']}\n\n"
    index = OUT / "index.md"
    index.write_text(head + "\n".join([*lines, ""]), "utf-8")
    print(f"published {len(reports)} reports: {index}")
    return str(index)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _folder(name: str) -> Path:
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
