// SEC-38: whoever finds a flaw is told where to report it in private, by /.well-known/security.txt (RFC 9116) and by SECURITY.md.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../context/context.ts'
import type { Answer, Target } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'

const path = '/.well-known/security.txt'
const day = 86_400_000
type Fields = Map<string, string[]>

/** The settings of the control: hosts that are no example, so that production would take them. */
export const ownContact = {
  PUBLIC_URL: 'https://api.seaworthy.test',
  SECURITY_CONTACT: 'https://seaworthy.test/report,mailto:security@seaworthy.test',
  SECURITY_POLICY_URL: 'https://seaworthy.test/security',
}

export async function flawsCanBeReported(context: Context): Promise<Evidence> {
  const { api, env, tree } = context
  const seen = readFields(await api.anonymous('GET', path))
  const facts = judge(seen)
  const contacts = (seen.get('contact') ?? []).join()
  if (contacts !== env.SECURITY_CONTACT) red('another-contact', contacts)
  if (!seen.get('canonical')?.includes(`${env.PUBLIC_URL}${path}`)) red('not-canonical', String(seen.get('canonical')))
  if (!seen.get('policy')?.includes(env.SECURITY_POLICY_URL ?? '')) red('no-policy', String(seen.get('policy')))
  hasAPrivateWay(tree)
  return { ...facts, withoutContact: await startsOnlyWithOne(context) }
}

/** For a deployed service. */
export async function tellsWhereToReport({ url, get }: Target): Promise<Evidence> {
  const seen = readFields(await get(path))
  const facts = judge(seen)
  const canonical = seen.get('canonical') ?? []
  // Section 2.5.2: where it is named, the place that it was read from has to be among the names.
  if (canonical.length > 0 && !canonical.includes(new URL(path, url).href)) red('not-canonical', canonical.join())
  return facts
}

/** Sections 2.2, 3 and 4: plain text of fields, comments and empty lines, at that very place. */
function readFields(answer: Answer): Fields {
  if (answer.status !== 200) red('no-security-txt', `${answer.status} at ${path}`)
  const type = answer.field('content-type') ?? ''
  if (!/^text\/plain; *charset=utf-8$/i.test(type)) red('not-plain-text', type)
  const fields: Fields = new Map()
  for (const line of answer.text.split(/\r?\n/)) {
    if (line === '' || line.startsWith('#')) continue
    const [, name, value] = /^([!-9;-~]+): (\S.*)$/.exec(line) ?? red('malformed', line.slice(0, 200))
    const known = String(name).toLowerCase()
    fields.set(known, [...(fields.get(known) ?? []), String(value).trim()])
  }
  return fields
}

function judge(fields: Fields): Evidence {
  const contacts = fields.get('contact') ?? red('no-contact')
  for (const contact of contacts)
    if (!/^(mailto:[^@\s]+@[^@\s.]+\.\S+|tel:\+[0-9-]+|https:\/\/[^\s/]+\S*)$/.test(contact))
      red('contact-malformed', contact)
  const expires = fields.get('expires') ?? red('no-expiry')
  const [end = ''] = expires
  const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
  if (expires.length !== 1 || !rfc3339.test(end)) red('expiry-malformed', expires.join())
  const days = Math.floor((Date.parse(end) - Date.now()) / day)
  if (days < 0) red('expired', end)
  // Nobody renews what ends next week; and what holds for more than a year is believed when nobody is there any more.
  if (days < 14 || days > 365) red('expiry-odd', end)
  const languages = fields.get('preferred-languages') ?? []
  if (languages.length > 1 || !/^[a-z]{2,3}(-\w+)*(, *[a-z]{2,3}(-\w+)*)*$/i.test(languages[0] ?? 'en'))
    red('languages-malformed', languages.join())
  for (const name of ['canonical', 'policy'])
    for (const uri of fields.get(name) ?? []) if (!uri.startsWith('https://')) red('not-https', `${name}: ${uri}`)
  return { contacts: contacts.length, goodForDays: days, fields: [...fields.keys()] }
}

/** For whoever reads the code: a section says how to report in private, and that a running service tells its own way. */
function hasAPrivateWay(tree: string): void {
  const file = join(tree, 'SECURITY.md')
  if (!existsSync(file)) red('no-private-way', 'SECURITY.md is missing')
  const sections = readFileSync(file, 'utf8').split(/^## /m)
  const reporting = sections.find((section) => section.startsWith('Reporting\n')) ?? red('no-private-way', 'no section')
  if (!/private vulnerability reporting|mailto:|https:\/\//.test(reporting)) red('no-private-way', 'no address')
  if (!reporting.includes(path)) red('no-private-way', 'the way of a running service is not named')
}

/** Every start is refused without a contact, and one in production with that of a document. */
async function startsOnlyWithOne({ finish }: Context): Promise<number> {
  const none = await finish(['src/server.ts'], { SECURITY_CONTACT: '' })
  if (none.code !== 78 || !none.said.includes('SECURITY_CONTACT is missing')) red('starts-without-contact', none.said)
  for (const host of ['example.com', 'localhost.invalid']) {
    const copied = {
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://api.seaworthy.test',
      SECURITY_CONTACT: `mailto:security@${host}`,
    }
    const { code, said } = await finish(['src/server.ts'], copied)
    if (code !== 78 || !/SECURITY_CONTACT is .*example/.test(said)) red('contact-of-an-example-taken', said)
  }
  return none.code
}
