// Builds each module's service once: the only place that knows which part is given to whom.
import type { Config } from './config.ts'
import { sql } from './db/drizzle.ts'
import { pendingMigrations } from './db/migrations.ts'
import { createCursors } from './lib/page.ts'
import { createReadiness } from './lib/readiness.ts'
import { createTokens } from './lib/tokens.ts'
import { createIdentityService } from './modules/identity/identity.service.ts'
import { createJobsService } from './modules/jobs/jobs.service.ts'
import type { Resources } from './resources.ts'

export type Services = Awaited<ReturnType<typeof createServices>>

export async function createServices(config: Config, { db }: Pick<Resources, 'db'>) {
  const tokens = await createTokens({ ...config.tokens, issuer: config.publicUrl })
  const cursors = createCursors(config.cursors)
  return {
    tokens,
    identity: createIdentityService({ db, tokens }),
    jobs: createJobsService({ db, cursors }),
    readiness: createReadiness({
      timeout: config.http.readyTimeout,
      checks: [
        { name: 'postgres', check: postgres },
        { name: 'schema', check: schema },
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
