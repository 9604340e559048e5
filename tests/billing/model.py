"""Money in plain Python, one call at a time: what the SQL functions must equal.

Written from the rules alone and slow on purpose. One organization, one day.
"""

from dataclasses import dataclass, field
from uuid import UUID

from billing.caps import Scope
from billing.holds import Reserve, Settle

OPEN, CAPTURED, RELEASED, LATE = range(4)
NAMES = {
    Scope.PROJECT_DAY: "project_day",
    Scope.PROJECT_MONTH: "project_month",
    Scope.KEY_LIFETIME: "key_cap",
    Scope.KEY_DAY: "key_cap",
    Scope.KEY_MONTH: "key_cap",
}
LONGEST_FIRST = [Scope.KEY_LIFETIME, Scope.PROJECT_MONTH, Scope.KEY_MONTH, Scope.PROJECT_DAY, Scope.KEY_DAY]


@dataclass
class Use:
    spent: int = 0
    held: int = 0


@dataclass
class Hold:
    call: Reserve
    amount: int
    out: int
    free: bool
    state: int = OPEN
    charged: int = 0


@dataclass
class Model:
    paid: int = 0
    bonus: int = 0
    held: int = 0
    paying: bool = False
    free_used: int = 0
    lost: int = 0
    caps: dict[tuple[Scope, int], int] = field(default_factory=dict)
    uses: dict[tuple[Scope, int], Use] = field(default_factory=dict)
    holds: dict[UUID, Hold] = field(default_factory=dict)

    @property
    def available(self) -> int:
        return self.paid + self.bonus - self.held

    def windows(self, item: Reserve | Settle) -> list[tuple[Scope, int]]:
        return [(scope, item.key if "KEY" in scope.name else item.project) for scope in LONGEST_FIRST]

    def room(self, window: tuple[Scope, int]) -> int:
        use = self.uses.get(window, Use())
        return self.caps[window] - use.spent - use.held

    def reserve(self, call: Reserve) -> tuple[str, int, bool, tuple[int, ...], int]:
        """(verdict, output, free, kept candidates, hold)"""
        known = self.holds.get(call.id)
        if known is not None:
            if known.state != OPEN:
                return "closed", known.out, known.free, (), known.amount
            limit = None if known.free else known.amount
            return "ok", known.out, known.free, kept(call, known.out, limit), known.amount
        capped = [window for window in self.windows(call) if window in self.caps]
        for part in ("PROJECT", "KEY"):
            for window in capped:
                if part in window[0].name and self.uses.get(window, Use()).spent >= self.caps[window]:
                    return NAMES[window[0]], 0, False, (), 0
        eligible = call.free_wish and (call.free_ok or self.paying)
        if eligible and self.free_used < call.free_quota:
            self.free_used += 1
            self.holds[call.id] = Hold(call, 0, call.out_max, True)
            return "ok", call.out_max, True, kept(call, call.out_max, None), 0
        room = min([self.available] + [self.room(window) for window in capped])
        firsts = [c for c in call.candidates if cost(c, call.out_min) <= room]
        if not firsts:
            return self.denial(call, capped, eligible), 0, False, (), 0
        # Every candidate as dear as can be, if that fits; else what the first affordable one can give.
        out = call.out_max
        if max(cost(c, out) for c in call.candidates) > room:
            out = largest_output(firsts[0], call.out_max, room)
        keep = kept(call, out, room)
        hold = max(cost(call.candidates[i], out) for i in keep)
        self.holds[call.id] = Hold(call, hold, out, False)
        self.move_held(call, hold)
        return "ok", out, False, keep, hold

    def denial(self, call: Reserve, capped: list[tuple[Scope, int]], quota_gone: bool) -> str:
        need = min(cost(c, call.out_min) for c in call.candidates)
        if need > self.available:
            return "free_quota" if quota_gone else "insufficient"
        for part in ("PROJECT", "KEY"):
            windows = [window for window in capped if part in window[0].name]
            tightest = min(windows, key=self.room, default=None)
            if tightest is not None and self.room(tightest) < need:
                return NAMES[tightest[0]]
        raise AssertionError("nothing denies")

    def move_held(self, item: Reserve | Settle, micros: int) -> None:
        self.held += micros
        if micros:
            for window in self.windows(item):
                self.uses.setdefault(window, Use()).held += micros

    def settle(self, end: Settle) -> tuple[str, int, int]:
        """(state, charged, our loss)"""
        hold = self.holds.get(end.id)
        if hold is None:
            if end.op == "release":
                return "released", 0, 0
            call = Reserve(
                id=end.id, org=end.org, project=end.project, key=end.key, candidates=((0, 0),), out_min=0,
                out_max=0, ttl_s=1, owner=0, quote={},
            )  # fmt: skip
            hold = self.holds[end.id] = Hold(call, 0, 0, False, RELEASED)
        if hold.state in (CAPTURED, LATE) or (hold.state == RELEASED and end.op == "release"):
            return "already", hold.charged, 0
        cost_ = 0 if hold.free else end.cost
        if hold.state == RELEASED:
            hold.state = LATE
            return "late_captured", *self.charge(hold, cost_, self.available)
        rooms = [self.room(window) for window in self.windows(end) if window in self.caps]
        most = hold.amount + min([self.available] + [max(room, 0) for room in rooms])
        self.move_held(end, -hold.amount)
        if end.op == "release":
            hold.state = RELEASED
            self.free_used -= hold.free and end.free_back
            return "released", 0, 0
        hold.state = CAPTURED
        return "captured", *self.charge(hold, cost_, most)

    def charge(self, hold: Hold, wanted: int, most: int) -> tuple[int, int]:
        hold.charged = min(wanted, most)
        bonus = min(self.bonus, hold.charged)
        self.bonus -= bonus
        self.paid -= hold.charged - bonus
        self.lost += wanted - hold.charged
        if hold.charged:
            for window in self.windows(hold.call):
                self.uses.setdefault(window, Use()).spent += hold.charged
        return hold.charged, wanted - hold.charged


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
