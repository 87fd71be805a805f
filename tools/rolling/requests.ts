// What is sent while replicas are replaced: reads of strangers and of people who are signed in, and writes that may be repeated safely.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client, Wanted } from './client.ts'
import type { Request } from './load.ts'

type Person = { id: string; token: string }

/** Milliseconds until the worker has told of the application. */
const patience = 30_000

/** What a write is known by: its title and its key, which no other run has. */
export const titleOf = (run: string, number: number) => `Rolling ${run} ${number}`
export const keyOf = (run: string, number: number) => `${run}-${number}`

/** People with a public job and a notification, made by calls. Throws when the service refuses one. */
export async function setScene({ ask }: Pick<Client, 'ask'>, people = 8) {
  const run = randomUUID().slice(0, 8)
  const clients = await Promise.all(Array.from({ length: people }, () => join('client')))
  const [client] = clients as [Person]
  const worker = await join('worker')
  const job = await tell('POST', '/v1/jobs', client, draftOf(`Rolling ${run} public`))
  await tell('POST', `/v1/jobs/${job.id}/publication`, client)
  await tell('POST', `/v1/jobs/${job.id}/applications`, worker, { coverLetter: 'I moor all weathers.' })
  const notification = await notificationOf(client)

  return { run, requestOf }

  /** Three writes of ten are new drafts, one is a change that may be repeated, the rest reads. */
  function requestOf(number: number): Request {
    const { token } = clients[number % clients.length] as Person
    switch (number % 10) {
      case 0:
      case 3:
      case 6: {
        const body = draftOf(titleOf(run, number))
        return { name: 'draft', method: 'POST', path: '/v1/jobs', token, key: keyOf(run, number), body }
      }
      case 9:
        return {
          ...{ name: 'change', method: 'PUT', path: `/v1/me/notifications/${notification}/read` },
          token: client.token,
        }
      case 1:
      case 4:
        return { name: 'own read', method: 'GET', path: '/v1/me', token }
      case 2:
      case 5:
        return { name: 'one job', method: 'GET', path: `/v1/jobs/${job.id}` }
      default:
        return { name: 'list', method: 'GET', path: '/v1/jobs?limit=5' }
    }
  }

  async function join(role: 'client' | 'worker'): Promise<Person> {
    const [email, password] = [`rolling-${randomUUID()}@example.com`, randomUUID()]
    const { id } = await tell('POST', '/v1/auth/register', undefined, { email, password, name: 'Rolling', role })
    const { accessToken } = await tell('POST', '/v1/auth/login', undefined, { email, password })
    return { id: String(id), token: String(accessToken) }
  }

  async function notificationOf(person: Person): Promise<string> {
    for (const end = performance.now() + patience; performance.now() < end; await delay(100)) {
      const { data } = await tell('GET', '/v1/me/notifications', person)
      const [first] = data as { id: string }[]
      if (first) return first.id
    }
    throw new Error(`No worker told of an application within ${patience} ms`)
  }

  async function tell(method: string, path: string, as?: Person, body?: unknown): Promise<Record<string, unknown>> {
    const wanted: Wanted = { method, path, ...(as && { token: as.token }), ...(body !== undefined && { body }) }
    const { status, text, fault } = await ask({ ...wanted, ...(method === 'POST' && { key: randomUUID() }) })
    if (status < 200 || status >= 300)
      throw new Error(`${method} ${path}: ${fault ?? `${status} ${text.slice(0, 300)}`}`)
    return JSON.parse(text || '{}')
  }
}

const draftOf = (title: string) => ({
  title,
  description: 'Before it rains.',
  category: 'operations',
  budget: { amount: 12_000, currency: 'EUR' },
})
