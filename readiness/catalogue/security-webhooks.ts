import { type Control, control, source } from '../control.ts'
import { onlySignedEventsCount, secrets } from '../probes/security-webhooks.ts'

const provider = 'src/lib/provider.ts'

export const securityWebhooks: Control[] = [
  control({
    id: 'SEC-32',
    level: 'must',
    holds:
      'A webhook counts only with a signature of one of our secrets over the bytes of its body, at most five minutes old; sent again it changes nothing.',
    because: 'The route is open to the whole internet: without the signature anyone could say that a contract is paid.',
    code: [provider, 'src/modules/payments/webhooks.routes.ts', 'src/modules/payments/webhooks.service.ts'],
    runbook: 'docs/runbooks/payments.md#webhooks-are-refused',
    needs: ['api', 'payments'],
    own: { PAYMENTS_WEBHOOK_SECRETS: secrets.join(), PAYMENTS_QUICK_MS: '100', PAYMENTS_LEASE_MS: '600000' },
    probe: onlySignedEventsCount,
    sabotages: [
      source('the tolerance is skipped', provider, 'secret, tolerance)', 'secret, 1_000_000_000)', {
        red: 'old-signature-taken',
      }),
      source(
        'the signature is not looked at',
        provider,
        "eventOf(Stripe.webhooks.constructEvent(rawBody, signature ?? '', secret, tolerance))",
        'eventOf(JSON.parse(String(rawBody)))',
        { red: 'unsigned-taken' },
      ),
      source(
        'the body is parsed and written anew',
        'src/modules/payments/webhooks.routes.ts',
        'async (_: unknown, body: Buffer) => body)',
        'async (_: unknown, body: Buffer) => Buffer.from(JSON.stringify(JSON.parse(String(body)))))',
        { red: 'good-signature-refused' },
      ),
      source(
        'only the newest secret counts',
        provider,
        'for (const secret of secrets.webhookSecrets)',
        'for (const secret of secrets.webhookSecrets.slice(0, 1))',
        { red: 'good-signature-refused' },
      ),
    ],
  }),
]
