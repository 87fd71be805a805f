import { type Control, control, removed, source } from '../control.ts'
import {
  cookiesNeedProof,
  refreshTokensWorkOnce,
  sessionsEnd,
  tokensComeBothWays,
} from '../probes/security-sessions.ts'

const service = 'src/modules/identity/sessions.service.ts'

export const securitySessions: Control[] = [
  control({
    id: 'SEC-02',
    level: 'must',
    holds:
      'The same access token works as a bearer header, and as a cookie of this host alone: HttpOnly, Secure, SameSite=Strict, and out of the body.',
    because: 'A token that a script can read is taken by the first script that someone else gets into the page.',
    code: ['src/plugins/cookies.ts', 'src/plugins/identify.ts', 'src/modules/identity/sessions.routes.ts'],
    runbook: 'docs/runbooks/identity.md#a-session-ends-too-soon-or-never',
    needs: ['api', 'database'],
    probe: tokensComeBothWays,
    sabotages: [
      source(
        'the cookie is ignored',
        'src/plugins/identify.ts',
        'authorization === undefined ? request.accessCookie : bearer',
        'authorization === undefined ? undefined : bearer',
        { red: 'cookie-ignored' },
      ),
      source(
        'scripts can read the cookies',
        'src/plugins/cookies.ts',
        'secure: true, httpOnly: true,',
        'secure: true,',
        {
          red: 'cookie-open',
        },
      ),
      source(
        'the cookies go over plain HTTP, too',
        'src/plugins/cookies.ts',
        "{ path: '/', secure: true,",
        "{ path: '/',",
        { red: 'cookie-open' },
      ),
      source(
        'a browser gets its tokens in the body, too',
        'src/modules/identity/sessions.routes.ts',
        'return { csrfToken: reply.setSession(session), ...common }',
        'return { accessToken, csrfToken: reply.setSession(session), ...common }',
        { red: 'tokens-in-body' },
      ),
    ],
  }),

  control({
    id: 'SEC-03',
    level: 'must',
    holds:
      'A write that stands on cookies is 403 unless it comes from an origin of ours and has the CSRF token of its own session; one with a bearer token needs neither.',
    because:
      'Browsers add cookies to what any site sends: without a proof, a page that someone visits writes in their name.',
    code: ['src/plugins/csrf.ts', 'src/plugins/cookies.ts'],
    runbook: 'docs/runbooks/identity.md#writes-of-browsers-are-refused',
    needs: ['api', 'database'],
    probe: cookiesNeedProof,
    sabotages: [
      removed(
        'src/app.ts',
        '  await app.register(csrf, { origins: config.edge.pageOrigins, security: services.security })',
        { red: 'forged-write-taken' },
      ),
      source(
        'the origin is not looked at',
        'src/plugins/csrf.ts',
        'if (origin === undefined || !origins.includes(origin)) {',
        'if (origin === undefined) {',
        { red: 'forged-write-taken' },
      ),
      source(
        'a token of any session will do',
        'src/plugins/csrf.ts',
        '(viewer?.sessionId !== undefined && csrfSession !== viewer.sessionId)',
        'viewer?.sessionId === null',
        { red: 'forged-write-taken' },
      ),
      source(
        'renewing needs no proof',
        'src/plugins/csrf.ts',
        '  if (config.renews && refreshCookie !== undefined && headers.authorization === undefined) return true\n',
        '',
        { red: 'forged-write-taken' },
      ),
    ],
  }),

  control({
    id: 'SEC-04',
    level: 'must',
    holds:
      'A refresh token works once: its reuse ends the session, the newest tokens included; once, within 10 s and while its successor is unused, it is forgiven, and the successor is void.',
    because:
      'Where a used token is only refused, the thief who used it first lives on with the newer one, and the owner is the one who is thrown out.',
    code: [service, 'src/modules/identity/sessions.repository.ts'],
    runbook: 'docs/runbooks/identity.md#a-refresh-token-was-used-twice',
    needs: ['api', 'database'],
    probe: refreshTokensWorkOnce,
    sabotages: [
      source(
        'reuse is refused, and the family lives on',
        service,
        '        await endSession(tx, session.id, fault)\n',
        '',
        { red: 'family-lives-on' },
      ),
      source(
        'a used token is forgiven again and again',
        service,
        'if (isAgain && (isForgiven || !isSuccessorUnused || usedFor > grace))',
        'if (isAgain && (!isSuccessorUnused || usedFor > grace))',
        { red: 'forgiven-twice' },
      ),
      source('forgiving leaves the successor alive', service, 'if (usedFor !== null) await forgive(tx, hash)\n', '\n', {
        red: 'successor-lives-on',
      }),
      source(
        'a used token is forgiven whenever it comes',
        service,
        '!isSuccessorUnused || usedFor > grace',
        '!isSuccessorUnused',
        { red: 'forgiven-late' },
      ),
      source(
        'two at once are both served',
        'src/modules/identity/sessions.repository.ts',
        "    .for('update', { of: sessions })\n",
        '',
        { red: 'several-winners' },
      ),
    ],
  }),

  control({
    id: 'SEC-05',
    level: 'must',
    holds:
      'A session ends 14 days after its last use and 90 days after its start, whichever is first, and its access tokens end with it.',
    because: 'A session that lasts while it is used never ends for whoever stole it.',
    code: [service, 'src/modules/identity/sessions.repository.ts', 'src/plugins/identify.ts'],
    runbook: 'docs/runbooks/identity.md#a-session-ends-too-soon-or-never',
    needs: ['api', 'database'],
    probe: sessionsEnd,
    sabotages: [
      source('idle sessions go on', service, "  if (isIdle) return 'idle'\n", '', { red: 'idle-goes-on' }),
      source('used sessions go on for ever', service, "  if (isOver) return 'too old'\n", '', {
        red: 'absolute-goes-on',
      }),
      source(
        'access tokens of ended sessions go on',
        'src/plugins/identify.ts',
        'if (actor && !(actor.sessionId && isEnded(actor.sessionId)))',
        'if (actor)',
        { red: 'idle-goes-on' },
      ),
    ],
  }),
]
