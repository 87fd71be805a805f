// PostgreSQL's own load generator: what the database can do of the same statements when nobody stands in front of it.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onPath, runProgram } from '../tools/debian-packages.ts'
import type { NotMeasured } from './case.ts'
import { usual } from './load.ts'
import type { Measured, Side } from './side.ts'
import { poolMax } from './world.ts'

export const noPgbench: NotMeasured = { why: 'no pgbench here: Debian has it in postgresql-client' }

type Options = { url: string; folder: string; script: string; variables?: () => Record<string, number> }

/** As many connections as the service has. Undefined where there is no pgbench. Its statements are prepared, and it tells of no CPU. */
export async function pgbenchSide({ url, folder, script, variables = () => ({}) }: Options): Promise<Side | undefined> {
  const program = onPath('pgbench')
  if (!program) return undefined
  const file = join(folder, 'pgbench.sql')
  await writeFile(file, script)
  return { name: 'pgbench', measure }

  async function measure(): Promise<Measured> {
    const set = Object.entries(variables()).map(([name, value]) => `--define=${name}=${value}`)
    const words = [
      `--client=${poolMax}`,
      '--jobs=2',
      `--time=${usual.seconds}`,
      '--protocol=prepared',
      '--no-vacuum',
      ...set,
    ]
    const { stdout } = await runProgram([program as string, ...words, `--file=${file}`, url], 60_000)
    const [, count] = /transactions actually processed: (\d+)/.exec(stdout) ?? []
    const [, failed] = /failed transactions: (\d+)/.exec(stdout) ?? []
    const [, rate] = /tps = ([\d.]+)/.exec(stdout) ?? []
    if (!(Number(count) > 0 && failed === '0')) throw new Error(`pgbench failed: ${stdout}`)
    return { count: Number(count), rate: Number(rate), cpu: undefined }
  }
}
