import { type Control, control, removed, source } from '../control.ts'
import { aThousandMissesAreOneQuery, keepsAndForgets, noReplicaIsBehind } from '../probes/performance-cache.ts'

export const performanceCache: Control[] = [
  control({
    id: 'PER-01',
    level: 'must',
    holds:
      'Public reads are cached for named lifetimes (60, 300, 3600 and 86400 s), forgotten by key and by tag when a write changes them, counted by how they ended, and all of it can be switched off while the service runs.',
    because:
      'A cache without a switch can only be argued with while it serves what is wrong, and one without numbers is believed to work.',
    code: ['src/lib/cache.ts', 'src/plugins/cached-answers.ts', 'src/services.ts'],
    runbook: 'docs/runbooks/cache.md#something-old-is-served',
    needs: ['api', 'redis'],
    own: {},
    lacks: 'Every route that is cached has the lifetime short (60 s): the longer ones have no reader yet.',
    probe: keepsAndForgets,
    sabotages: [
      removed('src/app.ts', '  await app.register(cachedAnswers, { cache: services.cache })', { red: 'never-hit' }),
      source(
        'the kill switch is ignored',
        'src/services.ts',
        "config.edge.cache.on && !switches.isOn('cache-off')",
        'config.edge.cache.on',
        {
          red: 'kill-switch-ignored',
        },
      ),
      source('a minute lasts ten', 'src/lib/cache.ts', 'short: 60,', 'short: 600,', { red: 'lifetime-differs' }),
      source(
        'a write forgets no list',
        'src/modules/jobs/jobs.service.ts',
        '[jobTags.list, jobTags.one(job.id),',
        '[jobTags.one(job.id),',
        {
          red: 'tag-not-forgotten',
        },
      ),
      source(
        'a write forgets every job',
        'src/modules/jobs/jobs.service.ts',
        "  one: (id = '') => `job:${id}`,",
        "  one: (_id = '') => 'job',",
        {
          red: 'forgets-too-much',
        },
      ),
      source(
        'nothing is counted',
        'src/lib/cache.ts',
        '    reads.inc({ name: wanted.name, result: found.result })\n',
        '',
        { red: 'not-counted' },
      ),
    ],
  }),

  control({
    id: 'PER-02',
    level: 'must',
    holds:
      'No replica serves a value that is older than a completed write by more than a second, also while Redis is away.',
    because:
      'A message that drops a value elsewhere can be lost, and a read that began before a write can store what it read after it: both serve the past until a lifetime ends.',
    code: ['src/lib/generations.ts', 'src/lib/cache.ts'],
    runbook: 'docs/runbooks/cache.md#something-old-is-served',
    needs: ['api', 'redis'],
    own: { REDIS_TIMEOUT_MS: '100' },
    probe: noReplicaIsBehind,
    sabotages: [
      source(
        'a replica asks once a minute',
        'src/lib/generations.ts',
        'const trusted = 750',
        'const trusted = 60_000',
        { red: 'older-than-a-second' },
      ),
      source('a write tells nobody', 'src/services.ts', 'forget: cache.forget', 'forget: async () => {}', {
        red: 'own-write-unseen',
      }),
      source(
        'what was kept counts without Redis',
        'src/lib/cache.ts',
        'if (generation && found && Date.now() < found.until)',
        'if (found && Date.now() < found.until)',
        {
          red: 'older-than-a-second',
        },
      ),
    ],
  }),

  control({
    id: 'PER-03',
    level: 'must',
    holds: 'A thousand simultaneous misses of one key run one query.',
    because:
      'When a popular page ends in the cache, everyone who wants it asks the database at once, and the second wave finds it down.',
    code: ['src/lib/cache.ts'],
    runbook: 'docs/runbooks/cache.md#the-database-is-asked-too-often',
    needs: ['api', 'redis'],
    own: {
      CONCURRENT_REQUESTS: '2000',
      DATABASE_CONNECT_TIMEOUT_MS: '60000',
      DATABASE_LOCK_TIMEOUT_MS: '60000',
      DATABASE_STATEMENT_TIMEOUT_MS: '60000',
      HANDLER_TIMEOUT_MS: '60000',
    },
    probe: aThousandMissesAreOneQuery,
    sabotages: [
      source('everyone reads alone', 'src/lib/cache.ts', '    if (underWay) return underWay\n', '', {
        red: 'more-than-one-query',
      }),
    ],
  }),
]
