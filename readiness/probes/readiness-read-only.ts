// Looks at a deployed service as `--target` does, through a door that writes down every request.
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'

export async function seeReadOnly(context: Context): Promise<Evidence> {
  const recorder = await openRecorder(context.api.url)
  try {
    const report = context.folder()
    const { code, said } = await context.finish(['readiness/main.ts', '--target', recorder.url, '--report', report])
    const writes = recorder.methods().filter((method) => !['GET', 'HEAD', 'OPTIONS'].includes(method))
    if (writes.length > 0) red('a-look-writes', writes.join())
    if (code !== 0) red('looks-fail', said)
    const looked = Number(/^(\d+) controls were looked at/m.exec(said)?.[1])
    if (!(looked >= 3)) red('hardly-looked', said)
    return { controls: looked, requests: recorder.methods().length, methods: [...new Set(recorder.methods())] }
  } finally {
    await recorder.close()
  }
}

/** Passes each request on, and remembers its method. */
async function openRecorder(to: string) {
  const methods: string[] = []
  const server = createServer((asked, answer) => {
    const { method = '', url = '/', headers } = asked
    methods.push(method)
    const passed = request(new URL(url, to), { method, headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers)
      answered.pipe(answer)
    })
    passed.once('error', () => answer.destroy())
    asked.pipe(passed)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    methods: () => methods,
    async close() {
      server.close().closeAllConnections()
      await once(server, 'close')
    },
  }
}
