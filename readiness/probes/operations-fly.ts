// OPS-05: fly.toml is read as Fly reads it, key by key; what it says has to fit together, and then it is done: see operations-fly-run.ts.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { Value } from 'typebox/value'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { FlyConfig, type FlyService, millisecondsOf } from './operations-fly-keys.ts'
import { runFly } from './operations-fly-run.ts'

export async function seeFly(context: Context): Promise<Evidence> {
  const config = readFly(context.tree, 'fly.toml')
  const service = config.http_service ?? red('no-service')
  holdDeploy(config)
  holdService(config, service)
  holdEnd(config, service)
  return {
    processes: Object.keys(config.processes ?? {}),
    strategy: config.deploy?.strategy ?? '',
    limits: [service.concurrency?.soft_limit ?? 0, service.concurrency?.hard_limit ?? 0],
    ...(await runFly(context, config, service)),
  }
}

/** Red where it is no TOML, or holds a key or a value that Fly's documentation does not have. */
export function readFly(tree: string, file: string): FlyConfig {
  let config: unknown
  try {
    config = parse(readFileSync(join(tree, file), 'utf8'))
  } catch (error) {
    red('not-toml', `${file}: ${(error as Error).message}`)
  }
  const errors = [...Value.Errors(FlyConfig, config)].map(
    ({ instancePath, message, params }) => `${file}${instancePath} ${message} ${JSON.stringify(params)}`,
  )
  if (errors.length > 0) red('not-in-the-documentation', errors.slice(0, 3).join('; '))
  return config as FlyConfig
}

function holdDeploy({ deploy, mounts, vm = [], processes = {} }: FlyConfig): void {
  if (!deploy?.release_command) red('no-release-command')
  if (!['rolling', 'canary'].includes(deploy.strategy ?? '')) red('all-at-once', deploy.strategy)
  if (deploy.max_unavailable !== 1) red('several-at-once', String(deploy.max_unavailable))
  if (mounts !== undefined) red('has-volumes')
  for (const group of ['api', 'worker']) {
    if (!processes[group]) red('process-missing', group)
    if (vm.filter((each) => each.processes?.includes(group)).length !== 1) red('no-size-of-its-own', group)
  }
}

function holdService({ env, app }: FlyConfig, service: FlyService): void {
  const { concurrency, tls_options: tls } = service
  if (service.processes?.join() !== 'api') red('workers-are-stopped', String(service.processes))
  if (service.force_https !== true) red('https-not-forced')
  if (tls?.default_self_signed !== false || !tls.alpn.includes('h2')) red('tls-not-set', JSON.stringify(tls))
  if ((service.min_machines_running ?? 0) < 2) red('one-machine', String(service.min_machines_running))
  if (service.auto_start_machines !== true || service.auto_stop_machines !== 'stop') red('machines-stay-as-they-are')
  if (concurrency?.type !== 'requests') red('not-by-requests', concurrency?.type)
  // What the service itself takes: requests that have a connection or wait for it, those at work on something else, and those that wait.
  const pool = Number(env.DATABASE_POOL_MAX)
  const [atWork, waiting] = [Number(env.CONCURRENT_REQUESTS), Number(env.WAITING_REQUESTS)]
  const { soft_limit: soft, hard_limit: hard } = concurrency
  if (!(soft <= 3 * pool && hard <= atWork + waiting))
    red('limits-do-not-fit', `${soft} and ${hard}, for ${pool}, ${atWork} and ${waiting}`)
  if (!service.checks?.length) red('no-check-of-the-service')
  if (new URL(env.PUBLIC_URL ?? '').hostname !== `${app}.fly.dev`) red('another-name', env.PUBLIC_URL)
  // Loopback alone is not where the proxy comes in, and :: lets the private network in.
  if (env.HOST !== '0.0.0.0') red('not-where-the-proxy-comes-in', env.HOST)
}

/** Not ready long enough to be seen, and not cut off before the process has ended by itself. */
function holdEnd({ env, kill_timeout: seconds = 5 }: FlyConfig, { checks = [] }: FlyService): void {
  const [drain, shutdown] = [Number(env.DRAIN_MS), Number(env.SHUTDOWN_TIMEOUT_MS)]
  if (!(seconds * 1000 > drain + shutdown))
    red('killed-while-it-drains', `${seconds} s for ${drain} and ${shutdown} ms`)
  for (const { interval, timeout } of checks) {
    const seen = millisecondsOf(interval) + millisecondsOf(timeout)
    if (!(drain >= seen)) red('closes-before-it-is-seen', `${drain} ms, and a check takes ${seen}`)
  }
}
