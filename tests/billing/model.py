"""Money in plain Python, one call at a time: what the SQL functions must equal.

Written from the rules alone (ARCHITECTURE §2–3, reliability.md §2) and slow on purpose: any number of
organizations, days and workers, and every row that the books should have.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.caps import Scope
from billing.holds import Reserve, Settle, Verdict, Verdicts
from billing.ids import Kind, transfer_id
from tests.billing.books import end

TASHKENT = ZoneInfo("Asia/Tashkent")
OPEN, CAPTURED, RELEASED, LATE = range(4)
LIFETIME = date(1970, 1, 1)
NAMES: dict[Scope, Verdicts] = {
    Scope.PROJECT_DAY: "project_day",
    Scope.PROJECT_MONTH: "project_month",
    Scope.KEY_LIFETIME: "key_cap",
    Scope.KEY_DAY: "key_cap",
    Scope.KEY_MONTH: "key_cap",
    Scope.PLATFORM_DAY: "platform_day",
}
# In which rows a cap's window is counted: a month is the sum of its days.
COUNTED = {Scope.PROJECT_MONTH: Scope.PROJECT_DAY, Scope.KEY_MONTH: Scope.KEY_DAY}
LONGEST_FIRST = [Scope.KEY_LIFETIME, Scope.PROJECT_MONTH, Scope.KEY_MONTH, Scope.PROJECT_DAY, Scope.KEY_DAY]
MONTHS = {Scope.PROJECT_MONTH, Scope.KEY_MONTH}
REVENUE, PROMO, LOSS_OVERRUN, LOSS_ORPHAN, REFUND_PAYABLE, PAID_IN = 1, 2, 3, 4, 5, 6

type Window = tuple[Scope, int]  # scope and id of a cap


@dataclass
class Wallet:
    paid: int = 0
    bonus: int = 0
    held: int = 0
    paying: bool = False

    @property
    def available(self) -> int:
        return self.paid + self.bonus - self.held


@dataclass
class Use:
    spent: int = 0
    held: int = 0


@dataclass
class Hold:
    call: Reserve | Settle
    amount: int
    out: int
    free: bool
    owner: int
    day: date
    created: datetime
    expires: datetime
    state: int = OPEN
    charged: int = 0


@dataclass
class Worker:
    beat: datetime
    suspect: datetime | None = None
    fenced: bool = False


@dataclass
class Model:
    """first and past: the ids for which there are months."""

    now: datetime
    first: UUID
    past: UUID
    swept: datetime
    wallets: dict[int, Wallet] = field(default_factory=dict)
    caps: dict[Window, int] = field(default_factory=dict)
    uses: dict[tuple[Scope, int, date], Use] = field(default_factory=dict)
    holds: dict[UUID, Hold] = field(default_factory=dict)
    free_used: dict[tuple[int, date], int] = field(default_factory=dict)
    transfers: dict[UUID, tuple[int, int, int]] = field(default_factory=dict)  # debit, credit, micros
    rows: dict[UUID, int] = field(default_factory=dict)  # what the request log says that a call cost
    refunded: set[UUID] = field(default_factory=set)
    workers: dict[int, Worker] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.now.astimezone(TASHKENT).date()

    def wallet(self, org: int) -> Wallet:
        """The wallet of an organization; an empty one that is not kept, if it has none."""
        return self.wallets.get(org, Wallet())

    # Money from outside

    def credit(self, org: int, op: UUID, kind: Kind, source: int, micros: int) -> bool:
        if transfer_id(op, kind) in self.transfers:
            return False
        wallet = self.wallets.setdefault(org, Wallet())
        to_bonus = kind in (Kind.PROMO, Kind.REFUND_BONUS)
        wallet.bonus += micros * to_bonus
        wallet.paid += micros * (not to_bonus)
        wallet.paying |= kind == Kind.TOPUP
        self.move(op, kind, source, account(org, bonus=to_bonus), micros)
        return True

    def payout(self, org: int, op: UUID, micros: int) -> bool | None:
        if transfer_id(op, Kind.PAYOUT) in self.transfers:
            return False
        wallet = self.wallet(org)
        if wallet.paid - wallet.held < micros:
            return None
        wallet.paid -= micros
        self.move(op, Kind.PAYOUT, account(org), REFUND_PAYABLE, micros)
        return True

    def refund(self, op: UUID, back: UUID) -> int | None:
        """What comes back; None if it did before."""
        if op in self.refunded:
            return None
        returned = 0
        for kind, reverse in ((Kind.CHARGE_PAID, Kind.REFUND), (Kind.CHARGE_BONUS, Kind.REFUND_BONUS)):
            if (charge := self.transfers.get(transfer_id(op, kind))) is not None:
                self.credit((charge[0] - 2**32) // 2, back, reverse, REVENUE, charge[2])
                returned += charge[2]
        if returned:
            self.refunded.add(op)
        return returned

    def move(self, op: UUID, kind: Kind, debit: int, credit: int, micros: int) -> None:
        if micros:
            assert transfer_id(op, kind) not in self.transfers
            self.transfers[transfer_id(op, kind)] = (debit, credit, micros)

    # Caps

    def windows(self, item: Reserve | Settle) -> list[Window]:
        """The caps that may bind a call, the longest first, the platform's last."""
        found = [(scope, item.key if "KEY" in scope.name else item.project) for scope in LONGEST_FIRST]
        return [*found, (Scope.PLATFORM_DAY, 0)] if item.builtin else found

    def used(self, window: Window, day: date) -> Use:
        scope, scope_id = window
        found = Use()
        for (counted, id, start), use in self.uses.items():
            inside = (
                scope == Scope.KEY_LIFETIME
                or start == day
                or (scope in MONTHS and (start.year, start.month) == (day.year, day.month))
            )
            if (counted, id) == (COUNTED.get(scope, scope), scope_id) and inside:
                found.spent += use.spent
                found.held += use.held
        return found

    def room(self, window: Window, day: date) -> int:
        use = self.used(window, day)
        return self.caps[window] - use.spent - use.held

    def count(self, item: Reserve | Settle, day: date, *, spent: int = 0, held: int = 0) -> None:
        """Adds to the rows in which a call of this day counts."""
        if not spent and not held:
            return
        for scope, id in self.windows(item):
            if scope not in COUNTED:
                start = LIFETIME if scope == Scope.KEY_LIFETIME else day
                use = self.uses.setdefault((scope, id, start), Use())
                use.spent += spent
                use.held += held

    # Admission

    def reserve(self, calls: Sequence[Reserve]) -> list[Verdict]:
        answers: dict[UUID, Verdict] = {}
        for call in calls:
            if call.id not in answers:  # the same call twice in one batch is one call
                answers[call.id] = self.admit(call)
        return [answers[call.id] for call in calls]

    def admit(self, call: Reserve) -> Verdict:
        available = self.wallet(call.org).available
        known = self.holds.get(call.id)
        if known is not None:
            return self.again(call, known, available)
        if not self.first <= call.id < self.past:
            return no("no_partition", available)
        day, capped = self.today, [window for window in self.windows(call) if window in self.caps]
        for scope in used_up(self, capped):
            return no(NAMES[scope], available, reset=self.reset(scope))
        eligible = call.free_wish and (call.free_ok or self.wallet(call.org).paying)
        units = self.free_used.get((call.org, day), 0)
        if eligible and units < call.free_quota:
            self.free_used[call.org, day] = units + 1
            self.hold(call, 0, call.out_max, free=True)
            return Verdict("ok", call.out_max, True, kept(call, call.out_max, None), 0, available, 0, None)
        room = min([available] + [self.room(window, day) for window in capped])
        firsts = [c for c in call.candidates if cost(c, call.out_min) <= room]
        if not firsts:
            return self.denial(call, capped, eligible, available)
        # Every candidate as dear as can be, if that fits; else what the first affordable one can give.
        out = call.out_max
        if max(cost(c, out) for c in call.candidates) > room:
            out = largest_output(firsts[0], call.out_max, room)
        keep = kept(call, out, room)
        amount = max(cost(call.candidates[i], out) for i in keep)
        self.hold(call, amount, out, free=False)
        return Verdict("ok", out, False, keep, amount, available, amount, None)

    def again(self, call: Reserve, hold: Hold, available: int) -> Verdict:
        is_open = hold.state == OPEN
        keep = kept(call, hold.out, None if hold.free else hold.amount) if is_open else ()
        return Verdict(
            "ok" if is_open else "closed", hold.out, hold.free, keep, hold.amount, available, 0, None
        )

    def hold(self, call: Reserve, amount: int, out: int, *, free: bool) -> None:
        expires = self.now + timedelta(seconds=call.ttl_s)
        self.holds[call.id] = Hold(call, amount, out, free, call.owner, self.today, self.now, expires)
        self.wallet(call.org).held += amount
        self.count(call, self.today, held=amount)

    def denial(self, call: Reserve, capped: list[Window], quota_gone: bool, available: int) -> Verdict:
        need = min(cost(c, call.out_min) for c in call.candidates)
        if need > available:
            if quota_gone:
                return no("free_quota", available, need, self.reset(Scope.PROJECT_DAY))
            return no("insufficient", available, need)
        for part in ("PROJECT", "KEY", "PLATFORM"):
            windows = [window for window in capped if part in window[0].name]
            tightest = min(windows, key=lambda window: self.room(window, self.today), default=None)
            if tightest is not None and self.room(tightest, self.today) < need:
                return no(NAMES[tightest[0]], available, need, self.reset(tightest[0]))
        raise AssertionError("nothing denies")

    def reset(self, scope: Scope) -> str | None:
        if scope == Scope.KEY_LIFETIME:
            return None
        ends = self.today + timedelta(days=1)
        if scope in MONTHS:
            ends = (self.today.replace(day=1) + timedelta(days=32)).replace(day=1)
        return f"{ends}T00:00:00+05:00"

    # The end of a call

    def record(self, ends: Sequence[Settle]) -> list[tuple[str, int, int]]:
        """(state, charged, our loss); what was charged stands in the request log too."""
        answers = []
        for item in ends:
            answers.append(answer := self.settle(item))
            self.rows.setdefault(item.id, answer[1])
            if answer[0] == "late_captured":
                self.rows[item.id] = answer[1]
        return answers

    def settle(self, item: Settle) -> tuple[str, int, int]:
        hold = self.holds.get(item.id)
        if hold is None:
            if item.op == "release":
                return "released", 0, 0
            day = item.day or admitted(item.id)
            hold = Hold(item, 0, 0, False, 0, day, self.now, self.now, RELEASED)
            self.holds[item.id] = hold
        if hold.state in (CAPTURED, LATE) or (hold.state == RELEASED and item.op == "release"):
            return "already", hold.charged, 0
        wallet, cost_ = self.wallet(item.org), 0 if hold.free else item.cost
        if hold.state == RELEASED:
            hold.state = LATE
            return "late_captured", *self.charge(hold, cost_, wallet.available)
        rooms = [self.room(window, hold.day) for window in self.windows(hold.call) if window in self.caps]
        most = hold.amount + min([wallet.available] + [max(room, 0) for room in rooms])
        wallet.held -= hold.amount
        self.count(hold.call, hold.day, held=-hold.amount)
        if item.op == "release":
            hold.state = RELEASED
            if hold.free and item.free_back:
                self.free_used[item.org, hold.day] -= 1
            return "released", 0, 0
        hold.state = CAPTURED
        return "captured", *self.charge(hold, cost_, most)

    def charge(self, hold: Hold, wanted: int, most: int) -> tuple[int, int]:
        call, wallet = hold.call, self.wallet(hold.call.org)
        hold.charged = min(wanted, most)
        bonus = min(wallet.bonus, hold.charged)
        wallet.bonus -= bonus
        wallet.paid -= hold.charged - bonus
        self.count(call, hold.day, spent=hold.charged)
        self.move(call.id, Kind.CHARGE_BONUS, account(call.org, bonus=True), REVENUE, bonus)
        self.move(call.id, Kind.CHARGE_PAID, account(call.org), REVENUE, hold.charged - bonus)
        late = hold.state == LATE
        kind, loss = (Kind.LATE_LOSS, LOSS_ORPHAN) if late else (Kind.OVERRUN, LOSS_OVERRUN)
        self.move(call.id, kind, loss, REVENUE, wanted - hold.charged)
        return hold.charged, wanted - hold.charged

    # Workers

    def start_worker(self, epoch: int) -> None:
        self.workers[epoch] = Worker(self.now)

    def heartbeat(self, epoch: int) -> bool:
        worker = self.workers[epoch]
        if not worker.fenced:
            worker.beat, worker.suspect = self.now, None
        return not worker.fenced

    def sweep(self) -> int:
        """How many holds were released."""
        silent = self.now - timedelta(seconds=10)
        alive = [worker for worker in self.workers.values() if not worker.fenced]
        if self.swept < silent:
            for worker in alive:
                worker.suspect = None
        self.swept = self.now
        for worker in alive:
            if max(worker.beat, worker.suspect or worker.beat) > self.now:  # the clock was set back
                worker.beat, worker.suspect = self.now, None
            if worker.beat < silent:
                worker.suspect = worker.suspect or self.now
                worker.fenced = worker.suspect <= self.now - timedelta(seconds=4)
        minute_ago = self.now - timedelta(seconds=60)
        return self.release(
            hold
            for hold in self.holds.values()
            if hold.owner >= 0
            and (
                hold.expires < minute_ago
                or (
                    self.workers[hold.owner].fenced
                    if hold.owner in self.workers
                    else hold.created < minute_ago
                )
            )
        )

    def release_unknown(self, epoch: int, known: Sequence[UUID]) -> int:
        minute_ago = self.now - timedelta(seconds=60)
        return self.release(
            hold
            for hold in self.holds.values()
            if hold.owner == epoch and hold.call.id not in known and hold.created < minute_ago
        )

    def release(self, holds: Iterable[Hold]) -> int:
        found = [hold.call for hold in holds if hold.state == OPEN]
        for call in found:
            self.settle(end(call, free_back=True))
        return len(found)


def account(org: int, *, bonus: bool = False) -> int:
    """A wallet's account number in the ledger."""
    return 2**32 + 2 * org + bonus


def admitted(id: UUID) -> date:
    """The Tashkent day in which an id was made."""
    return datetime.fromtimestamp((id.int >> 80) / 1000, UTC).astimezone(TASHKENT).date()


def no(verdict: Verdicts, available: int, need: int = 0, reset: str | None = None) -> Verdict:
    return Verdict(verdict, 0, False, (), 0, available, need, reset)


def used_up(model: Model, capped: list[Window]) -> list[Scope]:
    """Caps that deny everything: of the project the longest, else of the key, else the platform's."""
    return [
        window[0]
        for part in ("PROJECT", "KEY", "PLATFORM")
        for window in capped
        if part in window[0].name and model.used(window, model.today).spent >= model.caps[window]
    ]


def cost(candidate: tuple[int, int], output: int) -> int:
    fixed, price = candidate
    return fixed + -(-output * price // 1_000_000)


def kept(call: Reserve, output: int, room: int | None) -> tuple[int, ...]:
    return tuple(i for i, c in enumerate(call.candidates) if room is None or cost(c, output) <= room)


def largest_output(candidate: tuple[int, int], most: int, room: int) -> int:
    """By bisection, so as not to repeat the formula under test."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if cost(candidate, middle) <= room else (low, middle - 1)
    return low
