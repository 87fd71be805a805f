// What can't be told: two events that end as dead letters, those behind them, and the way back by the operator's command.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Person } from '../context/http.ts'
import { red } from '../control.ts'
import { accept, apply, openJob, withdraw } from './data-journey.ts'
import { isConfirmed, mailsTo } from './mail-scene.ts'

type Event = { id: string; dead: boolean; handled: boolean; error: string | null }

export async function keepAndRedrive(context: Context) {
  const { api, sql, mail, logs, finish, until } = context
  const [client, refused, served] = await Promise.all([api.as('client'), api.as('worker'), api.as('worker')])
  await isConfirmed(context, [client, refused, served])
  mail.refuse((address) => (address === refused.email ? `nobody is called ${address} here` : undefined))

  await hire(refused)
  await until('never-given-up', async () => {
    const event = await mailEvent()
    const logged = logs.lines().some(({ msg, eventId }) => msg === 'a job is a dead letter' && eventId === event?.id)
    return event?.dead || event?.handled || logged
  })
  const dead = await mailEvent()
  if (!dead?.dead) red('not-kept')
  if (!dead.error?.includes('nobody is called')) red('error-not-kept', String(dead.error))
  await hire(served)
  await until('others-wait', () => received(served))
  const forgotten = await tellBehindDead()

  const list = await command('list')
  const line = list.split('\n').find((entry) => entry.startsWith(dead.id)) ?? red('not-listed', list)
  if (!line.includes('nobody is called')) red('error-not-shown', line)
  if (!/^2 dead letters/m.test(list)) red('not-counted', list)
  if (list.includes('@')) red('address-shown')

  await staffDoesTheSame(forgotten)
  mail.refuse(undefined)
  const redriven = await command('redrive', dead.id)
  if ((await mailEvent())?.dead) red('redrive-did-nothing', redriven)
  await until('redriven-in-vain', () => received(refused))
  await until('redriven-in-vain', async () => (await mailEvent())?.handled)
  return { kept: 2, listed: line.slice(line.indexOf('mail.requested')), redriven: 1, byAdmin: 1 }

  async function hire(worker: Person) {
    await accept(client, await apply(worker, await openJob(client)))
  }

  /** An event that nobody handles, and a real one after it of the same aggregate. */
  async function tellBehindDead(): Promise<string> {
    const id = randomUUID()
    const application = await apply(served, await openJob(client))
    await sql.owner('INSERT INTO outbox (id, aggregate, kind, payload) VALUES ($1, $2, $3, $4)', [
      ...[id, `application:${application}`, 'application.forgotten', '{}'],
    ])
    await withdraw(served, application)
    const behind = "SELECT FROM outbox WHERE payload->>'applicationId' = $1 AND kind = $2 AND handled_at IS NOT NULL"
    await until(
      'blocked-behind-it',
      async () => (await sql.owner(behind, [application, 'application.withdrawn'])).length > 0,
    )
    return id
  }

  /** Over HTTP; what nobody handles is put back, and dies again. */
  async function staffDoesTheSame(forgotten: string): Promise<void> {
    const [support, admin] = await Promise.all([api.as('support'), api.as('admin')])
    const shown = await support.call('GET', '/v1/admin/dead-letters')
    const { data = [] } = shown.json<{ data?: { id: string; error: string }[] }>()
    if (!data.some(({ id, error }) => id === dead?.id && error.includes('nobody is called'))) red('not-shown-to-staff')
    if (shown.text.includes('@')) red('address-shown')
    const { status } = await admin.call('POST', `/v1/admin/dead-letters/${forgotten}/redelivery`)
    if (status !== 200) red('redrive-did-nothing', String(status))
    const trail = "SELECT FROM audit_log WHERE object_id = $1 AND action = 'dead-letter.redriven' AND actor_id = $2"
    if ((await sql.owner(trail, [forgotten, admin.id])).length !== 1) red('redrive-not-audited')
  }

  async function mailEvent(): Promise<Event | undefined> {
    const [event] = await sql.owner<Event>(
      `SELECT id, dead_at IS NOT NULL AS dead, handled_at IS NOT NULL AS handled, error FROM outbox
        WHERE kind = 'mail.requested'
          AND payload->>'notificationId' IN (SELECT id::text FROM notifications WHERE user_id = $1)`,
      [refused.id],
    )
    return event
  }

  function received({ email }: Person): boolean {
    return mailsTo(mail, email).length > 0
  }

  async function command(...words: string[]): Promise<string> {
    const { code, said } = await finish(['src/dead-letters.ts', ...words])
    if (code !== 0) red('command-failed', said.slice(0, 500))
    return said
  }
}
