"""A saga: book a flight, a hotel and a car; the payment fails; everything is undone.

Each provider is a small SQLite database below out/travel_booking/, so every effect can be looked
at. A booking is undone by its own rollback, in reverse order of the bookings that build on it: the
transfer to the hotel before the hotel, and so on. With `-p card=gold` the payment goes through.

    taskflow-tui run sample_flows/travel_booking.py                  # ends ROLLED_BACK
    taskflow-tui run sample_flows/travel_booking.py -p card=gold     # ends SUCCEEDED
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from taskflow_core import Context, Fail, Flow, Param, task

OUT = Path(__file__).parent / "out" / "travel_booking"


def provider(name: str) -> sqlite3.Connection:
    """Open the database of one provider: every booking it ever took, and what became of it."""
    OUT.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(OUT / f"{name}.db")
    database.execute(
        "CREATE TABLE IF NOT EXISTS booking"
        " (id INTEGER PRIMARY KEY, run TEXT, what TEXT, price INTEGER, status TEXT)"
    )
    return database


def book(name: str, run: str, what: str, price: int) -> dict[str, object]:
    """Book something and return the booking."""
    with closing(provider(name)) as database, database:
        insert = "INSERT INTO booking (run, what, price, status) VALUES (?, ?, ?, 'booked')"
        number = database.execute(insert, (run, what, price)).lastrowid
    print(f"{name}: booked {what} for {price} €, number {number}")
    return {"provider": name, "id": number, "what": what, "price": price}


def cancel(booking: dict[str, object]) -> None:
    """Undo a booking. Doing it twice is as good as once."""
    name = str(booking["provider"])
    with closing(provider(name)) as database, database:
        database.execute("UPDATE booking SET status = 'cancelled' WHERE id = ?", (booking["id"],))
    print(f"{name}: cancelled number {booking['id']}, {booking['what']}")


@task(rollback=cancel)
def flight(ctx: Context, city: str) -> dict[str, object]:
    """Book the flight."""
    return book("airline", ctx.run_id, f"a flight to {city}", 310)


@task(depends_on=flight, rollback=cancel, retries=1)
def hotel(ctx: Context, city: str) -> dict[str, object]:
    """Book the hotel."""
    return book("hotel", ctx.run_id, f"three nights in {city}", 450)


@task(depends_on=flight, rollback=cancel)
def car(ctx: Context, city: str) -> dict[str, object]:
    """Book the car."""
    return book("rental", ctx.run_id, f"a car in {city}", 120)


@task(depends_on=[hotel, car], rollback=cancel)
def transfer(ctx: Context, hotel: dict[str, object]) -> dict[str, object]:
    """Book the way from the car park to the hotel."""
    return book("shuttle", ctx.run_id, f"a ride for {hotel['what']}", 20)


@task(depends_on=[flight, hotel, car, transfer])
def pay(ctx: Context, card: str) -> int:
    """Pay for everything."""
    total = sum(int(booking["price"]) for booking in ctx.results.values())
    if card != "gold":
        raise Fail(f"the {card} card was declined for {total} €")
    print(f"paid {total} €")
    return total


@task(depends_on=pay)
def confirm(ctx: Context, pay: int) -> str:
    """Write the confirmation."""
    lines = [f"- {booking['what']}: {booking['price']} €" for booking in _bookings(ctx)]
    path = OUT / f"{ctx.run_id}.md"
    path.write_text("\n".join(["# Your journey", *lines, f"Paid: {pay} €", ""]), encoding="utf-8")
    return str(path)


def _bookings(ctx: Context) -> list[dict[str, object]]:
    return [value for value in ctx.results.values() if isinstance(value, dict)]


travel = Flow(
    "travel_booking",
    tasks=[flight, hotel, car, transfer, pay, confirm],
    description="Book a journey; the payment fails, and everything is undone",
    params={
        "city": "Lisbon",
        "card": Param(type="choice", choices=("plain", "gold"), default="plain"),
    },
    on_failure="rollback",
)
