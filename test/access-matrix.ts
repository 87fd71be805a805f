// How each operation of docs/access-matrix.md is called: what is sent, and on which object. What the answer must be stands there.
import { randomUUID } from 'node:crypto'
import { pdf } from '../tools/sample-files.ts'
import { type Body, type Caller, job, objectsOf, password } from './access-matrix-objects.ts'
import type { Person } from './app.ts'

export type Way = {
  method: string
  path: string
  /** The id, slug or name of a new object: of `owner`, or of nobody in particular. */
  object?: (owner: Person) => Promise<string>
  /** The role of somebody else who can have such an object, where that is not the caller's own. */
  ownedBy?: Person['role']
  /** What has to be there before, or is sent along. */
  body?: (caller: Caller) => Promise<Body> | Body | Buffer
  headers?: Record<string, string>
}

const anyVersion = { 'if-match': '*' }
const link = { token: 'nobody-has-this-token' }

/** By the id of the operation. */
export function waysOf(app: Parameters<typeof objectsOf>[0]): Record<string, Way> {
  const objects = objectsOf(app)
  const { newcomer, address, credentials, refreshToken, firstCode, recoveryCode, draft, openJob } = objects
  const { deletedJob, application, contract, funded, delivered, disputed, resolved, payment } = objects
  const { payout, notification, deadLetter, session, operation, dataExport, upload, itself } = objects
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
    uploadFile: {
      method: 'POST',
      path: '/v1/me/uploads',
      body: () => pdf(),
      headers: { 'content-type': 'application/pdf' },
    },
    listUploads: { method: 'GET', path: '/v1/me/uploads' },
    getUpload: { method: 'GET', path: '/v1/me/uploads/:id', object: upload },
    getUploadContent: { method: 'GET', path: '/v1/me/uploads/:id/content', object: upload },
    deleteUpload: { method: 'DELETE', path: '/v1/me/uploads/:id', object: upload },
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
    fundContract: {
      method: 'POST',
      path: '/v1/contracts/:id/funding',
      object: contract,
      ownedBy: 'client',
      body: () => ({ paymentMethod: 'pm_card_visa' }),
    },
    deliverWork: { method: 'POST', path: '/v1/contracts/:id/delivery', object: funded, ownedBy: 'worker' },
    approveWork: { method: 'POST', path: '/v1/contracts/:id/approval', object: delivered, ownedBy: 'client' },
    disputeContract: {
      method: 'POST',
      path: '/v1/contracts/:id/dispute',
      object: funded,
      ownedBy: 'client',
      body: () => ({ reason: 'The ring is green.' }),
    },
    cancelContract: { method: 'POST', path: '/v1/contracts/:id/cancellation', object: contract, ownedBy: 'client' },
    reviewContract: {
      method: 'POST',
      path: '/v1/contracts/:id/reviews',
      object: resolved,
      ownedBy: 'client',
      body: () => ({ rating: 5, text: 'As red as was said.' }),
    },
    getContractReviews: { method: 'GET', path: '/v1/contracts/:id/reviews', object: resolved, ownedBy: 'client' },
    listUserReviews: { method: 'GET', path: '/v1/users/:id/reviews', object: itself },
    listPayments: { method: 'GET', path: '/v1/payments' },
    getPayment: { method: 'GET', path: '/v1/payments/:id', object: payment, ownedBy: 'client' },
    payOut: { method: 'POST', path: '/v1/me/payouts', body: payout },
    receivePaymentEvent: { method: 'POST', path: '/v1/webhooks/payments', body: () => ({ id: 'evt_1' }) },
    getWallet: { method: 'GET', path: '/v1/me/wallet' },
    listNotifications: { method: 'GET', path: '/v1/me/notifications' },
    readNotification: { method: 'PUT', path: '/v1/me/notifications/:id/read', object: notification },

    listDisputes: { method: 'GET', path: '/v1/admin/disputes' },
    resolveDispute: {
      method: 'POST',
      path: '/v1/admin/disputes/:id/resolution',
      object: disputed,
      ownedBy: 'client',
      body: () => ({ outcome: 'refund' }),
    },
    listDeadLetters: { method: 'GET', path: '/v1/admin/dead-letters' },
    redriveDeadLetter: { method: 'POST', path: '/v1/admin/dead-letters/:id/redelivery', object: deadLetter },
    redriveDeadLetters: { method: 'POST', path: '/v1/admin/dead-letters/redelivery', body: () => ({ limit: 1 }) },
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
    getSchedules: { method: 'GET', path: '/v1/admin/schedules' },
    getBreakers: { method: 'GET', path: '/v1/admin/breakers' },
    resetBreaker: { method: 'PUT', path: '/v1/admin/breakers/:id/reset', object: async () => 'payments' },
    streamNotifications: { method: 'GET', path: '/v1/me/notifications/stream' },
    getFlags: { method: 'GET', path: '/v1/admin/flags' },
    changeFlag: {
      method: 'PUT',
      path: '/v1/admin/flags/:id',
      object: async () => 'live-notifications',
      body: () => ({
        isOn: true,
        split: [
          { variant: 'on', percent: 100 },
          { variant: 'off', percent: 0 },
        ],
        rules: [],
      }),
    },
    getUserFlags: { method: 'GET', path: '/v1/admin/users/:id/flags', object: itself },
    getOwnFlags: { method: 'GET', path: '/v1/me/flags' },
    getSwitches: { method: 'GET', path: '/v1/admin/switches' },
    turnOnSwitch: {
      method: 'PUT',
      path: '/v1/admin/switches/:id',
      object: async () => 'cache-off',
      body: () => ({ reason: 'The lighthouse is being painted' }),
    },
    turnOffSwitch: { method: 'DELETE', path: '/v1/admin/switches/:id', object: async () => 'cache-off' },
  }
}
