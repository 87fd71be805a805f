// What fly.toml may hold: the keys of https://fly.io/docs/reference/configuration/ that this service uses, each with the values that
// are documented there. What Fly does not know, it passes over in silence, and a misspelt key is a control that is off.
import { type Static, type TProperties, Type } from 'typebox'

const only = <T extends TProperties>(properties: T) => Type.Object(properties, { additionalProperties: false })
/** With a unit; Fly takes numbers too, but as milliseconds in one place and seconds in another. */
const duration = Type.String({ pattern: '^[1-9][0-9]*(ms|s|m)$' })
const port = Type.Integer({ minimum: 1, maximum: 65_535 })
const path = Type.String({ pattern: '^/' })
const words = Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })
const name = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{1,62}$' })
const machine = {
  size: Type.String({ pattern: '^(shared-cpu-[1248]x|performance-(1|2|4|8|16)x)$' }),
  memory: Type.String({ pattern: '^[1-9][0-9]*(mb|gb)$' }),
}
const check = {
  method: Type.Enum(['GET', 'HEAD']),
  path,
  interval: duration,
  timeout: duration,
  grace_period: duration,
  protocol: Type.Optional(Type.Enum(['http', 'https'])),
  headers: Type.Optional(Type.Record(Type.String(), Type.String())),
}

const HttpService = only({
  processes: Type.Optional(words),
  internal_port: port,
  force_https: Type.Optional(Type.Boolean()),
  auto_stop_machines: Type.Optional(Type.Enum(['off', 'stop', 'suspend'])),
  auto_start_machines: Type.Optional(Type.Boolean()),
  min_machines_running: Type.Optional(Type.Integer({ minimum: 0 })),
  concurrency: Type.Optional(
    only({
      type: Type.Enum(['requests', 'connections']),
      soft_limit: Type.Integer({ minimum: 1 }),
      hard_limit: Type.Integer({ minimum: 1 }),
    }),
  ),
  tls_options: Type.Optional(
    only({
      alpn: Type.Array(Type.Enum(['h2', 'http/1.1']), { minItems: 1 }),
      versions: Type.Array(Type.Enum(['TLSv1.2', 'TLSv1.3']), { minItems: 1 }),
      default_self_signed: Type.Optional(Type.Boolean()),
    }),
  ),
  http_options: Type.Optional(
    only({
      h2_backend: Type.Optional(Type.Boolean()),
      idle_timeout: Type.Optional(Type.Integer({ minimum: 1 })),
      response: Type.Optional(
        only({
          pristine: Type.Optional(Type.Boolean()),
          headers: Type.Optional(
            Type.Record(Type.String(), Type.Union([Type.Literal(false), Type.String(), Type.Array(Type.String())])),
          ),
        }),
      ),
    }),
  ),
  checks: Type.Optional(Type.Array(only(check))),
})

const fields = {
  app: name,
  primary_region: Type.String({ pattern: '^[a-z]{3}$' }),
  kill_signal: Type.Optional(Type.Enum(['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGKILL', 'SIGSTOP'])),
  // Seconds; Fly takes no more than five minutes.
  kill_timeout: Type.Optional(Type.Integer({ minimum: 1, maximum: 300 })),
  build: Type.Optional(only({ dockerfile: Type.Optional(Type.String()), image: Type.Optional(Type.String()) })),
  deploy: Type.Optional(
    only({
      release_command: Type.Optional(Type.String({ minLength: 1 })),
      release_command_timeout: Type.Optional(duration),
      strategy: Type.Optional(Type.Enum(['rolling', 'immediate', 'canary', 'bluegreen'])),
      max_unavailable: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
      wait_timeout: Type.Optional(duration),
      release_command_vm: Type.Optional(only(machine)),
    }),
  ),
  processes: Type.Optional(Type.Record(name, Type.String({ minLength: 1 }))),
  // Only strings, and no name that is Fly's own.
  env: Type.Record(Type.String({ pattern: '^(?!FLY_)[A-Z][A-Z0-9_]*$' }), Type.String()),
  http_service: Type.Optional(HttpService),
  checks: Type.Optional(
    Type.Record(name, only({ ...check, type: Type.Enum(['http']), port, processes: Type.Optional(words) })),
  ),
  // One for all, or a list of them by process group.
  metrics: Type.Optional(
    Type.Union([only({ port, path }), Type.Array(only({ port, path, processes: words }), { minItems: 1 })]),
  ),
  vm: Type.Optional(Type.Array(only({ ...machine, processes: Type.Optional(words) }))),
  // They are known, and this service has none: what is on a disk of one machine is not on the next.
  mounts: Type.Optional(Type.Unknown()),
}

export const FlyConfig = only(fields)
export type FlyConfig = Static<typeof FlyConfig>
export type FlyService = Static<typeof HttpService>

/** Milliseconds of a duration with its unit. */
export function millisecondsOf(duration: string): number {
  const units = { ms: 1, s: 1000, m: 60_000 }
  return Number.parseInt(duration, 10) * units[duration.replace(/\d+/, '') as 'ms']
}
