// Profiles the CPU during a share of the requests, one at a time, by Node's own inspector. A profile tells of all that runs meanwhile, and
// slows it down, so it is off by default. Files are named by time, operation and request id, and kept for 24 hours.
// To remove it, delete its line in app.ts.
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

/** Milliseconds that a file is kept, and files at most. */
const [keptFor, most] = [86_400_000, 200]

type Options = { ratio: number; folder: string }

export const profile = fp<Options>(
  async (app, { ratio, folder }) => {
    if (ratio === 0) return
    let profiled: FastifyRequest | undefined
    const session = new Session()
    session.connect()
    await session.post('Profiler.enable')
    app.addHook('onClose', async () => session.disconnect())

    app.addHook('onRequest', async (request) => {
      if (profiled || Math.random() >= ratio) return
      profiled = request
      await session.post('Profiler.start').catch((error) => {
        profiled = undefined
        request.log.warn({ err: error }, 'a profile could not be begun')
      })
    })
    app.addHook('onResponse', async (request) => {
      if (profiled !== request) return
      try {
        const { profile } = await session.post('Profiler.stop')
        const name = [new Date().toISOString().replaceAll(':', '-'), operationOf(request), request.id].join('_')
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeFile(join(folder, `${name}.cpuprofile`), JSON.stringify(profile))
        await forgetOld(folder)
      } catch (error) {
        request.log.warn({ err: error }, 'a profile could not be kept')
      } finally {
        profiled = undefined
      }
    })
  },
  { name: 'profile' },
)

const operationOf = ({ routeOptions }: FastifyRequest) => routeOptions.schema?.operationId ?? 'none'

async function forgetOld(folder: string): Promise<void> {
  const names = (await readdir(folder))
    .filter((name) => name.endsWith('.cpuprofile'))
    .sort()
    .reverse()
  for (const [at, name] of names.entries()) {
    const file = join(folder, name)
    const { mtimeMs = 0 } = (await stat(file).catch(() => undefined)) ?? {}
    if (at >= most || Date.now() - mtimeMs > keptFor) await rm(file, { force: true })
  }
}
