// Stops one caller from taking what is there for all: each route names its policy, whose calls are counted by user where one is
// signed in, else by the hash of the address (IPv6 by /64). It comes before `authorise`, so that a flood of bad tokens is limited too.
// While Redis is away each process counts for itself, so that no policy is ever open.
// To remove it, delete its line in app.ts: nothing is limited then.
import { BlockList, isIPv6 } from 'node:net'
import fastifyRateLimit from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Tier } from '../lib/actor.ts'
import { AppError } from '../lib/errors.ts'
import { type Limiter, type Policy, policies } from '../lib/limits.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { SecurityLog } from '../lib/security-log.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The policy that limits its callers; none for what only platforms ask. */
    limit?: Policy | 'none'
  }
}

type Options = {
  limiter: Limiter
  /** `window` is in milliseconds. */
  limits: Record<Policy, { max: number; window: number }>
  /** How many times its limits a tier has. */
  tierFactors: Record<Tier, number>
  /** Networks (CIDR) without limits. */
  exempt: readonly string[]
  metrics: Metrics
  security: SecurityLog
}

const limitReached = (policy: string, seconds: number) =>
  new AppError(429, 'LIMIT_REACHED', `The limit "${policy}" is reached: try again in ${seconds} s`, {
    headers: { 'retry-after': String(seconds) },
  })

export const rateLimit = fp<Options>(
  async (app, { limiter, limits, tierFactors, exempt, metrics, security }) => {
    const exempted = blockListOf(exempt)
    const refusals = metrics.counter({
      name: 'seaworthy_limit_refusals_total',
      help: 'Calls refused by a limit',
      labelNames: ['policy'],
    })
    metrics.gauge({
      name: 'seaworthy_limits_local',
      help: '1 while this process counts for itself because Redis is away',
      collect() {
        this.set(limiter.isLocal() ? 1 : 0)
      },
    })

    await app.register(fastifyRateLimit, { global: false, store: storeOf(limiter) })
    const checks = new Map(
      policies.map((policy) => {
        const { max, window } = limits[policy]
        const check = app.createRateLimit({
          max: ({ viewer }) => (policy === 'auth' ? max : max * tierFactors[viewer?.tier ?? 'standard']),
          timeWindow: window,
          keyGenerator: (request) => `${policy}:${callerOf(request, policy)}`,
          allowList: ({ address }) => exempted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'),
        })
        return [policy, check]
      }),
    )

    app.addHook('onRequest', async (request, reply) => {
      const policy = request.routeOptions.config.limit ?? 'public'
      if (policy === 'none') return
      const seen = await checks.get(policy)?.(request)
      if (!seen || seen.isAllowed) return
      reply.header('ratelimit-policy', `"${policy}";q=${seen.max};w=${seen.timeWindow / 1000}`)
      reply.header('ratelimit', `"${policy}";r=${seen.remaining};t=${seen.ttlInSeconds}`)
      if (!seen.isExceeded) return
      refusals.inc({ policy })
      security('limit.refused', request.viewer ?? request.seen, { policy })
      throw limitReached(policy, seen.ttlInSeconds)
    })
  },
  { name: 'rate-limit', dependencies: ['address', 'identify', 'controls'] },
)

/** Signing in is limited by address also for who is signed in: there it is other people's accounts that are tried. */
function callerOf({ viewer, addressHash }: FastifyRequest, policy: Policy): string {
  return viewer && policy !== 'auth' ? viewer.id : addressHash
}

/** What @fastify/rate-limit counts by. */
function storeOf({ take }: Limiter) {
  return class Store {
    incr(
      key: string,
      answer: (error: Error | null, result?: { current: number; ttl: number }) => void,
      window = 0,
      max = 0,
    ): void {
      take(key, max, window).then(
        ({ used, wait }) => answer(null, { current: used, ttl: wait }),
        (error) => answer(error),
      )
    }

    /** One store serves all policies: the key says which. */
    child() {
      return this
    }
  }
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4')
  }
  return list
}
