import { type Control, config, control, removed, source } from '../control.ts'
import {
  failsOpenToItself,
  forwardedCountsFromProxiesOnly,
  namedLimitsHold,
  ownLimits,
  refusalsTell,
  replicasShareAndSlide,
  tiersAndExemptions,
} from '../probes/security-limits.ts'

const plugin = 'src/plugins/rate-limit.ts'
const register = '  await app.register(rateLimit, { ...config.edge, limiter, metrics, security })'

export const securityLimits: Control[] = [
  control({
    id: 'SEC-15',
    level: 'must',
    holds:
      'Named limits hold, each settable by environment: auth 5 calls a minute by address, payment 5, upload 10, write 30, read 100 and public 100, by user where one is signed in and by address where not.',
    because: 'Without limits one caller tries a million passwords, or takes the service away from all others.',
    code: [plugin, 'src/lib/limits.ts', 'src/environment.edge.schemas.ts'],
    runbook: 'docs/runbooks/limits.md#someone-is-refused-who-should-not-be',
    needs: ['api', 'redis'],
    own: ownLimits,
    probe: namedLimitsHold,
    sabotages: [
      removed('src/app.ts', register, { red: 'never-refused' }),
      config('a limit is ten times as high', { LIMIT_WRITE: '300/60s' }, { red: 'never-refused' }),
      source(
        'signing in is limited as other writes are',
        'src/modules/identity/identity.routes.ts',
        "      config: { access: 'public', limit: 'auth', writes: 'always' },",
        "      config: { access: 'public', limit: 'write', writes: 'always' },",
        { red: 'never-refused' },
      ),
      source(
        'all callers of an address share',
        plugin,
        "viewer && policy !== 'auth' ? viewer.id : addressHash",
        'addressHash',
        {
          red: 'user-not-known',
        },
      ),
    ],
  }),

  control({
    id: 'SEC-16',
    level: 'must',
    holds:
      'All replicas count together, a restart does not reset a limit, and the window slides: no double burst at its edge.',
    because:
      'Limits for each process grow with the number of replicas, and fixed windows let twice the limit through at their edge.',
    code: ['src/lib/limits.ts', 'src/services.ts'],
    runbook: 'docs/runbooks/limits.md#someone-is-refused-who-should-not-be',
    needs: ['api', 'redis'],
    own: { LIMIT_READ: '10/60s', LIMIT_PUBLIC: '10/4s' },
    probe: replicasShareAndSlide,
    sabotages: [
      source(
        'each process counts for itself',
        'src/services.ts',
        'createLimiter({ redis: limitsRedis,',
        'createLimiter({ redis: undefined,',
        {
          red: 'not-shared',
        },
      ),
      source(
        'the window does not slide',
        'src/lib/limits.ts',
        'local used = p * (window - elapsed) / window + c',
        'local used = c',
        {
          red: 'double-burst',
        },
      ),
    ],
  }),

  control({
    id: 'SEC-17',
    level: 'must',
    holds:
      'A refused call is a 429 problem with Retry-After, every limited answer carries RateLimit and RateLimit-Policy, and each refusal is a security event and counted.',
    because: 'Clients that can’t see a limit retry into it, and refusals that nobody records hide an attack.',
    code: [plugin],
    runbook: 'docs/runbooks/limits.md#an-attack-shows-in-the-refusals',
    needs: ['api', 'redis'],
    own: { LIMIT_AUTH: '5/60s' },
    probe: refusalsTell,
    sabotages: [
      source(
        'what is left is not told',
        plugin,
        "      reply.header('ratelimit', `",
        "      reply.header('x-ratelimit', `",
        { red: 'no-ratelimit-field' },
      ),
      source('when to come again is not told', plugin, "    headers: { 'retry-after': String(seconds) },\n", '', {
        red: 'no-retry-after',
      }),
      source(
        'the refusal is no security event',
        plugin,
        "security('limit.refused', request.viewer ?? request.seen, { policy })\n",
        '\n',
        { red: 'not-recorded' },
      ),
      source('the refusal is not counted', plugin, '      refusals.inc({ policy })\n', '', { red: 'not-counted' }),
    ],
  }),

  control({
    id: 'SEC-18',
    level: 'should',
    holds: "Limits depend on the caller's tier, and trusted networks can be exempted by configuration.",
    because:
      'A partner who syncs a thousand jobs is no attacker, and monitoring must not be locked out by its own probes.',
    code: [plugin, 'migrations/0006_user_tiers.up.sql'],
    runbook: 'docs/runbooks/limits.md#someone-needs-more',
    needs: ['api', 'redis'],
    own: { LIMIT_READ: '5/60s', LIMIT_PUBLIC: '5/60s', LIMIT_PARTNER_FACTOR: '3', LIMIT_EXEMPT: '127.99.0.0/16' },
    probe: tiersAndExemptions,
    sabotages: [
      source('the tier is ignored', plugin, "max * tierFactors[viewer?.tier ?? 'standard']", 'max', {
        red: 'tier-ignored',
      }),
      config('no network is exempt', { LIMIT_EXEMPT: '' }, { red: 'not-exempt' }),
      config('every network is exempt', { LIMIT_EXEMPT: '127.0.0.0/8' }, { red: 'never-refused' }),
    ],
  }),

  control({
    id: 'SEC-19',
    level: 'must',
    holds:
      'With Redis gone the limiter counts in its process instead, at once and never plainly open, says so in a metric and in /health/ready, and comes back by itself.',
    because:
      'A limiter that fails closed turns a lost cache into an outage; one that fails open invites whoever can take Redis down.',
    code: ['src/lib/limits.ts', 'src/lib/redis.ts'],
    runbook: 'docs/runbooks/limits.md#limits-are-local',
    needs: ['api', 'redis'],
    own: { LIMIT_AUTH: '5/60s', REDIS_TIMEOUT_MS: '50' },
    probe: failsOpenToItself,
    sabotages: [
      source(
        'it fails closed',
        'src/lib/limits.ts',
        '    } catch {\n      return local.take(key, max, window)',
        '    } catch (error) {\n      throw error',
        {
          red: 'fails-closed',
        },
      ),
      source(
        'it fails open',
        'src/lib/limits.ts',
        '    } catch {\n      return local.take(key, max, window)',
        '    } catch {\n      return { used: 0, wait: 0 }',
        {
          red: 'open-without-redis',
        },
      ),
      source(
        'each call asks Redis and waits',
        'src/lib/limits.ts',
        'new ConsecutiveBreaker(1)',
        'new ConsecutiveBreaker(1e6)',
        { red: 'metric-does-not-say' },
      ),
    ],
  }),

  control({
    id: 'SEC-20',
    level: 'must',
    holds:
      "Forwarded addresses count only from configured proxies: a caller who varies X-Forwarded-For is limited under the real address, and logged by that address's keyed hash alone.",
    because: 'Where the field is believed as sent, a login limit is stepped around by one header.',
    code: ['src/plugins/address.ts', 'src/plugins/request-log.ts', plugin],
    runbook: 'docs/runbooks/limits.md#all-callers-have-the-same-address',
    needs: ['api', 'redis'],
    own: { LIMIT_PUBLIC: '5/60s', TRUST_PROXY: '127.127.0.0/16' },
    probe: forwardedCountsFromProxiesOnly,
    sabotages: [
      source(
        'every caller is taken for a proxy',
        'src/plugins/address.ts',
        'return words.length > 0 && words.flatMap',
        "return ['loopback'].concat(words).flatMap",
        {
          red: 'forwarded-address-counts',
        },
      ),
      config('no proxy is trusted', { TRUST_PROXY: '' }, { red: 'proxy-not-believed' }),
      source(
        'the address itself is logged',
        'src/plugins/request-log.ts',
        'addressHash: request.addressHash',
        'addressHash: request.address',
        {
          red: 'address-in-log',
        },
      ),
      source('IPv6 counts address by address', 'src/plugins/address.ts', 'parts.slice(0, 4)', 'parts', {
        red: 'ipv6-not-by-network',
      }),
    ],
  }),
]
