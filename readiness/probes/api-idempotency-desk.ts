// The part of API-03 about reviews and about what operators put back.
import type { Context } from '../context/context.ts'
import type { Call, Person } from '../context/http.ts'
import { red } from '../control.ts'
import { deadLetter } from './desk-scene.ts'
import { earned } from './money-scene.ts'

/** Sends an operation twice under one key where it has to succeed. */
type Twice = (call: Call, id: string, part?: string, body?: object) => Promise<unknown>

export async function deskReplays(
  context: Context,
  parties: Record<'client' | 'worker', Person>,
  twice: Twice,
): Promise<void> {
  const contract = await earned(context, parties)
  await twice(parties.worker.call, 'reviewContract', contract)
  const given = await context.sql.owner('SELECT FROM reviews WHERE contract_id = $1', [contract])
  if (given.length !== 1) red('effect-of-each', `${given.length} reviews`)
  const admin = await context.api.as('admin')
  await twice(admin.call, 'redriveDeadLetter', await deadLetter(context, 'review.answered'))
  await twice(admin.call, 'redriveDeadLetters')
}
