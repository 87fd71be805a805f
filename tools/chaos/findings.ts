// What the database, the mail catcher and the payment provider have when it is quiet again, held against what was answered.
import { eventFaults } from '../chaos-events.ts'
import { findFaults as findMoneyFaults, untilQuiet } from '../chaos-money/findings.ts'
import type { Played } from '../chaos-money/play.ts'
import { withClient } from '../create-database.ts'
import type { World } from './world.ts'

/** Milliseconds until everything that is under way has ended. */
const patience = 120_000

type Options = { world: World; load: { drafts: Map<string, string | undefined> }; moved: Played }

/** Answers faults in words. */
export async function findLosses({ world, load, moved }: Options): Promise<string[]> {
  const restless = (await untilQuiet(world.ownerUrl, patience)).map((what) => `${what}, long after the end`)
  const events = await findEvents(world)
  const money = await findMoneyFaults({ ownerUrl: world.ownerUrl, stack: world.stack, done: moved.done })
  return [...restless, ...events, ...moved.faults, ...money, ...(await findDrafts(world, load.drafts))]
}

/** Each that was answered is there once, by the id that was answered; one of which nobody knows at most once. */
async function findDrafts({ ownerUrl }: World, drafts: Map<string, string | undefined>): Promise<string[]> {
  const { rows } = await withClient(ownerUrl, (owner) =>
    owner.query<{ title: string; ids: string[] }>(
      'SELECT title, array_agg(id::text) AS ids FROM jobs WHERE title = ANY ($1) GROUP BY title',
      [[...drafts.keys()]],
    ),
  )
  const there = new Map(rows.map(({ title, ids }) => [title, ids]))
  const lost = [...drafts].filter(([title, id]) => id && !there.get(title)?.includes(id)).length
  const doubled = rows.filter(({ ids }) => ids.length > 1).length
  return [
    ...(drafts.size === 0 ? ['no draft was written: nothing was examined'] : []),
    ...(lost > 0 ? [`${lost} drafts were answered and are not there`] : []),
    ...(doubled > 0 ? [`${doubled} drafts are there more than once`] : []),
  ]
}

/** Each event was told once: two parties of each contract, and a mail for each that was asked for, however often it was sent. */
async function findEvents({ ownerUrl, stack }: World): Promise<string[]> {
  return withClient(ownerUrl, async (owner) => {
    const faults: string[] = []
    for (const [fault, query] of eventFaults) {
      const { rowCount } = await owner.query(query)
      if (rowCount) faults.push(`${rowCount} ${fault}`)
    }
    const { rows } = await owner.query<{ id: string }>("SELECT id FROM outbox WHERE kind = 'mail.requested'")
    const sent = stack.mail.messages().map(({ MessageID }) => MessageID)
    const unsent = rows.filter(({ id }) => !sent.some((name) => name.includes(id)))
    if (rows.length === 0) faults.push('no mail was asked for: nothing was examined')
    if (unsent.length > 0) faults.push(`${unsent.length} of ${rows.length} mails were never sent`)
    return faults
  })
}
