// Writes docs/configuration.md from the schemas of the variables: `npm run configuration`; with --check nothing is written, and the exit
// code is 1 when the file says something else. It needs neither a database nor the network.
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { type TSchema, Type } from 'typebox'
import { Environment } from '../src/environment.schemas.ts'

type Variable = TSchema & {
  type?: string
  description?: string
  should?: string
  secret?: 'value' | 'password'
  default?: unknown
  enum?: string[]
  minimum?: number
  maximum?: number
}

/** Each group begins at a variable, and goes on to the next group's: a new variable is in the group in which it was declared. */
const groups: [title: string, first: string][] = [
  ['The deployment', 'NODE_ENV'],
  ['Reports of flaws', 'SECURITY_CONTACT'],
  ['Logs, traces, errors, profiles', 'LOG_LEVEL'],
  ['PostgreSQL', 'DATABASE_URL'],
  ['Queues and events', 'REDIS_URL'],
  ['Callers, limits, cache, load', 'TRUST_PROXY'],
  ['Mail', 'SMTP_URL'],
  ['Access tokens and cursors', 'TOKEN_SIGNING_KEY'],
  ['People, sessions, passwords', 'APP_URL'],
  ['Where secrets come from', 'SECRETS_REFRESH_MS'],
  ['Another issuer of tokens', 'EXTERNAL_ISSUER'],
  ['Payments', 'PAYMENTS_URL'],
  ['Uploads', 'UPLOADS_URL'],
  ['What is done at fixed times', 'SCHEDULES'],
  ['Time, size, keeping', 'BODY_LIMIT_BYTES'],
]

/** Of variables that not every door reads. The others are read by all but `migrate`, `link-identity` and `keys`, whole. */
const readers: Record<string, string> = {
  DATABASE_OWNER_URL: '`migrate`, `link-identity`',
  QUEUE_DATABASE_URL: '`npm start`',
  QUEUE_REDIS_CHECK: 'worker',
  WORKER_HEALTH_PORT: 'worker',
  WORKER_CONCURRENCY: 'worker',
}

const root = resolve(import.meta.dirname, '..')
const file = resolve(root, 'docs/configuration.md')
const variables = Object.entries<Variable>(Environment.properties)

/** What docs/secrets.md says of the secrets that are read again; the rest is read when a process starts. */
const takesEffect = new Map(
  [
    ...readFileSync(resolve(root, 'docs/secrets.md'), 'utf8').matchAll(/^\| (.*`[A-Z_]+`.*) \| (at|for) (.*) \|$/gm),
  ].flatMap(([, names = '', word, rest]) =>
    [...names.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => [name, `${word} ${rest}`] as const),
  ),
)

const cell = (text: string) => text.replaceAll('|', '\\|')

function kindOf({ enum: words, should, minimum, maximum, ...variable }: Variable): string {
  if (words) return words.map((word) => `\`${word}\``).join(', ')
  if (minimum === undefined) return should ?? 'text'
  const range = `${minimum} to ${maximum}`
  return variable.type === 'integer' ? range : `a number from ${range}`
}

function rowOf([name, variable]: (typeof variables)[number]): string {
  const optional = Type.IsOptional(variable)
  const otherwise =
    'default' in variable
      ? variable.default === ''
        ? 'empty'
        : `\`${variable.default}\``
      : optional
        ? 'unset'
        : '**required**'
  const secret = variable.secret === 'value' ? 'yes' : variable.secret ? 'its password' : ''
  const when = takesEffect.get(name) ?? (readers[name]?.includes('migrate') ? 'at its next run' : 'at a restart')
  const cells = [
    `\`${name}\``,
    variable.description ?? '',
    kindOf(variable),
    otherwise,
    secret,
    readers[name] ?? '',
    when,
  ]
  return `| ${cells.map(cell).join(' | ')} |`
}

function render(): string {
  const starts = groups.map(([title, first]) => {
    const at = variables.findIndex(([name]) => name === first)
    if (at < 0) throw new Error(`The group "${title}" begins at ${first}, which there is not`)
    return at
  })
  if (starts[0] !== 0 || starts.some((at, index) => at <= (starts[index - 1] ?? -1)))
    throw new Error('The groups are not in the order of src/environment.schemas.ts')
  const tables = groups.map(([title], index) =>
    [
      `## ${title}`,
      '',
      '| variable | means | takes | default | secret | read by | a change counts |',
      '|---|---|---|---|---|---|---|',
      ...variables.slice(starts[index], starts[index + 1]).map(rowOf),
    ].join('\n'),
  )
  return `${head}\n${tables.join('\n\n')}\n`
}

const head = `# Configuration

Made by \`npm run configuration\` from \`src/environment.schemas.ts\` and [secrets.md](secrets.md). The environment is the only place of
settings, and \`src/config.ts\` its only reader. [.env.example](../.env.example) is the same list to copy.

- A process reads all of it when it starts, and refuses all of it at once: it names every variable that is wrong, and exits with 78.
- **Required** has no default: the process does not start without it. Empty counts as unset.
- A secret can be set by \`NAME\`, by \`NAME_FILE\` (the path of a file) or in AWS Secrets Manager: [secrets.md](secrets.md). Production refuses
  secrets that are short, repetitive, placeholders or made for development, and passwords that are missing.
- \`read by\` is empty where every door reads it: API, worker, and \`purge\`, \`dead-letters\`, \`reseal\`, \`reconcile\`, \`ledger:verify\`, \`audit:verify\`.
  \`migrate\` reads \`NODE_ENV\` and \`DATABASE_OWNER_URL\` alone; \`link-identity\` those and \`EXTERNAL_*\`; \`keys\` the times of tokens and secrets.
- In production these start with https:// only: \`PAYMENTS_URL\`, \`EXTERNAL_ISSUER\`, \`EXTERNAL_JWKS_URL\`, \`AWS_ENDPOINT_URL_SECRETS_MANAGER\`. \`CORS_ORIGINS\`
  takes no \`*\` there, and \`SECURITY_CONTACT\` none of an example, nor, but at localhost, one of \`.invalid\`.
- Redis (\`REDIS_URL\`) can be left out in development alone, where \`npm start\` keeps jobs in PostgreSQL (\`QUEUE_DATABASE_URL\`).
`

const { values } = parseArgs({ options: { check: { type: 'boolean' } } })
const text = render()
if (!values.check) writeFileSync(file, text)
else if (readFileSync(file, 'utf8') !== text) {
  console.error('docs/configuration.md is not what the schemas say: run npm run configuration, and commit the change')
  process.exitCode = 1
}
