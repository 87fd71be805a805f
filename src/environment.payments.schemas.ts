// The variables of the payment provider, and of the breakers in front of whatever is outside.
import { Type } from 'typebox'
import { wordsOf } from './environment.edge.schemas.ts'
import { milliseconds, url } from './environment.kit.schemas.ts'

export const payments = {
  PAYMENTS_URL: Type.Refine(
    url('https|http', 'Where the payment provider is: Stripe, or what speaks its wire', {
      default: 'https://api.stripe.com',
      should: 'a valid URL that starts with https:// or http://, without a path',
    }),
    (text) => URL.parse(text)?.pathname === '/',
  ),
  PAYMENTS_SECRET_KEY: Type.String({
    pattern: '^[!-~]{1,500}$',
    should: 'a secret key of the provider (sk_…)',
    secret: 'value',
    description: 'Key by which the payment provider knows us',
  }),
  PAYMENTS_WEBHOOK_SECRETS: Type.Refine(
    Type.String({
      pattern: '^[!-~ ]{1,2000}$',
      should: 'signing secrets of webhooks (whsec_…), separated by commas',
      secret: 'value',
      description: 'Secrets that sign its webhooks, any of which counts, so that one can follow another',
    }),
    (text) => wordsOf(text).length > 0 && wordsOf(text).every((word) => /^[!-~]+$/.test(word)),
  ),
  PAYMENTS_TIMEOUT_MS: milliseconds(10_000, 'Longest a call to the payment provider may take', 100),
  PAYMENTS_AT_ONCE: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 20,
    description: 'Calls to the payment provider that a process makes at once; one more is refused',
  }),
  PAYMENTS_QUICK_MS: milliseconds(2000, 'Longest a request waits for the payment provider before it answers 202', 0),
  PAYMENTS_LEASE_MS: milliseconds(
    60_000,
    'For how long a payment is left to the process that tries it; longer than a call may take with its retries',
    100,
  ),
  PLATFORM_FEE_BPS: Type.Integer({
    minimum: 0,
    maximum: 5000,
    default: 1000,
    description: 'What the platform keeps of what a worker is paid, in hundredths of a percent; of contracts to come',
  }),
  RELEASE_AFTER_SECONDS: Type.Integer({
    minimum: 0,
    maximum: 5_184_000,
    default: 259_200,
    description: 'From the approval of a contract to the release of its money, in which it may be disputed',
  }),
  BREAKER_FAILURES: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 5,
    description: 'Failures in a row after which an outside dependency is left alone',
  }),
  BREAKER_OPEN_MS: milliseconds(60_000, 'For how long it is left alone before one call tries it', 100),
}
