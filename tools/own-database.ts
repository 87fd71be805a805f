// A migrated database on a PostgreSQL of its own, for a run that is over with it.
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { migrate } from '../src/db/migrations.ts'
import { createDatabase } from './create-database.ts'
import { openEmbeddedPostgres } from './embedded-postgres.ts'

/** `adminUrl` is that of PostgreSQL's superuser, in the same database. */
export type Urls = { ownerUrl: string; appUrl: string; adminUrl: string; port: number }

/** `settings` are those of postgresql.conf. Both are gone when `use` is done. */
export async function withOwnDatabase<T>(
  name: string,
  use: (urls: Urls) => Promise<T>,
  settings: Record<string, string> = {},
): Promise<T> {
  const dataDir = join(tmpdir(), `seaworthy-${name}-${process.pid}`)
  const postgres = await openEmbeddedPostgres({ dataDir, settings })
  try {
    const urls = await createDatabase({ adminUrl: postgres.url, name: 'own', passwords: { owner: 'o', app: 'a' } })
    await migrate({ url: urls.ownerUrl, direction: 'up' })
    return await use({ ...urls, adminUrl: postgres.url.replace(/\/[^/]*$/, '/own'), port: postgres.port })
  } finally {
    await postgres.stop()
    await rm(postgres.dataDir, { recursive: true, force: true })
  }
}
