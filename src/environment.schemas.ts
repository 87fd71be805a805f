// The variables of the environment: what each means, what it must be, and its default. .env.example and config.ts follow this list.
import { Type } from 'typebox'
import { contact } from './environment.contact.schemas.ts'
import { edge } from './environment.edge.schemas.ts'
import { identity } from './environment.identity.schemas.ts'
import { databaseUrl, milliseconds, redisUrl, succeeds, url } from './environment.kit.schemas.ts'
import { payments } from './environment.payments.schemas.ts'
import { schedules } from './environment.schedules.schemas.ts'
import { secrets } from './environment.secrets.schemas.ts'
import { telemetry } from './environment.telemetry.schemas.ts'
import { uploads } from './environment.uploads.schemas.ts'
import { splitSigningKeys } from './lib/signing-keys.ts'

/** Each variable: what it means, what it must be, its default if it has one. Secrets have none, and can come from the file that NAME_FILE names. */
export const Environment = Type.Object({
  NODE_ENV: Type.Enum(['development', 'test', 'production'], {
    default: 'production',
    description: 'Which rules hold: production refuses weak secrets and development aids',
  }),
  DEPLOYMENT: Type.String({
    pattern: '^[a-z0-9-]{1,40}$',
    should: 'a name of small letters, digits and dashes',
    default: 'local',
    description: 'Name of this deployment in logs, such as staging',
  }),
  HOST: Type.String({
    minLength: 1,
    maxLength: 255,
    should: 'an address to listen on',
    default: '127.0.0.1',
    description: 'Address to listen on; 0.0.0.0 in a container',
  }),
  PORT: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 8080,
    description: 'Port of the API; 0 takes any free one',
  }),
  PUBLIC_URL: url('https|http', 'Where people reach this service; issuer of its tokens, base of its links'),
  ...contact,

  ...telemetry,

  DATABASE_URL: databaseUrl(
    'PostgreSQL as the service sees it: a login that is a member of seaworthy_app and owns nothing',
  ),
  DATABASE_OWNER_URL: databaseUrl(
    'PostgreSQL as the owner of the schema, by a direct connection. Only npm run migrate and npm run link-identity read it',
  ),
  DATABASE_POOL_MAX: Type.Integer({
    minimum: 1,
    maximum: 200,
    default: 10,
    description: 'Most connections of one process',
  }),
  DATABASE_CONNECT_TIMEOUT_MS: milliseconds(2000, 'Longest wait for a connection, from the pool or new'),
  DATABASE_STATEMENT_TIMEOUT_MS: milliseconds(5000, 'Longest a statement may run'),
  DATABASE_LOCK_TIMEOUT_MS: milliseconds(2000, 'Longest a statement may wait for a lock'),
  DATABASE_IDLE_TRANSACTION_TIMEOUT_MS: milliseconds(10_000, 'Longest a transaction may sit idle'),
  DATABASE_CONNECTION_LIFETIME_MS: milliseconds(1_800_000, 'Age at which a connection is replaced'),
  DATABASE_START_TIMEOUT_MS: milliseconds(30_000, 'How long the start waits for a database that is away'),

  DATABASE_DIRECT_URL: Type.Optional(
    databaseUrl(
      'The same login by a direct connection, for LISTEN, where DATABASE_URL leads to a pooler; DATABASE_URL where unset',
    ),
  ),

  DATABASE_STANDBY_HOST: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?$',
      should: 'HOST or HOST:PORT',
      description: 'A standby of PostgreSQL that answers reads, with the login of DATABASE_DIRECT_URL or DATABASE_URL',
    }),
  ),
  DATABASE_STANDBY_LAG_MS: Type.Integer({
    minimum: 100,
    maximum: 4000,
    default: 3000,
    description: 'Milliseconds that what it answers may be old; beyond that the primary answers',
  }),

  REDIS_URL: redisUrl('Redis for the queues, and for limits and cache where they have none of their own'),
  QUEUE_DATABASE_URL: Type.Optional(
    databaseUrl('Without REDIS_URL only: the login that keeps jobs in the schema bullmq'),
  ),
  REDIS_PREFIX: Type.String({
    pattern: '^[a-z0-9-]{1,40}$',
    should: 'a name of small letters, digits and dashes',
    default: 'seaworthy',
    description: 'Prefix of all keys in Redis',
  }),
  QUEUE_REDIS_CHECK: Type.Enum(['refuse', 'warn'], {
    default: 'refuse',
    description:
      'What a worker does when it starts and the Redis of the queues can lose jobs: refuse to start, or warn and go on',
  }),
  QUEUE_ATTEMPTS: Type.Integer({
    minimum: 1,
    maximum: 50,
    default: 8,
    description: 'How often a job is tried before it is a dead letter',
  }),
  QUEUE_BACKOFF_MS: milliseconds(1000, 'Wait before the first retry of a job; each later one is twice as long'),
  QUEUE_LOCK_MS: milliseconds(30_000, 'Time after which the job of a dead worker is given to another', 1000),
  WORKER_CONCURRENCY: Type.Integer({
    minimum: 1,
    maximum: 200,
    default: 5,
    description: 'Events that one worker works on at once',
  }),
  JOB_TIMEOUT_MS: milliseconds(30_000, 'Longest a try of a job may take'),
  SCHEDULE_TIMEOUT_MS: milliseconds(600_000, 'Longest a try of what is done at fixed times may take'),
  WORKER_HEALTH_PORT: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 9092,
    description: 'Port on which a worker answers /health/live and /health/ready',
  }),
  OUTBOX_SWEEP_MS: milliseconds(5000, 'Time between sweeps of the outbox for events whose wake-up was missed'),
  OUTBOX_RETRY_MS: milliseconds(60_000, 'Time after which an event without recorded effect is published again'),
  EVENTS_KEPT_DAYS: Type.Integer({
    minimum: 1,
    maximum: 3650,
    default: 30,
    description: 'Days that handled events are kept',
  }),

  ...edge,

  SMTP_URL: Type.Refine(
    Type.String({
      pattern: '^smtps?://[^\\s]+$',
      should: 'a valid URL that starts with smtp:// or smtps://',
      secret: 'password',
      description: 'Mail server',
    }),
    (text) => succeeds(() => decodeURIComponent(new URL(text).password)),
  ),
  MAIL_FROM: Type.String({
    pattern: '^[^\\s@<>]+@[^\\s@<>]+$',
    maxLength: 254,
    should: 'an e-mail address',
    description: 'Sender of mails',
  }),
  MAIL_TIMEOUT_MS: milliseconds(10_000, 'Longest wait for the mail server'),
  MAIL_CONCURRENCY: Type.Integer({
    minimum: 1,
    maximum: 200,
    default: 5,
    description: 'Mails that one worker sends at once',
  }),
  MAIL_PER_SECOND: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 10_000,
      description: 'Mails that all workers together begin in a second, where the provider takes no more',
    }),
  ),

  TOKEN_SIGNING_KEY: Type.Refine(
    Type.String({
      should: 'an Ed25519 private key in PEM (openssl genpkey -algorithm ed25519)',
      secret: 'value',
      description:
        'Signs access tokens: an Ed25519 private key in PEM, or several, of which the first signs and all verify',
    }),
    (pem) => succeeds(() => splitSigningKeys(pem)),
  ),
  TOKEN_AUDIENCE: Type.String({
    minLength: 1,
    maxLength: 100,
    should: 'text of 1 to 100 characters',
    default: 'seaworthy',
    description: 'Who access tokens are for',
  }),
  TOKEN_LIFETIME_MS: milliseconds(600_000, 'How long an access token lives', 1000),
  APP_SECRET: Type.String({
    minLength: 1,
    should: 'a random text of at least 32 characters (openssl rand -base64 32)',
    secret: 'value',
    description: 'Signs the cursors of lists, and keys what idempotency remembers of a body',
  }),
  CURSOR_LIFETIME_MS: milliseconds(3_600_000, 'How long a cursor can be used at least: up to a tenth more', 1000),

  ...identity,

  ...secrets,

  ...payments,

  ...uploads,

  ...schedules,

  BODY_LIMIT_BYTES: Type.Integer({
    minimum: 1024,
    maximum: 10_485_760,
    default: 65_536,
    description: 'Largest request body',
  }),
  REQUEST_TIMEOUT_MS: milliseconds(10_000, 'Longest a client may take to send a request', 1000),
  HANDLER_TIMEOUT_MS: milliseconds(30_000, 'Longest a request may take to be answered'),
  READY_TIMEOUT_MS: milliseconds(1500, 'Longest /health/ready waits for a dependency'),
  DRAIN_MS: milliseconds(500, 'How long a stopping service says that it is not ready before it closes', 0),
  SHUTDOWN_TIMEOUT_MS: milliseconds(10_000, 'Longest a graceful shutdown may take'),
  DELETED_JOBS_KEPT_DAYS: Type.Integer({
    minimum: 1,
    maximum: 3650,
    default: 30,
    description: 'Days a deleted job can be restored before the purge removes it',
  }),
})
