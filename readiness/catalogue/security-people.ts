import { type Control, control, removed, source } from '../control.ts'
import { blockedEverywhere } from '../probes/security-blocking.ts'

const users = 'src/modules/admin/users.service.ts'

export const securityPeople: Control[] = [
  control({
    id: 'SEC-11',
    level: 'must',
    holds:
      'Blocking a user ends their live access within 5 s on every replica, by header and by cookie, and their sessions for good; they can neither renew nor sign in until they are unblocked.',
    because:
      'A stolen account does its harm in minutes: a block that waits for tokens to expire, or holds on one replica, is no block.',
    code: [users, 'src/plugins/identify.ts', 'src/modules/identity/sessions.service.ts'],
    runbook: 'docs/runbooks/identity.md#someone-must-be-locked-out-now',
    needs: ['api', 'database', 'redis'],
    probe: blockedEverywhere,
    sabotages: [
      source(
        'the block is looked at only when someone signs in',
        'src/plugins/identify.ts',
        'if (actor && !(actor.sessionId && isEnded(actor.sessionId)))',
        'if (actor)',
        { red: 'access-lives-on' },
      ),
      source('a block ends no session', users, "await sessions.endAll(tx, id, 'blocked')", '0', {
        red: 'access-lives-on',
      }),
      removed('src/run.ts', '      await services.sessions.keepFresh(),', { red: 'access-lives-on' }),
      source(
        'who is blocked may sign in again',
        'src/modules/identity/sessions.service.ts',
        'if (user.blockedAt) throw accountBlocked()',
        '',
        { red: 'sign-in-taken' },
      ),
    ],
  }),
]
