// What may cost more than usual, and what is not looked at, each with its reason.

/** Pages by the name of a call: see verdict.ts. */
export const pagesAllowed: Record<string, number> = {
  // A batch of a thousand rows.
  'audit seals': 1500,
  // Where statistics are older than a burst, each event of a batch goes past those before it.
  'events of the outbox': 8000,
  // At night, in one statement for each table: what is old is not many rows of it.
  purge: 2000,
  // Once a day: all that waits, for five hundred people.
  digest: 12_000,
  // Each notification that waited for one person is written to.
  'a digest': 6000,
  // A whole day of six tables.
  figures: 3000,
}

const byOtherIssuer = 'Only with EXTERNAL_ISSUER, by the primary key of external_identities'
const readsAll = 'Reads a whole ledger or trail on purpose: npm run ledger:verify and audit:verify'
const byLink = 'Needs a link that was mailed: by its unique hash, or the primary key of mail_links or users'
const byKey = 'One row by its primary key, on a path of failure that is not walked here'
const small = 'A table that has a few rows, however much is traded'

/** Operations that are not called, and functions of repositories that nothing here calls. */
export const leftOut: Record<string, string> = {
  streamNotifications: 'It is open until its client leaves',
  verifyAudit: readsAll,
  'breakers.deleteBreakersOf': small,
  'breakers.isBreakerSeen': small,
  'exports.markFailed': byKey,
  'external-identities.findLinkedUser': byOtherIssuer,
  'external-identities.linkSubject': byOtherIssuer,
  'external-identities.unlinkSubject': byOtherIssuer,
  'flags.putFlag': small,
  'identity.markEmailVerified': byLink,
  'identity.renewPasswordHash': byKey,
  'identity.setEmail': byLink,
  'links.armLink': byLink,
  'links.findLink': byLink,
  'links.keepOldEmail': byLink,
  'mfa.takeStep': byKey,
  'operations.markRunning': byKey,
  'payments.insertProviderEvent': 'Needs a signed event of the provider: one INSERT',
  'payments.postpone': byKey,
  'schedules.isFinished': small,
  'schedules.markFailed': small,
  'schedules.markSeen': small,
  'seals.findLastSealedId': readsAll,
  'seals.findSeal': byKey,
  'seals.listLoose': readsAll,
  'seals.listSealedRows': readsAll,
  'seals.listSeals': readsAll,
  'sessions.forgive': byKey,
  'uploads.abandonPending': byKey,
  'uploads.claimPending': byKey,
  'uploads.findAny': byKey,
  'uploads.forget': byKey,
  'verification.countBooks': readsAll,
  'verification.findOffenders': readsAll,
  'verification.freeze': readsAll,
}
