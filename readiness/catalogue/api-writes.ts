import { type Control, control, removed, source, sources } from '../control.ts'
import { callsAreHadOnce } from '../probes/api-idempotency.ts'
import { reservedWordsAreRefused, slugsAreUnique } from '../probes/api-slugs.ts'

export const apiWrites: Control[] = [
  control({
    id: 'API-03',
    level: 'must',
    holds:
      'Every POST that creates or moves something needs an Idempotency-Key: the same call again gets the stored answer, another body is 422, twenty at once have one effect, keys are per caller and last 24 hours.',
    because:
      'A client whose connection broke sends again, and so does every proxy and queue before it: without a key one click was two jobs, and would be two payments.',
    code: ['src/plugins/idempotency.ts', 'src/db/once.ts'],
    runbook: 'docs/runbooks/api.md#a-repeated-call-had-two-effects',
    needs: ['api'],
    probe: callsAreHadOnce,
    sabotages: [
      removed('src/app.ts', '  await app.register(idempotency, { secret: config.secret })', {
        red: 'key-not-required',
      }),
      source(
        'one route is not idempotent',
        'src/modules/contracts/contracts.routes.ts',
        "config: { access: ['client'], limit: 'write', idempotent: true, created",
        "config: { access: ['client'], limit: 'write', created",
        { red: 'key-not-required' },
      ),
      source(
        'the answer is stored under another key',
        'src/db/once.ts',
        '.execute({ caller, route, key, bodyHash })',
        '.execute({ caller, route, key: crypto.randomUUID(), bodyHash })',
        { red: 'not-replayed' },
      ),
      source(
        'looked up before it is taken',
        'src/db/once.ts',
        'Promise<Stored | undefined> {\n',
        `Promise<Stored | undefined> {
  if ((await tx.select().from(keys).where(same({ caller, route, key }))).length === 0) {
    await tx.insert(keys).values({ caller, route, key, bodyHash }).onConflictDoNothing()
    return undefined
  }
`,
        { red: 'effect-of-each-at-once' },
      ),
      source(
        'all callers share their keys',
        'src/plugins/idempotency.ts',
        'caller: viewer?.id ??',
        "caller: viewer ? 'someone' :",
        { red: 'key-shared-by-callers' },
      ),
      source(
        'a key never ends',
        'src/db/once.ts',
        "setWhere: lt(keys.createdAt, sql`now() - interval '24 hours'`)",
        "setWhere: lt(keys.createdAt, sql`now() - interval '24 years'`)",
        { red: 'key-never-ends' },
      ),
    ],
  }),
  control({
    id: 'API-12',
    level: 'should',
    holds:
      'A public slug belongs to one job, reserved words to none, and whether one is free is kept for 60 s and yet told as it is, also right after a creation.',
    because: 'Two jobs under one address, or a job at /admin, send people and their credentials to the wrong page.',
    code: ['src/lib/slugs.ts', 'src/modules/jobs/jobs.service.ts', 'migrations/0002_jobs.up.sql'],
    runbook: 'docs/runbooks/api.md#a-slug-cannot-be-had',
    needs: ['api'],
    probe: slugsAreUnique,
    look: ({ get }) => reservedWordsAreRefused(get),
    sabotages: [
      source("'admin' may be had", 'src/lib/slugs.ts', 'about account admin api', 'about account api', {
        red: 'reserved-word-free',
      }),
      source(
        'a reserved word is only said to be refused',
        'src/modules/jobs/jobs.service.ts',
        'if (isReserved(slug)) throw slugReserved(slug)',
        '',
        { red: 'reserved-word-taken' },
      ),
      source(
        'the answer is not kept',
        'src/modules/jobs/jobs.routes.ts',
        "        cached: { lifetime: 'short', tags: ({ params }) => [jobTags.slug(params.slug)] },\n",
        '',
        { red: 'not-kept' },
      ),
      source(
        'a creation is not told',
        'src/modules/jobs/jobs.service.ts',
        '    return forgetAnswers(created)\n',
        '    return created\n',
        { red: 'availability-is-wrong' },
      ),
      source(
        'drafts do not count as taken',
        'src/modules/jobs/jobs.repository.ts',
        '.where(eq(jobs.slug, slug))',
        ".where(and(eq(jobs.slug, slug), eq(jobs.status, 'open')))",
        { red: 'availability-is-wrong' },
      ),
      sources(
        'looked up, not constrained',
        [
          {
            file: 'migrations/0002_jobs.up.sql',
            find: 'slug text NOT NULL CONSTRAINT jobs_slug_unique UNIQUE,',
            replace: 'slug text NOT NULL,',
          },
          {
            file: 'src/modules/jobs/jobs.repository.ts',
            find: 'const [row] = await db.insert(jobs).values(job).onConflictDoNothing({ target: jobs.slug }).returning(columns)',
            replace:
              'if (await findSlug(db, job.slug)) return undefined\n  const [row] = await db.insert(jobs).values(job).returning(columns)',
          },
        ],
        { red: 'slug-taken-twice' },
      ),
      removed('src/app.ts', "  await app.register(slugRoutes, { prefix: '/v1/slugs', jobs: services.jobs })", {
        red: 'availability-not-told',
      }),
    ],
  }),
]
