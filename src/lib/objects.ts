// Where files are kept that people upload: a folder, or a bucket that speaks S3. Whatever they are called outside, here they have names
// that nobody chose.
import { resolve } from 'node:path'
import { unlessGivenUp } from './deadline.ts'
import { bucketStore } from './object-bucket.ts'
import { folderStore } from './object-folder.ts'
import type { ObjectStore } from './object-store.ts'
import type { Outside } from './outside.ts'
import { inSpan, SpanKind } from './spans.ts'

type Place =
  | { folder: string }
  | { bucket: string; prefix: string; region: string | undefined; endpoint: string | undefined }
export type Objects = ReturnType<typeof createObjects>

/** Calls at once of one process; one more is refused. */
const atOnce = 20
const ours = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Of `file:FOLDER` or `s3://BUCKET/PREFIX?region=…&endpoint=…`. Throws where it is neither. */
export function placeOf(text: string): Place {
  if (text.startsWith('file:')) {
    const path = text.slice('file:'.length).replace(/^\/\/(?=\/)/, '')
    if (path === '' || path.startsWith('//')) throw new Error('it names no folder')
    return { folder: resolve(path) }
  }
  const { protocol, hostname: bucket, pathname, searchParams, username, password, port, hash } = new URL(text)
  const region = searchParams.get('region') ?? undefined
  const endpoint = searchParams.get('endpoint') ?? undefined
  const known = [...searchParams.keys()].every((key) => key === 'region' || key === 'endpoint')
  const isBucket = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)
  if (protocol !== 's3:' || !isBucket || !known || username || password || port || hash)
    throw new Error('it is no bucket')
  if (endpoint !== undefined && !/^https?:$/.test(new URL(endpoint).protocol)) throw new Error('its endpoint is no URL')
  const path = pathname.split('/').filter(Boolean).join('/')
  return { bucket, prefix: path && `${path}/`, region, endpoint }
}

/** `timeout` in milliseconds, of each call. What rejects does so by what failed, or by Unavailable where nothing was called. */
export function createObjects({ url, timeout, outside }: { url: string; timeout: number; outside: Outside }) {
  const place = placeOf(url)
  const store: ObjectStore = 'folder' in place ? folderStore(place) : bucketStore({ ...place, timeout })
  const { run } = outside.guard('uploads', { code: 'UPLOADS_UNAVAILABLE', atOnce })

  return {
    put: (name: string, bytes: Buffer) => call('put', name, (signal) => store.put(name, bytes, signal)),
    get: (name: string) => call('get', name, (signal) => store.get(name, signal)),
    remove: (name: string) => call('remove', name, (signal) => store.remove(name, signal)),
  }

  function call<T>(verb: string, name: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (!ours.test(name)) throw new Error('No object has such a name')
    return run(() => inSpan(`${verb} object`, { kind: SpanKind.CLIENT }, () => within(timeout, work)))
  }
}

/** Neither a disk nor the search for credentials listens to a signal. */
function within<T>(limit: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const givingUp = new AbortController()
  return unlessGivenUp(work(givingUp.signal), givingUp, limit, () => new Error(`no answer within ${limit} ms`))
}
