import { expect, test } from 'vitest'
import { createTestDatabase } from '../test/database.ts'
import { withClient } from './create-database.ts'
import { openStandbyPostgres } from './standby-postgres.ts'

test('a standby shows what its primary commits, and takes no writes', async () => {
  const { adminUrl, name } = await createTestDatabase()
  await using parts = new AsyncDisposableStack()
  const standby = parts.adopt(await openStandbyPostgres(adminUrl), (opened) => opened.close())
  const there = standby.adminUrl.replace(/\/[^/]+$/, `/${name}`)
  await withClient(adminUrl, (admin) => admin.query('CREATE TABLE told AS SELECT 7 AS what'))
  const { rows } = await withClient(adminUrl, (admin) => admin.query('SELECT pg_current_wal_insert_lsn()::text AS lsn'))
  await withClient(there, async (client) => {
    await expect
      .poll(
        async () => (await client.query('SELECT pg_last_wal_replay_lsn() >= $1 AS there', [rows[0].lsn])).rows[0].there,
        { timeout: 10_000 },
      )
      .toBe(true)
    expect((await client.query('SELECT what FROM told')).rows).toEqual([{ what: 7 }])
    await expect(client.query('CREATE TABLE refused ()')).rejects.toMatchObject({ code: '25006' })
  })
})
