// Stops more work than can be done from being begun: so many requests at once, a short queue for the rest, whose more important ones
// come first, and 503 for what finds no room there or no turn of the event loop. Health takes no place and is never refused.
// It has no backing store. To remove it, delete its line in app.ts: a load over capacity then makes every answer late.
import underPressure from '@fastify/under-pressure'
import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { createAdmission, type Refusal } from '../lib/admission.ts'
import { AppError } from '../lib/errors.ts'
import type { Metrics } from '../lib/metrics.ts'

/** `wait` and `eventLoopDelay` are in milliseconds. */
type Options = {
  concurrent: number
  waiting: number
  wait: number
  eventLoopDelay: number
  /** The connections to the database: nobody is let in while half as many wait for one as there are. */
  poolUse: () => { waiting: number; max: number }
  metrics: Metrics
}
type Class = Exclude<FastifyContextConfig['limit'], 'none' | undefined>

// What has moved money elsewhere has to be heard; who can't sign in can do nothing; browsing can be repeated.
const ranks: Record<Class, number> = { payment: 4, auth: 3, upload: 2, write: 2, read: 1, public: 0 }

export const admission = fp<Options>(
  async (app, { eventLoopDelay, poolUse, metrics, ...room }) => {
    const isBusy = () => 2 * poolUse().waiting >= poolUse().max
    const { enter, hasRoom, working, waiting } = createAdmission({ ...room, isBusy })
    metrics.gauge({
      name: 'seaworthy_requests_in_progress',
      help: 'Requests that are worked on',
      collect() {
        this.set(working())
      },
    })
    metrics.gauge({
      name: 'seaworthy_requests_waiting',
      help: 'Requests that wait to be worked on',
      collect() {
        this.set(waiting())
      },
    })
    const shed = metrics.counter({
      name: 'seaworthy_requests_shed_total',
      help: 'Requests that were refused because there was too much to do',
      labelNames: ['reason', 'class'],
    })

    // A start keeps the event loop busy, and the first looks see that.
    let judgedFrom = Number.POSITIVE_INFINITY
    app.addHook('onListen', async () => {
      judgedFrom = performance.now() + 2 * eventLoopDelay
    })
    await app.register(underPressure, {
      maxEventLoopDelay: eventLoopDelay,
      // An interval in which nothing could be measured counts as an endless delay, so it has to be as long as what is refused.
      sampleInterval: eventLoopDelay,
      pressureHandler: (request) => {
        const of = classOf(request)
        if (of === undefined || of === 'payment' || performance.now() < judgedFrom) return
        throw overloaded('event-loop', of)
      },
    })

    app.addHook('onRequest', async (request, reply) => {
      const of = classOf(request)
      if (of === undefined) return
      if (!hasBody(request)) return take(of, reply)
      if (!hasRoom(ranks[of])) throw overloaded('queue-full', of)
    })

    // A body on its way is no work: who sends slowly must not keep others from their places.
    app.addHook('preValidation', async (request, reply) => {
      const of = classOf(request)
      if (of !== undefined && hasBody(request)) await take(of, reply)
    })

    async function take(of: Class, reply: FastifyReply): Promise<void> {
      const { refusal, leave } = enter(ranks[of])
      whenOver(reply, leave)
      const why = await refusal
      if (why) throw overloaded(why, of)
    }

    function overloaded(reason: Refusal | 'event-loop', of: Class): AppError {
      shed.inc({ reason, class: of })
      return new AppError(503, 'OVERLOADED', 'The service has more to do than it can. Try again', {
        headers: { 'retry-after': '1' },
      })
    }
  },
  { name: 'admission', dependencies: ['controls'] },
)

/** What a route's limit says of its importance; a path that is no route is browsing. Undefined for what is never refused. */
function classOf({ routeOptions }: FastifyRequest): Class | undefined {
  const { limit = 'public' } = routeOptions.config
  return limit === 'none' ? undefined : limit
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Calls `leave` when the answer is sent, or nobody is there to take it. */
function whenOver({ raw }: FastifyReply, leave: () => void): void {
  if (raw.destroyed) leave()
  else raw.once('close', leave)
}
