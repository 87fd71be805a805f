import { type Control, control, source } from '../control.ts'
import { magicLinksWorkOnce, secretsAreLongAndHashed } from '../probes/security-links.ts'

const letters = 'src/modules/identity/letters.service.ts'
const repository = 'src/modules/identity/links.repository.ts'
const isOpen = 'const isOpen = and(isNull(mailLinks.usedAt), sql`${mailLinks.expiresAt} > now()`)'

export const securityLinks: Control[] = [
  control({
    id: 'SEC-10',
    level: 'should',
    holds:
      'A link that signs in has 256 random bits, is kept only as a SHA-256 hash, works once, also for eight at once, for 15 minutes at most, and not after a newer one; asking for one tells nobody whether an address has an account.',
    because: 'Mails are forwarded, scanned and archived: a link that still works then signs in whoever finds it.',
    code: ['src/modules/identity/links.service.ts', repository, letters],
    runbook: 'docs/runbooks/identity.md#a-link-of-a-mail-works-when-it-should-not-or-not-at-all',
    needs: ['api', 'worker', 'mail', 'redis', 'database'],
    probe: magicLinksWorkOnce,
    sabotages: [
      source('a link works twice', repository, isOpen, 'const isOpen = and(sql`${mailLinks.expiresAt} > now()`)', {
        red: 'used-twice',
      }),
      source('a link works for ever', repository, isOpen, 'const isOpen = and(isNull(mailLinks.usedAt))', {
        red: 'expired-taken',
      }),
      source(
        'a link lives for a day',
        'src/modules/identity/links.service.ts',
        "'magic-link': 15 * 60,",
        "'magic-link': 24 * 60 * 60,",
        {
          red: 'lives-too-long',
        },
      ),
      source('a link has 64 bits', letters, 'randomBytes(32)', 'randomBytes(8)', { red: 'token-too-short' }),
      source(
        'who has no account is told so',
        'src/modules/identity/links.service.ts',
        '      const linkId = await issue(',
        '      if (!user) throw linkInvalid()\n      const linkId = await issue(',
        { red: 'account-told' },
      ),
    ],
  }),

  control({
    id: 'SEC-35',
    level: 'must',
    holds:
      'Refresh tokens and links of mails have 256 random bits, recovery codes 100; of each only a hash is kept, and no table, no key of Redis and no log line has one in clear. Access tokens are signed, and kept nowhere.',
    because: 'Whoever reads a copy of the database, or a backup of it, would else be signed in as everybody in it.',
    code: ['src/modules/identity/sessions.service.ts', letters, 'src/modules/identity/mfa.service.ts'],
    runbook: 'docs/runbooks/identity.md#a-bearer-secret-lies-in-clear',
    needs: ['api', 'worker', 'mail', 'redis', 'database'],
    probe: secretsAreLongAndHashed,
    sabotages: [
      source(
        'links are kept in clear',
        letters,
        "createHash('sha256').update(token).digest()",
        "Buffer.from(token, 'base64url')",
        { red: 'secret-in-clear' },
      ),
      source(
        'refresh tokens are kept in clear',
        'src/modules/identity/sessions.service.ts',
        "createHash('sha256').update(token).digest()",
        "Buffer.from(token, 'base64url')",
        { red: 'secret-in-clear' },
      ),
      source(
        'recovery codes are kept in clear',
        'src/modules/identity/mfa.service.ts',
        "createHash('sha256').update(plain).digest()",
        "Buffer.from(plain.padEnd(32, '.'))",
        { red: 'secret-in-clear' },
      ),
      source(
        'recovery codes have half the length',
        'src/modules/identity/mfa.service.ts',
        'Array.from({ length: 4 }, part)',
        'Array.from({ length: 2 }, part)',
        { red: 'too-few-bits' },
      ),
    ],
  }),
]
