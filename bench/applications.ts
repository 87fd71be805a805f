// Applications: the write of the bench. Each is for a job that its worker has not applied for, under a key of its own.
import { jobId, pairOf, pairsInPgbench, workerId } from './data.ts'
import { statements } from './limits/write.sql.ts'
import type { Request } from './load.ts'
import type { World } from './world.ts'

const coverLetter = 'I have mended nine cranes like yours, and bring my own tools. '.repeat(3)

/** Who applies stands in the token, and for the bare program in a field of its own. */
export function applications({ freshPairs, tokens, jobs }: World, count: number): Request[] {
  const first = freshPairs(count)
  return Array.from({ length: count }, (_, at) => {
    const { worker, job } = pairOf(first + at, jobs)
    return {
      method: 'POST',
      path: `/v1/jobs/${jobId(job)}/applications`,
      headers: {
        'content-type': 'application/json',
        'idempotency-key': `pair-${first + at}`,
        authorization: `Bearer ${tokens[worker]}`,
        'x-worker': workerId(worker),
      },
      body: JSON.stringify({ coverLetter }),
    }
  })
}

/** What pgbench sends for one; `base` is the first of the numbers that its run may use, `share` how many each connection has. */
export function applicationInPgbench(jobs: number, share: number): string {
  const text = (value: string) => `'${value}'`
  const values: Record<string, string> = {
    worker: pairsInPgbench.worker,
    job: pairsInPgbench.job,
    route: `'POST /v1/jobs/' || ${pairsInPgbench.job}::text || '/applications'`,
    key: `'pair-' || :pair::text`,
    hash: `'\\x${'01'.repeat(32)}'::bytea`,
    letter: text(coverLetter),
    id: ':application',
    after: `jsonb_build_object('plain', jsonb_build_object('jobId', ${pairsInPgbench.job}), 'sealed', ${text(coverLetter)}::text)`,
    facts: `jsonb_build_object('applicationId', :application::text, 'jobId', ${pairsInPgbench.job}, 'jobTitle', 'Mend the crane', 'clientId', ${pairsInPgbench.worker}, 'workerId', ${pairsInPgbench.worker})`,
    answer: `jsonb_build_object('id', :application::text, 'jobId', ${pairsInPgbench.job}, 'coverLetter', ${text(coverLetter)}::text)`,
  }
  const filled = (statement: string) =>
    `${statement.replace(/\{(\w+)\}/g, (_, word: string) => values[word] ?? '').replaceAll('\n', ' ')};`
  const { begin, claim, hold, apply, record, tell, store, commit } = statements
  return [
    '\\set n :n + 1',
    `\\set pair :base + :client_id * ${share} + :n`,
    ...pairsInPgbench.variables(jobs),
    ...[begin, claim, hold].map(filled),
    `${filled(apply).replace('RETURNING *;', 'RETURNING id AS application')} \\gset`,
    ...[record, tell, store, commit].map(filled),
    '',
  ].join('\n')
}
