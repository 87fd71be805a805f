import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import { makeSecrets } from '../tools/development-secrets.ts'
import { manyCalls } from '../tools/stack.ts'

const { TOKEN_SIGNING_KEY, APP_SECRET, ENCRYPTION_KEYS, PAYMENTS_SECRET_KEY, PAYMENTS_WEBHOOK_SECRETS } = makeSecrets()

/** For processes that must not meet on the usual ports, since test files run side by side. */
export const anyPorts = { PORT: '0', METRICS_PORT: '0', WORKER_HEALTH_PORT: '0' }

/** A complete environment of the service, with secrets of this process. */
export const environment = (appUrl: string) => ({
  ...manyCalls,
  ...anyPorts,
  NODE_ENV: 'test',
  PUBLIC_URL: 'http://127.0.0.1:8080',
  SECURITY_CONTACT: 'mailto:security@example.com',
  DATABASE_URL: appUrl,
  // One server for all files, and keys of each one's own; a test that kills Redis starts another.
  REDIS_URL: inject('redisUrl'),
  REDIS_PREFIX: randomUUID(),
  // Nobody listens there: a test that needs mail starts its own.
  SMTP_URL: 'smtp://127.0.0.1:1',
  MAIL_FROM: 'seaworthy@example.com',
  TOKEN_SIGNING_KEY,
  APP_SECRET,
  ENCRYPTION_KEYS,
  // As with mail: a test that pays starts a sandbox of its own.
  PAYMENTS_URL: 'http://127.0.0.1:1',
  PAYMENTS_SECRET_KEY,
  PAYMENTS_WEBHOOK_SECRETS,
  // Names in it never meet.
  UPLOADS_URL: `file:${inject('uploadsFolder')}`,
  DRAIN_MS: '0',
  ALLOWED_HOSTS: 'localhost',
  // A busy machine is no overload, and no outage of Redis.
  EVENT_LOOP_DELAY_MS: '60000',
  REDIS_TIMEOUT_MS: '500',
  // What comes back is used again at once.
  BREAKER_OPEN_MS: '500',
})
