// What the calls of access-matrix.ts need: bodies that are true for a caller, and new objects that belong to someone.
import { randomUUID } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import { withClient } from '../tools/create-database.ts'
import { pdf } from '../tools/sample-files.ts'
import type { buildTestApp, Person } from './app.ts'

/** What builds them: the app of a test, or one that stands elsewhere. */
type App = Pick<Awaited<ReturnType<typeof buildTestApp>>, 'call' | 'signUp' | 'services' | 'database' | 'db'>
export type Caller = Person | undefined
export type Body = Record<string, unknown>
type Parties = { client: Person; worker: Person }

export const password = 'correct-horse-battery'
export const job = {
  title: 'Splice the mooring lines',
  description: 'Twelve of them.',
  category: 'operations',
  budget: { amount: 45_000, currency: 'EUR' },
}

export function objectsOf({ call, signUp, services, database, db }: App) {
  return {
    ...{ newcomer, address, credentials, refreshToken, firstCode, recoveryCode },
    ...{ draft, openJob, deletedJob, application, contract, funded },
    ...{ delivered, disputed, resolved, payment, payout, notification },
    ...{ deadLetter, session, operation, dataExport, upload, itself },
  }

  function newcomer(): Body {
    return { ...address(), password, name: 'Someone', role: 'worker' }
  }
  function address(): Body {
    return { email: `${randomUUID()}@example.com` }
  }
  async function credentials(caller: Caller): Promise<Body> {
    return { email: (caller ?? (await signUp('client'))).email, password }
  }
  async function refreshToken(caller: Caller): Promise<Body> {
    const { refreshToken } = await made('POST', '/v1/auth/login', undefined, await credentials(caller))
    return { refreshToken }
  }

  /** The first code of a second factor whose set-up has begun. */
  async function firstCode(caller: Caller): Promise<Body> {
    if (!caller) return { code: '000000' }
    const { secret } = await made('POST', '/v1/me/mfa', caller, { password })
    return { code: new TOTP({ secret: Secret.fromBase32(String(secret)) }).generate() }
  }
  async function recoveryCode(caller: Caller): Promise<Body> {
    if (!caller) return { code: '000000' }
    const { recoveryCodes } = await made('POST', '/v1/me/mfa/confirmation', caller, await firstCode(caller))
    return { code: (recoveryCodes as string[])[0] }
  }

  async function draft(client: Person): Promise<string> {
    return (await made('POST', '/v1/jobs', client, job)).id
  }
  async function openJob(client: Person): Promise<string> {
    return (await made('POST', `/v1/jobs/${await draft(client)}/publication`, client)).id
  }
  async function deletedJob(client: Person): Promise<string> {
    const id = await draft(client)
    await made('DELETE', `/v1/jobs/${id}`, client)
    return id
  }

  /** Of a worker for some job, or of somebody for the job of a client. */
  async function application(party: Person): Promise<string> {
    return (await apply(await partiesOf(party))).id
  }
  async function contract(party: Person): Promise<string> {
    return (await agree(await partiesOf(party))).id
  }
  async function agree(parties: Parties) {
    const { id } = await apply(parties)
    return made('POST', `/v1/applications/${id}/acceptance`, parties.client)
  }
  async function funded(party: Person, parties?: Parties): Promise<string> {
    const both = parties ?? (await partiesOf(party))
    const { id } = await agree(both)
    await made('POST', `/v1/contracts/${id}/funding`, both.client, { paymentMethod: 'pm_card_visa' })
    return id
  }
  async function delivered(party: Person): Promise<string> {
    const parties = await partiesOf(party)
    const id = await funded(party, parties)
    await made('POST', `/v1/contracts/${id}/delivery`, parties.worker)
    return id
  }
  async function disputed(party: Person): Promise<string> {
    const parties = await partiesOf(party)
    const id = await funded(party, parties)
    await made('POST', `/v1/contracts/${id}/dispute`, parties.client, { reason: 'The ring is green.' })
    return id
  }
  async function resolved(party: Person): Promise<string> {
    const id = await disputed(party)
    await made('POST', `/v1/admin/disputes/${id}/resolution`, await signUp('admin'), { outcome: 'release' })
    return id
  }
  async function payment(party: Person): Promise<string> {
    const { id } = await agree(await partiesOf(party))
    return (await made('POST', `/v1/contracts/${id}/funding`, party, { paymentMethod: 'pm_card_visa' })).id
  }
  /** Of what a worker has earned just before. */
  async function payout(caller: Caller): Promise<Body> {
    if (caller?.role === 'worker') {
      const parties = await partiesOf(caller)
      const id = await funded(caller, parties)
      await made('POST', `/v1/contracts/${id}/delivery`, caller)
      await made('POST', `/v1/contracts/${id}/approval`, parties.client)
      await services.escrow.release()
    }
    return { amount: { amount: 100, currency: 'EUR' }, destination: 'acct_worker' }
  }
  async function partiesOf(party: Person): Promise<Parties> {
    const other = await signUp(party.role === 'client' ? 'worker' : 'client')
    return party.role === 'client' ? { client: party, worker: other } : { client: other, worker: party }
  }
  async function apply({ client, worker }: Parties) {
    const id = await openJob(client)
    return made('POST', `/v1/jobs/${id}/applications`, worker, { coverLetter: 'I splice well.' })
  }

  async function notification(owner: Person): Promise<string> {
    return insert(
      `INSERT INTO notifications (user_id, event_id, kind, data)
       VALUES ($1, uuidv7(), 'application.submitted', jsonb_build_object('text', 'Someone applied.', 'jobId', uuidv7())) RETURNING id`,
      owner,
    )
  }
  async function deadLetter(owner: Person): Promise<string> {
    return insert(
      `INSERT INTO outbox (aggregate, kind, payload, dead_at, error) VALUES ('user:' || $1, 'lamp.lit', '{}', now(), 'planted') RETURNING id`,
      owner,
    )
  }
  async function session(owner: Person): Promise<string> {
    return insert(
      `INSERT INTO sessions (user_id, user_agent, address_hash) VALUES ($1, 'a tablet', 'none') RETURNING id`,
      owner,
    )
  }
  function operation(owner: Person) {
    return db.transaction((tx) => services.operations.create(tx, owner, 'data-export'))
  }
  async function upload(owner: Person): Promise<string> {
    const { id } = await services.uploads.keep(owner, { bytes: pdf(), disposition: undefined, declared: undefined })
    return id
  }

  async function dataExport(owner: Person): Promise<string> {
    await services.exports.request(owner)
    const exportId = await insert('SELECT id FROM data_exports WHERE user_id = $1', owner)
    const eventId = await insert(
      `SELECT id FROM outbox WHERE payload ->> 'exportId' = '${exportId}' AND $1 <> ''`,
      owner,
    )
    await services.exports.make({ id: eventId }, { exportId })
    return exportId
  }
  async function itself(owner: Person): Promise<string> {
    return owner.id
  }

  async function insert(text: string, { id }: Person): Promise<string> {
    return withClient(database.ownerUrl, async (owner) => (await owner.query(text, [id])).rows[0].id)
  }
  async function made(method: string, path: string, as: Caller, body?: Body): Promise<Body & { id: string }> {
    const answer = await call(method as 'GET', path, { ...(as && { as }), ...(body && { body }) })
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${answer.body}`)
    return answer.body === '' ? { id: '' } : answer.json()
  }
}
