// Tells a platform whether this process lives (restart it otherwise) and whether to send it traffic, and operators how it is.
// Live asks nobody: a database that is away is no reason to restart. Ready limits each check, so a hung dependency is 503 too.
// To remove it, delete its line in app.ts, and the checks of the platform with it.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Static } from 'typebox'
import { AppError } from '../lib/errors.ts'
import type { Readiness, Verdict } from '../lib/readiness.ts'
import { refusals } from '../lib/schemas.ts'
import { Live, Ready, Status } from './health.schemas.ts'

type Facts = Omit<Static<typeof Status>, 'status' | 'modes' | 'checks'>
type Options = { readiness: Readiness; facts: () => Promise<Facts> }

const tags = ['system']
const live = () => ({ status: 'live' as const })
// The short names go at the end of 2027.
const times = { since: '2026-11-19T00:00:00Z', until: '2027-12-31T23:59:59Z' }

export const health: FastifyPluginAsyncTypebox<Options> = async (app, { readiness, facts }) => {
  const ready = async () => readyOrNot(await readiness.verdict())

  app.get(
    '/health/live',
    {
      schema: {
        operationId: 'getLive',
        tags,
        summary: 'Whether the process answers',
        description: 'Asks nothing but the process itself: restart it when there is no answer.',
        response: { 200: Live },
      },
      config: { access: 'public', limit: 'none' },
    },
    live,
  )

  app.get(
    '/health/ready',
    {
      schema: {
        operationId: 'getReady',
        tags,
        summary: 'Whether to send traffic',
        description: 'Asks every dependency, for a limited time. 503 names those that fail and that nothing covers.',
        response: { 200: Ready, ...refusals(503) },
      },
      config: { access: 'public', limit: 'none' },
    },
    ready,
  )

  app.get(
    '/health/status',
    {
      schema: {
        operationId: 'getStatus',
        tags,
        summary: 'How the service is',
        description:
          'Version, uptime, degraded modes, each dependency with its latency, breakers, cache, queues, connection pool and disk.',
        response: { 200: Status },
      },
      config: { access: ['support', 'admin'], limit: 'read' },
    },
    async () => {
      const [verdict, about] = await Promise.all([readiness.verdict(), facts()])
      return { ...verdict, ...about }
    },
  )

  app.get(
    '/health',
    {
      schema: {
        operationId: 'getHealth',
        tags,
        summary: 'Use /health/live',
        description: 'A short name for /health/live, until the end of 2027.',
        response: { 200: Live },
      },
      config: { access: 'public', limit: 'none', deprecated: { ...times, successor: '/health/live' } },
    },
    live,
  )

  app.get(
    '/ready',
    {
      schema: {
        operationId: 'getReadyAlias',
        tags,
        summary: 'Use /health/ready',
        description: 'A short name for /health/ready, until the end of 2027.',
        response: { 200: Ready },
      },
      config: { access: 'public', limit: 'none', deprecated: { ...times, successor: '/health/ready' } },
    },
    ready,
  )
}

function readyOrNot({ status, checks, modes }: Verdict) {
  if (status === 'ready' || status === 'degraded') return { status, modes }
  const errors = checks.flatMap(({ name, problem }) =>
    problem ? [{ path: `/${name}`, message: problem.slice(0, 300) }] : [],
  )
  const failing = errors.map(({ path }) => path.slice(1)).join(', ')
  throw new AppError(503, 'NOT_READY', `The service is ${status}${failing && `: ${failing}`}`, {
    errors,
    headers: { 'retry-after': '1' },
  })
}
