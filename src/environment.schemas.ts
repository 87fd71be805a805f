// The variables of the environment: what each means, what it must be, and its default. .env.example and config.ts follow this list.
import { createPrivateKey } from 'node:crypto'
import { Type } from 'typebox'

const milliseconds = (otherwise: number, means: string, least = 1) =>
  Type.Integer({ minimum: least, maximum: 3_600_000, default: otherwise, description: `${means}, in milliseconds` })

const url = (protocols: string, means: string, options = {}) =>
  Type.Refine(
    Type.String({
      pattern: `^(${protocols})://[^\\s]+$`,
      should: `a valid URL that starts with ${protocols.replace('|', ':// or ')}://`,
      description: means,
      ...options,
    }),
    (text) => succeeds(() => decodeURIComponent(new URL(text).password)),
  )

/** A database URL is a secret because of its password. */
const databaseUrl = (means: string) => url('postgres|postgresql', means, { secret: 'password' })

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

  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'Least level that is logged',
  }),
  LOG_FORMAT: Type.Enum(['json', 'pretty'], {
    default: 'json',
    description: 'JSON for machines, pretty for a terminal',
  }),

  DATABASE_URL: databaseUrl(
    'PostgreSQL as the service sees it: a login that is a member of seaworthy_app and owns nothing',
  ),
  DATABASE_OWNER_URL: databaseUrl(
    'PostgreSQL as migrations see it: the owner of the schema, by a direct connection. Only npm run migrate reads it',
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

  TOKEN_SIGNING_KEY: Type.Refine(
    Type.String({
      should: 'an Ed25519 private key in PEM (openssl genpkey -algorithm ed25519)',
      secret: 'value',
      description: 'Signs access tokens: an Ed25519 private key in PEM',
    }),
    (pem) => succeeds(() => createPrivateKey(pem).asymmetricKeyType === 'ed25519'),
  ),
  TOKEN_AUDIENCE: Type.String({
    minLength: 1,
    maxLength: 100,
    should: 'text of 1 to 100 characters',
    default: 'seaworthy',
    description: 'Who access tokens are for',
  }),
  TOKEN_LIFETIME_MS: milliseconds(600_000, 'How long an access token lives', 1000),
  CURSOR_SECRET: Type.String({
    minLength: 1,
    should: 'a random text of at least 32 characters (openssl rand -base64 32)',
    secret: 'value',
    description: 'Signs the cursors of lists',
  }),
  CURSOR_LIFETIME_MS: milliseconds(3_600_000, 'How long a cursor can be used', 1000),

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

/** Whether an attempt neither throws nor answers false. */
function succeeds(attempt: () => unknown): boolean {
  try {
    return attempt() !== false
  } catch {
    return false
  }
}
