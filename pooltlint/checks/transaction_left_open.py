"""A transaction that code begins by hand is not ended on every path, or nobody waits for it."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import MOST_EXITS, Opened, Runs, Transaction


def check(transaction: Transaction) -> Iterator[Finding]:
    """Scripts and tests are silent: their process ends, and the transaction with it."""
    if transaction.lifetime.runs in (Runs.SCRIPT, Runs.TEST, Runs.ONCE):
        return
    match transaction.opened:
        case Opened.POOLED | Opened.KEPT:
            yield _open(transaction)
        case Opened.FLOATING:
            yield Finding(
                transaction.at,
                f"Nobody waits for `{transaction.call}()`: `{transaction.function or 'the code'}` goes on and answers "
                "before anything is committed, and a failure becomes an unhandled rejection, which ends the process.",
                f"Write `await {transaction.call}(…)`, or return its promise to a caller that awaits it.",
                transaction.lifetime.because,
                Certainty.HIGH if transaction.lifetime.repeats else Certainty.MEDIUM,
            )
        case Opened.UNAWAITED:
            yield Finding(
                transaction.at,
                f"`{transaction.call}()` is a coroutine that nobody awaits, so it never runs: what was written is "
                "rolled back when the session is closed, without an error.",
                f"Write `await {transaction.call}()`.",
                transaction.lifetime.because,
                Certainty.HIGH,
            )


def _open(transaction: Transaction) -> Finding:
    how = transaction.leaks[0].how
    begun = f'`{transaction.call}("{transaction.text}")`' if transaction.text else f"`{transaction.call}()`"
    if transaction.opened is Opened.POOLED:
        message = (
            f"The transaction of {begun} stays open {how}: `{transaction.variable}` goes back to the pool in it, and "
            "whoever gets that connection next works inside of it: locks stay, and writes vanish with its rollback."
        )
    else:
        message = (
            f"The transaction of {begun} stays open {how}: `{transaction.variable}` lives on, and everything that is "
            "sent on it afterwards fails or belongs to that transaction."
        )
    return Finding(
        transaction.at,
        message,
        _remedy(transaction),
        (*_exits(transaction), *_ends(transaction)),
        _certainty(transaction),
    )


def _certainty(transaction: Transaction) -> Certainty:
    if all(each.handling for each in transaction.leaks):
        return Certainty.LOW  # it takes a second failure while one is handled
    if transaction.opened is Opened.KEPT:
        return Certainty.MEDIUM
    return Certainty.HIGH if transaction.lifetime.repeats else Certainty.MEDIUM


def _remedy(transaction: Transaction) -> str:
    it = transaction.variable
    if transaction.text and transaction.language != "python":
        rollback = f'await {transaction.call}("ROLLBACK")' if transaction.call != it else f"await {it}`ROLLBACK`"
        return f"Send `{rollback}` on that path, in a `catch` in front of the release."
    if transaction.text:
        return f'Send `{transaction.call}("ROLLBACK")` on that path, in an `except BaseException:` that raises again.'
    return f"Roll it back on that path before `{it}` is used again."


def _exits(transaction: Transaction) -> Iterator[Note]:
    """The other ways out; what stands on its own line needs no note."""
    seen = {transaction.at.line}
    for leak in transaction.leaks:
        if leak.at.line in seen:
            continue
        seen.add(leak.at.line)
        yield Note(f"the transaction is still open {leak.how}", leak.at)
        if len(seen) > MOST_EXITS:
            return


def _ends(transaction: Transaction) -> Iterator[Note]:
    yield from (Note("other paths end it here", each) for each in transaction.ends[:1])
