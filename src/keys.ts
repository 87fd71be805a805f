// Keys door: `npm run keys -- COMMAND FILE` changes a file of TOKEN_SIGNING_KEY_FILE or ENCRYPTION_KEYS_FILE, which running processes
// read again by themselves. docs/secrets.md says which command when.
import process from 'node:process'
import { ConfigError, loadKeyTimes } from './config.ts'
import { open } from './door.ts'
import { changeKeyFile, readKeyFile } from './lib/key-file.ts'
import {
  withNewEncryptionKey,
  withNewSigningKey,
  withoutEncryptionKey,
  withoutOldSigningKeys,
} from './lib/key-rotation.ts'
import { settled } from './lib/settled.ts'
import { readSigningKeys } from './lib/signing-keys.ts'

const [command = '', file, name, ...more] = process.argv.slice(2)
/** What a command does to the text of the file; `list` only looks. */
const changes: Record<string, ((text: string) => string) | undefined> = {
  rotate: (text) => withNewSigningKey(text, Date.now()),
  retire: (text) => withoutOldSigningKeys(text, { ...loadKeyTimes(), now: Date.now() }),
  'rotate-encryption': (text) => withNewEncryptionKey(text, Date.now()),
  'retire-encryption': (text) => withoutEncryptionKey(text, name ?? ''),
}

await open(async () => {
  const change = changes[command]
  const named = command === 'retire-encryption'
  if ((!change && command !== 'list') || !file || more.length > 0 || (name !== undefined) !== named)
    throw new ConfigError([
      'Say list, rotate, retire or rotate-encryption and a FILE, or retire-encryption, a FILE and a NAME',
    ])
  if (change) await changeKeyFile(file, change)
  if (command.endsWith('-encryption')) console.log(`${file} is changed.`)
  else await list(file)
})

/** The names of signing keys, never the keys. */
async function list(path: string): Promise<void> {
  const keys = await readSigningKeys(await readKeyFile(path))
  const signing = settled(keys, loadKeyTimes().settle)
  for (const [at, key] of keys.entries()) {
    const does = key === signing ? 'signs' : at < keys.indexOf(signing) ? 'will sign' : 'verifies'
    console.log(`${key.kid}  ${key.createdAt ? new Date(key.createdAt).toISOString() : 'undated'}  ${does}`)
  }
}
