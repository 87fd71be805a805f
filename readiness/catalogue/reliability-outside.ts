// Whether what is outside can take the service with it: breakers, and retries.
import type { Context } from '../context/context.ts'
import { type Control, control, removed, source, sources } from '../control.ts'
import { othersAreLeftAlone } from '../probes/outside-others.ts'
import { paymentsAreLeftAlone, repeatsWhereItIsSafe } from '../probes/outside-payments.ts'
import { breakersAreSeenAndReset } from '../probes/outside-resets.ts'

const [outside, provider, services] = ['src/lib/outside.ts', 'src/lib/provider.ts', 'src/services.ts']
const service = 'src/modules/breakers/breakers.service.ts'

export const reliabilityOutside: Control[] = [
  control({
    id: 'REL-06',
    level: 'must',
    holds:
      'Payments, mail, the secrets manager, the keys of another issuer and the Redis of the cache each have a breaker: after BREAKER_FAILURES in a row nothing is called for BREAKER_OPEN_MS and the answer is quick, then one call is the trial.',
    because:
      'Calls that wait for a provider that is down hold the requests of everyone, and a provider that comes back is hit by all who waited: a bad minute elsewhere becomes an outage here.',
    code: [outside, provider, 'src/lib/mailer.ts', 'src/lib/cache.ts', 'src/lib/external-tokens.ts', 'src/secrets.ts'],
    runbook: 'docs/runbooks/payments.md#a-breaker-is-open',
    needs: ['api', 'redis', 'payments'],
    own: { BREAKER_OPEN_MS: '1500', REDIS_TIMEOUT_MS: '200' },
    lacks: 'Object storage has no breaker, as the service does not use any yet.',
    async probe(context: Context) {
      return { ...(await paymentsAreLeftAlone(context)), ...(await othersAreLeftAlone(context)) }
    },
    sabotages: [
      source('it never opens', outside, 'new ConsecutiveBreaker(failures)', 'new ConsecutiveBreaker(1_000_000)', {
        red: 'never-opens',
      }),
      source('it never tries again', outside, 'halfOpenAfter: openFor', 'halfOpenAfter: 3_600_000', {
        red: 'never-tries-again',
      }),
      source('mail goes past it', services, 'guardMailer(unguardedMailer, outside)', 'unguardedMailer', {
        red: 'mail-unguarded',
      }),
      removed(services, "    ...(cacheRedis && outside.guard('cache', { code: 'CACHE_UNAVAILABLE', atOnce: 1000 })),", {
        red: 'cache-unguarded',
      }),
      source('secrets are read past it', 'src/secrets.ts', 'await read(guard?.run)', 'await read()', {
        red: 'secrets-unguarded',
      }),
      source('the keys of another issuer are read past it', services, 'clockTolerance, ...keys }', 'clockTolerance }', {
        red: 'external-keys-unguarded',
      }),
    ],
  }),

  control({
    id: 'REL-07',
    level: 'must',
    holds:
      'An operator sees the breakers of every process, and an admin closes one everywhere within seconds; the reset is in the audit trail.',
    because:
      'When the provider is back, or was never the cause, nobody should have to restart machines to find out which of them still refuse to call it.',
    code: [service, 'src/modules/breakers/breakers.routes.ts', 'src/run.ts', 'migrations/0014_breakers.up.sql'],
    runbook: 'docs/runbooks/payments.md#a-breaker-is-open',
    needs: ['api', 'redis', 'payments'],
    own: { BREAKER_OPEN_MS: '3600000', BREAKER_FAILURES: '2', PAYMENTS_TIMEOUT_MS: '3000' },
    probe: breakersAreSeenAndReset,
    sabotages: [
      source('the reset is ignored', service, '    outside.reset(name)\n', '', { red: 'reset-ignored' }),
      source('other processes don’t follow', service, '[follow(), tell(service)]', '[tell(service)]', {
        red: 'not-everywhere',
      }),
      removed(service, "      await audit(tx, actor, 'breaker.reset', row.id, { after: { breaker: name } })", {
        red: 'not-audited',
      }),
      removed('src/run.ts', '      await services.breakers.keepTelling(service),', { red: 'not-listed' }),
      removed(
        'src/app.ts',
        "  await app.register(breakersRoutes, { prefix: '/v1/admin/breakers', breakers: services.breakers })",
        { red: 'not-listed' },
      ),
    ],
  }),

  control({
    id: 'REL-08',
    level: 'must',
    holds:
      'A call to the provider is tried three times at most, after waits that grow and have chance in them, always under the same key of ours; a refusal is not tried again.',
    because:
      'A retry without a key charges twice when an answer is lost; retries at once and in step are a second outage for whoever comes back from the first.',
    code: [outside, provider],
    runbook: 'docs/runbooks/payments.md#a-breaker-is-open',
    needs: ['api', 'redis', 'payments'],
    own: { BREAKER_FAILURES: '1000' },
    probe: repeatsWhereItIsSafe,
    sabotages: [
      source(
        'a charge is repeated without its key',
        provider,
        `const options = { idempotencyKey: \`seaworthy-\${kind}-\${paymentId}\` }`,
        'const options = {}',
        { red: 'charged-twice' },
      ),
      source('nothing is repeated', outside, 'repeatable && again ?', 'false && repeatable && again ?', {
        red: 'not-repeated',
      }),
      source('it is repeated at once', outside, '[2, 100, 2000]', '[2, 0, 0]', { red: 'no-backoff' }),
      sources(
        'all wait the same',
        [
          { file: outside, find: '  ExponentialBackoff,\n', replace: '  ExponentialBackoff,\n  noJitterGenerator,\n' },
          {
            file: outside,
            find: 'initialDelay: firstWait,',
            replace: 'generator: noJitterGenerator, initialDelay: firstWait,',
          },
        ],
        { red: 'no-jitter' },
      ),
      source('it goes on', outside, '[2, 100, 2000]', '[20, 100, 200]', { red: 'without-end' }),
    ],
  }),
]
