// The part of API-03 that moves money: each operation twice under one key, and money moves once.
import type { Context } from '../context/context.ts'
import type { Call, Person } from '../context/http.ts'
import { red } from '../control.ts'
import { agreed, chargesFor, earned, funded, heldFor } from './money-scene.ts'

/** Sends an operation twice under one key where it has to succeed; answers the id of what it made. */
type Twice = (call: Call, id: string, part?: string, body?: object) => Promise<string>

export async function moneyReplays(
  context: Context,
  parties: Record<'client' | 'worker', Person>,
  twice: Twice,
): Promise<void> {
  const { client, worker } = parties
  const contract = await agreed(parties)
  await twice(client.call, 'fundContract', contract)
  const [charges, held] = [chargesFor(context, contract).length, await heldFor(context, contract)]
  if (charges !== 1 || held !== 10_000) red('money-moved-twice', `${charges} charges, ${held} held of 10000`)
  await twice(worker.call, 'deliverWork', contract)
  await twice(client.call, 'approveWork', contract)
  await twice(client.call, 'disputeContract', contract)
  const admin = await context.api.as('admin')
  await twice(admin.call, 'resolveDispute', contract, { outcome: 'release' })
  await twice(worker.call, 'cancelContract', await funded(parties))
  await earned(context, parties)
  const payout = await twice(worker.call, 'payOut')
  const paid = context.payments.objects('transfer').filter(({ metadata }) => metadata?.paymentId === payout)
  if (paid.length !== 1) red('money-moved-twice', `${paid.length} transfers for one payout`)
}
