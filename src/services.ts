// Builds each module's service once: the only place that knows which part is given to whom.
import type { Config } from './config.ts'
import { databaseChecks } from './db/checks.ts'
import { createCache } from './lib/cache.ts'
import { createLimiter } from './lib/limits.ts'
import type { Log } from './lib/log.ts'
import { createMetrics } from './lib/metrics.ts'
import { createCursors } from './lib/page.ts'
import { createReadiness } from './lib/readiness.ts'
import { createSeal } from './lib/seal.ts'
import { createSecurityLog } from './lib/security-log.ts'
import { createTokens } from './lib/tokens.ts'
import { createApplicationsService } from './modules/applications/applications.service.ts'
import { createAudit } from './modules/audit/audit.service.ts'
import { createContractsService } from './modules/contracts/contracts.service.ts'
import { createIdentityService } from './modules/identity/identity.service.ts'
import { createJobsService } from './modules/jobs/jobs.service.ts'
import { createNotificationsService } from './modules/notifications/notifications.service.ts'
import { createSwitchesService } from './modules/switches/switches.service.ts'
import type { Resources } from './resources.ts'

export type Services = Awaited<ReturnType<typeof createServices>>

export async function createServices(
  config: Config,
  { db, mailer, limitsRedis, cacheRedis }: Pick<Resources, 'db' | 'mailer' | 'limitsRedis' | 'cacheRedis'>,
  log: Log,
) {
  const tokens = await createTokens({ ...config.tokens, issuer: config.publicUrl })
  const cursors = createCursors({ secret: config.secret, lifetime: config.cursorLifetime })
  const audit = createAudit()
  const metrics = createMetrics()
  const security = createSecurityLog({ log, metrics })
  const seal = createSeal(config.encryptionKeys)
  const switches = createSwitchesService({ db, audit })
  const limiter = createLimiter({ redis: limitsRedis, prefix: config.redis.prefix })
  const cache = createCache({
    redis: cacheRedis,
    prefix: config.redis.prefix,
    isOn: () => config.edge.cache.on && !switches.isOn('cache-off'),
    grace: config.edge.cache.grace,
    metrics,
  })
  const jobs = createJobsService({ db, cursors, audit, forget: cache.forget })
  const contracts = createContractsService({ db, cursors })
  return {
    metrics,
    security,
    seal,
    switches,
    limiter,
    cache,
    tokens,
    identity: createIdentityService({ db, tokens, audit }),
    jobs,
    contracts,
    applications: createApplicationsService({ db, cursors, audit, jobs, contracts }),
    notifications: createNotificationsService({ db, cursors, audit, mailer }),
    readiness: createReadiness({
      timeout: config.http.readyTimeout,
      switches,
      metrics,
      checks: [...databaseChecks(db)],
    }),
  }
}
