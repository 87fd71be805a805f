// SEC-08: what guessing passwords costs, and whom it must not cost anything.
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import type { Context } from '../context/context.ts'
import type { Answer, Call, Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'

const free = { pair: 5, account: 20, address: 50 }
const wrong = 'not the password of anyone'
const nobody = () => `nobody-${randomUUID()}@example.com`

const logIn = (call: Call, email: string, password = wrong): Promise<Answer> =>
  call('POST', '/v1/auth/login', { body: { email, password } })
const isDelayed = ({ status, text }: Answer) => status === 429 && text.includes('SIGN_IN_DELAYED')

export async function guessingIsSlow(context: Context): Promise<Evidence> {
  const { api } = context
  const people: Person[] = []
  for (let n = 0; n < 3; n++) people.push(await api.as('worker'))
  const [first, second, third] = people as [Person, Person, Person]
  const alike = await answersAreAlike(context, people)
  const burst = await burstsAreCounted(context, second)
  const shared = await processesShare(context, first)
  const owner = await ownersGetIn(context, third)
  const delays = await delaysGrow(context, nobody())
  const address = await addressesWait(context)
  const away = await withoutRedis(context)
  return { ...alike, delays, shared, takenOfABurst: burst, ...owner, ...address, takenWithoutRedis: away }
}

/** Known and unknown names in turn, as often as each may fail: bodies are the same, and so are the medians of the times. */
async function answersAreAlike({ newcomer }: Context, people: Person[]): Promise<Evidence> {
  const times = { known: [] as number[], unknown: [] as number[] }
  const bodies = new Set<string>()
  for (const { email, password } of people) {
    const { call } = newcomer()
    const stranger = nobody()
    const send = async (name: string, text?: string) => {
      const start = performance.now()
      const answer = await logIn(call, name, text)
      const { requestId: _, ...body } = answer.json()
      bodies.add(JSON.stringify({ ...body, detail: String(body.detail).replace(/\d+ s$/, '') }))
      return { ...answer, took: performance.now() - start }
    }
    for (let n = 0; n < free.pair; n++) {
      times.known.push((await send(email)).took)
      times.unknown.push((await send(stranger)).took)
    }
    const delayed = [await send(email), await send(stranger)]
    if (!delayed.every(isDelayed)) red('never-delayed', delayed.map(({ status }) => status).join())
    if (delayed.some((answer) => !Number(answer.field('retry-after')))) red('no-retry-after')
    if ((await send(email, password)).status === 200) red('right-password-told', 'within a delay')
  }
  if (bodies.size !== 2) red('answers-differ', [...bodies].join('\n').slice(0, 500))
  const [known, unknown] = [median(times.known), median(times.unknown)]
  const ratio = Math.round((100 * Math.max(known, unknown)) / Math.min(known, unknown)) / 100
  if (ratio > 2) red('times-differ', `${known} ms and ${unknown} ms`)
  return { timeRatio: ratio }
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** Answers the delays in seconds. Nobody waits for them: their ends are moved to where they are past. */
async function delaysGrow({ newcomer, redis }: Context, email: string): Promise<number[]> {
  const { call } = newcomer()
  for (let n = 0; n < free.pair; n++) await logIn(call, email)
  const delays: number[] = []
  for (let round = 0; round < 2; round++) {
    const refused = await logIn(call, email)
    if (!isDelayed(refused)) red('never-delayed', `${refused.status}`)
    delays.push(Number(refused.field('retry-after')))
    await endDelays(redis.url)
    // The first that is taken fails, and brings the next delay.
    const taken = await logIn(call, email)
    if (taken.status !== 401) red('delay-never-ends', `${taken.status}`)
  }
  delays.push(Number((await logIn(call, email)).field('retry-after')))
  if (!delays.every((delay, n) => n === 0 || delay > (delays[n - 1] ?? 0))) red('delay-does-not-grow', delays.join())
  return delays
}

async function endDelays(url: string): Promise<void> {
  const connection = new Redis(url)
  try {
    const keys = await connection.keys('*:attempts:*')
    for (const key of keys) if ((await connection.type(key)) === 'hash') await connection.hset(key, 'until', 0)
  } finally {
    connection.disconnect()
  }
}

/** What one process counted, another knows that is started afterwards. */
async function processesShare({ newcomer, startApi, server }: Context, { email }: Person): Promise<string> {
  const from = '127.77.1.1'
  for (let n = 0; n < free.pair - 1; n++) await logIn(newcomer(server.url, from).call, email)
  const later = await startApi()
  await logIn(newcomer(later.url, from).call, email)
  const answer = await logIn(newcomer(later.url, from).call, email)
  if (!isDelayed(answer)) red('process-memory-only', `${answer.status} by a process that started later`)
  return 'two processes'
}

async function burstsAreCounted({ newcomer }: Context, { email }: Person): Promise<number> {
  const { call } = newcomer()
  const answers = await Promise.all(Array.from({ length: 60 }, () => logIn(call, email)))
  const taken = answers.filter((answer) => answer.status === 401).length
  if (taken > free.pair) red('burst-gets-through', `${taken} of 60 at once`)
  return taken
}

/** Many addresses try one account: it is slowed down elsewhere, but not where its owner signed in before. */
async function ownersGetIn({ newcomer, server }: Context, { email, password }: Person): Promise<Evidence> {
  const home = newcomer(server.url, '127.77.2.1').call
  const signedIn = await logIn(home, email, password)
  if (signedIn.status !== 200) red('cannot-sign-in', signedIn.text.slice(0, 200))
  for (let n = 0; n < free.account; n++) await logIn(newcomer(server.url, `127.77.3.${1 + (n % 7)}`).call, email)
  const elsewhere = await logIn(newcomer(server.url, '127.77.4.1').call, email)
  if (!isDelayed(elsewhere)) red('account-never-delayed', `${elsewhere.status}`)
  const owner = await logIn(home, email, password)
  if (owner.status !== 200) red('owner-locked-out', `${owner.status}`)
  return { elsewhere: elsewhere.status, owner: owner.status }
}

/** One address tries a password for many accounts. */
async function addressesWait({ newcomer }: Context): Promise<Evidence> {
  const { call } = newcomer()
  let sent = 0
  let delayed: Answer | undefined
  const lane = async () => {
    while (sent < free.address + 20 && !delayed) {
      sent++
      const answer = await logIn(call, nobody())
      if (isDelayed(answer)) delayed = answer
    }
  }
  await Promise.all([lane(), lane(), lane()])
  if (!delayed) red('address-never-delayed', `${sent} accounts were tried`)
  return { accountsTriedFromOneAddress: sent }
}

async function withoutRedis({ newcomer, redis }: Context): Promise<number> {
  redis.kill('SIGKILL')
  try {
    const { call } = newcomer()
    const email = nobody()
    let taken = 0
    for (let n = 0; n < 12; n++) {
      const { status, text } = await logIn(call, email)
      if (status >= 500) red('fails-closed', text.slice(0, 200))
      if (status === 401) taken++
      else break
    }
    if (taken > free.pair) red('open-without-redis', `${taken} of 12`)
    if (taken < free.pair) red('fails-closed', `${taken} of ${free.pair}`)
    return taken
  } finally {
    await redis.restart()
  }
}
