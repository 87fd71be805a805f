// CPU time of processes, as Linux counts it. Elsewhere nothing is told.
import { readdirSync, readFileSync } from 'node:fs'
import { Redis } from 'ioredis'

/** Ticks a second: Linux tells all programs 100, whatever its kernel counts by. */
const ticks = 100

/** Seconds of a process since it began. With `family`, of its children too, those that have ended among them. */
export function cpuSeconds(pid: number, { family = false } = {}): number | undefined {
  const own = statOf(pid)
  if (!own) return undefined
  const children = family ? childrenOf(pid).map((child) => statOf(child)?.own ?? 0) : []
  return [own.own, family ? own.ended : 0, ...children].reduce((sum, part) => sum + part) / ticks
}

/** As a Redis counts it: it may run in a container, whose processes are not ours. */
export async function redisSeconds(url: string): Promise<number> {
  const redis = new Redis(url)
  const told = await redis.info('cpu').finally(() => redis.disconnect())
  return [...told.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].reduce((sum, [, seconds]) => sum + Number(seconds), 0)
}

export const parentOf = (pid: number): number | undefined => statOf(pid)?.parent

/** Fields 4 and 14 to 17 of proc_pid_stat(5); the second may hold spaces. */
function statOf(pid: number): { parent: number; own: number; ended: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const at = (field: number) => fields[field - 3] ?? 0
    return { parent: at(4), own: at(14) + at(15), ended: at(16) + at(17) }
  } catch {
    return undefined
  }
}

const childrenOf = (pid: number) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => statOf(child)?.parent === pid)
