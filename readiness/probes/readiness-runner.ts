// What the runner's own controls look at: the runner, run on planted controls.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { openPlanted, type Planted, statusesOf } from './readiness-planted.ts'

type Listed = Record<'id' | 'holds' | 'because' | 'runbook', string> & { code: string[]; sabotages: { red: string }[] }

/** The catalogue as the runner lists it: each entry once, whole, and leading to files that are there. */
export async function seeCatalogue(context: Context): Promise<Evidence> {
  const { code, said } = await context.finish(['readiness/main.ts', '--list', '--json', '--tier', 'all'])
  if (code !== 0) red('cannot-be-listed', said)
  const listed = JSON.parse(said.slice(said.indexOf('['))) as Listed[]
  if (new Set(listed.map(({ id }) => id)).size !== listed.length) red('listed-twice')
  for (const { id, holds, because, runbook, code: files, sabotages } of listed) {
    if ([holds, because].some((text) => text.length < 10)) red('incomplete', id)
    if (files.length === 0 || sabotages.length === 0) red('incomplete', id)
    for (const file of files) if (!existsSync(join(context.tree, file))) red('dead-link', `${id}: ${file}`)
    if (!leadsSomewhere(context.tree, runbook)) red('dead-link', `${id}: ${runbook}`)
  }
  const planted = await openPlanted(context, 'sound')
  const catalogue = join(planted.root, 'readiness/planted/sound/catalogue/catalogue.ts')
  writeFileSync(catalogue, readFileSync(catalogue, 'utf8').replace("'RDY-92', cover", "'RDY-91', cover"))
  const twice = await planted.run()
  if (twice.code !== 2 || !twice.said.includes('RDY-91 is declared twice')) red('duplicate-taken', twice.said)
  return { controls: listed.length, sabotages: listed.reduce((sum, { sabotages }) => sum + sabotages.length, 0) }
}

/** Whether a document has the heading that an anchor names, by GitHub's rule. */
export function leadsSomewhere(tree: string, link: string): boolean {
  const [file = '', anchor] = link.split('#')
  if (!existsSync(join(tree, file))) return false
  const headings = [...readFileSync(join(tree, file), 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => text)
  const anchors = headings.map((text) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
  return anchor === undefined || anchors.includes(anchor)
}

const deserved: Record<string, string> = {
  'RDY-78': 'proven',
  'RDY-79': 'undo-failed',
  'RDY-81': 'survived',
  'RDY-82': 'wrong-reason',
  'RDY-83': 'not-applied',
  'RDY-84': 'not-applied',
  'RDY-85': 'wrong-reason',
  'RDY-86': 'undo-failed',
  'RDY-87': 'none',
  'RDY-88': 'none',
}

/** Each way to deceive gets the verdict that it deserves, and what is sound is proven. */
export async function seeVerdicts(context: Context): Promise<Evidence> {
  const faulty = await openPlanted(context, 'faulty')
  const { code } = await faulty.run('--sabotage', '--only', Object.keys(deserved).join())
  const { controls } = faulty.read()
  const given: Record<string, string> = {}
  for (const [id, verdict] of Object.entries(deserved)) {
    const control = controls.find((one) => one.id === id)
    given[id] = control?.sabotages[0]?.verdict ?? 'no sabotage'
    if (given[id] === verdict && control?.status === (verdict === 'proven' ? 'verified' : 'failing')) continue
    red(given[id] === 'proven' ? `${verdict}-counted-as-proven` : 'another-verdict', `${id} got ${given[id]}`)
  }
  if (code !== 1) red('faults-exit-0', `exit code ${code}`)
  const sound = await openPlanted(context, 'sound')
  const well = await sound.run('--sabotage')
  if (well.code !== 0) red('sound-is-not-proven', well.said)
  return given
}

/** What was not looked at is not verified, whether that is allowed or not; a target that does not answer gets no score. */
export async function seeNotVerified(context: Context): Promise<Evidence> {
  const planted = await openPlanted(context, 'faulty')
  const allowed = await planted.run('--sabotage', '--only', 'RDY-78,RDY-90')
  const statuses = statusesOf(planted.read())
  for (const id of ['RDY-89', 'RDY-90', 'RDY-81']) {
    if (statuses[id] !== 'not-verified') red('unseen-counts', `${id} is ${statuses[id]}`)
  }
  if (allowed.code !== 0) red('allowed-fails', allowed.said)
  const forbidden = await planted.run('--sabotage', '--only', 'RDY-78,RDY-89')
  if (forbidden.code !== 1) red('unseen-passes', `exit code ${forbidden.code}`)
  const away = await planted.run('--target', 'http://127.0.0.1:1', '--report', join(planted.root, 'away'))
  if (away.code !== 3) red('unreachable-passes', `exit code ${away.code}: ${away.said}`)
  if (existsSync(join(planted.root, 'away'))) red('unreachable-is-scored')
  return { withoutDocker: 'not-verified', allowedExit: allowed.code, forbiddenExit: forbidden.code, unreachableExit: 3 }
}

const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10)
const waiver = {
  control: 'RDY-87',
  environment: 'local',
  reason: 'The lamp is being repaired.',
  compensatingControl: 'A torch lies beside it.',
  owner: 'A. Keeper',
  approver: 'B. Warden',
  created: day(-10),
  expires: day(60),
}

/** A good waiver turns a failure into `waived`, which is run and shown all the same; any other stops the run. */
export async function seeWaivers(context: Context): Promise<Evidence> {
  const planted = await openPlanted(context, 'faulty')
  planted.write('waivers.json', [waiver])
  const good = await planted.run('--only', 'RDY-87')
  const waived = planted.read().controls.find(({ id }) => id === 'RDY-87')
  if (good.code !== 0 || waived?.status !== 'waived' || waived.probe.verdict !== 'red') red('not-waived', good.said)
  const bad: [reason: string, entry: object][] = [
    ['expired-taken', { ...waiver, created: day(-80), expires: day(-1) }],
    ['too-long-taken', { ...waiver, created: day(-10), expires: day(81) }],
    ['own-approver-taken', { ...waiver, approver: waiver.owner }],
    ['unknown-control-taken', { ...waiver, control: 'RDY-01' }],
    ['malformed-taken', { ...waiver, owner: undefined }],
    ['malformed-taken', { ...waiver, expires: 'never' }],
  ]
  for (const [reason, entry] of bad) {
    planted.write('waivers.json', [entry])
    const { code, said } = await planted.run('--only', 'RDY-87')
    if (code !== 2 || !said.includes('waivers.json')) red(reason, `exit code ${code}: ${said}`)
  }
  return { waived: 1, daysLeft: waived?.waiverDaysLeft ?? null, refused: bad.length }
}

/** Evidence has its commit and time, is put together within one commit, goes stale with the next, and is not believed when edited. */
export async function seeReport(context: Context): Promise<Evidence> {
  const planted = await openPlanted(context, 'sound')
  await planted.run('--sabotage')
  const first = planted.read()
  const schema = JSON.parse(readFileSync(join(context.tree, 'readiness/report.schema.json'), 'utf8'))
  const check = new Ajv2020({ strict: false }).compile(schema)
  if (!check(first)) red('not-as-its-schema-says', JSON.stringify(check.errors))
  if (!first.controls.every(({ probe }) => probe.at && probe.verdict === 'green')) red('no-time')
  await planted.run('--only', 'RDY-91')
  if (statusesOf(planted.read())['RDY-92'] !== 'verified') red('not-put-together')
  if (statusesOf(planted.read())['RDY-91'] !== 'verified') red('verdict-forgotten')
  seeFormats(planted)
  await planted.commit()
  await planted.run('--only', 'RDY-91')
  const stale = planted.read().controls.find(({ id }) => id === 'RDY-92')
  if (stale?.status !== 'not-verified' || stale.stale?.commit !== first.run.commit) red('stale-counts', stale?.status)
  const edited = planted.readText('report.json').replace('"status": "not-verified"', '"status": "verified"')
  writeFileSync(join(planted.report, 'report.json'), edited)
  await planted.run('--only', 'RDY-91')
  if (statusesOf(planted.read())['RDY-92'] !== 'not-verified') red('edited-report-counts')
  return { commit: first.run.commit.slice(0, 8), seconds: first.run.seconds, formats: 5 }
}

function seeFormats({ readText }: Planted): void {
  const page = readText('index.html')
  if (!page.includes('RDY-92') || /(src|href)="(https?:)?\/\//.test(page)) red('page-is-not-offline')
  if (!/<testsuites[\s\S]*RDY-92[\s\S]*<\/testsuites>/.test(readText('junit.xml'))) red('no-junit')
  const metrics = readText('openmetrics.txt')
  const samples = metrics
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('#'))
  if (
    !metrics.endsWith('# EOF\n') ||
    !samples.every((line) => /^[a-z_]+(\{.*\})? [0-9.e+-]+$/.test(line)) ||
    samples.length < 3
  )
    red('no-openmetrics')
  if (!/<svg[\s\S]*2 of 2 verified[\s\S]*<\/svg>/.test(readText('badge.svg'))) red('no-badge')
}

const roles = ['security', 'infrastructure', 'engineering', 'qa', 'product', 'management']

/** Six roles sign one report of one commit: then it is GO, and never otherwise. */
export async function seeSignOffs(context: Context): Promise<Evidence> {
  const planted = await openPlanted(context, 'sound')
  await planted.run('--sabotage')
  const sign = (role: string) => planted.run('--sign-off', 'A. Keeper', '--role', role)
  const answers: string[] = []
  for (const role of roles) answers.push((await sign(role)).said.split('\n')[1] ?? '')
  if (answers.slice(0, -1).includes('GO')) red('go-without-all-roles', answers.join())
  if (answers.at(-1) !== 'GO' || !planted.readText('index.html').includes('<h1>GO</h1>')) red('no-go', answers.join())
  const { risks } = planted.read()
  if (risks.length !== 1 || !planted.readText('index.html').includes(risks[0]?.owner ?? '-')) red('no-risks')

  const sealed = planted.readText('report.json')
  writeFileSync(join(planted.report, 'report.json'), sealed.replace('"seconds": ', '"seconds": 1'))
  if ((await sign('qa')).code !== 2) red('edited-report-signed')
  writeFileSync(join(planted.report, 'report.json'), sealed)

  await planted.run('--only', 'RDY-91')
  if (!planted.readText('index.html').includes('<h1>NO GO</h1>')) red('another-report-is-signed')
  await planted.commit()
  if ((await sign('qa')).code !== 2) red('another-commit-signed')
  return { roles: roles.length, go: 'with all six', risks: risks.length }
}
