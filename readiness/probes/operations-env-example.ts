// Holds .env.example against what the service itself says of its variables, and starts it from a copy.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'

type Variable = { default?: string | number; optional: boolean; secret: boolean }

/** Asks the schemas of the tree, in a process of their own. */
async function variablesOf({ tree, finish }: Context): Promise<Record<string, Variable>> {
  const script = `import { Environment } from '${join(tree, 'src/environment.schemas.ts')}'
    const required = new Set(Environment.required)
    const entries = Object.entries(Environment.properties).map(([name, variable]) => [name,
      { default: variable.default, optional: !required.has(name), secret: 'secret' in variable }])
    console.log(JSON.stringify(Object.fromEntries(entries)))`
  const { said } = await finish(['--input-type=module', '--eval', script])
  return JSON.parse(said) as Record<string, Variable>
}

export async function seeExample(context: Context): Promise<Evidence> {
  const text = readFileSync(join(context.tree, '.env.example'), 'utf8')
  const lines = [...text.matchAll(/^(#?)([A-Z][A-Z0-9_]*)=(.*)$/gm)]
  const listed = new Map(lines.map(([, hash, name = '', value = '']) => [name, { blank: !hash, value }]))
  const variables = await variablesOf(context)
  for (const [name, { default: otherwise, optional }] of Object.entries(variables)) {
    const line = listed.get(name) ?? red('variable-missing', name)
    if (otherwise !== undefined && line.value !== String(otherwise)) red('default-wrong', `${name}=${line.value}`)
    if (otherwise === undefined && !optional && (!line.blank || line.value !== '')) red('blank-filled', name)
  }
  const unknown = [...listed.keys()].filter((name) => !(name in variables))
  if (unknown.length > 0) red('unknown-variable', unknown.join())
  await startFrom(context, text)
  return { variables: listed.size, blanks: [...listed.values()].filter(({ blank }) => blank).length }
}

/** Fills in the blanks, and starts the service with nothing but that file. */
async function startFrom({ env, folder, until, start }: Context, text: string): Promise<void> {
  const filled = text.replace(/^([A-Z][A-Z0-9_]*)=$/gm, (_, name) => `${name}="${env[name] ?? ''}"`)
  const file = join(folder(), '.env')
  writeFileSync(file, filled.replace('#PORT=8080', 'PORT=0').replace('#NODE_ENV=production', 'NODE_ENV=test'))
  const bare = Object.fromEntries(Object.keys(env).map((name) => [name, undefined]))
  const service = start([`--env-file=${file}`, 'src/server.ts'], bare as Record<string, never>)
  await until('does-not-start', () => service.said().includes('Server listening'), { within: 15_000 })
  service.child.kill('SIGTERM')
  await service.ended
}
