// What workers do: at fixed times, all the time, and with an event in hand. By the services where they need no mail, else by the
// repositories themselves.
import { randomUUID } from 'node:crypto'
import { claimEvents } from '../../src/db/outbox.ts'
import { listEnded } from '../../src/modules/identity/sessions.repository.ts'
import { findDigest, markAllMailed } from '../../src/modules/notifications/digests.repository.ts'
import { lastNumber, listNewer } from '../../src/modules/notifications/live.repository.ts'
import { findLetter, findNotification, markMailed } from '../../src/modules/notifications/notifications.repository.ts'
import { purgeAll } from '../../src/purges.ts'
import { clientNumber, idOf, jobIdOf, personOf, workerNumber } from '../seed/names.ts'
import type { Service } from './service.ts'

/** By name, in the order in which they are done. */
export function sweepsOf({ services, config, db }: Service): Record<string, () => Promise<unknown>> {
  const [clientId, workerId] = [personOf(clientNumber(0)).id, personOf(workerNumber(0)).id]
  const notification = idOf('notification', 0)
  const facts = {
    ...{ clientId, workerId, jobId: jobIdOf(0), jobTitle: 'A job' },
    applicationId: idOf('application', 0),
  }
  const event = { id: randomUUID(), requestId: null, traceparent: null, again: false }
  const never = { name: 'figures', run: async () => ({}) } as const
  return {
    'contract-release': () => services.escrow.release(),
    'contract-lapse': () => services.escrow.lapse(),
    'job-expiry': () => services.expiry.expire(config.jobOpenDays),
    reconciliation: () => services.reconciliation.run(),
    figures: () => services.figures.count(),
    digest: () => services.digests.request(),
    purge: () => purgeAll(config, db, services),
    'audit seals': () => services.seals.sealNew(),
    schedules: async () => {
      await services.schedules.register([{ ...never, cron: '0 0 * * *' }])
      await services.schedules.fire(never, new Date())
    },
    breakers: async () => {
      await services.breakers.tell('plans')
      await services.breakers.follow()
    },
    'events of the outbox': () => claimEvents(db, 100, 60_000),
    'payments that are due': () => services.payments.tryDue(),
    'a notification': () => services.notifications.tell(event, 'application.submitted', facts),
    'sessions that ended': () => listEnded(db, 60),
    'a mail': async () => {
      await findLetter(db, notification)
      await findNotification(db, clientId, notification)
      await markMailed(db, notification)
    },
    'a digest': async () => {
      const until = new Date().toISOString()
      await findDigest(db, clientId, until, 20)
      await markAllMailed(db, clientId, until)
    },
    'a stream': async () => {
      const after = await lastNumber(db, clientId)
      await listNewer(db, [{ userId: clientId, after: Math.max(0, after - 20) }], 20)
    },
  }
}
