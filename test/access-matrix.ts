// How each operation of docs/access-matrix.md is called: what is sent, and on which object. What the answer must be stands there.
import { randomUUID } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import { withClient } from '../tools/create-database.ts'
import type { buildTestApp, Person } from './app.ts'

type App = Awaited<ReturnType<typeof buildTestApp>>
export type Caller = Person | undefined
type Body = Record<string, unknown>
export type Way = {
  method: string
  path: string
  /** The id, slug or name of a new object: of `owner`, or of nobody in particular. */
  object?: (owner: Person) => Promise<string>
  /** The role of somebody else who can have such an object, where that is not the caller's own. */
  ownedBy?: Person['role']
  /** What has to be there before, or is sent along. */
  body?: (caller: Caller) => Promise<Body> | Body
  headers?: Record<string, string>
}

const anyVersion = { 'if-match': '*' }
const password = 'correct-horse-battery'
const link = { token: 'nobody-has-this-token' }
const job = {
  title: 'Splice the mooring lines',
  description: 'Twelve of them.',
  category: 'operations',
  budget: { amount: 45_000, currency: 'EUR' },
}

/** By the id of the operation. */
export function waysOf({ call, signUp, services, database, db }: App): Record<string, Way> {
  return {
    getLive: { method: 'GET', path: '/health/live' },
    getReady: { method: 'GET', path: '/health/ready' },
    getHealth: { method: 'GET', path: '/health' },
    getReadyAlias: { method: 'GET', path: '/ready' },
    getStatus: { method: 'GET', path: '/health/status' },
    getKeys: { method: 'GET', path: '/.well-known/jwks.json' },

    register: { method: 'POST', path: '/v1/auth/register', body: newcomer },
    logIn: { method: 'POST', path: '/v1/auth/login', body: credentials },
    refreshSession: { method: 'POST', path: '/v1/auth/refresh', body: refreshToken },
    logOut: { method: 'POST', path: '/v1/auth/logout' },
    requestMagicLink: { method: 'POST', path: '/v1/auth/magic-links', body: address },
    redeemMagicLink: { method: 'POST', path: '/v1/auth/magic-links/redemption', body: () => link },
    requestPasswordReset: { method: 'POST', path: '/v1/auth/password-resets', body: address },
    resetPassword: {
      method: 'POST',
      path: '/v1/auth/password-resets/redemption',
      body: () => ({ ...link, password: randomUUID() }),
    },
    verifyEmail: { method: 'POST', path: '/v1/auth/email-verifications/redemption', body: () => link },
    changeEmail: { method: 'POST', path: '/v1/auth/email-changes/redemption', body: () => link },

    getMe: { method: 'GET', path: '/v1/me' },
    changeMe: { method: 'PATCH', path: '/v1/me', body: () => ({ name: 'Ada' }), headers: anyVersion },
    eraseMe: { method: 'DELETE', path: '/v1/me', body: () => ({ password }) },
    changePassword: {
      method: 'PUT',
      path: '/v1/me/password',
      body: () => ({ currentPassword: password, password: randomUUID() }),
    },
    requestEmailVerification: { method: 'POST', path: '/v1/me/email-verifications' },
    requestEmailChange: { method: 'POST', path: '/v1/me/email-changes', body: () => ({ ...address(), password }) },
    startMfa: { method: 'POST', path: '/v1/me/mfa', body: () => ({ password }) },
    confirmMfa: { method: 'POST', path: '/v1/me/mfa/confirmation', body: firstCode },
    renewRecoveryCodes: { method: 'POST', path: '/v1/me/mfa/recovery-codes', body: recoveryCode },
    stopMfa: { method: 'DELETE', path: '/v1/me/mfa', body: recoveryCode },
    listSessions: { method: 'GET', path: '/v1/me/sessions' },
    endOtherSessions: { method: 'DELETE', path: '/v1/me/sessions' },
    endSession: { method: 'DELETE', path: '/v1/me/sessions/:id', object: session },
    requestDataExport: { method: 'POST', path: '/v1/me/data-exports' },
    getDataExport: { method: 'GET', path: '/v1/me/data-exports/:id', object: dataExport },
    getOperation: { method: 'GET', path: '/v1/operations/:id', object: async (owner) => (await operation(owner)).id },

    listJobs: { method: 'GET', path: '/v1/jobs' },
    createJob: { method: 'POST', path: '/v1/jobs', body: () => job },
    getJob: { method: 'GET', path: '/v1/jobs/:id', object: draft, ownedBy: 'client' },
    editJob: {
      method: 'PATCH',
      path: '/v1/jobs/:id',
      object: draft,
      ownedBy: 'client',
      body: () => ({ title: 'Splice them' }),
      headers: anyVersion,
    },
    deleteJob: { method: 'DELETE', path: '/v1/jobs/:id', object: draft, ownedBy: 'client' },
    restoreJob: { method: 'POST', path: '/v1/jobs/:id/restoration', object: deletedJob, ownedBy: 'client' },
    publishJob: { method: 'POST', path: '/v1/jobs/:id/publication', object: draft, ownedBy: 'client' },
    closeJob: { method: 'DELETE', path: '/v1/jobs/:id/publication', object: openJob, ownedBy: 'client' },
    getSlug: { method: 'GET', path: '/v1/slugs/splice-the-mooring-lines' },
    applyForJob: {
      method: 'POST',
      path: '/v1/jobs/:id/applications',
      object: openJob,
      ownedBy: 'client',
      body: () => ({ coverLetter: 'I splice well.' }),
    },
    listJobApplications: { method: 'GET', path: '/v1/jobs/:id/applications', object: openJob, ownedBy: 'client' },
    getApplication: { method: 'GET', path: '/v1/applications/:id', object: application, ownedBy: 'client' },
    withdrawApplication: { method: 'DELETE', path: '/v1/applications/:id', object: application, ownedBy: 'worker' },
    acceptApplication: {
      method: 'POST',
      path: '/v1/applications/:id/acceptance',
      object: application,
      ownedBy: 'client',
    },
    listOwnApplications: { method: 'GET', path: '/v1/me/applications' },
    listContracts: { method: 'GET', path: '/v1/contracts' },
    getContract: { method: 'GET', path: '/v1/contracts/:id', object: contract, ownedBy: 'client' },
    listNotifications: { method: 'GET', path: '/v1/me/notifications' },
    readNotification: { method: 'PUT', path: '/v1/me/notifications/:id/read', object: notification },

    listUsers: { method: 'GET', path: '/v1/admin/users' },
    getUser: { method: 'GET', path: '/v1/admin/users/:id', object: itself },
    blockUser: {
      method: 'PUT',
      path: '/v1/admin/users/:id/block',
      object: itself,
      body: () => ({ reason: 'Took payments elsewhere' }),
    },
    unblockUser: { method: 'DELETE', path: '/v1/admin/users/:id/block', object: itself },
    changeRole: { method: 'PUT', path: '/v1/admin/users/:id/role', object: itself, body: () => ({ role: 'support' }) },
    listAudit: { method: 'GET', path: '/v1/admin/audit' },
    verifyAudit: { method: 'GET', path: '/v1/admin/audit/verification' },
    getAuditCheckpoint: { method: 'GET', path: '/v1/admin/audit/checkpoint' },
    getSwitches: { method: 'GET', path: '/v1/admin/switches' },
    turnOnSwitch: {
      method: 'PUT',
      path: '/v1/admin/switches/:id',
      object: async () => 'cache-off',
      body: () => ({ reason: 'The lighthouse is being painted' }),
    },
    turnOffSwitch: { method: 'DELETE', path: '/v1/admin/switches/:id', object: async () => 'cache-off' },
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
    const parties = await partiesOf(party)
    const { id } = await apply(parties)
    return (await made('POST', `/v1/applications/${id}/acceptance`, parties.client)).id
  }
  async function partiesOf(party: Person) {
    const other = await signUp(party.role === 'client' ? 'worker' : 'client')
    return party.role === 'client' ? { client: party, worker: other } : { client: other, worker: party }
  }
  async function apply({ client, worker }: { client: Person; worker: Person }) {
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
  async function session(owner: Person): Promise<string> {
    return insert(
      `INSERT INTO sessions (user_id, user_agent, address_hash) VALUES ($1, 'a tablet', 'none') RETURNING id`,
      owner,
    )
  }
  function operation(owner: Person) {
    return db.transaction((tx) => services.operations.create(tx, owner, 'data-export'))
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
