// SEC-31: the audit trail is written with what it tells of, refuses changes, and shows those that a superuser makes all the same.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type pg from 'pg'
import type { Context } from '../context/context.ts'
import type { Call } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { make, openJob } from './scene.ts'
import { everyWriteLeavesOneRow, theTableHasEveryWrite } from './security-audit-writes.ts'

type Found = { isSound: boolean; unsealed: number; seals: number; findings: { kind: string; row: number | null }[] }

const tables = ['audit_log', 'audit_seals']

export async function theTrailTellsAndHolds(context: Context): Promise<Evidence> {
  await theTableHasEveryWrite(context)
  const { call } = await context.api.as('admin')
  const [refused] = await Promise.all([changesAreRefused(context), rowAndWorkStandTogether(context)])
  const found = await tamperingIsFound(context, call)
  const writes = await everyWriteLeavesOneRow(context)
  return { writes: writes.length, refused, found, seals: (await look(call)).seals }
}

/** By the service and by the owner of the table, whatever it finds. Answers how many were tried. */
async function changesAreRefused({ sql }: Context): Promise<number> {
  let tried = 0
  for (const login of ['app', 'owner'] as const) {
    const session = await sql.session(login)
    for (const table of tables) {
      const statements = [
        `UPDATE ${table} SET ${table === 'audit_log' ? 'action' : 'key_id'} = ''`,
        `DELETE FROM ${table}`,
      ]
      for (const statement of [
        ...statements,
        ...statements.map((each) => `${each} WHERE false`),
        `TRUNCATE ${table}`,
      ]) {
        await session.query('BEGIN')
        const code = await session.query(statement).then(
          () => 'done',
          (error: pg.DatabaseError) => error.code,
        )
        await session.query('ROLLBACK')
        if (code !== (login === 'app' ? '42501' : '55000')) red(`${login}-may-change`, `${statement}: ${code}`)
        tried++
      }
    }
  }
  return tried
}

/** A write that fails at its end leaves no row, and one whose row can't be written is not done. */
async function rowAndWorkStandTogether({ api, sql }: Context): Promise<void> {
  const [client, worker] = await Promise.all([api.as('client'), api.as('worker')])
  const job = await openJob(client.call)
  const { id } = await make(worker.call, 'applyForJob', { part: job.id })
  const statusAfter = async (requestId: string, table: string) => {
    await sql.owner(`REVOKE INSERT ON ${table} FROM seaworthy_app`)
    const headers = { 'x-request-id': requestId }
    const { status } = await worker
      .call('DELETE', `/v1/applications/${id}`, { headers })
      .finally(() => sql.owner(`GRANT INSERT ON ${table} TO seaworthy_app`))
    if (status < 500) red('nothing-failed', `${table}: ${status}`)
    const [row] = await sql.owner<{ status: string }>('SELECT status FROM applications WHERE id = $1', [id])
    return row?.status
  }
  const requestId = randomUUID()
  await statusAfter(requestId, 'outbox')
  const rows = await sql.owner('SELECT id FROM audit_log WHERE request_id = $1', [requestId])
  if (rows.length > 0) red('row-of-nothing')
  if ((await statusAfter(randomUUID(), 'audit_log')) !== 'submitted') red('work-without-row')
}

/** Everything that a superuser can do to it, on a stack of its own. Answers the kinds of findings. */
async function tamperingIsFound(context: Context, call: Call): Promise<string[]> {
  const { until, folder, finish } = context
  await until('not-sealed', async () => (await look(call)).unsealed === 0)
  const checkpoint = join(folder(), 'checkpoint.json')
  const clean = await finish(['src/audit-verify.ts', '--export', checkpoint])
  if (clean.code !== 0) red('sound-trail-refused', clean.said.slice(-500))
  const kinds = [...(await rowsAreHeld(context, call)), await linksAreHeld(context, call)]
  await asSuperuser(context, ['TRUNCATE audit_seals'])
  await until('not-sealed', async () => (await look(call)).seals > 0 && (await look(call)).unsealed === 0)
  const anew = await finish(['src/audit-verify.ts', '--checkpoint', checkpoint])
  if (anew.code !== 1 || !anew.said.includes('checkpoint-lost')) red('rewriting-unnoticed', anew.said.slice(-500))
  return [...kinds, 'checkpoint-lost']
}

/** An edited, a deleted and two reordered rows, each found by its id; then they are put back. */
async function rowsAreHeld(context: Context, call: Call): Promise<string[]> {
  const rows = await context.sql.owner<{ id: string }>('SELECT id FROM audit_log ORDER BY id DESC LIMIT 4')
  const [edited = 0, deleted = 0, one = 0, other = 0] = rows.map(({ id }) => Number(id))
  const swap = [
    [one, -1],
    [other, one],
    [-1, other],
  ].map(([from, to]) => `UPDATE audit_log SET id = ${to} WHERE id = ${from}`)
  await asSuperuser(context, [
    `CREATE TABLE kept AS SELECT * FROM audit_log WHERE id IN (${edited}, ${deleted})`,
    'ALTER TABLE audit_log ALTER id DROP IDENTITY',
    `UPDATE audit_log SET action = 'job.never' WHERE id = ${edited}`,
    `DELETE FROM audit_log WHERE id = ${deleted}`,
    ...swap,
  ])
  const told = await context.finish(['src/audit-verify.ts'])
  const { findings } = await look(call)
  await asSuperuser(context, [
    ...swap,
    `DELETE FROM audit_log WHERE id = ${edited}`,
    'INSERT INTO audit_log SELECT * FROM kept',
    'DROP TABLE kept',
    'ALTER TABLE audit_log ALTER id ADD GENERATED ALWAYS AS IDENTITY (START 1000000)',
  ])
  const wanted: [kind: string, row: number, reason: string][] = [
    ['row-edited', edited, 'edit-unnoticed'],
    ['row-deleted', deleted, 'deletion-unnoticed'],
    ['row-reordered', one, 'reordering-unnoticed'],
    ['row-reordered', other, 'reordering-unnoticed'],
  ]
  for (const [kind, row, reason] of wanted) {
    if (!findings.some((each) => each.kind === kind && each.row === row)) red(reason, JSON.stringify(findings))
    if (!new RegExp(`${kind} +Row ${row} `).test(told.said)) red(reason, told.said.slice(-500))
  }
  if (told.code !== 1) red('exit-is-not-1', String(told.code))
  if (!(await look(call)).isSound) red('sound-trail-refused', JSON.stringify(await look(call)))
  return wanted.map(([kind]) => kind)
}

/** A seal that the service signed once, in the place of the one that later seals follow on. */
async function linksAreHeld(context: Context, call: Call): Promise<string> {
  const { until, sql, api } = context
  const last = 'SELECT max(number) FROM audit_seals'
  await asSuperuser(context, [
    `CREATE TABLE kept AS SELECT * FROM audit_seals WHERE number = (${last})`,
    `DELETE FROM audit_seals WHERE number = (${last})`,
  ])
  const count = async () => (await sql.owner<{ n: number }>(`SELECT coalesce((${last}), 0)::int AS n`))[0]?.n ?? 0
  const before = (await sql.admin<{ n: number }>('SELECT number::int AS n FROM kept'))[0]?.n ?? 0
  await until('not-sealed', async () => (await count()) >= before)
  await api.as('worker')
  await until('not-sealed', async () => (await count()) > before)
  await asSuperuser(context, [
    'DELETE FROM audit_seals USING kept WHERE kept.number = audit_seals.number',
    'INSERT INTO audit_seals SELECT * FROM kept',
    'DROP TABLE kept',
  ])
  const { findings } = await look(call)
  if (!findings.some(({ kind }) => kind === 'seal-forged')) red('fork-unnoticed', JSON.stringify(findings))
  return 'seal-forged'
}

/** With the triggers off for that moment, and nobody at work on the tables: a sealer would follow on what it has read before. */
async function asSuperuser({ sql }: Context, statements: string[]): Promise<void> {
  const alone = 'LOCK TABLE audit_seals, audit_log IN ACCESS EXCLUSIVE MODE'
  const off = tables.map((table) => `ALTER TABLE ${table} DISABLE TRIGGER USER`)
  const on = tables.flatMap((table) =>
    ['append_only', 'rows_append_only'].map((name) => `ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${table}_${name}`),
  )
  await sql.admin(['BEGIN', alone, ...off, ...statements, ...on, 'COMMIT'].join(';\n'))
}

async function look(call: Call): Promise<Found> {
  const answer = await call('GET', '/v1/admin/audit/verification')
  return answer.status === 200 ? answer.json<Found>() : red('cannot-verify', `${answer.status} ${answer.text}`)
}
