// Builds each module's service once: the only place that knows which part is given to whom.
import type { Config } from './config.ts'
import { databaseChecks } from './db/checks.ts'
import { createReads } from './db/reads.ts'
import { createAttempts } from './lib/attempts.ts'
import { createBell } from './lib/bell.ts'
import { createCache } from './lib/cache.ts'
import { createExternalTokens } from './lib/external-tokens.ts'
import { createLimiter } from './lib/limits.ts'
import type { Log } from './lib/log.ts'
import { guardMailer } from './lib/mailer.ts'
import { createMetrics } from './lib/metrics.ts'
import { createObjects } from './lib/objects.ts'
import { createOutside } from './lib/outside.ts'
import { createOwnWrites } from './lib/own-writes.ts'
import { createCursors } from './lib/page.ts'
import { createPasswords } from './lib/passwords.ts'
import { createProvider } from './lib/provider.ts'
import { createReadiness } from './lib/readiness.ts'
import { createSeal } from './lib/seal.ts'
import { createSecurityLog } from './lib/security-log.ts'
import { createSigner } from './lib/signer.ts'
import { clockTolerance, createTokens } from './lib/tokens.ts'
import { createDeadLettersService } from './modules/admin/dead-letters.service.ts'
import { createUsersService } from './modules/admin/users.service.ts'
import { createApplicationsService } from './modules/applications/applications.service.ts'
import { createAudit } from './modules/audit/audit.service.ts'
import { createSealsService } from './modules/audit/seals.service.ts'
import { createTrailService } from './modules/audit/trail.service.ts'
import { createVerificationService } from './modules/audit/verification.service.ts'
import { createBreakersService } from './modules/breakers/breakers.service.ts'
import { createDisputesService } from './modules/contracts/disputes.service.ts'
import { createErasuresService } from './modules/erasures/erasures.service.ts'
import { createExportsService } from './modules/exports/exports.service.ts'
import { createFiguresService } from './modules/figures/figures.service.ts'
import { createFlagsService } from './modules/flags/flags.service.ts'
import { createCredentialsService } from './modules/identity/credentials.service.ts'
import { createEmailsService } from './modules/identity/emails.service.ts'
import { createExternalIdentities } from './modules/identity/external-identities.service.ts'
import { createIdentityService } from './modules/identity/identity.service.ts'
import { createLettersService } from './modules/identity/letters.service.ts'
import { createLinksService } from './modules/identity/links.service.ts'
import { createMfaService } from './modules/identity/mfa.service.ts'
import { createPasswordsService } from './modules/identity/passwords.service.ts'
import { createSessionsService } from './modules/identity/sessions.service.ts'
import { createExpiryService } from './modules/jobs/expiry.service.ts'
import { createJobsService } from './modules/jobs/jobs.service.ts'
import { createLedgerVerificationService } from './modules/ledger/verification.service.ts'
import { createDigestsService } from './modules/notifications/digests.service.ts'
import { createLiveService } from './modules/notifications/live.service.ts'
import { createNotificationsService } from './modules/notifications/notifications.service.ts'
import { createOperationsService } from './modules/operations/operations.service.ts'
import { createReviewsService } from './modules/reviews/reviews.service.ts'
import { createSchedulesService } from './modules/schedules/schedules.service.ts'
import { createSwitchesService } from './modules/switches/switches.service.ts'
import { createUploadsService } from './modules/uploads/uploads.service.ts'
import type { Resources } from './resources.ts'
import { createMoneyServices } from './services.money.ts'

export type Services = Awaited<ReturnType<typeof createServices>>

export async function createServices(
  config: Config,
  {
    db,
    send,
    standby,
    mailer: unguardedMailer,
    limitsRedis,
    cacheRedis,
  }: Pick<Resources, 'db' | 'send' | 'standby' | 'mailer' | 'limitsRedis' | 'cacheRedis'>,
  log: Log,
) {
  const metrics = createMetrics()
  const isPrimaryAway = () => readiness.modes().includes('primary-away')
  const reads = createReads({ db, send, standby, isPrimaryAway, metrics })
  const outside = createOutside({ metrics, ...config.breakers })
  const keys = config.external && outside.guard('external-keys', { code: 'EXTERNAL_KEYS_UNAVAILABLE', atOnce: 5 })
  const external =
    config.external &&
    createExternalIdentities({ db, tokens: createExternalTokens({ ...config.external, clockTolerance, ...keys }) })
  const { settle } = config.secrets
  const tokens = await createTokens({ ...config.tokens, issuer: config.publicUrl, settle, external })
  const cursors = createCursors({ secret: config.secret, lifetime: config.cursorLifetime })
  const provider = createProvider({ ...config.payments, outside })
  const mailer = guardMailer(unguardedMailer, outside)
  const security = createSecurityLog({ log, metrics })
  const seal = createSeal(config.encryptionKeys, settle)
  const passwords = createPasswords({ ...config.passwords, metrics })
  const { audit, forgetPerson } = createAudit({ seal, metrics })
  const signer = createSigner({ secret: config.secret, purpose: 'audit seals', trusted: config.auditOldKeys })
  const verification = createVerificationService({ db, signer })
  const switches = createSwitchesService({ db, audit })
  const flags = createFlagsService({ db, audit, metrics })
  const bell = createBell({ redis: limitsRedis, prefix: config.redis.prefix, name: 'notifications' })
  const limiter = createLimiter({ redis: limitsRedis, prefix: config.redis.prefix })
  const attempts = createAttempts({
    redis: limitsRedis,
    prefix: config.redis.prefix,
    secret: config.secret,
    firstDelay: config.signInDelay,
  })
  const cache = createCache({
    redis: cacheRedis,
    prefix: config.redis.prefix,
    isOn: () => config.edge.cache.on && !switches.isOn('cache-off'),
    grace: config.edge.cache.grace,
    doubts: reads.stoodIn,
    metrics,
    ...(cacheRedis && outside.guard('cache', { code: 'CACHE_UNAVAILABLE', atOnce: 1000 })),
  })
  const sessions = createSessionsService({ db, tokens, audit, cursors, security, lifetimes: config.sessions })
  const untold = (error: Error) => log.error({ err: error }, 'an owner could not be told of failed sign-ins')
  const credentials = createCredentialsService({
    db,
    passwords,
    attempts,
    security,
    onError: untold,
  })
  const mfa = createMfaService({ db, audit, seal, security, attempts, credentials, onError: untold })
  const links = createLinksService({ db, audit, security, sessions, mfa })
  const jobs = createJobsService({ db, reads, cursors, audit, forget: cache.forget })
  const operations = createOperationsService({ db, reads })
  const money = createMoneyServices(config, { db, reads, log, metrics, cursors, audit, provider, jobs, operations })
  const objects = createObjects({ ...config.uploads, outside })
  const uploads = createUploadsService({ db, reads, audit, cursors, security, objects, ...config.uploads })
  const users = createUsersService({ db, reads, cursors, audit, security, sessions })
  const readiness = createReadiness({
    timeout: config.http.readyTimeout,
    switches,
    metrics,
    checks: databaseChecks(db, reads.standby),
  })
  return {
    metrics,
    outside,
    breakers: createBreakersService({ db, audit, outside }),
    provider,
    mailer,
    security,
    seal,
    audit,
    forgetPerson,
    trail: createTrailService({ reads, cursors, seal }),
    seals: createSealsService({ db, signer }),
    verification,
    ledgerVerification: createLedgerVerificationService({ db, verifyTrail: () => verification.verify() }),
    signer,
    switches,
    flags,
    limiter,
    /** Only who reads from a standby has to know. */
    ownWrites:
      standby && createOwnWrites({ redis: limitsRedis, prefix: config.redis.prefix, isRedisAway: limiter.isLocal }),
    attempts,
    passwords,
    cache,
    tokens,
    sessions,
    identity: createIdentityService({ db, reads, audit, sessions, security, passwords, credentials, links, mfa }),
    letters: createLettersService({ db, mailer, appUrl: config.appUrl }),
    links,
    mfa,
    emails: createEmailsService({ db, audit, security, sessions, links, mfa }),
    ownPasswords: createPasswordsService({ db, audit, security, passwords, credentials, sessions, links }),
    jobs,
    ...money,
    applications: createApplicationsService({ db, reads, cursors, audit, jobs, contracts: money.contracts }),
    reviews: createReviewsService({ db, reads, cursors, audit, contracts: money.contracts, jobs }),
    disputes: createDisputesService({ reads, cursors, contracts: money.contracts }),
    deadLetters: createDeadLettersService({ db, reads, cursors, audit }),
    users,
    operations,
    uploads,
    exports: createExportsService({ db, audit, seal, security, operations, metrics }),
    erasures: createErasuresService({
      ...{ db, audit, forgetPerson, passwords, sessions, users, jobs, uploads, security },
      prove: async ({ id, email }, { password, code }, actor) => {
        await credentials.check({ email, password }, actor)
        return (tx) => mfa.check(tx, { id }, code, actor)
      },
    }),
    notifications: createNotificationsService({ db, reads, metrics, cursors, audit, mailer, bell }),
    live: createLiveService({
      ...{ db, bell, metrics, flags, isEnded: sessions.isEnded, lifetime: tokens.expiresIn },
      ...config.streams,
    }),
    digests: createDigestsService({ db, mailer, flags }),
    expiry: createExpiryService({ db, audit, jobs }),
    figures: createFiguresService({ db }),
    schedules: createSchedulesService({ db, metrics, ...config.schedules }),
    readiness,
  }
}
