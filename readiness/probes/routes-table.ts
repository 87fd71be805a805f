// Every operation of the service and who may call it, written by hand on purpose: the probes hold the served document against this
// table, both ways, so that neither a route nor its access can change without someone who says so here.
import { randomBytes, randomUUID } from 'node:crypto'
import type { Caller, Operation } from './operation.ts'
import { deskOperations } from './routes-of-desk.ts'
import { mailOperations } from './routes-of-mail.ts'
import { moneyOperations } from './routes-of-money.ts'
import { reviewOperations } from './routes-of-reviews.ts'
import { uploadOperations } from './routes-of-uploads.ts'

export const callers: readonly Caller[] = ['stranger', 'client', 'worker', 'support', 'admin']

const newUser = () => ({
  email: `made-${randomUUID()}@example.com`,
  password: randomUUID(),
  name: 'Someone made',
  role: 'worker',
})
const newJob = () => ({
  title: `Paint the lighthouse ${randomUUID().slice(0, 8)}`,
  description: 'White, and one red ring.',
  category: 'operations',
  skills: ['painting'],
  budget: { amount: 125_000, currency: 'EUR' },
})
const credentials = () => ({ email: `nobody-${randomUUID()}@example.com`, password: randomUUID() })

export const operations: readonly Operation[] = [
  { id: 'getLive', method: 'GET', path: '/health/live', who: 'public' },
  { id: 'getReady', method: 'GET', path: '/health/ready', who: 'public' },
  { id: 'getStatus', method: 'GET', path: '/health/status', who: ['support', 'admin'] },
  { id: 'getHealth', method: 'GET', path: '/health', who: 'public' },
  { id: 'getReadyAlias', method: 'GET', path: '/ready', who: 'public' },

  { id: 'getKeys', method: 'GET', path: '/.well-known/jwks.json', who: 'public' },

  { id: 'register', method: 'POST', path: '/v1/auth/register', who: 'public', idempotent: true, body: newUser },
  // Nobody has this account: 401 by CREDENTIALS_WRONG, after the body was taken.
  { id: 'logIn', method: 'POST', path: '/v1/auth/login', who: 'public', proves: true, body: credentials },
  { id: 'getMe', method: 'GET', path: '/v1/me', who: 'user' },
  // Nobody has this token: 401 by REFRESH_REFUSED.
  {
    id: 'refreshSession',
    method: 'POST',
    path: '/v1/auth/refresh',
    who: 'public',
    proves: true,
    body: () => ({ refreshToken: randomBytes(32).toString('base64url') }),
  },
  { id: 'logOut', method: 'POST', path: '/v1/auth/logout', who: 'user', ends: true },
  ...mailOperations,
  { id: 'listSessions', method: 'GET', path: '/v1/me/sessions', who: 'user' },
  { id: 'endOtherSessions', method: 'DELETE', path: '/v1/me/sessions', who: 'user' },
  { id: 'endSession', method: 'DELETE', path: '/v1/me/sessions/:id', who: 'user' },
  { id: 'changeMe', method: 'PATCH', path: '/v1/me', who: 'user', conditional: true, body: () => ({ name: 'Ada' }) },

  { id: 'listJobs', method: 'GET', path: '/v1/jobs', who: 'optional' },
  { id: 'createJob', method: 'POST', path: '/v1/jobs', who: ['client'], idempotent: true, body: newJob },
  { id: 'getJob', method: 'GET', path: '/v1/jobs/:id', who: 'optional' },
  {
    id: 'editJob',
    method: 'PATCH',
    path: '/v1/jobs/:id',
    who: ['client'],
    conditional: true,
    body: () => ({ title: 'Paint the other lighthouse' }),
  },
  { id: 'deleteJob', method: 'DELETE', path: '/v1/jobs/:id', who: ['client'] },
  { id: 'restoreJob', method: 'POST', path: '/v1/jobs/:id/restoration', who: ['client'], idempotent: true },
  { id: 'publishJob', method: 'POST', path: '/v1/jobs/:id/publication', who: ['client'], idempotent: true },
  { id: 'closeJob', method: 'DELETE', path: '/v1/jobs/:id/publication', who: ['client'] },
  { id: 'getSlug', method: 'GET', path: '/v1/slugs/:slug', who: 'public' },

  {
    id: 'applyForJob',
    method: 'POST',
    path: '/v1/jobs/:id/applications',
    who: ['worker'],
    idempotent: true,
    body: () => ({ coverLetter: 'I have painted nine lighthouses.' }),
  },
  {
    id: 'listJobApplications',
    method: 'GET',
    path: '/v1/jobs/:id/applications',
    who: ['client', 'support', 'admin'],
  },
  { id: 'getApplication', method: 'GET', path: '/v1/applications/:id', who: 'user' },
  { id: 'withdrawApplication', method: 'DELETE', path: '/v1/applications/:id', who: ['worker'] },
  {
    id: 'acceptApplication',
    method: 'POST',
    path: '/v1/applications/:id/acceptance',
    who: ['client'],
    idempotent: true,
  },
  { id: 'listOwnApplications', method: 'GET', path: '/v1/me/applications', who: ['worker'] },

  { id: 'listContracts', method: 'GET', path: '/v1/contracts', who: 'user' },
  { id: 'getContract', method: 'GET', path: '/v1/contracts/:id', who: 'user' },

  ...moneyOperations,
  ...reviewOperations,
  ...deskOperations,
  { id: 'getWallet', method: 'GET', path: '/v1/me/wallet', who: 'user' },
  { id: 'listNotifications', method: 'GET', path: '/v1/me/notifications', who: 'user' },
  { id: 'readNotification', method: 'PUT', path: '/v1/me/notifications/:id/read', who: 'user' },

  { id: 'listAudit', method: 'GET', path: '/v1/admin/audit', who: ['support', 'admin'] },
  { id: 'verifyAudit', method: 'GET', path: '/v1/admin/audit/verification', who: ['admin'] },
  { id: 'getAuditCheckpoint', method: 'GET', path: '/v1/admin/audit/checkpoint', who: ['admin'] },
  // It is nobody's password: 401, and nobody is erased.
  {
    id: 'eraseMe',
    method: 'DELETE',
    path: '/v1/me',
    who: 'user',
    proves: true,
    body: () => ({ password: randomUUID() }),
  },
  { id: 'requestDataExport', method: 'POST', path: '/v1/me/data-exports', who: 'user', idempotent: true },
  { id: 'getDataExport', method: 'GET', path: '/v1/me/data-exports/:id', who: 'user' },
  ...uploadOperations,
  { id: 'getOperation', method: 'GET', path: '/v1/operations/:id', who: 'user' },

  { id: 'listUsers', method: 'GET', path: '/v1/admin/users', who: ['support', 'admin'] },
  { id: 'getUser', method: 'GET', path: '/v1/admin/users/:id', who: ['support', 'admin'] },
  {
    id: 'blockUser',
    method: 'PUT',
    path: '/v1/admin/users/:id/block',
    who: ['admin'],
    body: () => ({ reason: 'Sells lighthouses of others' }),
  },
  { id: 'unblockUser', method: 'DELETE', path: '/v1/admin/users/:id/block', who: ['admin'] },
  {
    id: 'changeRole',
    method: 'PUT',
    path: '/v1/admin/users/:id/role',
    who: ['admin'],
    body: () => ({ role: 'support' }),
  },

  { id: 'getSchedules', method: 'GET', path: '/v1/admin/schedules', who: ['support', 'admin'] },
  { id: 'getBreakers', method: 'GET', path: '/v1/admin/breakers', who: ['support', 'admin'] },
  // Of a breaker that there is not, as with switches.
  { id: 'resetBreaker', method: 'PUT', path: '/v1/admin/breakers/:name/reset', who: ['admin'] },
  { id: 'streamNotifications', method: 'GET', path: '/v1/me/notifications/stream', who: 'user' },
  { id: 'getFlags', method: 'GET', path: '/v1/admin/flags', who: ['support', 'admin'] },
  // Of a flag that there is not, as with switches.
  {
    id: 'changeFlag',
    method: 'PUT',
    path: '/v1/admin/flags/:name',
    who: ['admin'],
    body: () => ({
      isOn: true,
      split: [
        { variant: 'on', percent: 90 },
        { variant: 'off', percent: 10 },
      ],
      rules: [],
    }),
  },
  { id: 'getUserFlags', method: 'GET', path: '/v1/admin/users/:id/flags', who: ['support', 'admin'] },
  { id: 'getOwnFlags', method: 'GET', path: '/v1/me/flags', who: 'user' },
  { id: 'getSwitches', method: 'GET', path: '/v1/admin/switches', who: ['support', 'admin'] },
  // Without a part they are called on a switch that there is not: those that there are would be felt by every other probe.
  {
    id: 'turnOnSwitch',
    method: 'PUT',
    path: '/v1/admin/switches/:name',
    who: ['admin'],
    body: () => ({ reason: 'The lighthouse is being painted' }),
  },
  { id: 'turnOffSwitch', method: 'DELETE', path: '/v1/admin/switches/:name', who: ['admin'] },
]

/** Pages that the document leaves out: it describes neither itself nor the page that shows it, nor what is no part of the interface. */
export const hiddenPages: readonly string[] = ['/openapi.json', '/docs', '/.well-known/security.txt']

/** Whether a caller may; what belongs to whom is another matter. */
export function mayCall({ who }: Pick<Operation, 'who'>, caller: Caller): boolean {
  if (who === 'public' || who === 'optional') return true
  if (caller === 'stranger') return false
  return who === 'user' || who.includes(caller)
}

/** The path with its part filled in. Without one it is a UUID, or a name, that nothing has. */
export const pathOf = ({ path }: Pick<Operation, 'path'>, part: string = randomUUID()): string =>
  path.replace(/:(id|slug|name)/, part)

/** As the document names it: `GET /v1/jobs/{id}`. */
export const routeOf = ({ method, path }: Pick<Operation, 'method' | 'path'>): string =>
  `${method} ${path.replace(/:(\w+)/g, '{$1}')}`

/** The operation of that id. Throws where the table has none. */
export function operationOf(id: string): Operation {
  const found = operations.find((operation) => operation.id === id)
  if (!found) throw new Error(`The table has no operation ${id}`)
  return found
}
