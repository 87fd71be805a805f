// What is done once a transaction has been kept, and not before: to count what happened, for one. A process that dies between leaves
// it undone, so nothing that must happen belongs here: that is an event of the outbox.

/** A transaction, which is all that is asked of it here. */
type Tx = object

const waiting = new WeakMap<Tx, (() => void)[]>()

/** Does the work after COMMIT of the transaction, and never where that fails; at once where there is none. It must not throw. */
export function afterCommit(tx: Tx, work: () => void): void {
  const list = waiting.get(tx)
  if (list) list.push(work)
  else work()
}

/** To be called at BEGIN. What it answers does all that was put off meanwhile. */
export function putOff(tx: Tx): () => void {
  const list: (() => void)[] = []
  waiting.set(tx, list)
  return () => {
    for (const work of list) work()
  }
}
