// The action that each write operation leaves in the audit trail, once, written by hand on purpose: a new operation has no line here
// until someone says what it leaves.

/** By the operation id of the document. `none` with the reason for it, where a write leaves nothing. */
export const audited: Readonly<Record<string, string | { none: string }>> = {
  register: 'user.registered',
  logIn: 'session.started',
  refreshSession: 'session.renewed',
  logOut: 'session.ended',
  endSession: 'session.ended',
  endOtherSessions: 'session.others-ended',

  requestMagicLink: 'link.requested',
  redeemMagicLink: 'session.started',
  requestPasswordReset: 'link.requested',
  resetPassword: 'user.password-reset',
  changePassword: 'user.password-changed',
  requestEmailVerification: 'link.requested',
  verifyEmail: 'user.email-verified',
  requestEmailChange: 'link.requested',
  changeEmail: 'user.email-changed',

  startMfa: 'mfa.started',
  confirmMfa: 'mfa.enabled',
  renewRecoveryCodes: 'mfa.recovery-codes-renewed',
  stopMfa: 'mfa.disabled',

  changeMe: 'user.changed',
  requestDataExport: 'data-export.requested',
  eraseMe: 'user.erased',
  uploadFile: 'upload.stored',
  deleteUpload: 'upload.removed',

  createJob: 'job.created',
  editJob: 'job.edited',
  publishJob: 'job.published',
  closeJob: 'job.closed',
  deleteJob: 'job.deleted',
  restoreJob: 'job.restored',

  applyForJob: 'application.submitted',
  withdrawApplication: 'application.withdrawn',
  acceptApplication: 'application.accepted',

  fundContract: 'contract.funding-started',
  deliverWork: 'contract.delivered',
  approveWork: 'contract.approved',
  disputeContract: 'contract.disputed',
  cancelContract: 'contract.cancelled',
  payOut: 'payout.requested',
  receivePaymentEvent: {
    none: 'the provider is no actor here: what an event leads to is written as an act of the service',
  },

  reviewContract: 'review.given',
  resolveDispute: 'contract.resolved',
  redriveDeadLetter: 'dead-letter.redriven',
  redriveDeadLetters: 'dead-letter.redriven',

  readNotification: 'notification.read',

  blockUser: 'user.blocked',
  unblockUser: 'user.unblocked',
  changeRole: 'user.role-changed',
  resetBreaker: 'breaker.reset',
  changeFlag: 'flag.changed',
  turnOnSwitch: 'switch.turned-on',
  turnOffSwitch: 'switch.turned-off',
}
