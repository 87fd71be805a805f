// Builds each module's service once: the only place that knows which part is given to whom.
import type { Config } from './config.ts'
import { sql } from './db/drizzle.ts'
import { pendingMigrations } from './db/migrations.ts'
import { createLimiter } from './lib/limits.ts'
import { createMetrics } from './lib/metrics.ts'
import { createCursors } from './lib/page.ts'
import { createReadiness } from './lib/readiness.ts'
import { createTokens } from './lib/tokens.ts'
import { createApplicationsService } from './modules/applications/applications.service.ts'
import { createAudit } from './modules/audit/audit.service.ts'
import { createContractsService } from './modules/contracts/contracts.service.ts'
import { createIdentityService } from './modules/identity/identity.service.ts'
import { createJobsService } from './modules/jobs/jobs.service.ts'
import { createNotificationsService } from './modules/notifications/notifications.service.ts'
import type { Resources } from './resources.ts'

export type Services = Awaited<ReturnType<typeof createServices>>

export async function createServices(config: Config, { db, mailer, limitsRedis }: Pick<Resources, 'db' | 'mailer' | 'limitsRedis' | 'cacheRedis'>) {
  const tokens = await createTokens({ ...config.tokens, issuer: config.publicUrl })
  const cursors = createCursors({ secret: config.secret, lifetime: config.cursorLifetime })
  const audit = createAudit()
  const limiter = createLimiter({ redis: limitsRedis, prefix: config.redis.prefix })
  const jobs = createJobsService({ db, cursors, audit })
  const contracts = createContractsService({ db, cursors })
  return {
    metrics: createMetrics(),
    limiter,
    cache: undefined,
    tokens,
    identity: createIdentityService({ db, tokens, audit }),
    jobs,
    contracts,
    applications: createApplicationsService({ db, cursors, audit, jobs, contracts }),
    notifications: createNotificationsService({ db, cursors, audit, mailer }),
    readiness: createReadiness({
      timeout: config.http.readyTimeout,
      checks: [
        { name: 'postgres', check: postgres },
        { name: 'schema', check: schema },
        { name: 'limits', covered: 'limits-local', check: limiter.check },
      ],
    }),
  }

  async function postgres() {
    await db.execute(sql`SELECT 1`).catch(() => Promise.reject(new Error('out of reach')))
  }

  async function schema() {
    const pending = await pendingMigrations(db).catch(() => Promise.reject(new Error('unknown')))
    if (pending.length > 0) throw new Error(`behind by ${pending.join(', ')}: run npm run migrate`)
  }
}
