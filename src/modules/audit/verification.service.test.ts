import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { withClient } from '../../../tools/create-database.ts'
import type { Checkpoint, Verification } from './audit.schemas.ts'

const { call, signUp, services, database, db } = await buildTestApp()
const [admin, client] = [await signUp('admin'), await signUp('client')]
const { seals, verification } = services

/** As a superuser who switches the triggers off for a moment. */
const tamper = (...statements: string[]) =>
  withClient(database.adminUrl, async (superuser) => {
    for (const table of ['audit_log', 'audit_seals']) await superuser.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`)
    for (const statement of statements) await superuser.query(statement)
    for (const table of ['audit_log', 'audit_seals'])
      await superuser.query(`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${table}_append_only`)
  })
const record = () => db.transaction((tx) => services.audit(tx, client, 'lamp.lit', randomUUID(), { after: { is: 1 } }))
const ids = async () =>
  (await withClient(database.ownerUrl, (owner) => owner.query('SELECT id FROM audit_log ORDER BY id'))).rows.map(
    ({ id }) => Number(id),
  )
const kinds = ({ findings }: Verification) => findings.map(({ kind, row }) => [kind, row])

beforeEach(async () => {
  await tamper('TRUNCATE audit_log, audit_seals')
  for (let count = 0; count < 5; count++) await record()
  await seals.sealNew()
  for (let count = 0; count < 3; count++) await record()
  await seals.sealNew()
})

test('a trail that nobody touched is sound, by the route too', async () => {
  const expected = { isSound: true, seals: 2, firstSeal: 1, lastSeal: 2, rows: 8, unsealed: 0, found: 0, findings: [] }
  expect(await verification.verify()).toEqual(expected)
  expect((await call('GET', '/v1/admin/audit/verification', { as: admin })).json()).toEqual(expected)
  const one = (await call('GET', '/v1/admin/audit/verification?seals=1', { as: admin })).json()
  expect(one).toEqual({ ...expected, seals: 1, firstSeal: 2, rows: 3 })
  const first = (await call('GET', '/v1/admin/audit/verification?since=1&seals=1', { as: admin })).json()
  expect(first).toEqual({ ...expected, seals: 1, lastSeal: 1, rows: 5 })
})

test('rows that are not sealed yet are said, and are no finding', async () => {
  await record()
  expect(await verification.verify()).toMatchObject({ isSound: true, unsealed: 1 })
  await seals.sealNew()
  expect(await verification.verify()).toMatchObject({ isSound: true, unsealed: 0, seals: 3, rows: 9 })
})

test('nothing new needs no seal', async () => {
  expect(await seals.sealNew()).toBe(0)
  expect(await verification.verify()).toMatchObject({ seals: 2 })
})

describe('found by the door and the route alike', () => {
  const found = async () => {
    const byRoute = (await call('GET', '/v1/admin/audit/verification', { as: admin })).json<Verification>()
    expect(await verification.verify()).toEqual(byRoute)
    expect(byRoute.isSound).toBe(false)
    return kinds(byRoute)
  }

  test.each([
    ["action = 'lamp.put-out'"],
    ['actor_id = uuidv7()'],
    ["at = at + interval '1 second'"],
    ["after = '{}'"],
    ["before = '{}'"],
    ['request_id = md5(random()::text)'],
    ['address_hash = md5(random()::text)'],
    ['txid = txid + 1'],
  ])('an edited row: %s', async (change) => {
    const [, , third] = await ids()
    await tamper(`UPDATE audit_log SET ${change} WHERE id = ${third}`)
    expect(await found()).toEqual([['row-edited', third]])
  })

  test('a deleted row', async () => {
    const [first] = await ids()
    await tamper(`DELETE FROM audit_log WHERE id = ${first}`)
    expect(await found()).toEqual([['row-deleted', first]])
  })

  test('two rows that took the place of each other, also over two seals', async () => {
    const all = await ids()
    for (const [one, other] of [all.slice(0, 2), [all[0], all[7]]]) {
      const move = (from: number | undefined, to: number | undefined) =>
        `UPDATE audit_log SET id = ${to} WHERE id = ${from}`
      await withClient(database.adminUrl, (superuser) =>
        superuser.query('ALTER TABLE audit_log ALTER id DROP IDENTITY IF EXISTS'),
      )
      const swap = [move(one, -1), move(other, one), move(-1, other)]
      await tamper(...swap)
      expect((await found()).sort()).toEqual([
        ['row-reordered', one],
        ['row-reordered', other],
      ])
      await tamper(...swap, 'ALTER TABLE audit_log ALTER id ADD GENERATED ALWAYS AS IDENTITY (START 100000)')
    }
  })

  test('a row that was put in behind the seals', async () => {
    await tamper(
      "INSERT INTO audit_log (id, action, object_type, object_id, txid) OVERRIDING SYSTEM VALUE VALUES (99000, 'a.b', 'a', uuidv7(), 1)",
    )
    expect(await found()).toEqual([['row-inserted', 99000]])
    await seals.sealNew()
    expect(await found()).toEqual([['row-inserted', 99000]])
  })

  test.each([
    ["key_id = 'of-nobody-at-all'"],
    ['signature = sha256(signature) || sha256(signature)'],
    ["sealed_at = sealed_at - interval '1 day'"],
    ["row_ids = '{[1,2)}'"],
    ["root = sha256('')"],
    ['hashes = hashes || hashes, row_count = 2 * row_count'],
    ["previous = sha256('')"],
    ['seen_txid = 0'],
  ])('a forged seal: %s', async (change) => {
    await tamper(`UPDATE audit_seals SET ${change} WHERE number = 2`)
    expect((await found()).map(([kind]) => kind)).toContain('seal-forged')
  })

  test('a seal that is gone', async () => {
    await record()
    await seals.sealNew()
    await tamper('DELETE FROM audit_seals WHERE number = 2')
    expect((await found()).map(([kind]) => kind)).toContain('seal-missing')
  })

  test('a seal that was once signed in the place of another', async () => {
    await tamper(
      'CREATE TABLE kept AS SELECT * FROM audit_seals WHERE number = 2',
      'DELETE FROM audit_seals WHERE number = 2',
    )
    await seals.sealNew()
    await record()
    await seals.sealNew()
    await tamper(
      'DELETE FROM audit_seals WHERE number = 2',
      'INSERT INTO audit_seals SELECT * FROM kept',
      'DROP TABLE kept',
    )
    expect(await found()).toEqual([['seal-forged', null]])
  })
})

describe('a checkpoint', () => {
  const exported = async () => (await call('GET', '/v1/admin/audit/checkpoint', { as: admin })).json<Checkpoint>()

  test('is held by the trail that it came from, also when that has grown', async () => {
    const checkpoint = await exported()
    await record()
    await seals.sealNew()
    expect([checkpoint.seal, await verification.verifyCheckpoint(checkpoint)]).toEqual([2, undefined])
  })

  test('is lost where everything was written anew, and signed by the service itself', async () => {
    const checkpoint = await exported()
    await tamper('TRUNCATE audit_seals', "UPDATE audit_log SET action = 'lamp.put-out'")
    expect(await verification.verifyCheckpoint(checkpoint)).toMatchObject({ kind: 'checkpoint-lost' })
    await seals.sealNew()
    await record()
    await seals.sealNew()
    expect(await verification.verify()).toMatchObject({ isSound: true })
    expect(await verification.verifyCheckpoint(checkpoint)).toMatchObject({ kind: 'checkpoint-lost' })
  })

  test('that somebody else signed is none', async () => {
    const checkpoint = await exported()
    const forged = { ...checkpoint, signed: checkpoint.signed.replace('"count":3', '"count":4') }
    expect(await verification.verifyCheckpoint(forged)).toMatchObject({ detail: expect.stringContaining('not signed') })
  })

  test('is 404 before anything is sealed', async () => {
    await tamper('TRUNCATE audit_seals')
    const answer = await call('GET', '/v1/admin/audit/checkpoint', { as: admin })
    expect(answer.json()).toMatchObject({ status: 404, code: 'AUDIT_NOT_SEALED' })
  })
})

describe('sealing', () => {
  const open: pg.Client[] = []
  afterEach(async () => {
    for (const one of open.splice(0)) await one.end()
  })
  const beginRow = async () => {
    const writer = new pg.Client(database.appUrl)
    open.push(writer)
    await writer.connect()
    await writer.query(
      `BEGIN; INSERT INTO audit_log (action, object_type, object_id) VALUES ('lamp.lit', 'lamp', uuidv7())`,
    )
    return writer
  }

  test('waits for no open transaction, and takes its row when it commits, however late', async () => {
    const late = await beginRow()
    await record()
    expect(await seals.sealNew()).toBe(1)
    await record()
    expect(await seals.sealNew()).toBe(1)
    await late.query('COMMIT')
    expect(await seals.sealNew()).toBe(1)
    expect(await verification.verify()).toMatchObject({ isSound: true, seals: 5, rows: 11, unsealed: 0 })
  })

  test('skips what was rolled back', async () => {
    const lost = await beginRow()
    await record()
    await lost.query('ROLLBACK')
    await record()
    expect(await seals.sealNew()).toBe(2)
    expect(await verification.verify()).toMatchObject({ isSound: true, rows: 10 })
  })

  test('goes on in batches, and by several processes at once seals each row once', async () => {
    await withClient(database.appUrl, (service) =>
      service.query(
        "INSERT INTO audit_log (action, object_type, object_id) SELECT 'lamp.lit', 'lamp', uuidv7() FROM generate_series(1, 2500)",
      ),
    )
    const sealed = await Promise.all([seals.sealNew(), seals.sealNew(), seals.sealNew()])
    const rest = await seals.sealNew()
    expect(sealed.reduce((sum, count) => sum + count, rest)).toBe(2500)
    expect(await verification.verify()).toMatchObject({ isSound: true, rows: 2508, unsealed: 0 })
  })

  test('goes on in a cluster that counts its transactions from the beginning', async () => {
    // As after a restore elsewhere: the last seal has seen transactions that this cluster is far from.
    await tamper('TRUNCATE audit_seals', 'UPDATE audit_log SET txid = txid + 1000000000')
    await seals.sealNew()
    const [{ number } = { number: 0 }] = (
      await withClient(database.adminUrl, (superuser) => superuser.query('SELECT number FROM audit_seals'))
    ).rows
    expect(Number(number)).toBe(1)
    await moveOn()
    await record()
    expect(await seals.sealNew()).toBe(1)
    await record()
    expect(await seals.sealNew()).toBe(1)
    expect(await verification.verify()).toMatchObject({ unsealed: 0, rows: 10 })
  })

  const moveOn = () => tamper('UPDATE audit_seals SET seen_txid = seen_txid + 1000000000')
})
