// Saturation: what this process, and what it stands on, have left. Asked at each scrape, never by a request.
import { statfs } from 'node:fs/promises'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { type BackupVitals, type DatabaseVitals, readBackups, readVitals } from './db/vitals.ts'
import type { Metrics, Sample } from './lib/metrics.ts'
import type { Resources } from './resources.ts'
import { version } from './version.ts'

type Own = Pick<Resources, 'poolUse'> & { /** On the disk that is written to. */ folder: string }
type Stores = Pick<Resources, 'db' | 'limitsRedis' | 'cacheRedis'> & {
  /** What the Redis of the queues says of itself. */
  queuesInfo: () => Promise<string | undefined>
}

/** Milliseconds for which one store is waited for: less than for all of them together. */
const patience = 500

/** Of every process. */
export function watchProcess(metrics: Metrics, { poolUse, folder }: Own): void {
  metrics.watchProcess()
  metrics
    .gauge({ name: 'seaworthy_build_info', help: 'Always 1, for its labels', labelNames: ['version', 'node'] })
    .set({ version, node: process.version }, 1)
  metrics.gauge({
    name: 'seaworthy_db_pool_connections',
    help: 'Connections to PostgreSQL, by state',
    labelNames: ['state'],
    collect() {
      const { total, idle } = poolUse()
      this.set({ state: 'idle' }, idle)
      this.set({ state: 'in_use' }, total - idle)
    },
  })
  metrics.gauge({
    name: 'seaworthy_db_pool_waiting',
    help: 'Who waits for a connection to PostgreSQL',
    collect() {
      this.set(poolUse().waiting)
    },
  })
  metrics.gauge({
    name: 'seaworthy_db_pool_max_connections',
    help: 'The most connections to PostgreSQL that this process opens',
    collect() {
      this.set(poolUse().max)
    },
  })
  const labelNames = ['folder']
  metrics.asked(
    'disk',
    {
      seaworthy_disk_free_bytes: { help: 'What is free on the disk of a folder', labelNames },
      seaworthy_disk_size_bytes: { help: 'Size of the disk of a folder', labelNames },
    },
    async () => {
      const { bsize, bavail, blocks } = await statfs(folder)
      const sample = (blocks: number): Sample[] => [{ labels: { folder }, value: bsize * blocks }]
      return { seaworthy_disk_free_bytes: sample(bavail), seaworthy_disk_size_bytes: sample(blocks) }
    },
  )
}

/** Of workers: one process that asks is enough, and none has to serve people meanwhile. */
export function watchStores(metrics: Metrics, { db, limitsRedis, cacheRedis, queuesInfo }: Stores): void {
  const told: Record<string, [help: string, of: keyof DatabaseVitals]> = {
    seaworthy_outbox_waiting: ['Events whose effect is not recorded yet', 'outboxWaiting'],
    seaworthy_outbox_oldest_seconds: ['Age of the oldest event whose effect is not recorded yet', 'outboxAgeSeconds'],
    seaworthy_dead_letters: ['Events that could not be told, and wait for somebody to look at them', 'deadLetters'],
    seaworthy_db_oldest_transaction_seconds: ['Age of the oldest open transaction', 'oldestTransactionSeconds'],
    seaworthy_db_size_bytes: ['Size of the database', 'sizeBytes'],
  }
  metrics.asked(
    'database',
    objectOf(told, ([help]) => ({ help })),
    async () => {
      const vitals = await readVitals(db)
      return objectOf(told, ([, of]) => [{ value: vitals[of] }])
    },
  )
  const labelled = { labelNames: ['kind'] }
  metrics.asked(
    'backups',
    {
      seaworthy_backup_last_success_timestamp_seconds: { help: 'When a kind of backup last succeeded', ...labelled },
      seaworthy_backup_last_failure_timestamp_seconds: {
        help: 'When a kind of backup, or a drill, last failed',
        ...labelled,
      },
      seaworthy_backup_size_bytes: { help: 'Size of the last good backup of a kind, as it is stored', ...labelled },
      seaworthy_backup_duration_seconds: { help: 'How long the last good backup of a kind took', ...labelled },
      seaworthy_restore_drill_last_success_timestamp_seconds: { help: 'When a backup was last restored, as a drill' },
      seaworthy_restore_drill_duration_seconds: {
        help: 'How long the last good drill took from nothing to a proven database',
      },
    },
    async () => {
      const runs = await readBackups(db)
      const isDrill = ({ kind }: BackupVitals) => kind === 'drill'
      const [drills, made] = [runs.filter(isDrill), runs.filter((run) => !isDrill(run))]
      const samples = (
        of: BackupVitals[],
        what: 'finishedAt' | 'failedAt' | 'bytes' | 'seconds',
        named = true,
      ): Sample[] =>
        of.flatMap(({ kind, [what]: value }) =>
          value === undefined ? [] : [{ ...(named && { labels: { kind } }), value }],
        )
      return {
        seaworthy_backup_last_success_timestamp_seconds: samples(made, 'finishedAt'),
        seaworthy_backup_last_failure_timestamp_seconds: samples(runs, 'failedAt'),
        seaworthy_backup_size_bytes: samples(made, 'bytes'),
        seaworthy_backup_duration_seconds: samples(made, 'seconds'),
        seaworthy_restore_drill_last_success_timestamp_seconds: samples(drills, 'finishedAt', false),
        seaworthy_restore_drill_duration_seconds: samples(drills, 'seconds', false),
      }
    },
  )
  const asking = ['memory', 'clients', 'stats'] as const
  const stores: Record<string, () => Promise<string | undefined>> = {
    limits: async () => limitsRedis?.info(...asking),
    cache: async () => cacheRedis?.info(...asking),
    queues: queuesInfo,
  }
  const of: Record<string, [help: string, field: string]> = {
    seaworthy_redis_memory_used_bytes: ['Memory that a Redis uses', 'used_memory'],
    seaworthy_redis_memory_max_bytes: ['Memory that a Redis may use; 0 for no limit', 'maxmemory'],
    seaworthy_redis_clients: ['Connections to a Redis', 'connected_clients'],
    seaworthy_redis_evicted_keys: ['Keys that a Redis has dropped for want of memory since it started', 'evicted_keys'],
  }
  metrics.asked(
    'redis',
    objectOf(of, ([help]) => ({ help, labelNames: ['store'] })),
    async () => {
      const answers = await Promise.all(
        // One that is away has no sample, and the others have theirs.
        Object.entries(stores).map(async ([store, ask]) => ({ store, text: await inTime(ask()) })),
      )
      return objectOf(of, ([, field]) =>
        answers.flatMap(({ store, text }) => (text ? [{ labels: { store }, value: fieldOf(text, field) }] : [])),
      )
    },
  )
}

const inTime = <T>(answer: Promise<T>) =>
  Promise.race([answer.catch(() => undefined), delay(patience, undefined, { ref: false })])

/** Lines are name:value (redis.io, INFO). */
const fieldOf = (info: string, name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0)

const objectOf = <V, R>(given: Record<string, V>, of: (value: V) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(given).map(([name, value]) => [name, of(value)]))
