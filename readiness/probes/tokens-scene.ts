// What the probes of tokens and keys stand on: keys, tokens made by hand, and an issuer beside ours.
import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, type JWK, SignJWT } from 'jose'

export const newSigningKey = () =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

export const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

export type Signed = { header: { alg: string; [name: string]: unknown }; claims: Record<string, unknown> }

/** A claim or a field that is undefined is left out. */
export function signed({ header, claims }: Signed, key: KeyObject | Uint8Array): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(key)
}

export type Issuer = Awaited<ReturnType<typeof openIssuer>>

/** An issuer on this machine: it signs with ES256, and publishes the key until it is closed. */
export async function openIssuer(audience: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = randomUUID()
  const keys: JWK[] = [{ ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }]
  let asked = 0
  const server = createServer((_request, answer) => {
    asked += 1
    answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    env: { EXTERNAL_ISSUER: url, EXTERNAL_AUDIENCE: audience, EXTERNAL_JWKS_URL: `${url}/jwks.json` },
    url,
    /** How often its keys were asked for. */
    asked: () => asked,
    token: (claims: Record<string, unknown>, header: Record<string, unknown> = {}) =>
      signed(
        {
          header: { alg: 'ES256', kid, ...header },
          claims: { iss: url, aud: audience, iat: inSeconds(0), exp: inSeconds(60), ...claims },
        },
        privateKey,
      ),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
