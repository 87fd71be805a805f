// What a Redis that keeps jobs has to be: one that drops none, remembers them after a restart, and is new enough for BullMQ.
import type { Redis } from './redis.ts'

/** `fits` is undefined where the server does not say. */
type Finding = {
  setting: 'eviction' | 'persistence' | 'version'
  fits: boolean | undefined
  problem: string
  remedy: string
}
/** `run` is another one after each restart, and of each server. */
export type Look = { findings: Finding[]; run: string | undefined }

type Options = { onLook: (look: Look) => void; onError: (error: Error) => void }

const oldest = [6, 2]
const pause = 1000

/** Looks when it is connected, and again after each reconnect, which may lead to a server that is set otherwise. */
export function lookAtEach(redis: Redis, { onLook, onError }: Options): void {
  const look = () => {
    if (redis.status !== 'ready') return
    lookAt(redis).then(onLook, (error) => {
      onError(error)
      setTimeout(look, pause).unref()
    })
  }
  redis.on('ready', look)
  look()
}

/** INFO says all of it, and most managed servers allow it; CONFIG is asked for what it leaves out. */
export async function lookAt(redis: Redis): Promise<Look> {
  const info = fieldsOf(String((await allowed(redis.info())) ?? ''))
  const policy = info.get('maxmemory_policy') ?? (await configured(redis, 'maxmemory-policy'))
  const aof = info.get('aof_enabled') ?? (await configured(redis, 'appendonly'))
  const version = info.get('redis_version')
  return {
    run: info.get('run_id'),
    findings: [
      {
        setting: 'eviction',
        fits: judge(policy, (word) => word === 'noeviction'),
        problem: `it drops keys when its memory is full (maxmemory-policy is ${policy})`,
        remedy: 'set maxmemory-policy noeviction',
      },
      {
        setting: 'persistence',
        fits: judge(aof, (word) => ['1', 'yes'].includes(word)),
        problem: 'it forgets at a restart (appendonly is no)',
        remedy: 'set appendonly yes',
      },
      {
        setting: 'version',
        fits: judge(version, isNewEnough),
        problem: `it is too old (${version})`,
        remedy: `run Redis ${oldest.join('.')} or later`,
      },
    ],
  }
}

const judge = (value: string | undefined, fits: (value: string) => boolean) =>
  value === undefined ? undefined : fits(value)

async function configured(redis: Redis, name: string): Promise<string | undefined> {
  const answer = await allowed(redis.config('GET', name))
  return (answer as string[] | undefined)?.[1]
}

/** Undefined where the server refuses to answer: it has no such command, or this login may not use it. */
const allowed = <T>(asked: Promise<T>): Promise<T | undefined> =>
  asked.catch((error: Error) => (error.name === 'ReplyError' ? undefined : Promise.reject(error)))

/** Lines are name:value (redis.io, INFO). */
const fieldsOf = (info: string) => new Map(info.split('\r\n').map((line) => line.split(/:(.*)/) as [string, string]))

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > (oldest[0] ?? 0) || (major === oldest[0] && minor >= (oldest[1] ?? 0))
}
