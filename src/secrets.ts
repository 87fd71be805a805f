// Keeps a running process at the secrets that files and the secrets manager hold now.
import type { Config } from './config.ts'
import type { Run } from './lib/outside.ts'
import { repeat } from './lib/repeat.ts'
import type { Part, Process } from './run.ts'

/**
 * Reads the configuration again and again by `read`, and uses the signing keys, encryption keys and passwords of it. One that can't
 * be had, or would not start a process, changes nothing: what was good last goes on. All else needs a restart.
 */
export function keepSecretsFresh(read: (run?: Run) => Promise<Config>) {
  return ({ config, log, resources, services }: Process): Promise<Part> => {
    const limits = { code: 'SECRETS_UNAVAILABLE', atOnce: 1 }
    const guard = config.secrets.fromStore ? services.outside.guard('secrets', limits) : undefined
    let readAt = performance.now()
    services.metrics.gauge({
      name: 'seaworthy_secrets_age_seconds',
      help: 'Seconds since the secrets were last read and found good',
      collect() {
        this.set((performance.now() - readAt) / 1000)
      },
    })
    const readAgain = async () => {
      const fresh = await read(guard?.run)
      if (await services.tokens.use(fresh.tokens.signingKey)) services.security('key.changed', {}, { keys: 'tokens' })
      if (services.seal.use(fresh.encryptionKeys)) services.security('key.changed', {}, { keys: 'encryption' })
      services.provider.use(fresh.payments)
      resources.use(fresh)
      readAt = performance.now()
    }
    const onError = (error: unknown) =>
      log.warn({ err: error }, 'the secrets could not be read again: the last good ones go on')
    return repeat(readAgain, { every: config.secrets.every, onError })
  }
}
