// The table of contents: what each request passes, in order, then the modules.
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify'
import type { Config } from './config.ts'
import type { QueueViews } from './lib/queue-views.ts'
import type { Tracing } from './lib/tracing.ts'
import { deadLettersRoutes } from './modules/admin/dead-letters.routes.ts'
import { usersRoutes } from './modules/admin/users.routes.ts'
import {
  applicationsRoutes,
  jobApplicationsRoutes,
  ownApplicationsRoutes,
} from './modules/applications/applications.routes.ts'
import { auditRoutes } from './modules/audit/audit.routes.ts'
import { breakersRoutes } from './modules/breakers/breakers.routes.ts'
import { acceptanceRoutes, contractsRoutes } from './modules/contracts/contracts.routes.ts'
import { disputesRoutes } from './modules/contracts/disputes.routes.ts'
import { stepsRoutes } from './modules/contracts/steps.routes.ts'
import { erasuresRoutes } from './modules/erasures/erasures.routes.ts'
import { exportsRoutes } from './modules/exports/exports.routes.ts'
import { flagsRoutes, ownFlagsRoutes, userFlagsRoutes } from './modules/flags/flags.routes.ts'
import { authRoutes, meRoutes } from './modules/identity/identity.routes.ts'
import { linksRoutes, ownLinksRoutes } from './modules/identity/links.routes.ts'
import { mfaRoutes } from './modules/identity/mfa.routes.ts'
import { ownSessionsRoutes, sessionsRoutes } from './modules/identity/sessions.routes.ts'
import { jobsRoutes, slugRoutes } from './modules/jobs/jobs.routes.ts'
import { walletRoutes } from './modules/ledger/ledger.routes.ts'
import { liveRoutes } from './modules/notifications/live.routes.ts'
import { notificationsRoutes } from './modules/notifications/notifications.routes.ts'
import { operationsRoutes } from './modules/operations/operations.routes.ts'
import { fundingRoutes, paymentsRoutes, payoutsRoutes } from './modules/payments/payments.routes.ts'
import { webhooksRoutes } from './modules/payments/webhooks.routes.ts'
import { contractReviewsRoutes, userReviewsRoutes } from './modules/reviews/reviews.routes.ts'
import { schedulesRoutes } from './modules/schedules/schedules.routes.ts'
import { switchesRoutes } from './modules/switches/switches.routes.ts'
import { uploadingRoutes, uploadsRoutes } from './modules/uploads/uploads.routes.ts'
import { address, trustedProxies } from './plugins/address.ts'
import { admission } from './plugins/admission.ts'
import { authorise } from './plugins/authorise.ts'
import { cachedAnswers } from './plugins/cached-answers.ts'
import { compress } from './plugins/compress.ts'
import { conditional } from './plugins/conditional.ts'
import { controls } from './plugins/controls.ts'
import { cookies } from './plugins/cookies.ts'
import { cors } from './plugins/cors.ts'
import { created } from './plugins/created.ts'
import { csrf } from './plugins/csrf.ts'
import { deadline } from './plugins/deadline.ts'
import { degraded } from './plugins/degraded.ts'
import { deprecated } from './plugins/deprecated.ts'
import { drain } from './plugins/drain.ts'
import { health } from './plugins/health.ts'
import { home } from './plugins/home.ts'
import { host } from './plugins/host.ts'
import { idempotency } from './plugins/idempotency.ts'
import { identify } from './plugins/identify.ts'
import { jwks } from './plugins/jwks.ts'
import { openapi } from './plugins/openapi.ts'
import { ownWrites } from './plugins/own-writes.ts'
import { answer, answerClientError, problems } from './plugins/problems.ts'
import { profile } from './plugins/profile.ts'
import { queueBoard } from './plugins/queue-board.ts'
import { rateLimit } from './plugins/rate-limit.ts'
import { readOnly } from './plugins/read-only.ts'
import { requestId, requestIdOf } from './plugins/request-id.ts'
import { requestLog } from './plugins/request-log.ts'
import { requestMetrics } from './plugins/request-metrics.ts'
import { securityFields } from './plugins/security-fields.ts'
import { securityTxt } from './plugins/security-txt.ts'
import { streams, wantsStream } from './plugins/streams.ts'
import { tracing } from './plugins/tracing.ts'
import { urlLimit } from './plugins/url-limit.ts'
import { validation } from './plugins/validation.ts'
import { versions } from './plugins/versions.ts'
import type { Services } from './services.ts'
import { statusOf } from './status.ts'
import { version } from './version.ts'

type Parts = {
  config: Config
  services: Services
  log: FastifyBaseLogger
  begin: Tracing['begin']
  poolUse: () => { total: number; idle: number; waiting: number; max: number }
  queues: QueueViews
  homePage?: string | undefined
}

export async function buildApp({ config, services, log, begin, poolUse, queues, homePage }: Parts) {
  const app = Fastify({
    loggerInstance: log,
    // One line for each request comes from plugins/request-log.ts.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    requestIdHeader: false,
    trustProxy: trustedProxies(config.edge.trustProxy),
    genReqId: requestIdOf,
    bodyLimit: config.http.bodyLimit,
    requestTimeout: config.http.requestTimeout,
    // Longer than the edge keeps its own connections, so that it never sends into one that is being closed.
    keepAliveTimeout: 75_000,
    // A request on a connection that was open before the close is still served.
    return503OnClosing: false,
    // Node looks for slow clients only this often (ms), 30 s by default.
    http: {
      maxHeaderSize: 16_384,
      // Node refuses one for headers that is longer than its own for all, which it compares before Fastify sets that.
      requestTimeout: config.http.requestTimeout,
      headersTimeout: config.http.requestTimeout,
      connectionsCheckingInterval: 1000,
      // plugins/host.ts refuses what has none, by a problem with all fields.
      requireHostHeader: false,
      shouldUpgradeCallback: wantsStream,
    },
    routerOptions: { maxParamLength: 200 },
    frameworkErrors: answer,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, requestIdOf({ headers: {} })),
  })

  const { limiter, metrics, security } = services
  await app.register(requestId)
  await app.register(tracing, { begin, slow: config.requestLog.slow })
  await app.register(requestMetrics, { metrics })
  await app.register(profile, config.profiles)
  await app.register(requestLog, config.requestLog)
  await app.register(problems)
  await app.register(securityFields)
  await app.register(urlLimit)
  await app.register(drain, { isDraining: services.readiness.isDraining })
  await app.register(degraded, { modes: services.readiness.modes })
  await app.register(address, { secret: config.secret, trustProxy: config.edge.trustProxy })
  await app.register(host, { hosts: config.edge.hosts, security })
  await app.register(cors, { origins: config.edge.corsOrigins })
  await app.register(controls)
  await app.register(admission, { ...config.edge.load, poolUse, metrics })
  await app.register(validation)
  await app.register(cookies, {
    secret: config.secret,
    accessFor: services.tokens.expiresIn,
    refreshFor: config.sessions.idleDays * 86_400,
  })
  await app.register(identify, { verify: services.tokens.verify, isEnded: services.sessions.isEnded })
  if (services.ownWrites) await app.register(ownWrites, { ownWrites: services.ownWrites })
  await app.register(rateLimit, { ...config.edge, limiter, metrics, security })
  await app.register(authorise, { security })
  await app.register(csrf, { origins: config.edge.pageOrigins, security: services.security })
  await app.register(readOnly, { isReadOnly: services.readiness.isReadOnly })
  await app.register(streams, { origins: config.edge.pageOrigins, isDraining: services.readiness.isDraining })
  await app.register(idempotency, { secret: config.secret })
  await app.register(created)
  await app.register(deprecated)
  await app.register(versions)
  await app.register(conditional)
  await app.register(compress, { from: config.edge.compressFrom })
  await app.register(cachedAnswers, { cache: services.cache })
  await app.register(deadline, { limit: config.http.handlerTimeout })
  await app.register(openapi, { publicUrl: config.publicUrl, version })

  await app.register(home, { page: homePage })
  await app.register(health, {
    readiness: services.readiness,
    facts: statusOf({ config, services, poolUse, queues }),
  })
  await app.register(jwks, { jwks: services.tokens.jwks })
  await app.register(securityTxt, { ...config.reports, publicUrl: config.publicUrl })
  await app.register(queueBoard, { queues: queues.queues })
  await app.register(authRoutes, { prefix: '/v1/auth', identity: services.identity })
  await app.register(sessionsRoutes, { prefix: '/v1/auth', sessions: services.sessions })
  await app.register(ownSessionsRoutes, { prefix: '/v1/me/sessions', sessions: services.sessions })
  await app.register(meRoutes, { prefix: '/v1/me', identity: services.identity })
  const { links, emails, ownPasswords: passwords } = services
  await app.register(linksRoutes, { prefix: '/v1/auth', links, emails, passwords })
  await app.register(ownLinksRoutes, { prefix: '/v1/me', emails, passwords })
  await app.register(mfaRoutes, { prefix: '/v1/me/mfa', mfa: services.mfa })
  await app.register(erasuresRoutes, { prefix: '/v1/me', erasures: services.erasures })
  await app.register(exportsRoutes, { prefix: '/v1/me/data-exports', exports: services.exports })
  const { uploads } = services
  await app.register(uploadingRoutes, { prefix: '/v1/me/uploads', uploads, maxBytes: config.uploads.maxBytes })
  await app.register(uploadsRoutes, { prefix: '/v1/me/uploads', uploads })
  await app.register(operationsRoutes, { prefix: '/v1/operations', operations: services.operations })
  await app.register(jobsRoutes, { prefix: '/v1/jobs', jobs: services.jobs })
  await app.register(jobApplicationsRoutes, { prefix: '/v1/jobs', applications: services.applications })
  await app.register(applicationsRoutes, { prefix: '/v1/applications', applications: services.applications })
  await app.register(acceptanceRoutes, { prefix: '/v1/applications', applications: services.applications })
  await app.register(ownApplicationsRoutes, { prefix: '/v1/me/applications', applications: services.applications })
  await app.register(contractsRoutes, { prefix: '/v1/contracts', contracts: services.contracts })
  await app.register(stepsRoutes, { prefix: '/v1/contracts', escrow: services.escrow })
  await app.register(fundingRoutes, { prefix: '/v1/contracts', escrow: services.escrow })
  await app.register(paymentsRoutes, { prefix: '/v1/payments', payments: services.payments })
  await app.register(payoutsRoutes, { prefix: '/v1/me/payouts', payouts: services.payouts })
  await app.register(webhooksRoutes, { prefix: '/v1/webhooks', webhooks: services.webhooks })
  await app.register(contractReviewsRoutes, { prefix: '/v1/contracts', reviews: services.reviews })
  await app.register(userReviewsRoutes, { prefix: '/v1/users', reviews: services.reviews })
  await app.register(walletRoutes, { prefix: '/v1/me/wallet', ledger: services.ledger })
  await app.register(notificationsRoutes, { prefix: '/v1/me/notifications', notifications: services.notifications })
  await app.register(liveRoutes, { prefix: '/v1/me/notifications', live: services.live })
  await app.register(ownFlagsRoutes, { prefix: '/v1/me/flags', flags: services.flags })
  await app.register(slugRoutes, { prefix: '/v1/slugs', jobs: services.jobs })
  await app.register(auditRoutes, {
    prefix: '/v1/admin/audit',
    trail: services.trail,
    verification: services.verification,
    seals: services.seals,
  })
  await app.register(switchesRoutes, { prefix: '/v1/admin/switches', switches: services.switches })
  await app.register(flagsRoutes, { prefix: '/v1/admin/flags', flags: services.flags })
  await app.register(userFlagsRoutes, { prefix: '/v1/admin/users', flags: services.flags })
  await app.register(schedulesRoutes, { prefix: '/v1/admin/schedules', schedules: services.schedules })
  const { disputes, escrow } = services
  await app.register(disputesRoutes, { prefix: '/v1/admin/disputes', disputes, escrow })
  await app.register(deadLettersRoutes, { prefix: '/v1/admin/dead-letters', deadLetters: services.deadLetters })
  await app.register(breakersRoutes, { prefix: '/v1/admin/breakers', breakers: services.breakers })
  await app.register(usersRoutes, { prefix: '/v1/admin/users', users: services.users })
  return app
}
