// What the variables of the environment are to the service: the shape of its configuration.
import { dirname } from 'node:path'
import process from 'node:process'
import type { Static } from 'typebox'
import { limitOf, wordsOf } from './environment.edge.schemas.ts'
import { timesOf } from './environment.schedules.schemas.ts'
import type { Environment } from './environment.schemas.ts'

export type Values = Static<typeof Environment>

/** Milliseconds after which the primary is asked instead. */
const standbyPatience = 2000

export function arrange(v: Values) {
  return {
    production: v.NODE_ENV === 'production',
    deployment: v.DEPLOYMENT,
    publicUrl: v.PUBLIC_URL.replace(/\/+$/, ''),
    appUrl: (v.APP_URL ?? v.PUBLIC_URL).replace(/\/+$/, ''),
    reports: { contacts: wordsOf(v.SECURITY_CONTACT), policy: v.SECURITY_POLICY_URL },
    deletedJobsKeptDays: v.DELETED_JOBS_KEPT_DAYS,
    log: { level: v.LOG_LEVEL, format: v.LOG_FORMAT, file: v.LOG_FILE },
    /** A folder on the disk that fills. */
    disk: v.LOG_FILE ? dirname(v.LOG_FILE) : process.cwd(),
    requestLog: { successRatio: v.LOG_SUCCESS_RATIO, slow: v.SLOW_REQUEST_MS },
    tracing: { endpoint: v.OTEL_EXPORTER_OTLP_ENDPOINT, ratio: v.TRACE_RATIO },
    errors: { dsn: v.SENTRY_DSN },
    profiles: { ratio: v.PROFILE_RATIO, folder: v.PROFILE_DIR },
    http: {
      host: v.HOST,
      port: v.PORT,
      bodyLimit: v.BODY_LIMIT_BYTES,
      requestTimeout: v.REQUEST_TIMEOUT_MS,
      handlerTimeout: v.HANDLER_TIMEOUT_MS,
      readyTimeout: v.READY_TIMEOUT_MS,
      drain: v.DRAIN_MS,
      shutdownTimeout: v.SHUTDOWN_TIMEOUT_MS,
    },
    database: arrangeDatabase(v),
    standby: v.DATABASE_STANDBY_HOST ? arrangeStandby(v, v.DATABASE_STANDBY_HOST) : undefined,
    edge: arrangeEdge(v),
    redis: {
      limits: v.LIMITS_REDIS_URL ?? v.REDIS_URL,
      cache: v.CACHE_REDIS_URL ?? v.REDIS_URL,
      timeout: v.REDIS_TIMEOUT_MS,
      prefix: v.REDIS_PREFIX,
    },
    queues: {
      store: v.QUEUE_DATABASE_URL ? { postgres: v.QUEUE_DATABASE_URL } : { redis: v.REDIS_URL },
      prefix: v.REDIS_PREFIX,
      check: v.QUEUE_REDIS_CHECK,
      attempts: v.QUEUE_ATTEMPTS,
      backoff: v.QUEUE_BACKOFF_MS,
      lock: v.QUEUE_LOCK_MS,
      limits: { job: v.JOB_TIMEOUT_MS, schedule: v.SCHEDULE_TIMEOUT_MS },
    },
    streams: { most: v.STREAMS_MAX, mostOfOne: v.STREAMS_PER_USER, ping: v.STREAM_PING_MS, look: v.STREAM_LOOK_MS },
    worker: {
      concurrency: { events: v.WORKER_CONCURRENCY, mail: v.MAIL_CONCURRENCY },
      perSecond: { mail: v.MAIL_PER_SECOND },
      healthPort: v.WORKER_HEALTH_PORT,
    },
    outbox: { url: v.DATABASE_DIRECT_URL ?? v.DATABASE_URL, every: v.OUTBOX_SWEEP_MS, retryAfter: v.OUTBOX_RETRY_MS },
    eventsKeptDays: v.EVENTS_KEPT_DAYS,
    mail: { url: v.SMTP_URL, from: v.MAIL_FROM, timeout: v.MAIL_TIMEOUT_MS },
    payments: {
      url: v.PAYMENTS_URL,
      secretKey: v.PAYMENTS_SECRET_KEY,
      webhookSecrets: wordsOf(v.PAYMENTS_WEBHOOK_SECRETS),
      timeout: v.PAYMENTS_TIMEOUT_MS,
      atOnce: v.PAYMENTS_AT_ONCE,
    },
    escrow: {
      times: { quick: v.PAYMENTS_QUICK_MS, lease: v.PAYMENTS_LEASE_MS },
      feeBps: v.PLATFORM_FEE_BPS,
      releaseAfter: v.RELEASE_AFTER_SECONDS,
    },
    uploads: {
      url: v.UPLOADS_URL,
      timeout: v.UPLOADS_TIMEOUT_MS,
      maxBytes: v.UPLOAD_MAX_BYTES,
      perUser: v.UPLOADS_PER_USER,
    },
    breakers: { failures: v.BREAKER_FAILURES, openFor: v.BREAKER_OPEN_MS },
    schedules: { times: timesOf(v.SCHEDULES), look: v.SCHEDULES_WATCH_MS, lease: v.QUEUE_LOCK_MS },
    jobOpenDays: v.JOB_OPEN_DAYS,
    tokens: { signingKey: v.TOKEN_SIGNING_KEY, audience: v.TOKEN_AUDIENCE, lifetime: v.TOKEN_LIFETIME_MS },
    secrets: {
      fromStore: v.AWS_SECRET_ID !== undefined,
      every: v.SECRETS_REFRESH_MS,
      settle: settleAfter(v.SECRETS_REFRESH_MS),
    },
    external:
      v.EXTERNAL_ISSUER && v.EXTERNAL_AUDIENCE && v.EXTERNAL_JWKS_URL
        ? { issuer: v.EXTERNAL_ISSUER, audience: v.EXTERNAL_AUDIENCE, jwksUrl: v.EXTERNAL_JWKS_URL }
        : undefined,
    secret: v.APP_SECRET,
    encryptionKeys: v.ENCRYPTION_KEYS,
    auditOldKeys: wordsOf(v.AUDIT_OLD_KEYS),
    sessions: { idleDays: v.SESSION_IDLE_DAYS, days: v.SESSION_DAYS, keptDays: v.SESSIONS_KEPT_DAYS },
    signInDelay: v.SIGN_IN_DELAY_MS,
    passwords: { memoryCost: v.ARGON2_MEMORY_KIB, timeCost: v.ARGON2_PASSES, atOnce: v.PASSWORD_HASHES_AT_ONCE },
    cursorLifetime: v.CURSOR_LIFETIME_MS,
  }
}

/** Every process has read a new key by then, with one reading to spare. */
export const settleAfter = (refresh: number) => 2 * refresh

function arrangeDatabase(v: Values) {
  return {
    url: v.DATABASE_URL,
    poolMax: v.DATABASE_POOL_MAX,
    connectTimeout: v.DATABASE_CONNECT_TIMEOUT_MS,
    statementTimeout: v.DATABASE_STATEMENT_TIMEOUT_MS,
    lockTimeout: v.DATABASE_LOCK_TIMEOUT_MS,
    idleTransactionTimeout: v.DATABASE_IDLE_TRANSACTION_TIMEOUT_MS,
    connectionLifetime: v.DATABASE_CONNECTION_LIFETIME_MS,
    startTimeout: v.DATABASE_START_TIMEOUT_MS,
  }
}

/** The same login, by a direct connection. One that hangs costs a read less than the primary may take after it. */
function arrangeStandby(v: Values, host: string) {
  const url = new URL(v.DATABASE_DIRECT_URL ?? v.DATABASE_URL)
  url.host = host
  const patience = (limit: number) => Math.min(limit, standbyPatience)
  return {
    ...arrangeDatabase(v),
    url: url.href,
    connectTimeout: patience(v.DATABASE_CONNECT_TIMEOUT_MS),
    statementTimeout: patience(v.DATABASE_STATEMENT_TIMEOUT_MS),
    readOnly: true,
    bound: v.DATABASE_STANDBY_LAG_MS,
  }
}

function arrangeEdge(v: Values) {
  return {
    trustProxy: wordsOf(v.TRUST_PROXY),
    hosts: [new URL(v.PUBLIC_URL).hostname, ...wordsOf(v.ALLOWED_HOSTS)],
    corsOrigins: wordsOf(v.CORS_ORIGINS),
    pageOrigins: [new URL(v.PUBLIC_URL).origin, ...wordsOf(v.CORS_ORIGINS).filter((origin) => origin !== '*')],
    limits: {
      auth: limitOf(v.LIMIT_AUTH),
      payment: limitOf(v.LIMIT_PAYMENT),
      upload: limitOf(v.LIMIT_UPLOAD),
      write: limitOf(v.LIMIT_WRITE),
      read: limitOf(v.LIMIT_READ),
      public: limitOf(v.LIMIT_PUBLIC),
    },
    tierFactors: { standard: 1, partner: v.LIMIT_PARTNER_FACTOR },
    exempt: wordsOf(v.LIMIT_EXEMPT),
    cache: { on: v.CACHE === 'on', grace: v.CACHE_GRACE_MS },
    load: {
      concurrent: v.CONCURRENT_REQUESTS,
      waiting: v.WAITING_REQUESTS,
      wait: v.WAITING_MS,
      eventLoopDelay: v.EVENT_LOOP_DELAY_MS,
    },
    compressFrom: v.COMPRESS_FROM_BYTES,
    metricsPort: v.METRICS_PORT,
  }
}
