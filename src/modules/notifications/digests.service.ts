// One mail about all that someone has not read for a day, and that no mail has told. At most one a day: each thing is told once.
import type { Database } from '../../db/client.ts'
import { handleOnce, wasHandled } from '../../db/inbox.ts'
import { outbox } from '../../db/outbox.ts'
import type { Role } from '../../lib/actor.ts'
import type { EventPayload } from '../../lib/events.schemas.ts'
import type { Mailer } from '../../lib/mailer.ts'
import type { FlagsService } from '../flags/flags.service.ts'
import { findDigest, listForgetful, markAllMailed } from './digests.repository.ts'

type Deps = { db: Database; mailer: Mailer; flags: Pick<FlagsService, 'variantOf'> }
type Event = { id: string; requestId: string | null }

/** People that one transaction asks mails for, and lines of one mail: what is beyond is in the service all the same. */
const [batch, lines] = [500, 50]

export type DigestsService = ReturnType<typeof createDigestsService>

export function createDigestsService({ db, mailer, flags }: Deps) {
  return { request, mail }

  /** Asks for a mail to everyone who has something waiting; answers how many. Whose mail is on its way gets no second one. */
  async function request(): Promise<number> {
    let asked = 0
    for (let last = batch; last === batch; asked += last) {
      last = await db.transaction(async (tx) => {
        const people = await listForgetful(tx, batch)
        for (const { userId, until } of people)
          await outbox(tx, 'digest.requested', `digest:${userId}`, { userId, until })
        return people.length
      })
    }
    return asked
  }

  /** Sends it, then records it: see NotificationsService.mail. What was read meanwhile is left out, and all of it is no mail. */
  async function mail(event: Event, { userId, until }: EventPayload<'digest.requested'>): Promise<void> {
    const found = (await wasHandled(db, 'digests', event.id)) ? undefined : await findDigest(db, userId, until, lines)
    if (found && found.texts.length > 0) {
      const text = `Hello ${found.name},\n\nthis waits for you:\n\n${found.texts.map((line) => `- ${line}`).join('\n')}\n`
      await mailer.send({ id: event.id, to: found.email, subject: await subjectFor(found), text })
    }
    await handleOnce(db, 'digests', event.id, (tx) => markAllMailed(tx, userId, until))
  }

  async function subjectFor({ texts, ...person }: { id: string; role: Role; texts: string[] }): Promise<string> {
    const counted = (await flags.variantOf('digest-subject', person)) === 'counted'
    return counted
      ? `${texts.length} ${texts.length === 1 ? 'thing waits' : 'things wait'} for you`
      : 'What waits for you'
  }
}
