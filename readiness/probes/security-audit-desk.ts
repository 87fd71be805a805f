// The part of SEC-31 about reviews and about what operators decide: see security-audit-writes.ts.
import type { Context } from '../context/context.ts'
import type { Answer, Call, CallOptions } from '../context/http.ts'
import { deadLetter } from './desk-scene.ts'
import { earned, funded, parties } from './money-scene.ts'
import { make } from './scene.ts'

type Send = (call: Call, id: string, options?: CallOptions & { part?: string }) => Promise<Answer>

export async function desk(context: Context, send: Send): Promise<void> {
  const [both, admin] = await Promise.all([parties(context), context.api.as('admin')])
  await send(both.client.call, 'reviewContract', { part: await earned(context, both) })
  const part = await funded(both)
  await make(both.worker.call, 'disputeContract', { part })
  await send(admin.call, 'resolveDispute', { part })
  await send(admin.call, 'redriveDeadLetter', { part: await deadLetter(context, 'review.given') })
  await deadLetter(context, 'review.given')
  await send(admin.call, 'redriveDeadLetters', { body: { kind: 'review.given', limit: 10 } })
}
