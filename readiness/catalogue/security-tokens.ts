import { type Control, control, removed, source, sources } from '../control.ts'
import { keysRotateAndAreShared } from '../probes/security-keys.ts'
import { secretsComeFromTheStore } from '../probes/security-store.ts'
import { onlyGoodTokensCount } from '../probes/security-tokens.ts'

const tokens = 'src/lib/tokens.ts'

export const securityTokens: Control[] = [
  control({
    id: 'SEC-01',
    level: 'must',
    holds:
      'Every access token is checked for signature (EdDSA alone), kid, type, iss, aud, exp and nbf; alg none, HS and RS confusion, other or embedded keys, tampered and overlong tokens are 401.',
    because:
      'A library that takes the algorithm or the key from the token itself lets anyone write "admin" into one: it happened to many.',
    code: [tokens, 'src/lib/signing-keys.ts', 'src/plugins/identify.ts'],
    runbook: 'docs/runbooks/identity.md#a-token-is-taken-that-is-not-ours',
    needs: ['api'],
    probe: onlyGoodTokensCount,
    sabotages: [
      source(
        'the signature is not looked at',
        tokens,
        '    const keysThen = keys\n',
        '    if (!external) return actorOf(decodeJwt(token))\n    const keysThen = keys\n',
        { red: 'wrong-key-taken' },
      ),
      sources(
        'the key in the header is believed',
        [
          { file: tokens, find: 'import { decodeJwt, ', replace: 'import { decodeJwt, EmbeddedJWK, ' },
          {
            file: tokens,
            find: '({ kid }) => keyOf(kid)',
            replace: '(header, token) => (header.jwk ? EmbeddedJWK(header, token) : keyOf(header.kid))',
          },
        ],
        { red: 'embedded-jwk-taken' },
      ),
      sources(
        'HMAC is an algorithm too, and the public key its secret',
        [
          { file: tokens, find: "algorithms: ['EdDSA']", replace: "algorithms: ['EdDSA', 'HS256']" },
          {
            file: tokens,
            find: '({ kid }) => keyOf(kid)',
            replace:
              "({ kid, alg }) => (alg === 'HS256' ? Buffer.from(keyOf(kid).export({ type: 'spki', format: 'pem' })) : keyOf(kid))",
          },
        ],
        { red: 'hs256-with-public-key-taken' },
      ),
      source('tokens for others count', tokens, '      audience,\n      clockTolerance,', '      clockTolerance,', {
        red: 'other-audience-taken',
      }),
      source(
        'what is remembered is not all of the token',
        tokens,
        "hash('sha256', token,",
        "hash('sha256', token.split('.')[1] ?? '',",
        {
          red: 'tampered-signature-taken',
        },
      ),
    ],
  }),

  control({
    id: 'SEC-06',
    level: 'must',
    holds:
      'The public keys are published as a JWK set; a new key published, signs, and the old one is good until its tokens have ended, all without a restart; the tokens of another issuer count by its JWKS URL, for the users that they are linked to.',
    because:
      'Keys that can only be changed with everyone signed out are never changed, and a leaked one then signs for years.',
    code: [
      tokens,
      'src/lib/signing-keys.ts',
      'src/lib/key-rotation.ts',
      'src/plugins/jwks.ts',
      'src/lib/external-tokens.ts',
    ],
    runbook: 'docs/runbooks/secrets.md#a-signing-key-has-to-change',
    needs: ['database', 'redis'],
    own: {},
    probe: keysRotateAndAreShared,
    sabotages: [
      removed('src/app.ts', '  await app.register(jwks, { jwks: services.tokens.jwks })', { red: 'no-keys-published' }),
      source('only the new key is published', tokens, 'keys: keys.map(', 'keys: keys.slice(0, 1).map(', {
        red: 'old-key-not-published',
      }),
      source('only the new key verifies', tokens, 'keys.find((one)', 'keys.slice(0, 1).find((one)', {
        red: 'old-token-refused',
      }),
      source('tokens outlive their key in memory', tokens, '    known.clear()\n', '', {
        red: 'retired-key-still-good',
      }),
      source('keys go while their tokens are good', 'src/lib/key-rotation.ts', 'end <= now', 'end > 0', {
        red: 'retired-too-early',
      }),
      source(
        'the blocked are let in by the other issuer',
        'src/modules/identity/external-identities.service.ts',
        '!user || user.blockedAt || user.erasedAt',
        '!user',
        { red: 'blocked-still-in' },
      ),
    ],
  }),

  control({
    id: 'SEC-28',
    level: 'should',
    holds:
      'Secrets can come from AWS Secrets Manager; they are kept, read again in the background, and take effect without a restart; while the store is away or holds nonsense the last good ones go on, and no process starts without it.',
    because:
      'A secret that is changed only by a restart is changed seldom, and a store that is asked at each request takes the service down with it.',
    code: ['src/lib/secret-store.ts', 'src/secrets.ts', 'src/config.ts'],
    runbook: 'docs/runbooks/secrets.md#secrets-are-not-read-again',
    needs: ['database', 'redis'],
    own: {},
    probe: secretsComeFromTheStore,
    sabotages: [
      source('secrets are read once', 'src/server.ts', 'keepSecretsFresh(read), ', '', {
        red: 'rotation-not-picked-up',
      }),
      source(
        'set twice, one of them counts',
        'src/config.ts',
        'AWS_SECRET_ID: stored[name]',
        'AWS_SECRET_ID: undefined',
        {
          red: 'set-twice-taken',
        },
      ),
      source(
        'what the store holds is repeated',
        'src/lib/secret-store.ts',
        '  } catch {\n',
        '  } catch (error) {\n    throw error\n',
        { red: 'secret-said' },
      ),
      source(
        'a bad reading ends the process',
        'src/secrets.ts',
        "      log.warn({ err: error }, 'the secrets could not be read again: the last good ones go on')",
        '      void Promise.reject(error)',
        { red: 'bad-value-taken' },
      ),
    ],
  }),
]
