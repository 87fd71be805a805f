// Writes docs/openapi.json, the document that the service serves at /openapi.json: `node tools/openapi.ts [--check] [FILE]`. With
// --check it writes nothing and exits with 1 when the file says something else. It needs neither a database nor the network.
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { openUnconnected } from './unconnected.ts'

const { values, positionals } = parseArgs({ options: { check: { type: 'boolean' } }, allowPositionals: true })
const file = resolve(positionals[0] ?? resolve(import.meta.dirname, '../docs/openapi.json'))

/** The document of this tree as pretty JSON. */
async function renderDocument(): Promise<string> {
  const { buildApp, close } = await openUnconnected()
  try {
    const document = (await buildApp()).swagger()
    if (Object.keys(document.paths ?? {}).length === 0) throw new Error('The document has no path at all')
    return `${JSON.stringify(document, null, 2)}\n`
  } finally {
    await close()
  }
}

const rendered = await renderDocument()
if (!values.check) await writeFile(file, rendered)
else if ((await readFile(file, 'utf8').catch(() => '')) !== rendered) {
  console.error(`${file} is not what the routes and schemas say: run npm run openapi, and commit the change`)
  process.exitCode = 1
}
