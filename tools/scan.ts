// `npm run scan [-- --only TOOL,TOOL --quick --target URL]`: outside attack and lint programs against the service on this machine and the
// files of the tree. Exit 0: nothing serious. 1: a serious finding, or a program that did not do its work. 2: the command line is wrong.
// What is not installed is not verified, and the table says how to have it.
import { resolve } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { type Accepted, readAccepted } from './scan/accepted.ts'
import { openGround } from './scan/ground.ts'
import { type Result, seriousOf, textOf, writeReport } from './scan/report.ts'
import { scan, scanners } from './scan/scanners.ts'

const started = performance.now()
const say = (line: string) => console.error(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)}  ${line}`)
const { chosen, quick, target, folder, accepted } = await readOptions()
const ground = await openGround({ quick, target, say })
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    await ground.close()
    process.exit(130)
  })

try {
  const results: Result[] = []
  for (const scanner of chosen) results.push(await scan(scanner, ground, accepted))
  await writeReport(folder, results)
  console.log(textOf(results))
  const serious = seriousOf(results).length
  const failed = results.filter(({ status }) => status === 'failed').length
  const unseen = results.filter(({ status }) => status === 'not verified').length
  console.log(
    `\n${serious} serious findings, ${failed} failed, ${unseen} not verified. ${folder}/report.md has it all.`,
  )
  process.exitCode = serious + failed > 0 ? 1 : 0
} finally {
  await ground.close()
}

async function readOptions() {
  try {
    const text = { type: 'string' } as const
    const options = {
      only: text,
      target: text,
      report: text,
      quick: { type: 'boolean' },
      list: { type: 'boolean' },
    } as const
    const { values } = parseArgs({ options })
    if (values.list) {
      for (const { name, version, looksAt } of scanners)
        console.log(`${name.padEnd(14)} ${version.padEnd(10)} ${looksAt}`)
      process.exit(0)
    }
    const names = values.only?.split(',') ?? scanners.map(({ name }) => name)
    const unknown = names.filter((name) => !scanners.some((scanner) => scanner.name === name))
    if (unknown.length > 0) throw new Error(`There is no scanner ${unknown.join(', ')}: --list has them all`)
    const { hostname } = new URL(values.target ?? 'http://127.0.0.1')
    // They attack: what is attacked is on this machine, whoever says otherwise.
    if (!/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname))
      throw new Error(`${hostname} is not on this machine, and is not attacked from here`)
    const known: Accepted[] = await readAccepted(resolve(import.meta.dirname, 'scan/accepted.json'))
    return {
      chosen: scanners.filter(({ name }) => names.includes(name)),
      quick: values.quick ?? false,
      target: values.target?.replace(/\/$/, ''),
      folder: values.report ?? 'scan-report',
      accepted: known,
    }
  } catch (error) {
    console.error((error as Error).message)
    process.exit(2)
  }
}
