// Which functions of the repositories ran, as V8 counts them: a query that nothing called has no plan that anybody looked at.
import { globSync, readFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { basename, join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
const isRepository = /\.repository\.ts$/

/** To be called before the service's code is loaded. `ran` answers the exported functions that ran since the last time. */
export async function watchFunctions() {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  const known = exportedFunctions()

  return { known, ran, close: () => session.disconnect() }

  async function ran(): Promise<string[]> {
    const { result } = await session.post('Profiler.takePreciseCoverage')
    return result
      .filter(({ url }) => isRepository.test(url))
      .flatMap(({ url, functions }) =>
        functions
          .filter(({ ranges }) => Number(ranges[0]?.count) > 0)
          .map(({ functionName }) => `${basename(url, '.repository.ts')}.${functionName}`),
      )
      .filter((name) => known.has(name))
  }
}

/** `jobs.findJob` and the like: each runs a statement, or several. */
function exportedFunctions(): Set<string> {
  const files = globSync('src/modules/*/*.repository.ts', { cwd: root })
  return new Set(
    files.flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/^export async function (\w+)/gm)].map(
        ([, name]) => `${basename(file, '.repository.ts')}.${name}`,
      ),
    ),
  )
}
