// OBS-15: which requests leave a profile, what is in it, and how long it is kept.
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'

type Profile = { nodes?: unknown[]; samples?: unknown[]; startTime?: number; endTime?: number }

const hour = 3_600_000

export async function profilesAreOptional(context: Context): Promise<Evidence> {
  const { apiAt, startApi, until } = context
  const [none, some] = [join(context.folder(), 'none'), context.folder()]
  const old = await keepBefore(some)
  const [quiet, profiled] = await Promise.all([
    startApi({ PROFILE_DIR: none }),
    startApi({ PROFILE_DIR: some, PROFILE_RATIO: '1' }),
  ])
  for (let turn = 0; turn < 10; turn++) await apiAt(quiet.url).anonymous('GET', '/v1/jobs')

  const ids = Array.from({ length: 5 }, () => `probe.${randomUUID()}`)
  for (const id of ids) await apiAt(profiled.url).anonymous('GET', '/openapi.json', { headers: { 'x-request-id': id } })
  const id = `probe.${randomUUID()}`
  const listed = () => readdirSync(some).find((name) => name.includes(id))
  // One at a time: where another is still being written this request has none.
  await until('no-profile', async () => {
    await apiAt(profiled.url).anonymous('GET', '/v1/jobs', { headers: { 'x-request-id': id } })
    return listed()
  })
  const name = listed() ?? red('no-profile')
  if (!/^\d{4}-\d\d-\d\dT[\d.-]+Z_listJobs_/.test(name)) red('not-by-operation', name)
  const names = readdirSync(some).filter((each) => each.endsWith('.cpuprofile') && each.includes('probe.'))
  const read = await until('not-a-profile', () => samplesIn(some, names), { within: 3000 })
  await until('old-kept', () => !existsSync(old.over), { within: 3000 })
  if (!existsSync(old.under) || !existsSync(old.other)) red('removes-too-much', readdirSync(some).join())
  if (existsSync(none) && readdirSync(none).length > 0) red('profiled-at-zero', String(readdirSync(none).length))
  return { profiles: names.length, samples: read, atZero: 0, removedAfterHours: 25, keptAtHours: 23 }
}

/** Files of a day ago, a little older and a little younger, and one that is no profile. */
async function keepBefore(folder: string) {
  const kept = (name: string, hours: number) => {
    const file = join(folder, name)
    const then = new Date(Date.now() - hours * hour)
    writeFileSync(file, '{}')
    utimesSync(file, then, then)
    return file
  }
  return {
    over: kept('2026-01-01T00-00-00.000Z_listJobs_old-12345.cpuprofile', 25),
    under: kept('2026-01-02T00-00-00.000Z_listJobs_new-12345.cpuprofile', 23),
    other: kept('notes.txt', 25),
  }
}

/** How many samples there are in all, once each file is whole. */
function samplesIn(folder: string, names: string[]): number | undefined {
  let count = 0
  for (const name of names) {
    try {
      const {
        nodes,
        samples,
        startTime = 0,
        endTime = 0,
      } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile
      if (!nodes?.length || !samples || endTime <= startTime) return undefined
      count += samples.length
    } catch {
      return undefined
    }
  }
  return count || undefined
}
