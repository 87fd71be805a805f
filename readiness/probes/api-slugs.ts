// API-12: who gets a slug, and what is said of it before and after.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Answer, Call } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { operationOf } from './routes-table.ts'
import { make } from './scene.ts'

type State = { available: boolean; reason: string | null; jobId: string | null }
type Get = (path: string) => Promise<Answer>

/** By hand: words that a page or a role of ours would be mistaken for. */
const reserved = ['admin', 'api', 'support', 'login', 'health', 'docs', 'null', 'www', 'security', 'payments']

/** Reads only. */
export async function reservedWordsAreRefused(get: Get): Promise<Evidence> {
  for (const word of reserved) {
    const { available, reason } = await stateOf(get, word)
    if (available || reason !== 'reserved') red('reserved-word-free', word)
  }
  for (const slug of ['Upper-Case', '-leading', 'two--dashes', 'ab', 'a'.repeat(101), 'a_b']) {
    const { status } = await get(`/v1/slugs/${slug}`)
    if (status !== 400) red('malformed-slug-taken', `${slug}: ${status}`)
  }
  return { reserved: reserved.length }
}

export async function slugsAreUnique({ api, sql }: Context): Promise<Evidence> {
  const [client, rival] = await Promise.all([api.as('client'), api.as('client')])
  const get: Get = (path) => api.anonymous('GET', path)
  const looked = await reservedWordsAreRefused(get)
  for (const slug of reserved) {
    const { status } = await draft(client.call, { slug })
    if (status !== 422) red('reserved-word-taken', `${slug}: ${status}`)
    // A title may be such a word: its slug is then another.
    const made = (await draft(client.call, { title: slug })).json<{ slug: string }>()
    if (made.slug === slug) red('reserved-word-taken', `by the title ${slug}`)
  }

  const slug = `lighthouse-${randomUUID()}`
  const is = async (expected: State, when: string) => {
    const { available, reason, jobId } = await stateOf(get, slug)
    const same = available === expected.available && reason === expected.reason && jobId === expected.jobId
    if (!same) red('availability-is-wrong', `${when}: ${JSON.stringify({ available, reason, jobId })}`)
  }
  await is({ available: true, reason: null, jobId: null }, 'before')
  const again = await get(`/v1/slugs/${slug}`)
  if (!again.field('cache-status')?.includes('; hit')) red('not-kept', again.field('cache-status') ?? 'no Cache-Status')
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, at) => draft(at % 2 ? client.call : rival.call, { slug })),
  )
  const statuses = answers.map(({ status }) => status).sort()
  const rows = await sql.owner<{ id: string; client: string }>(
    'SELECT id, client_id AS client FROM jobs WHERE slug = $1',
    [slug],
  )
  if (rows.length !== 1) red('slug-taken-twice', `${rows.length} jobs of ${statuses}`)
  if (statuses.some((status) => status !== 201 && status !== 409)) red('slug-refused-otherwise', statuses.join())
  await is({ available: false, reason: 'taken', jobId: null }, 'right after the draft')
  const { id = '', client: owner } = rows[0] ?? {}
  const call = owner === client.id ? client.call : rival.call
  await make(call, 'publishJob', { part: id })
  await is({ available: false, reason: 'taken', jobId: id }, 'published')
  await make(call, 'deleteJob', { part: id })
  await is({ available: false, reason: 'taken', jobId: null }, 'deleted')

  const title = `The ${slug}`
  const twins = await Promise.all([draft(client.call, { title }), draft(rival.call, { title })])
  const slugs = new Set(twins.map((twin) => (twin.status === 201 ? twin.json().slug : red('title-refused', twin.text))))
  if (slugs.size !== 2) red('slug-taken-twice', [...slugs].join())
  return { ...looked, atOnce: answers.length, statuses: [...new Set(statuses)] }
}

async function stateOf(get: Get, slug: string): Promise<State> {
  const answer = await get(`/v1/slugs/${slug}`)
  return answer.status === 200 ? answer.json<State>() : red('availability-not-told', `${slug}: ${answer.status}`)
}

const draft = (call: Call, changes: { slug?: string; title?: string }) =>
  call('POST', '/v1/jobs', { body: { ...operationOf('createJob').body?.(), ...changes } })
