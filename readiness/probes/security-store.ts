// SEC-28: a service whose signing key is in a secrets manager: its change, nonsense in it, its loss, and a start without it.
import { decodeProtectedHeader } from 'jose'
import { openSecretsSandbox, type SecretsSandbox } from '../../tools/secrets-sandbox.ts'
import type { Context } from '../context/context.ts'
import type { Door } from '../context/stack.ts'
import { type Evidence, red } from '../control.ts'
import { newSigningKey } from './tokens-scene.ts'

const refresh = 150
/** As short as this, JSON.parse would repeat it whole. */
const marker = 'hold-fast'

export async function secretsComeFromTheStore(context: Context): Promise<Evidence> {
  const [first, second] = [newSigningKey(), newSigningKey()]
  const store = await openSecretsSandbox(secretOf(first))
  try {
    const env = { ...store.env, TOKEN_SIGNING_KEY: '', SECRETS_REFRESH_MS: String(refresh) }
    const door = await context.startApi(env)
    const kid = await openAccount(context, door)
    const old = await kid()
    await keptBetweenReadings(context, door, store)

    store.hold(secretOf(`${second}${first}`))
    const fresh = await context.until('rotation-not-picked-up', async () => {
      const name = await kid()
      return name !== old && name
    })
    const kept = await keepsTheLast(context, door, store, async () => (await kid()) === fresh)
    const starts = await startsOnlyWithIt(context, store, env, secretOf(second))
    const secrets = [marker, ...linesOf(first), ...linesOf(second)]
    if (secrets.some((secret) => door.said().includes(secret))) red('secret-said')
    return { rotation: 'picked up without a restart', ...kept, ...starts }
  } finally {
    await store.close()
  }
}

const secretOf = (signingKey: string) => JSON.stringify({ TOKEN_SIGNING_KEY: signingKey, SOMETHING_ELSE: 'any' })
const linesOf = (pem: string) => pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----'))

/** Someone whose sign-in tells which key signs. */
async function openAccount(context: Context, { url }: Door): Promise<() => Promise<string>> {
  const api = context.apiAt(url)
  const { email, password } = await api.as('client')
  return async () => {
    const answer = await api.anonymous('POST', '/v1/auth/login', { body: { email, password } })
    if (answer.status !== 200) red('bad-value-taken', answer.text.slice(0, 200))
    return String(decodeProtectedHeader(answer.json<{ accessToken: string }>().accessToken).kid)
  }
}

/** However many requests there are, the store is asked by the clock. */
async function keptBetweenReadings({ apiAt }: Context, { url }: Door, store: SecretsSandbox): Promise<void> {
  const [reads, start] = [store.reads(), performance.now()]
  const api = apiAt(url)
  for (let call = 0; call < 50; call += 1) await api.anonymous('GET', '/.well-known/jwks.json')
  const allowed = (performance.now() - start) / refresh + 2
  if (store.reads() - reads > allowed) red('store-asked-at-requests', `${store.reads() - reads} of ${allowed}`)
}

/** A value that is malformed, a secret that is no JSON, and a store that fails: each is met several times, and changes nothing. */
async function keepsTheLast(context: Context, door: Door, store: SecretsSandbox, isSame: () => Promise<boolean>) {
  const faults: Record<string, () => void> = {
    'a malformed key': () => store.hold(secretOf('-----BEGIN PRIVATE KEY-----\nnone')),
    'no JSON': () => store.hold(marker),
    'a store that fails': () => store.fail(true),
  }
  for (const [fault, bring] of Object.entries(faults)) {
    const warned = warnings(door)
    bring()
    await context.until('loss-not-told', () => warnings(door) > warned || door.child.exitCode !== null)
    if (door.child.exitCode !== null) red('bad-value-taken', `${fault}: the process ended`)
    if (!(await isSame())) red('bad-value-taken', fault)
  }
  const age = (await context.metrics(door)).get('seaworthy_secrets_age_seconds') ?? red('age-not-measured')
  if (!(age > 0)) red('age-not-measured', String(age))
  store.fail(false)
  return { lastGoodKeptWith: Object.keys(faults), warnings: warnings(door) }
}

const warnings = (door: Door) => door.lines().filter(({ msg }) => /could not be read again/.test(String(msg))).length

async function startsOnlyWithIt(context: Context, store: SecretsSandbox, env: Record<string, string>, secret: string) {
  store.hold(secret)
  const twice = context.finish(['src/server.ts'], { ...env, TOKEN_SIGNING_KEY: newSigningKey() })
  const nowhere = { ...env, AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:1' }
  const [set, away] = await Promise.all([twice, context.finish(['src/server.ts'], nowhere)])
  if (set.code !== 78 || !/TOKEN_SIGNING_KEY is set twice/.test(set.said))
    red('set-twice-taken', set.said.slice(0, 500))
  if (away.code !== 78 || !/AWS_SECRET_ID names \S+, which can't be read/.test(away.said))
    red('starts-without-the-store', `${away.code} ${away.said.slice(0, 500)}`)
  store.hold(marker)
  const nonsense = await context.finish(['src/server.ts'], env)
  if (nonsense.code !== 78) red('starts-without-the-store', `${nonsense.code} ${nonsense.said.slice(0, 500)}`)
  // The log hides what is quoted in an error; what a start says is not a log line.
  if (nonsense.said.includes(marker)) red('secret-said')
  return { setTwice: 'exit 78', storeAwayAtStart: 'exit 78', nonsenseAtStart: 'exit 78' }
}
