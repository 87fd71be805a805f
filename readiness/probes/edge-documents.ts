// PER-11: the files of the documentation come from the edge, for a year under the name of their release, and never another's.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Answer } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { atTheEdge, type Edge } from './edge-scene.ts'

const year = 31_536_000

export const documentsComeFromTheEdge = (context: Context): Promise<Evidence> =>
  atTheEdge(context, async (edge) => {
    const { call } = edge.from()
    const page = await call('GET', '/docs')
    if (page.status !== 200) red('no-page', String(page.status))
    if (ageOf(page) > 300) red('page-kept', page.field('cache-control'))
    const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path)
    if (files.length < 5) red('no-files', files.join())

    const second = await context.startApi()
    try {
      await edge.nginx.setUpstreams([edge.relay.at, new URL(second.url).host])
      for (const file of files) await isKept(edge, file)
      await anotherReleaseIsNotKept(edge, files[0] ?? '')
    } finally {
      second.child.kill('SIGTERM')
      await second.ended
    }
    // Every replica is gone.
    await edge.nginx.setUpstreams(['127.0.0.1:1'])
    const [file = ''] = files
    const left = await call('GET', file)
    if (left.status !== 200) red('not-from-the-edge', String(left.status))
    return {
      files: files.length,
      seconds: year,
      page: page.field('cache-control') ?? null,
      named: /\?v=(.+)/.exec(file)?.[1] ?? null,
    }
  })

/** Asked for again, whoever asks and in whatever coding, the replicas do not see it. */
async function isKept({ from, lineOf }: Edge, file: string): Promise<void> {
  const [one, another] = [from(), from()]
  const first = await one.call('GET', file)
  if (first.status !== 200) red('file-missing', `${file}: ${first.status}`)
  const caching = first.field('cache-control')
  if (ageOf(first) !== year || !/\bpublic\b.*\bimmutable\b/.test(caching ?? '')) red('not-long', `${file}: ${caching}`)
  const again = await another.call('GET', file)
  const line = await lineOf(again.field('x-request-id'))
  if (line.replica || line.cache !== 'HIT') red('asked-each-time', `${file}: ${line.cache}`)
  if (again.text !== first.text) red('another-file', file)
  if (again.field('x-request-id') === first.field('x-request-id')) red('request-id-kept', file)
  if (again.fields('ratelimit').length > 0) red('limit-of-another-kept', file)
  const packed = await one.call('GET', file, { headers: { 'accept-encoding': 'gzip, deflate, br' } })
  const spelled = await another.call('GET', file, { headers: { 'accept-encoding': 'br;q=1.0, gzip;q=0.5' } })
  const length = ({ text }: Answer) => text.length
  if (packed.field('content-encoding') !== spelled.field('content-encoding') || length(packed) !== length(spelled))
    red('codings-mixed', file)
  const isText = /text|script|svg/.test(first.field('content-type') ?? '')
  if (isText && length(first) > 2000 && packed.field('content-encoding') !== 'br') red('not-compressed', file)
}

/** While a release goes out, one replica names files that the other has not. */
async function anotherReleaseIsNotKept({ from, lineOf }: Edge, file: string): Promise<void> {
  const { call } = from()
  const other = file.replace(/\?v=.*/, `?v=${randomUUID()}`)
  for (let turn = 0; turn < 2; turn++) {
    const answer = await call('GET', other)
    if (answer.status === 200 && ageOf(answer) > 0) red('another-release-kept', answer.field('cache-control'))
    const line = await lineOf(answer.field('x-request-id'))
    if (!line.replica) red('another-release-kept', String(line.cache))
  }
}

/** Seconds for which a cache may keep it. */
const ageOf = (answer: Answer) => Number(/max-age=(\d+)/.exec(answer.field('cache-control') ?? '')?.[1] ?? 0)
