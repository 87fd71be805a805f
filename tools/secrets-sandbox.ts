// Speaks the part of AWS Secrets Manager that the service uses: GetSecretValue (JSON 1.1 over POST). For tests and probes: it takes
// any credentials.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type SecretsSandbox = Awaited<ReturnType<typeof openSecretsSandbox>>

/** Holds one text for every name, which `hold` changes; undefined for none. */
export async function openSecretsSandbox(secret?: string) {
  let held = secret
  let failing = false
  let reads = 0
  const server = createServer((request, answer) => {
    request.resume().once('end', () => {
      reads += 1
      const type = { 'content-type': 'application/x-amz-json-1.1' }
      if (failing) return void answer.writeHead(500, type).end('{"__type":"InternalServiceError"}')
      if (request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue' || held === undefined)
        return void answer.writeHead(400, type).end('{"__type":"ResourceNotFoundException","message":"There is none"}')
      answer
        .writeHead(200, type)
        .end(JSON.stringify({ ARN: 'arn:aws:secretsmanager:::secret:sandbox', SecretString: held }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    /** The environment of a service that reads its secrets here. */
    env: {
      AWS_SECRET_ID: 'seaworthy/sandbox',
      AWS_REGION: 'eu-central-1',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: 'any',
      AWS_SECRET_ACCESS_KEY: 'any',
    },
    hold: (other: string | undefined) => {
      held = other
    },
    /** From now on every reading is answered by 500, or no longer. */
    fail: (fails: boolean) => {
      failing = fails
    },
    reads: () => reads,
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
