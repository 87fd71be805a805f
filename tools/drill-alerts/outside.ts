// The public URL as people reach it: TLS before the API, with a certificate that can be changed for one that ends soon.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { request as ask } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** `forward` names where requests go: it is known only when the service has its ports. */
export async function openPublicUrl(folder: string, forward: () => string | undefined) {
  const [good, ending] = [makeCertificate(folder, 'good', 60), makeCertificate(folder, 'ending', 5)]
  const authorities = join(folder, 'authorities.pem')
  writeFileSync(authorities, `${good.cert}${ending.cert}`)
  const server = createServer(good, (request, response) => {
    const target = forward()
    if (!target) return void response.writeHead(502).end()
    const onward = ask(`${target}${request.url}`, { method: request.method }, (answer) => {
      response.writeHead(answer.statusCode ?? 502)
      answer.pipe(response)
    })
    onward.on('error', () => response.writeHead(502).end())
    request.pipe(onward)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo

  return {
    url: `https://127.0.0.1:${port}`,
    /** A file of whom to believe, for SSL_CERT_FILE. */
    authorities,
    use: (which: 'good' | 'ending') => server.setSecureContext(which === 'good' ? good : ending),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function makeCertificate(folder: string, name: string, days: number) {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', `${days}`]
  const whose = ['-subj', `/CN=drill ${name}`, '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', ['req', ...kind, ...whose, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}
