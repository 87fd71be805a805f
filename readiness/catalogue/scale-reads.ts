// Whether a standby takes reads without anybody reading what is too old for them.
import { type Control, control, source } from '../control.ts'
import { readsFromTheStandby } from '../probes/scale-reads.ts'

const reads = 'src/db/reads.ts'
const bound = 4000

export const scaleReads: Control[] = [
  control({
    id: 'SCA-04',
    level: 'should',
    holds:
      'A standby answers reads that may be a little old: never older than the bound, never to who wrote a moment ago by any replica, and not at all while it is away; while the primary is away it answers all reads, each answer says so, and none is kept.',
    because:
      'A driver that picks a replica at random shows people a page without what they have just sent, follows a standby that has heard nothing for an hour, and fails with it.',
    code: [reads, 'src/db/replay.ts', 'src/db/checks.ts', 'src/plugins/own-writes.ts', 'src/lib/own-writes.ts'],
    runbook: 'docs/scaling.md#reads-from-a-standby',
    needs: ['api', 'redis', 'database'],
    probe: (context) => readsFromTheStandby(context, bound),
    sabotages: [
      source(
        'who has written reads from the standby all the same',
        reads,
        'actor?.wroteLately ? newest : recent',
        'actor ? recent : newest',
        {
          red: 'own-write-missed',
        },
      ),
      source(
        'only the replica that wrote knows it',
        'src/lib/own-writes.ts',
        'await redis?.set(',
        'await Object(redis).exists(',
        {
          red: 'own-write-missed',
        },
      ),
      source('the standby is never asked', reads, 'replay.age() > bound)', 'replay.age() > 0)', {
        red: 'standby-not-used',
      }),
      source('nobody looks how far it is behind', reads, 'replay.age() > bound)', 'replay.age() < 0)', {
        red: 'older-than-the-bound',
      }),
      source('what it can’t answer fails', reads, 'if (currentSignal()?.aborted) throw error', 'throw error', {
        red: 'lost-with-the-standby',
      }),
      source('without the primary nothing is read', reads, 'return isPrimaryAway() &&', 'return bound < 0 &&', {
        red: 'no-reads-without-the-primary',
      }),
      source(
        'what may lack the last writes is kept',
        'src/lib/cache.ts',
        'doubts() === before ?',
        'doubts() >= before ?',
        {
          red: 'old-answer-kept',
        },
      ),
    ],
  }),
]
